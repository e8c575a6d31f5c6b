//! The built-in language: a probabilistic grammar of an English-like fragment, whose entropy, best possible
//! masked-token accuracy and labels are known because the grammar is.

use crate::MinimalPair;

/// Bumped whenever the text, the pairs or the truth of the language change: it is part of every run's identity.
pub const VERSION: u32 = 1;

/// Document `index` of the language's text with this seed: several sentences on one topic, joined by single spaces.
pub fn document(seed: u64, index: u64) -> String {
    let _ = (seed, index);
    todo!("helper B")
}

/// The names of the phenomena that [`minimal_pairs`] covers.
pub fn phenomena() -> Vec<&'static str> {
    todo!("helper B")
}

/// `count` minimal pairs of every paradigm, generated (never listed), the same for the same seed.
pub fn minimal_pairs(seed: u64, count: usize) -> Vec<MinimalPair> {
    let _ = (seed, count);
    todo!("helper B")
}

/// What is known of the language because its grammar is.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Entropy of the text in nats per word.
    pub entropy_per_word: f64,
    /// Its Monte Carlo standard error (0 where the figure is exact).
    pub entropy_error: f64,
    /// Best possible accuracy of predicting one hidden word from the rest of its document.
    pub best_masked_accuracy: f64,
    /// Its Monte Carlo standard error.
    pub accuracy_error: f64,
    /// Best possible cross-entropy of one hidden word given the rest, nats.
    pub best_masked_loss: f64,
    /// Its Monte Carlo standard error.
    pub loss_error: f64,
    /// How these were computed, in a sentence or two.
    pub method: String,
}

/// Computes the truth from the grammar; `documents` is the size of the Monte Carlo sample where one is needed.
pub fn truth(documents: usize) -> Truth {
    let _ = documents;
    todo!("helper B")
}
