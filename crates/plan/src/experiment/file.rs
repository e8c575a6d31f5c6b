//! Every key of an experiment file, declared once: what is allowed, what `cloze explain` says, the JSON Schema and what may
//! be swept come from here and from the types named here.

use super::arms::Arms;
use super::evaluate::{Evaluate, ReportOptions};
use crate::sweep::Sweep;
use cloze_backbone::EncoderOptions;
use cloze_corpus::CorpusOptions;
use cloze_foundation::Result;
use cloze_options::{Field, Kind, OptionType, Options, Range, Written, options, rows};
use cloze_schema::Claim;
use cloze_trainer::{BudgetOptions, OptimizerConfig};
use std::marker::PhantomData;

options! {
    /// An experiment.
    pub(crate) struct File {
        /// What the experiment asks, in one sentence.
        pub(crate) question: String => "say in one sentence what the experiment asks: question = \"...\"";
        /// The paper it follows.
        pub(crate) cites: Option<String> = None;
        /// The text to train on.
        corpus: Swept<CorpusOptions> = Swept(PhantomData) => "the built-in language";
        /// The encoder, the same for every arm.
        encoder: Swept<EncoderOptions> = Swept(PhantomData) => "`modern`, two layers of width 128";
        /// When a run ends.
        budget: Swept<BudgetOptions> = Swept(PhantomData) => "two million tokens";
        /// AdamW with warm-up and linear decay to zero at the end of the budget.
        optimizer: Swept<OptimizerConfig> = Swept(PhantomData) => "a peak learning rate of 0.001";
        /// What is crossed with every arm.
        pub(crate) sweep: Sweep = Sweep::default() => "three seeds";
        /// What is compared: an objective, its options, and what this arm sweeps or sets by itself.
        pub(crate) arm: Arms => "add [[arm]] with objective = \"mlm\"";
        /// What judges a run.
        pub(crate) evaluate: Evaluate = Evaluate::default() => "the usual evaluations";
        /// What the report shows.
        pub(crate) report: ReportOptions = ReportOptions::default() => "the usual charts";
        /// What is claimed before the first run.
        pub(crate) claim: Vec<Claim> = Vec::new() => "none";
    }
}

/// A table that a sweep or an arm may change, so that it is read at every point of the sweep, and not in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Swept<T>(PhantomData<T>);

impl<T: Options> OptionType for Swept<T> {
    fn read(_written: &Written<'_>, _range: Range) -> Result<Self> {
        Ok(Self(PhantomData))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        Kind::Table(T::fields())
    }
}

/// Every key of an experiment file, as it is declared.
pub fn fields() -> Vec<Field> {
    File::fields()
}

/// The tables whose keys a sweep, or an arm's `set`, may change. An arm's `options` are the objective's own.
pub(crate) fn swept() -> [(&'static str, Vec<Field>); 4] {
    [
        ("corpus", CorpusOptions::fields()),
        ("encoder", EncoderOptions::fields()),
        ("budget", BudgetOptions::fields()),
        ("optimizer", OptimizerConfig::fields()),
    ]
}

/// The full key paths that may be swept, options left out because they differ by objective.
pub(crate) fn swept_keys() -> Vec<String> {
    let keys = |(table, fields): &(&str, Vec<Field>)| rows(table, fields).into_iter().map(|(path, _)| path).collect();
    swept().iter().flat_map(keys as fn(&_) -> Vec<String>).collect()
}
