//! The evaluations of a run, as the training loop asks for them.

use burn::tensor::Device;
use cloze_corpus::Prepared;
use cloze_evals::{Entry, Subject};
use cloze_foundation::Result;
use cloze_objectives::Model;
use cloze_plan::RunConfig;
use cloze_trainer::{Finding, Judge};
use std::path::Path;

/// What the evaluations of a run may use.
pub struct Evaluations<'a> {
    /// Each with its resolved options.
    pub entries: Vec<(&'static Entry, &'a toml::Table)>,
    /// The tokenizer and the held-out text.
    pub corpus: &'a Prepared,
    /// L of the pretraining windows.
    pub window: usize,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
    /// The run's.
    pub seed: u64,
    /// Where the run is trained, without autodiff.
    pub device: &'a Device,
}

impl<'a> Evaluations<'a> {
    /// Those that a run's configuration names.
    ///
    /// # Errors
    /// An unknown name.
    pub fn of(
        config: &'a RunConfig,
        corpus: &'a Prepared,
        data_root: Option<&'a Path>,
        device: &'a Device,
    ) -> Result<Self> {
        let entry = |task: &'a cloze_plan::TaskConfig| Ok((cloze_evals::find(&task.task)?, &task.options));
        Ok(Self {
            entries: config.evaluate.iter().map(entry).collect::<Result<_>>()?,
            corpus,
            window: config.encoder.window,
            data_root,
            seed: config.seed,
            device,
        })
    }
}

impl Judge for Evaluations<'_> {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn judge(&self, which: usize, model: &Model, share: f64) -> Result<Vec<Finding>> {
        let (entry, options) = self.entries[which];
        if !entry.when.due(share) {
            return Ok(Vec::new());
        }
        let subject = Subject {
            model,
            corpus: self.corpus,
            window: self.window,
            data_root: self.data_root,
            seed: self.seed,
            device: self.device,
        };
        (entry.evaluate)(&subject, options).map_err(|fault| fault.at(entry.name))
    }
}
