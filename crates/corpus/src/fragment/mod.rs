//! The built-in language: a probabilistic grammar of an English-like fragment, whose entropy, best possible
//! masked-token accuracy and labels are known because the grammar is.
//!
//! `grammar.txt` is the whole grammar on one page; `lexicon` makes its words (from `words`, `formation` and
//! `morphology`); `language` samples documents; `chart` and `latent` are exact inference, from which `truth` says what
//! is known; `paradigms` and `pairs` make minimal pairs.

mod chart;
mod formation;
mod grammar;
mod language;
mod latent;
mod lexicon;
mod morphology;
mod pairs;
mod paradigms;
#[cfg(test)]
mod tests;
mod truth;
mod words;

use crate::MinimalPair;
use language::LANGUAGE;
pub use truth::{Truth, truth};

/// What experiments call it.
pub const NAME: &str = "fragment";

/// Bumped whenever the text, the pairs or the truth of the language change: it is part of every run's identity.
pub const VERSION: u32 = 1;

/// Document `index` of the language's text with this seed: several sentences on one topic, joined by single spaces.
pub fn document(seed: u64, index: u64) -> String {
    let mut text = String::new();
    for sentence in LANGUAGE.document(seed, index) {
        if !text.is_empty() {
            text.push(' ');
        }
        LANGUAGE.write(&sentence, &mut text);
    }
    text
}

/// The names of the phenomena that [`minimal_pairs`] covers.
pub fn phenomena() -> Vec<&'static str> {
    let mut names: Vec<&str> = paradigms::PARADIGMS
        .iter()
        .map(|paradigm| paradigm.phenomenon)
        .collect();
    names.dedup();
    names
}

/// `count` minimal pairs of every paradigm, generated (never listed), the same for the same seed.
pub fn minimal_pairs(seed: u64, count: usize) -> Vec<MinimalPair> {
    pairs::generate(seed, count)
}
