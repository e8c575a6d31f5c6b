//! The contract of an objective.

use crate::{Example, Model, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Result};
use cloze_options::{Field, Written};

/// An objective with its options filled in.
pub trait Objective: Send + Sync {
    /// The options, every default filled in: what the plan freezes and the run id hashes.
    fn options(&self) -> toml::Table;

    /// Hides and chooses: pure, on the host, integers in and integers out. `progress` is the share of the budget
    /// used, in [0, 1], for rates that change along training.
    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example;

    /// The model to train: the shared encoder and the heads this objective needs.
    fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Model>;

    /// Training FLOPs of a batch (forward, and twice that for backward), heads and helpers included.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64;
}

/// What the registry knows of an objective: everything shown to people is generated from it.
pub struct Entry {
    /// The word in `objective = ".."`.
    pub name: &'static str,
    /// For charts and tables.
    pub title: &'static str,
    /// Paper or source.
    pub citation: &'static str,
    /// What it does, in one or two sentences.
    pub summary: &'static str,
    /// Its options, as they are declared.
    pub options: fn() -> Vec<Field>,
    /// The scores its model declares, headline first, with what each is.
    pub scores: &'static [(&'static str, &'static str)],
    /// Reads its options. Faults have their places.
    pub configure: fn(&Written<'_>) -> Result<Box<dyn Objective>>,
}
