//! The evaluations of a run, as the training loop asks for them.

use burn::tensor::Device;
use cloze_corpus::Prepared;
use cloze_evals::Subject;
use cloze_foundation::Result;
use cloze_objectives::Model;
use cloze_plan::RunConfig;
use cloze_trainer::{Finding, Judge};
use std::path::Path;

/// What the evaluations of a run may use.
pub struct Evaluations<'a> {
    /// Names the evaluations.
    pub config: &'a RunConfig,
    /// The tokenizer and the held-out text.
    pub corpus: &'a Prepared,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
    /// Where the run is trained, without autodiff.
    pub device: &'a Device,
}

impl Judge for Evaluations<'_> {
    fn count(&self) -> usize {
        self.config.evaluate.len()
    }

    fn judge(&self, which: usize, model: &Model, share: f64) -> Result<Vec<Finding>> {
        let Some(task) = self.config.evaluate.get(which) else {
            return Ok(Vec::new());
        };
        let entry = cloze_evals::find(&task.task)?;
        if !entry.when.due(share) {
            return Ok(Vec::new());
        }
        let subject = Subject {
            model,
            corpus: self.corpus,
            window: self.config.encoder.window,
            data_root: self.data_root,
            seed: self.config.seed,
            device: self.device,
        };
        let measures = (entry.evaluate)(&subject, &task.options).map_err(|fault| fault.at(task.task.as_str()))?;
        let finding = |measure: cloze_evals::Measure| Finding {
            task: measure.task,
            metric: measure.metric,
            value: measure.value,
        };
        Ok(measures.into_iter().map(finding).collect())
    }
}
