//! Evaluations of a trained encoder. An evaluation is one file here and one line in [`EVALUATIONS`].

pub mod blimp;
mod judge;
pub mod masked_loss;
pub mod minimal_pairs;

use cloze_corpus::Prepared;
use cloze_foundation::{Fault, Result};
use cloze_objectives::Model;
use cloze_options::{Field, Written};
use std::path::Path;

/// Whom an evaluation judges, and what it may use.
pub struct Subject<'a> {
    /// The trained model, frozen.
    pub model: &'a dyn Model,
    /// The tokenizer and the held-out text.
    pub corpus: &'a Prepared,
    /// L of the pretraining windows.
    pub window: usize,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
}

/// One number that an evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// `minimal-pairs`, or a part of it: `minimal-pairs/agreement`.
    pub task: String,
    /// `accuracy`, `ties`, `loss`; a scoring rule beside the headline one in brackets: `accuracy[discriminator]`.
    pub metric: String,
    /// The number.
    pub value: f64,
}

/// What the list knows of an evaluation.
pub struct Entry {
    /// The word in `tasks = [..]`.
    pub name: &'static str,
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
    /// Its options, as they are declared.
    pub options: fn() -> Vec<Field>,
    /// Fills in every default and refuses what is out of range. Faults have their places.
    pub resolve: fn(&Written<'_>) -> Result<toml::Table>,
    /// Looks, before the first run starts, whether what `evaluate` reads is there. Gets resolved options and the data
    /// root.
    pub check: fn(&toml::Table, Option<&Path>) -> Result<()>,
    /// Judges; `options` are resolved ones.
    pub evaluate: fn(&Subject, &toml::Table) -> Result<Vec<Measure>>,
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
