//! How sentences are scored: grouped by length so that nothing is padded, a few thousand tokens at a time.
//!
//! `losses` gives the negative log-likelihood of each of a batch's M predictions, in their order. A sentence
//! (`[CLS]` .. `[SEP]`) must fit the encoder's window: who has longer ones scores their first `window` positions. Special
//! tokens, `[UNK]` included, are never scored, so a sentence without any other token scores 0.

use crate::{Batch, Example};
use cloze_corpus::Vocabulary;
use cloze_kernels::Visibility;
use std::collections::BTreeMap;

/// Tokens of a batch, about.
const TOKENS: usize = 8192;

/// Σ log p(token | all the others), each masked in turn (Salazar et al. 2020, Masked Language Model Scoring).
pub fn pseudo_log_likelihood(
    sentences: &[Vec<u32>],
    vocabulary: &Vocabulary,
    losses: &dyn Fn(&Batch) -> Vec<f32>,
) -> Vec<f64> {
    let examples = |sentence: &[u32]| {
        let masked = |position: u32| {
            let mut example = predicting(sentence, vec![position], vec![sentence[position as usize]]);
            example.inputs[position as usize] = vocabulary.special.mask;
            example
        };
        ordinary(sentence, vocabulary).into_iter().map(masked).collect()
    };
    score(sentences, &examples, losses)
}

/// Σ log p(token | those before it), in one pass that looks back only. `[CLS]` is the beginning of sequence; `[SEP]` is not scored.
pub fn left_to_right(sentences: &[Vec<u32>], vocabulary: &Vocabulary, losses: &dyn Fn(&Batch) -> Vec<f32>) -> Vec<f64> {
    let examples = |sentence: &[u32]| {
        let targets = ordinary(sentence, vocabulary)
            .into_iter()
            .filter(|position| *position > 0);
        let (positions, ids) = targets
            .map(|position| (position - 1, sentence[position as usize]))
            .unzip();
        let mut example = predicting(sentence, positions, ids);
        example.visibility = Visibility::Causal;
        vec![example]
    };
    score(sentences, &examples, losses)
}

/// The sum over all tokens of one pass over the sentence as it is, for models that judge what they see.
pub fn every_position(
    sentences: &[Vec<u32>],
    vocabulary: &Vocabulary,
    losses: &dyn Fn(&Batch) -> Vec<f32>,
) -> Vec<f64> {
    let examples = |sentence: &[u32]| {
        let positions = ordinary(sentence, vocabulary);
        let ids = positions.iter().map(|position| sentence[*position as usize]).collect();
        vec![predicting(sentence, positions, ids)]
    };
    score(sentences, &examples, losses)
}

/// How many tokens of a sentence are scored: what a length-normalised score is divided by.
pub fn scored_tokens(sentence: &[u32], vocabulary: &Vocabulary) -> usize {
    ordinary(sentence, vocabulary).len()
}

fn ordinary(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<u32> {
    (0..sentence.len() as u32)
        .filter(|position| !vocabulary.is_special(sentence[*position as usize]))
        .collect()
}

fn predicting(sentence: &[u32], positions: Vec<u32>, targets: Vec<u32>) -> Example {
    let weights = vec![1.0; positions.len()];
    let (inputs, originals) = (sentence.to_vec(), sentence.to_vec());
    Example {
        inputs,
        originals,
        positions,
        targets,
        weights,
        ..Example::default()
    }
}

/// Minus the sum of a sentence's losses over all of its examples.
fn score(
    sentences: &[Vec<u32>],
    examples: &dyn Fn(&[u32]) -> Vec<Example>,
    losses: &dyn Fn(&Batch) -> Vec<f32>,
) -> Vec<f64> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, sentence) in sentences.iter().enumerate() {
        by_length.entry(sentence.len()).or_default().push(index);
    }
    let mut scores = vec![0.0; sentences.len()];
    for (length, members) in by_length {
        let windows = (TOKENS / length.max(1)).max(1);
        let mut left = members
            .into_iter()
            .flat_map(|index| {
                examples(&sentences[index])
                    .into_iter()
                    .map(move |example| (index, example))
            })
            .filter(|(_, example)| !example.positions.is_empty());
        loop {
            let (owners, batch): (Vec<usize>, Vec<Example>) = left.by_ref().take(windows).unzip();
            if batch.is_empty() {
                break;
            }
            // A loss that is missing must not look like a good score.
            let mut each = losses(&Batch::of(&batch))
                .into_iter()
                .map(f64::from)
                .chain(std::iter::repeat(f64::NAN));
            for (owner, example) in owners.into_iter().zip(&batch) {
                scores[owner] -= each.by_ref().take(example.positions.len()).sum::<f64>();
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;
    use std::cell::RefCell;

    const CLS: u32 = 2;
    const SEP: u32 = 3;
    const MASK: u32 = 4;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(
            30,
            SpecialTokens {
                pad: 0,
                unknown: 1,
                start: CLS,
                end: SEP,
                mask: MASK,
            },
        )
    }

    /// A loss that depends on the target, its window's inputs and its place there, and on nothing else.
    fn fake(batch: &Batch) -> Vec<f32> {
        assert_eq!(batch.inputs.len(), batch.windows * batch.length);
        let predictions = batch.positions.iter().zip(&batch.targets);
        predictions
            .map(|(position, target)| {
                let (window, place) = (*position as usize / batch.length, *position as usize % batch.length);
                let inputs = &batch.inputs[window * batch.length..][..batch.length];
                let context: u32 = inputs.iter().enumerate().map(|(i, id)| (i as u32 + 1) * id).sum();
                (context * 31 + *target * 7 + place as u32) as f32 / 64.0
            })
            .collect()
    }

    type Scorer = fn(&[Vec<u32>], &Vocabulary, &dyn Fn(&Batch) -> Vec<f32>) -> Vec<f64>;
    const SCORERS: [Scorer; 3] = [pseudo_log_likelihood, left_to_right, every_position];

    #[test]
    fn a_score_does_not_depend_on_the_others_in_the_call() {
        // Enough sentences of few lengths that batches are cut in the middle of a sentence's copies.
        let sentence = |n: u32| {
            let words = (0..2 + n % 4).map(|k| 5 + (n * 7 + k * 3) % 25);
            std::iter::once(CLS).chain(words).chain([SEP]).collect::<Vec<u32>>()
        };
        let sentences: Vec<Vec<u32>> = (0..12_000).map(sentence).collect();
        for scorer in SCORERS {
            let calls = RefCell::new(0);
            let together = scorer(&sentences, &vocabulary(), &|batch| {
                *calls.borrow_mut() += 1;
                assert!(batch.inputs.len() <= TOKENS);
                fake(batch)
            });
            assert!(*calls.borrow() > 4);
            for index in [0, 1, 2, 3, 6000, 8191, 11_999] {
                assert_eq!(
                    scorer(&sentences[index..=index], &vocabulary(), &fake),
                    [together[index]]
                );
            }
        }
    }

    #[test]
    fn each_rule_asks_what_it_says() {
        let sentence = vec![CLS, 10, 1, 11, SEP]; // 1 is [UNK]
        let asked = |scorer: Scorer| {
            let seen = RefCell::new(Vec::new());
            let score = scorer(std::slice::from_ref(&sentence), &vocabulary(), &|batch| {
                seen.borrow_mut().push(batch.clone());
                (1..=batch.positions.len()).map(|n| n as f32).collect()
            });
            assert_eq!(score, [-3.0]);
            let [batch] = <[Batch; 1]>::try_from(seen.into_inner()).expect("one batch");
            (batch.inputs, batch.positions, batch.targets)
        };
        let masked = vec![CLS, MASK, 1, 11, SEP, CLS, 10, 1, MASK, SEP];
        assert_eq!(asked(pseudo_log_likelihood), (masked, vec![1, 8], vec![10, 11]));
        assert_eq!(asked(left_to_right), (sentence.clone(), vec![0, 2], vec![10, 11]));
        assert_eq!(asked(every_position), (sentence.clone(), vec![1, 3], vec![10, 11]));
        assert_eq!(scored_tokens(&sentence, &vocabulary()), 2);
    }

    #[test]
    fn nothing_to_score_is_zero_and_a_missing_loss_is_not_a_number() {
        for scorer in SCORERS {
            let never: &dyn Fn(&Batch) -> Vec<f32> = &|_| panic!("there is nothing to ask");
            assert_eq!(scorer(&[vec![CLS, SEP], Vec::new()], &vocabulary(), never), [0.0, 0.0]);
            assert!(scorer(&[vec![CLS, 7, SEP]], &vocabulary(), &|_| Vec::new())[0].is_nan());
        }
    }
}
