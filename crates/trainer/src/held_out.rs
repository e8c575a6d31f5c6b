//! Judging a model while it trains: the validation loss under its own objective, and the evaluations.

use crate::train::Job;
use crate::{RunConfig, TaskConfig};
use cloze_corpus::Prepared;
use cloze_evals::{Measure, Subject};
use cloze_foundation::{Draw, Result};
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
    pub fn new(config: &RunConfig, corpus: &Prepared, objective: &dyn Objective) -> Self {
        let (length, vocabulary) = (config.encoder.window, corpus.tokenizer.vocabulary());
        let count = corpus.held_out.windows(length).min(config.validation_windows as u64);
        let draw = Draw::new(SEED, "validation");
        let examples: Vec<_> = (0..count)
            .map(|index| {
                let window = corpus.held_out.window(index, length, vocabulary);
                objective.corrupt(&window, vocabulary, 1.0, draw.example(index))
            })
            .collect();
        Self {
            batches: examples.chunks(config.budget.batch.max(1)).map(Batch::of).collect(),
        }
    }

    /// The mean loss of the batches, each counted by its windows; not a number without windows.
    pub fn loss(&self, model: &dyn Model) -> f64 {
        let (mut sum, mut windows) = (0.0, 0);
        for (batch, index) in self.batches.iter().zip(0..) {
            let loss = model.loss(batch, Draw::new(SEED, "validation-model").step(index), false);
            sum += f64::from(loss.total.into_scalar::<f32>()) * batch.windows as f64;
            windows += batch.windows;
        }
        sum / windows as f64
    }
}

/// Runs one evaluation of a job on a frozen model.
///
/// # Errors
/// What the evaluation says, with its name as place.
pub fn evaluate(job: &Job, task: &TaskConfig, model: &dyn Model) -> Result<Vec<Measure>> {
    let subject = Subject {
        model,
        corpus: job.corpus,
        window: job.config.encoder.window,
        data_root: job.data_root,
    };
    let entry = cloze_evals::find(&task.task)?;
    (entry.evaluate)(&subject, &task.options).map_err(|fault| fault.at(task.task.as_str()))
}
