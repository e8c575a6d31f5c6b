//! A column of text in a parquet file of other people's, row group by row group.

use crate::parquet::{check, either};
use cloze_foundation::{Fault, Result};
use polars::prelude::{DataType, ParallelStrategy, ParquetReader, SerReader, Series};
use std::io::Cursor;
use std::sync::Arc;

/// Gives `visit` the texts of a column in order; a row may have none.
///
/// # Errors
/// A damaged file, a column that is not there (the fault names those that hold text) or holds no text, and what `visit`
/// returns.
pub fn each(bytes: &[u8], column: &str, visit: &mut dyn FnMut(Option<&str>) -> Result<()>) -> Result<()> {
    let unreadable = |why: String| Fault::usage(format!("not a parquet file that can be read: {why}"));
    let groups = either(|| {
        open(bytes)
            .get_metadata()
            .map(|file| file.row_groups.len())
            .map_err(words)
    })
    .map_err(unreadable)?;
    let texts = either(|| texts(bytes)).map_err(unreadable)?;
    if !texts.iter().any(|(name, _)| name == column) {
        let of_text = || texts.iter().filter(|(_, is_text)| *is_text).map(|(name, _)| name);
        return Err(Fault::usage(format!("no column `{column}`"))
            .allowed(of_text())
            .nearest(column, of_text()));
    }
    if groups > 0 {
        either(|| check(bytes, Some(column))).map_err(unreadable)?;
    }
    for group in 0..groups {
        let read = either(|| read(bytes, column, group)).map_err(unreadable)?;
        let texts = read
            .str()
            .map_err(|_| Fault::usage(format!("the column `{column}` holds no text but {}", read.dtype())))?;
        for text in texts.iter() {
            visit(text)?;
        }
    }
    Ok(())
}

fn open(bytes: &[u8]) -> ParquetReader<Cursor<&[u8]>> {
    ParquetReader::new(Cursor::new(bytes))
}

fn words(error: polars::prelude::PolarsError) -> String {
    error.to_string()
}

/// The columns, and whether each holds text.
fn texts(bytes: &[u8]) -> std::result::Result<Vec<(String, bool)>, String> {
    let schema = open(bytes).schema().map_err(words)?;
    let column = |field: &polars::prelude::ArrowField| {
        let is_text = either(|| Ok(DataType::from_arrow_field(field) == DataType::String)).unwrap_or(false);
        (field.name.to_string(), is_text)
    };
    Ok(schema.iter_values().map(column).collect())
}

/// A column of one row group, which is what has to be in memory at once.
fn read(bytes: &[u8], column: &str, group: usize) -> std::result::Result<Series, String> {
    let mut reader = open(bytes);
    let mut file = reader.get_metadata().map_err(words)?.as_ref().clone();
    let own = file.row_groups.swap_remove(group);
    file.num_rows = own.num_rows();
    file.row_groups = vec![own];
    let rows = file.num_rows;
    reader.set_metadata(Arc::new(file));
    // In this thread alone, where a panic is caught in silence.
    let read = reader
        .with_columns(Some(vec![column.to_owned()]))
        .read_parallel(ParallelStrategy::None)
        .finish()
        .map_err(words)?;
    let series = read.column(column).map_err(words)?.as_materialized_series().clone();
    // A damaged page can leave a column shorter than it says that it is.
    match series.chunk_lengths().sum::<usize>() {
        held if held == rows => Ok(series),
        held => Err(format!("column `{column}` holds {held} of {rows} rows (damaged?)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by pyarrow (tests/texts.py): two row groups, compressed with zstd, beside columns of other types.
    const FILE: &[u8] = include_bytes!("../tests/texts.parquet");

    fn read(bytes: &[u8], column: &str) -> Result<Vec<Option<String>>> {
        let mut texts = Vec::new();
        each(bytes, column, &mut |text| {
            texts.push(text.map(str::to_owned));
            Ok(())
        })?;
        Ok(texts)
    }

    #[test]
    fn a_column_of_text_is_read_in_order_whatever_is_beside_it() {
        let texts = read(FILE, "body").unwrap();
        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        assert_eq!(texts, [Some("The first row."), None, Some("Zeile zwei,\nmit Umbruch.")]);
    }

    #[test]
    fn a_column_that_is_not_there_or_holds_no_text_is_named() {
        let fault = read(FILE, "boddy").unwrap_err();
        assert_eq!(
            (fault.allowed.as_deref(), fault.nearest.as_deref()),
            (Some("body, url"), Some("body"))
        );
        assert!(read(FILE, "number").unwrap_err().what.contains("holds no text but"));
    }

    #[test]
    fn damage_is_a_refusal_in_words() {
        for length in 0..FILE.len() {
            if let Err(fault) = read(&FILE[..length], "body") {
                assert!(fault.what.contains("parquet"), "{fault}");
            }
        }
        for at in 0..FILE.len() {
            let mut bytes = FILE.to_vec();
            bytes[at] ^= 0x10;
            let _ = read(&bytes, "body");
        }
    }

    #[test]
    fn what_the_visitor_says_ends_the_reading() {
        let refused = each(FILE, "body", &mut |_| Err(Fault::usage("enough")));
        assert_eq!(refused.unwrap_err().what, "enough");
    }
}
