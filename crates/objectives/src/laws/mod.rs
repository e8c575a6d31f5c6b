//! Laws that objectives share: how many positions, which ones, and what replaces them.

mod inclusion;
mod phrases;
mod rate;
mod replacement;
mod selection;
mod spans;

pub use inclusion::{inclusion, sample};
pub use phrases::{Phrases, with_words};
pub use rate::{Rate, Schedule, Shape};
pub use replacement::{Fate, Pool, Replacement};
pub use selection::{Selection, budget, choose, deal, maskable, toss, words, words_within};
pub use spans::{Reciprocal, SpanLaw, hide_words, runs};

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
