//! Laws that objectives share: how many positions, which ones, and what replaces them.

mod inclusion;
mod pairs;
mod phrases;
mod rate;
mod replacement;
mod selection;
mod slots;
mod spans;

pub use inclusion::{inclusion, sample};
pub use pairs::{Paired, Pairs, SHORTEST_PAIR};
pub use phrases::{Phrases, with_words};
pub use rate::{Rate, Schedule, Shape, Steps};
pub use replacement::{Fate, Fates, Pool, Replacement};
pub use selection::{Selection, budget, choose, deal, maskable, toss, words, words_within};
pub use slots::Slots;
pub use spans::{Reciprocal, SpanLaw, hide_words, runs, tiles, within};

use cloze_options::words;

words! {
    /// How close an objective stays to its publication.
    pub enum Mode {
        /// The idea without the accidents of its first implementation.
        Corrected = "corrected",
        /// The published implementation with its quirks.
        Reference = "reference",
    }
}

words! {
    /// The one mode of an objective without a quirk, where `reference` would be the same thing under another id.
    pub enum OnlyMode {
        /// As published.
        Corrected = "corrected",
    }
}
