//! The tables that a sweep, or an arm's `set`, may change.

use cloze_backbone::EncoderOptions;
use cloze_corpus::CorpusOptions;
use cloze_foundation::Result;
use cloze_options::{Field, Kind, OptionType, Options, Range, Written, rows};
use cloze_trainer::{BudgetOptions, OptimizerOptions};
use std::marker::PhantomData;

/// A table that a sweep or an arm may change, so that it is read at every point of the sweep, and not in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Swept<T>(PhantomData<T>);

impl<T> Default for Swept<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

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

/// The tables whose keys a sweep, or an arm's `set`, may change. An arm's `options` are the objective's own.
pub(crate) fn swept() -> [(&'static str, Vec<Field>); 4] {
    [
        ("corpus", CorpusOptions::fields()),
        ("encoder", EncoderOptions::fields()),
        ("budget", BudgetOptions::fields()),
        ("optimizer", OptimizerOptions::fields()),
    ]
}

/// The full key paths that may be swept, options left out because they differ by objective.
pub(crate) fn swept_keys() -> Vec<String> {
    let keys = |(table, fields): &(&str, Vec<Field>)| rows(table, fields).into_iter().map(|(path, _)| path).collect();
    swept().iter().flat_map(keys as fn(&_) -> Vec<String>).collect()
}
