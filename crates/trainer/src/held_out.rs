//! The validation loss: held-out text under the run's own objective.

use crate::Job;
use crate::feed::corrupted;
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_objectives::{Batch, Model, Objective};

/// The seed of validation's masks: the same for every run, whatever its own seed.
const SEED: u64 = 0;

/// Held-out batches, corrupted once, so that every validation of every seed asks the same questions.
pub struct HeldOut {
    batches: Vec<Batch>,
}

impl HeldOut {
    /// `validation_windows` windows, spread over the held-out text (or all, where there are fewer), corrupted as the
    /// objective corrupts at the end of training.
    pub fn new(job: &Job, objective: &dyn Objective) -> Self {
        let (text, vocabulary) = (&job.corpus.held_out, job.corpus.tokenizer.vocabulary());
        let length = job.encoder.window;
        let draw = Draw::new(SEED, "validation");
        let (all, count) = (text.windows(length), job.validation_windows as u64);
        let indices = match job.corpus.is_built_in() {
            // Its documents do not depend on each other: the first are as good as any, and those of every earlier run.
            true => (0..count.min(all)).collect(),
            false => spread(all, count),
        };
        let batch = |indices: &[u64]| {
            let window = |index: &u64| (text.window(*index, length, vocabulary), 1.0, draw.example(*index));
            corrupted(objective, indices.iter().map(window), vocabulary)
        };
        Self {
            batches: indices.chunks(job.budget.batch.max(1)).map(batch).collect(),
        }
    }

    /// Whether every window looks back only.
    pub fn is_causal(&self) -> bool {
        self.batches.iter().all(|batch| batch.visibility == Visibility::Causal)
    }

    /// All targets, where no model sees any of them: it looks back only where it predicts, or they are masked; `None` where
    /// some are seen, and where predictions do not count alike: a mean of others is no mean of these.
    pub fn unseen_targets(&self, mask: u32) -> Option<Vec<u32>> {
        let is_unseen = |batch: &Batch| {
            let is_mask = |position: &u32| batch.inputs.get(*position as usize) == Some(&mask);
            // Ranks may look back where it is predicted only: then the target is the next token, which is not seen.
            let is_ahead = |(position, target): (&u32, &u32)| {
                let next = *position as usize + 1;
                batch.originals.get(next) == Some(target) && !batch.visibility.sees(batch.length, next - 1, next)
            };
            let looks_back = || batch.positions.iter().zip(&batch.targets).all(is_ahead);
            let count_alike = batch.weights.iter().all(|weight| *weight == 1.0);
            let looks_back_only = || batch.visibility == Visibility::Causal || looks_back();
            count_alike && (batch.positions.iter().all(is_mask) || looks_back_only())
        };
        let all = self.batches.iter().all(is_unseen);
        all.then(|| {
            self.batches
                .iter()
                .flat_map(|batch| batch.targets.iter().copied())
                .collect()
        })
    }

    /// The mean loss of the batches that predict something, each counted by its windows; not a number where none does.
    pub fn loss(&self, model: &Model) -> f64 {
        let (mut sum, mut windows) = (0.0, 0);
        let batches = self.batches.iter().zip(0..);
        // The loss of a batch that predicts nothing is no loss of zero.
        for (batch, index) in batches.filter(|(batch, _)| batch.sizes().predicted > 0) {
            let loss = model.loss(batch, Draw::new(SEED, "validation-model").step(index), false);
            sum += f64::from(loss.total.into_scalar::<f32>()) * batch.windows as f64;
            windows += batch.windows;
        }
        sum / windows as f64
    }
}

/// `count` of `all` windows (or all, where there are fewer): the middles of as many equal parts.
pub(crate) fn spread(all: u64, count: u64) -> Vec<u64> {
    let count = count.min(all);
    let middle = |part: u64| (u128::from(all) * (2 * u128::from(part) + 1) / (2 * u128::from(count))) as u64;
    (0..count).map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_objectives::Example;
    use proptest::prelude::*;

    #[test]
    fn targets_are_unseen_where_they_are_masked_or_behind_what_looks_back() {
        const MASK: u32 = 4;
        let unseen = |visibility: Visibility, inputs: [u32; 4], positions: Vec<u32>, targets: Vec<u32>| {
            let example = Example {
                inputs: inputs.to_vec(),
                positions,
                targets,
                visibility,
                ..Example::reading(&[2, 7, 8, 9])
            };
            let batches = vec![Batch::of(&[example])];
            HeldOut { batches }.unseen_targets(MASK)
        };
        let (all, whole) = (Visibility::Bidirectional, [2, 7, 8, 9]);
        assert_eq!(unseen(all.clone(), [2, MASK, 8, 9], vec![1], vec![7]), Some(vec![7]));
        assert_eq!(unseen(all.clone(), whole, vec![1], vec![7]), None);
        assert_eq!(unseen(all, whole, vec![1], vec![8]), None);
        assert_eq!(unseen(Visibility::Causal, whole, vec![0], vec![7]), Some(vec![7]));
        let prefix = |from: u32, target| unseen(Visibility::prefix(4, 2), whole, vec![from], vec![target]);
        assert_eq!((prefix(1, 8), prefix(2, 9)), (Some(vec![8]), Some(vec![9])));
        // Within the prefix the next token is seen, and so is what stands in its own place.
        assert_eq!((prefix(0, 7), prefix(2, 8)), (None, None));
    }

    #[test]
    fn windows_are_spread_over_the_text() {
        assert_eq!(spread(10, 64), (0..10).collect::<Vec<_>>());
        assert_eq!(spread(100, 4), [12, 37, 62, 87]);
        assert_eq!(spread(0, 4), [0u64; 0]);
    }

    proptest! {
        #[test]
        fn none_comes_twice_and_each_part_has_one(all in 1u64.., count in 1u64..300) {
            let windows = spread(all, count);
            prop_assert_eq!(windows.len() as u64, count.min(all));
            prop_assert!(windows.windows(2).all(|pair| pair[0] < pair[1]) && windows.last().is_none_or(|last| *last < all));
        }
    }
}
