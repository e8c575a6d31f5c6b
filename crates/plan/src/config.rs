//! Resolved configuration: every default filled in. What is here is hashed into the run id, and nothing else is.

use cloze_backbone::EncoderConfig;
use cloze_corpus::CorpusConfig;
use serde::{Deserialize, Serialize};

/// Bumped when results of an unchanged configuration change; part of every run id.
pub const SEMANTICS_VERSION: u32 = 1;

/// Which budget axis is equal for every arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Equalise {
    /// Tokens the encoder reads.
    Tokens,
    /// Tokens with a loss.
    Predictions,
    /// Optimizer steps.
    Steps,
    /// Training FLOPs, heads and helpers included.
    Flops,
    /// Seconds of training, evaluation excluded.
    Seconds,
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The axis.
    pub equalise: Equalise,
    /// How much of it; the learning-rate schedule ends there too.
    pub amount: f64,
    /// Windows in an optimizer step, B.
    pub batch: usize,
}

/// AdamW with warm-up and linear decay to zero at the end of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Highest learning rate.
    pub peak_lr: f64,
    /// Share of the budget over which it rises from 0.
    pub warmup: f64,
    /// Decoupled weight decay, on matrices only (not on biases, gains and learned vectors).
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Largest global gradient norm; 0 switches clipping off.
    pub clip: f64,
}

/// An evaluation with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// Name in [`cloze_evals::EVALUATIONS`].
    pub task: String,
    /// Resolved options.
    pub options: toml::Table,
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
    /// At how many equally spaced shares of the budget it is judged, the end included.
    pub points: usize,
    /// Windows of held-out text for the validation loss.
    pub validation_windows: usize,
    /// Decides initialisation, data order, corruption, dropout.
    pub seed: u64,
}
