//! Resolved configuration: every default filled in. What is here is hashed into the run id, and nothing else is.

use burn::tensor::Device;
use cloze_backbone::EncoderConfig;
use cloze_corpus::{CorpusConfig, Prepared};
use cloze_foundation::Result;
use cloze_schema::TaskFacts;
use cloze_trainer::{Budget, Job, OptimizerConfig, Spacing};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Bumped when results of an unchanged configuration change; part of every run id.
pub const SEMANTICS_VERSION: u32 = 1;

/// An evaluation with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// Name in [`cloze_evals::EVALUATIONS`].
    pub task: String,
    /// What the experiment calls it, where that is something else. Without one the id is what it was before there were
    /// names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Resolved options.
    pub options: toml::Table,
}

impl TaskConfig {
    /// What metrics, charts and claims call it.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.task)
    }

    /// What a report has to know of it. What a guesser gets may stand in its data, which are read where they are there.
    ///
    /// # Errors
    /// An unknown evaluation.
    pub fn facts(&self, data_root: Option<&Path>) -> Result<TaskFacts> {
        let entry = cloze_evals::find(&self.task)?;
        Ok(TaskFacts {
            task: self.name().to_owned(),
            kind: self.task.clone(),
            title: self.name.clone().unwrap_or_else(|| entry.titled(&self.options)),
            headline: entry.headline.to_owned(),
            higher_is_better: entry.higher_is_better,
            chance: entry.chance_of(&self.options, data_root),
            mean_over: entry.mean_over,
        })
    }
}

/// One run, resolved: an arm with a seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Name in [`cloze_objectives::OBJECTIVES`].
    pub objective: String,
    /// Resolved options of the objective.
    pub options: toml::Table,
    /// The text.
    pub corpus: CorpusConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
    /// When it ends.
    pub budget: Budget,
    /// How it learns.
    pub optimizer: OptimizerConfig,
    /// What judges it.
    pub evaluate: Vec<TaskConfig>,
    /// At how many shares of the budget it is judged, the end included.
    pub points: usize,
    /// How these lie along the budget. Without one the id is what it was before there was another.
    #[serde(default = "even", skip_serializing_if = "is_even")]
    pub spacing: Spacing,
    /// Windows of held-out text for the validation loss.
    pub validation_windows: usize,
    /// Decides initialisation, data order, corruption, dropout.
    pub seed: u64,
}

fn even() -> Spacing {
    Spacing::Even
}

fn is_even(spacing: &Spacing) -> bool {
    *spacing == even()
}

impl RunConfig {
    /// What of it the trainer has to know.
    pub fn job<'a>(&'a self, corpus: &'a Prepared, device: &'a Device) -> Job<'a> {
        Job {
            objective: &self.objective,
            options: &self.options,
            encoder: &self.encoder,
            budget: &self.budget,
            optimizer: self.optimizer,
            points: self.points,
            spacing: self.spacing,
            validation_windows: self.validation_windows,
            seed: self.seed,
            corpus,
            device,
            start: None,
        }
    }
}
