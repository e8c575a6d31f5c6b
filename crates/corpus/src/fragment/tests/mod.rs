//! Tests of the built-in language.

mod agreement;
mod best;
mod exact;
mod judged_pairs;
mod labels;
mod paraphrases;
mod text;

use super::language::LANGUAGE;
use super::lexicon::WordId;
use crate::{Tokenizer, TokenizerConfig, WordCounts};

/// The words of a text, sentence by sentence.
fn read(text: &str) -> Vec<Vec<WordId>> {
    let spaced = text.replace('.', " .");
    let words: Vec<WordId> = spaced
        .split_whitespace()
        .map(|word| LANGUAGE.lexicon.id(word).expect(word))
        .collect();
    let stop = LANGUAGE.lexicon.id(".").unwrap();
    words
        .split_inclusive(|word| *word == stop)
        .map(<[WordId]>::to_vec)
        .collect()
}

fn trained(config: &TokenizerConfig, counts: &WordCounts) -> Tokenizer {
    Tokenizer::train(config, counts).unwrap().0
}
