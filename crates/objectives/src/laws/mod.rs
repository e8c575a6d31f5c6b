//! Laws that objectives share: how many positions, which ones, and what replaces them.

mod rate;
mod replacement;
mod selection;
mod spans;

pub use rate::{Rate, Schedule, Shape};
pub use replacement::{Fate, Pool, Replacement};
pub use selection::{budget, choose, deal, maskable, words, words_within};
pub use spans::{SpanLaw, runs};

use serde::{Deserialize, Serialize};

/// How close an objective stays to its publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The idea without the accidents of its first implementation.
    #[default]
    Corrected,
    /// The published implementation with its quirks.
    Reference,
}
