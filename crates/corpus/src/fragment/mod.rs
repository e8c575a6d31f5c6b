//! The built-in language: a probabilistic grammar of an English-like fragment, whose entropy, best possible
//! masked-token accuracy and labels are known because the grammar is.
//!
//! `grammar.txt` is the whole grammar on one page; `lexicon` makes its words (from `words`, `formation` and
//! `morphology`); `language` samples documents; `chart` and `latent` are exact inference, from which `truth` says what
//! is known of the language and `best` of a given text in a tokenizer's pieces; `paradigms` and `pairs` make minimal pairs;
//! `labels` says what the words of a sentence are, `agreement` makes pairs by what stands between subject and verb, and `paraphrases`
//! pairs that say the same.

mod agreement;
mod best;
mod chart;
mod formation;
mod grammar;
mod labels;
mod language;
mod latent;
mod lexicon;
mod morphology;
mod pairs;
mod paradigms;
mod paraphrases;
#[cfg(test)]
mod tests;
mod truth;
mod words;

use crate::MinimalPair;
pub use agreement::{AGREEMENT, AgreementPair, agreement_pairs};
pub use best::{Known, best_loss};
pub use labels::{ENTITY_TYPES, Entity, Labelled, LabelledWord, PARTS_OF_SPEECH, Subject, labelled, part_of_speech};
use language::LANGUAGE;
pub use paraphrases::{Paraphrase, paraphrases};
pub use truth::{Truth, truth};

/// What experiments call it.
pub const NAME: &str = cloze_schema::BUILT_IN;

/// Bumped whenever the text of the language changes: it is part of the identity of every run that reads it. Its pairs have
/// the version of the evaluation that judges by them.
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

/// The names of persons, places and organisations, as they are written in the text.
pub fn names() -> Vec<String> {
    let lexicon = &LANGUAGE.lexicon;
    let is_name = |lexeme: Option<lexicon::LexemeId>| lexeme.is_some_and(|lexeme| lexicon.class_of(lexeme).proper);
    let names = lexicon.words.iter().filter(|word| is_name(word.lexeme));
    names.map(|word| word.text.clone()).collect()
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

/// `count` minimal pairs of every paradigm, rounded up to an even number, generated (never listed), the same for the same
/// seed. They come in twos, side by side, that mirror each other: whoever adds up scores of words or of their tokens is
/// right about exactly half of every paradigm, ties one half.
pub fn minimal_pairs(seed: u64, count: usize) -> Vec<MinimalPair> {
    pairs::generate(seed, count)
}
