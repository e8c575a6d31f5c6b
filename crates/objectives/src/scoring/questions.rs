//! What the rules ask about a sentence.

use crate::Example;
use cloze_corpus::{Encoded, Vocabulary};
use cloze_kernels::Visibility;

/// Each token masked in turn (Salazar et al. 2020, Masked Language Model Scoring).
pub fn each_masked(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let ids = &sentence.ids;
    let masked = |position: u32| {
        let mut example = predicting(ids, vec![position], vec![ids[position as usize]]);
        example.inputs[position as usize] = vocabulary.special.mask;
        example
    };
    ordinary(ids, vocabulary).into_iter().map(masked).collect()
}

/// Each token masked in turn, and with it those behind it in its word: otherwise the end of a word gives its beginning away
/// (Kauf & Ivanova 2023, A Better Way to Do Masked Language Model Scoring; kanishkamisra/minicons, `scorer.py`, `within_word_l2r`).
/// A question about the last piece of a word is that of [`each_masked`].
pub fn each_masked_word_l2r(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    with_the_rest_of_the_word(each_masked(sentence, vocabulary), sentence, vocabulary)
}

/// Each token masked in turn and predicted at the position before it, from all the others and the `[MASK]`. A sentence's first
/// token has none before it and is not scored; it is `[CLS]`.
pub fn each_masked_one_before(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let before = |mut example: Example| {
        let position = example.positions.first_mut()?;
        *position = position.checked_sub(1)?;
        Some(example)
    };
    each_masked(sentence, vocabulary)
        .into_iter()
        .filter_map(before)
        .collect()
}

/// The same with those behind a token in its word masked, too, as in [`each_masked_word_l2r`].
pub fn each_masked_one_before_word_l2r(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    with_the_rest_of_the_word(each_masked_one_before(sentence, vocabulary), sentence, vocabulary)
}

/// Masks what follows a masked token up to where the next word begins.
fn with_the_rest_of_the_word(mut questions: Vec<Example>, sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    for Example { inputs, originals, .. } in &mut questions {
        let masked = inputs.iter().zip(&*originals).position(|(now, before)| now != before);
        let behind = masked.map_or(inputs.len(), |masked| masked + 1);
        let pieces = inputs.iter_mut().zip(&sentence.word_starts).skip(behind);
        for (piece, _) in pieces.take_while(|(_, starts)| !**starts) {
            *piece = vocabulary.special.mask;
        }
    }
    questions
}

/// Each token from those before it, in one pass that looks back only. `[CLS]` is the beginning of sequence; `[SEP]` is not scored.
pub fn left_to_right(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let ids = &sentence.ids;
    let targets = ordinary(ids, vocabulary).into_iter().filter(|position| *position > 0);
    let (positions, targets) = targets.map(|position| (position - 1, ids[position as usize])).unzip();
    let mut example = predicting(ids, positions, targets);
    example.visibility = Visibility::Causal;
    vec![example]
}

/// All tokens in one pass over the sentence as it is, for models that judge what they see.
pub fn every_position(sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<Example> {
    let ids = &sentence.ids;
    let positions = ordinary(ids, vocabulary);
    let targets = positions.iter().map(|position| ids[*position as usize]).collect();
    vec![predicting(ids, positions, targets)]
}

/// How many tokens of a sentence are scored: what a length-normalised score is divided by.
pub fn scored_tokens(sentence: &[u32], vocabulary: &Vocabulary) -> usize {
    ordinary(sentence, vocabulary).len()
}

pub(crate) fn ordinary(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<u32> {
    (0..sentence.len() as u32)
        .filter(|position| !vocabulary.is_special(sentence[*position as usize]))
        .collect()
}

pub(crate) fn predicting(sentence: &[u32], positions: Vec<u32>, targets: Vec<u32>) -> Example {
    let weights = vec![1.0; positions.len()];
    Example {
        positions,
        targets,
        weights,
        ..Example::reading(sentence)
    }
}
