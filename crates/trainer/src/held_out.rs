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
    /// The first `validation_windows` held-out windows (or all, where there are fewer), corrupted as the objective
    /// corrupts at the end of training.
    pub fn new(job: &Job, objective: &dyn Objective) -> Self {
        let (text, vocabulary) = (&job.corpus.held_out, job.corpus.tokenizer.vocabulary());
        let length = job.encoder.window;
        let count = text.windows(length).min(job.validation_windows as u64);
        let draw = Draw::new(SEED, "validation");
        let indices: Vec<u64> = (0..count).collect();
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

    /// The mean loss of the batches, each counted by its windows; not a number without windows.
    pub fn loss(&self, model: &Model) -> f64 {
        let (mut sum, mut windows) = (0.0, 0);
        for (batch, index) in self.batches.iter().zip(0..) {
            let loss = model.loss(batch, Draw::new(SEED, "validation-model").step(index), false);
            sum += f64::from(loss.total.into_scalar::<f32>()) * batch.windows as f64;
            windows += batch.windows;
        }
        sum / windows as f64
    }
}
