//! A row for every planned run with what it was swept over, to be joined to metrics and items by `run`.

use crate::parquet::encode;
use cloze_foundation::Result;
use polars::prelude::{Column, DataFrame};

/// Version of the table, in the metadata of every file. Columns are only ever added.
pub const RUNS_VERSION: u32 = 1;
/// The key of the version in a file's metadata.
pub const RUNS_KEY: &str = "cloze.runs_version";

/// The cells of a column, one a run; empty where a run has no such thing.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Words.
    Words(Vec<Option<String>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Whole numbers.
    Counts(Vec<Option<u64>>),
}

/// Columns of equal lengths as a parquet file. Equal columns give equal bytes.
///
/// # Errors
/// polars' own words if it refuses.
pub fn to_bytes(columns: &[(String, Cells)]) -> Result<Vec<u8>> {
    let height = match columns.first() {
        Some((_, Cells::Words(cells))) => cells.len(),
        Some((_, Cells::Numbers(cells))) => cells.len(),
        Some((_, Cells::Counts(cells))) => cells.len(),
        None => 0,
    };
    let column = |(name, cells): &(String, Cells)| match cells {
        Cells::Words(cells) => Column::new(name.into(), cells),
        Cells::Numbers(cells) => Column::new(name.into(), cells),
        Cells::Counts(cells) => Column::new(name.into(), cells),
    };
    let frame = || DataFrame::new(height, columns.iter().map(column).collect());
    encode((RUNS_KEY, RUNS_VERSION), frame)
}
