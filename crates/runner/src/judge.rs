//! The evaluations of a run, as the training loop asks for them.

use cloze_corpus::Prepared;
use cloze_evals::Subject;
use cloze_foundation::Result;
use cloze_objectives::Model;
use cloze_plan::RunConfig;
use cloze_trainer::{Judge, Verdict};
use std::path::Path;

/// What the evaluations of a run may use.
pub struct Evaluations<'a> {
    /// Names the evaluations.
    pub config: &'a RunConfig,
    /// The tokenizer and the held-out text.
    pub corpus: &'a Prepared,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
}

impl Judge for Evaluations<'_> {
    fn count(&self) -> usize {
        self.config.evaluate.len()
    }

    fn judge(&self, which: usize, model: &dyn Model, _share: f64) -> Result<Vec<Verdict>> {
        let Some(task) = self.config.evaluate.get(which) else {
            return Ok(Vec::new());
        };
        let subject = Subject {
            model,
            corpus: self.corpus,
            window: self.config.encoder.window,
            data_root: self.data_root,
        };
        let entry = cloze_evals::find(&task.task)?;
        let measures = (entry.evaluate)(&subject, &task.options).map_err(|fault| fault.at(task.task.as_str()))?;
        let verdict = |measure: cloze_evals::Measure| Verdict {
            task: measure.task,
            metric: measure.metric,
            value: measure.value,
        };
        Ok(measures.into_iter().map(verdict).collect())
    }
}
