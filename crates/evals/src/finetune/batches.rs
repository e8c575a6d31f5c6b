//! Batches of fine-tuning: in an order of their own in every epoch, windows of about one length together.

use super::examples::padded;
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Example};
use std::collections::BTreeMap;

/// Windows are filled up to a multiple of this many positions in training, so that batches are of many of them.
const STEP: usize = 8;
/// Tokens of a batch that is asked, about.
const TOKENS: usize = 8192;
/// Windows of a batch that is asked, at least. A matrix product of very few rows adds up in another order, and whoever is asked alone
/// is to get the same bits as in company.
const LEAST: usize = 16;

/// Examples to train on, each with the number that tells what it says.
pub(super) struct Training {
    examples: Vec<(u64, Example)>,
    batch: usize,
}

impl Training {
    /// In windows of at most `window` positions.
    pub(super) fn new(examples: impl Iterator<Item = (u64, Example)>, batch: usize, window: usize, pad: u32) -> Self {
        let filled = |(key, example): (u64, Example)| {
            let length = example.inputs.len().next_multiple_of(STEP).min(window);
            (key, padded(&example, length, pad))
        };
        Self {
            examples: examples.map(filled).collect(),
            batch,
        }
    }

    /// How many batches an epoch has.
    pub(super) fn steps(&self) -> usize {
        let mut together: BTreeMap<usize, usize> = BTreeMap::new();
        for (_, example) in &self.examples {
            *together.entry(example.inputs.len()).or_default() += 1;
        }
        together.values().map(|count| count.div_ceil(self.batch)).sum()
    }

    /// The batches of an epoch: examples in a drawn order, whatever the order they came in, each batch of one length and given out
    /// when it is full; what is left comes at the end.
    pub(super) fn epoch(&self, draw: Draw) -> Vec<Batch> {
        let mut order: Vec<(u64, u64, &Example)> = self
            .examples
            .iter()
            .map(|(key, example)| (draw.example(*key).stream().bits(), *key, example))
            .collect();
        order.sort_by_key(|(drawn, key, _)| (*drawn, *key));
        let mut open: BTreeMap<usize, Vec<Example>> = BTreeMap::new();
        let mut batches = Vec::new();
        for (_, _, example) in order {
            let together = open.entry(example.inputs.len()).or_default();
            together.push(example.clone());
            if together.len() == self.batch {
                batches.push(Batch::of(&std::mem::take(together)));
            }
        }
        let left = open.into_values().filter(|together| !together.is_empty());
        batches.extend(left.map(|together| Batch::of(&together)));
        batches
    }
}

/// Gives `ask` all examples in batches of one length, without anything to fill them, and returns what it says of each example. It says
/// as many numbers as `each` wants of an example.
pub(super) fn asked(
    examples: &[Example],
    each: impl Fn(&Example) -> usize,
    mut ask: impl FnMut(&Batch) -> Vec<f32>,
) -> Vec<Vec<f32>> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, example) in examples.iter().enumerate() {
        by_length.entry(example.inputs.len()).or_default().push(index);
    }
    let mut answers = vec![Vec::new(); examples.len()];
    for (length, members) in by_length {
        for members in members.chunks((TOKENS / length.max(1)).max(LEAST)) {
            // The same ones once more, where there are few; their answers are not looked at.
            let repeated = members.iter().cycle().take(members.len().max(LEAST));
            let batch: Vec<Example> = repeated.map(|index| examples[*index].clone()).collect();
            let mut numbers = ask(&Batch::of(&batch)).into_iter();
            for index in members {
                answers[*index] = numbers.by_ref().take(each(&examples[*index])).collect();
            }
        }
    }
    answers
}
