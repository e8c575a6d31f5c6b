//! Evaluations of a trained encoder. An evaluation is one file here and one line in [`EVALUATIONS`].

pub mod agreement;
pub mod blimp;
pub mod classification;
mod development_set;
mod finetune;
pub mod frozen_classification;
mod labelled;
pub mod masked_loss;
pub mod masked_text;
pub mod minimal_pairs;
mod pair_report;
mod pair_set;
pub mod part_of_speech;
mod passages;
pub mod probing;
mod progress;
pub mod qa;
pub mod retrieval;
pub mod samples;
mod scores;
mod squad;
mod tagged;
pub mod tagging;

use burn::tensor::Device;
use cloze_corpus::{Prepared, fragment};
use cloze_foundation::{Fault, Result, files};
use cloze_objectives::Model;
use cloze_options::{Field, Written};
use cloze_schema::MeanOver;
pub use cloze_trainer::{Finding, Judgement};
pub use progress::{Counter, Progress, Told};
use std::path::Path;

/// Where a fault is that says that an evaluation can do nothing within a window of this length.
pub const WINDOW: &str = "encoder.window";

/// What an evaluation reads, the same for every model that it judges.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Its name in the experiment: the task of its findings.
    pub task: &'a str,
    /// The tokenizer, the text that was trained on and the held-out one.
    pub corpus: &'a Prepared,
    /// L of the pretraining windows.
    pub window: usize,
    /// Folder with data sets, where one was given.
    pub data_root: Option<&'a Path>,
}

/// Whom an evaluation judges, and what it may use.
pub struct Subject<'a> {
    /// The trained model, frozen.
    pub model: &'a Model,
    /// What the evaluation was opened on.
    pub ground: Ground<'a>,
    /// The run's seed: what an evaluation draws for itself (initial weights of a probe, an order of examples), it draws
    /// from this seed and a purpose of its own.
    pub seed: u64,
    /// Where the model is, without autodiff: an evaluation that trains something asks for `device.clone().autodiff()`.
    pub device: &'a Device,
    /// Who is told how far the judgement is.
    pub told: Told<'a>,
}

/// An evaluation that has read what it needs, once for all the judgements of a run.
pub trait Evaluation: Send + Sync {
    /// What a person should know of what was read, a line each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Judges a model.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn judge(&self, subject: &Subject) -> Result<Judgement>;
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
    /// So many sentences of so many words on average, of which the states of every layer are taken, and what is then done with
    /// these.
    States {
        /// How many.
        count: f64,
        /// Between blanks.
        words: f64,
        /// Floating-point operations for every number of a state of every layer.
        each: f64,
    },
    /// Texts of so many words on average, with which an encoder is tuned and asked.
    FineTuning {
        /// How many are trained on, over all epochs, trials and seeds.
        trained: f64,
        /// How many are read without.
        read: f64,
        /// Between blanks.
        words: f64,
    },
}

/// The headline of a guesser.
#[derive(Clone, Copy)]
pub enum Chance {
    /// There is none.
    Unknown,
    /// The same whatever is asked.
    Always(f64),
    /// What the data of a set say, for resolved options and the data root; `None` where the set cannot be read.
    OfData(fn(&toml::Table, Option<&Path>) -> Option<f64>),
}

/// What a model has to have for an evaluation to give its headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A rule by which its encoder scores sentences.
    Sentences,
    /// A head on its encoder that predicts masked tokens.
    MaskedTokens,
    /// An encoder.
    States,
    /// The evaluation has no headline that a model could give.
    Nothing,
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
    /// For charts and tables, where the experiment gives no name.
    pub title: &'static str,
    /// The title with these resolved options, where that may be another: what is read from a place that the user names
    /// cannot be called what it usually is.
    pub title_of: fn(&toml::Table) -> Option<String>,
    /// Paper or source.
    pub citation: &'static str,
    /// What it measures.
    pub summary: &'static str,
    /// The metric that tables and charts show.
    pub headline: &'static str,
    /// Whether a larger headline is better.
    pub higher_is_better: bool,
    /// The headline of a guesser.
    pub chance: Chance,
    /// What a model has to have for the headline.
    pub asks: Asks,
    /// What the headline is the mean of, if it is made of items.
    pub mean_over: Option<MeanOver>,
    /// The names of its parts, as in `minimal-pairs/agreement`; `None` where data decide them.
    pub parts: fn() -> Option<Vec<&'static str>>,
    /// Its options, as they are declared.
    pub options: fn() -> Vec<Field>,
    /// Fills in every default and refuses what is out of range. Faults have their places.
    pub resolve: fn(&Written<'_>) -> Result<toml::Table>,
    /// What it has a model read each time; `None` where only data say how much. Gets resolved options.
    pub work: fn(&toml::Table) -> Option<Work>,
    /// Looks, before the first run starts, whether what is read is there. Gets resolved options and the data root.
    pub check: fn(&toml::Table, Option<&Path>) -> Result<()>,
    /// Hash, in hexadecimal digits, of all that decides what is asked but the corpus: the law, the resolved options, the
    /// data that they name. Where it is the same, models were asked the same. [`asked`] makes it.
    pub data: fn(&toml::Table, Option<&Path>) -> Result<String>,
    /// Reads it, for resolved options.
    pub open: fn(&toml::Table, &Ground) -> Result<Box<dyn Evaluation>>,
}

impl Entry {
    /// What charts and tables call it, where the experiment gives it no name.
    pub fn titled(&self, options: &toml::Table) -> String {
        (self.title_of)(options).unwrap_or_else(|| self.title.to_owned())
    }

    /// The names of its parts with these resolved options, as [`parts`](Self::parts): where they name files, data decide.
    pub fn parts_of(&self, options: &toml::Table) -> Option<Vec<&'static str>> {
        (self.parts)().filter(|_| !options.contains_key("path"))
    }

    /// The headline of a guesser, where there is one: always the same, or what the data of a set say.
    pub fn chance_of(&self, options: &toml::Table, data_root: Option<&Path>) -> Option<f64> {
        match self.chance {
            Chance::Unknown => None,
            Chance::Always(chance) => Some(chance),
            Chance::OfData(of) => of(options, data_root),
        }
    }
}

/// Hash of an evaluation's law and resolved options, and of what it reads, for [`Entry::data`].
pub fn asked(entry: &Entry, options: &toml::Table, read: &str) -> String {
    let language = if entry.uses_language { fragment::VERSION } else { 0 };
    let text = format!(
        "{} {} language {language}\n{options}\n{read}",
        entry.name, entry.version
    );
    files::hash(text.as_bytes())
}

/// Every evaluation. A new one is a file and a line here.
pub static EVALUATIONS: &[&Entry] = &[
    &minimal_pairs::ENTRY,
    &blimp::ENTRY,
    &masked_loss::ENTRY,
    &masked_text::ENTRY,
    &agreement::ENTRY,
    &probing::ENTRY,
    &frozen_classification::ENTRY,
    &retrieval::ENTRY,
    &samples::ENTRY,
    &classification::ENTRY,
    &tagging::ENTRY,
    &part_of_speech::ENTRY,
    &qa::ENTRY,
];

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
