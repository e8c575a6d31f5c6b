//! Evaluations of a trained encoder. An evaluation is one file here and one line in [`EVALUATIONS`].

pub mod blimp;
pub mod masked_loss;
pub mod minimal_pairs;
mod pair_scores;

use burn::tensor::Device;
use cloze_corpus::Prepared;
use cloze_foundation::{Fault, Result};
use cloze_objectives::Model;
use cloze_options::{Field, Written};
pub use cloze_trainer::Finding;
use std::path::Path;

/// Whom an evaluation judges, and what it may use.
pub struct Subject<'a> {
    /// The trained model, frozen.
    pub model: &'a Model,
    /// The tokenizer and the held-out text.
    pub corpus: &'a Prepared,
    /// L of the pretraining windows.
    pub window: usize,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
    /// The run's seed: what an evaluation draws for itself (initial weights of a probe, an order of examples), it draws
    /// from this seed and a purpose of its own.
    pub seed: u64,
    /// Where the model is, without autodiff: an evaluation that trains something asks for `device.clone().autodiff()`.
    pub device: &'a Device,
}

/// At which points of a run an evaluation judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At every point along training.
    AtEveryPoint,
    /// When the budget is used, for evaluations that take as long as a run.
    AtTheEnd,
}

impl When {
    /// Whether it is due when `share` of the budget, in [0, 1], is used.
    pub fn due(self, share: f64) -> bool {
        self == Self::AtEveryPoint || share >= 1.0
    }
}

/// What an evaluation has a model read each time that it judges, for what a plan says of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// So many sentences of so many words on average, scored by every rule of the model.
    Sentences {
        /// How many.
        count: f64,
        /// Between blanks.
        words: f64,
    },
    /// So many windows of text, whose masked tokens are predicted twice: for the loss and for the guess.
    MaskedWindows(f64),
}

/// What the list knows of an evaluation.
pub struct Entry {
    /// The word in `tasks = [..]`.
    pub name: &'static str,
    /// The version of its law: raised when the same model and options give other numbers. 1 is no part of a run id; a
    /// higher one is part of the ids of the runs that ask for the evaluation, and of no others.
    pub version: u32,
    /// Whether it reads the built-in language, whose version is then part of those ids too.
    pub uses_language: bool,
    /// At which points of a run it judges.
    pub when: When,
    /// For charts and tables.
    pub title: &'static str,
    /// Paper or source.
    pub citation: &'static str,
    /// What it measures.
    pub summary: &'static str,
    /// The metric that tables and charts show.
    pub headline: &'static str,
    /// Whether a larger headline is better.
    pub higher_is_better: bool,
    /// The headline of a guesser, where there is one.
    pub chance: Option<f64>,
    /// The names of its parts, as in `minimal-pairs/agreement`; `None` where data decide them.
    pub parts: fn() -> Option<Vec<&'static str>>,
    /// Its options, as they are declared.
    pub options: fn() -> Vec<Field>,
    /// Fills in every default and refuses what is out of range. Faults have their places.
    pub resolve: fn(&Written<'_>) -> Result<toml::Table>,
    /// What it has a model read each time; `None` where only data say how much. Gets resolved options.
    pub work: fn(&toml::Table) -> Option<Work>,
    /// Looks, before the first run starts, whether what `evaluate` reads is there. Gets resolved options and the data
    /// root.
    pub check: fn(&toml::Table, Option<&Path>) -> Result<()>,
    /// Judges; `options` are resolved ones.
    pub evaluate: fn(&Subject, &toml::Table) -> Result<Vec<Finding>>,
}

/// Every evaluation. A new one is a file and a line here.
pub static EVALUATIONS: &[&Entry] = &[&minimal_pairs::ENTRY, &blimp::ENTRY, &masked_loss::ENTRY];

/// The evaluation with this name.
///
/// # Errors
/// An unknown name, with the names that exist and the nearest one.
pub fn find(name: &str) -> Result<&'static Entry> {
    EVALUATIONS
        .iter()
        .copied()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let names = || EVALUATIONS.iter().map(|entry| entry.name);
            Fault::usage(format!("unknown evaluation `{name}`"))
                .allowed(names())
                .nearest(name, names())
        })
}

/// The law of a task that is no longer in its first version, by name and version. An unknown task has none.
pub fn laws(task: &str) -> Vec<(&'static str, u32)> {
    let entry = find(task).ok().filter(|entry| entry.version > 1);
    entry.map(|entry| (entry.name, entry.version)).into_iter().collect()
}

/// Whether a task reads the built-in language. An unknown task does not.
pub fn uses_language(task: &str) -> bool {
    find(task).is_ok_and(|entry| entry.uses_language)
}
