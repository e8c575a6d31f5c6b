//! Rows as parquet. Nothing else in the workspace's runner knows the format.

use super::{Label, Row, metrics::SCHEMA_VERSION};
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use polars::prelude::{Column, DataFrame, KeyValueMetadata, ParquetReader, ParquetWriter, SerReader};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The key of the schema version in a file's metadata.
pub const SCHEMA_KEY: &str = "cloze.schema_version";

/// The columns, in order.
pub const COLUMNS: [&str; 13] = [
    "run",
    "arm",
    "seed",
    "attempt",
    "step",
    "tokens_seen",
    "tokens_predicted",
    "flops",
    "seconds",
    "split",
    "task",
    "metric",
    "value",
];

/// Rows of one attempt as columns.
///
/// # Errors
/// None that a person could cause; polars' own words if it refuses.
pub fn frame(label: &Label, rows: &[Row]) -> Result<DataFrame> {
    let same = |word: &str| vec![word.to_owned(); rows.len()];
    let each = |number: fn(&Row) -> f64| rows.iter().map(number).collect::<Vec<f64>>();
    let count = |number: fn(&Row) -> u64| rows.iter().map(number).collect::<Vec<u64>>();
    let columns = vec![
        Column::new("run".into(), same(&label.run)),
        Column::new("arm".into(), same(&label.arm)),
        Column::new("seed".into(), vec![label.seed; rows.len()]),
        Column::new("attempt".into(), vec![label.attempt; rows.len()]),
        Column::new("step".into(), count(|row| row.spent.steps)),
        Column::new("tokens_seen".into(), count(|row| row.spent.tokens_seen)),
        Column::new("tokens_predicted".into(), count(|row| row.spent.tokens_predicted)),
        Column::new("flops".into(), each(|row| row.spent.flops)),
        Column::new("seconds".into(), each(|row| row.spent.seconds)),
        Column::new(
            "split".into(),
            rows.iter().map(|row| row.split.name()).collect::<Vec<_>>(),
        ),
        Column::new(
            "task".into(),
            rows.iter().map(|row| row.task.as_str()).collect::<Vec<_>>(),
        ),
        Column::new(
            "metric".into(),
            rows.iter().map(|row| row.metric.as_str()).collect::<Vec<_>>(),
        ),
        Column::new("value".into(), each(|row| row.value)),
    ];
    DataFrame::new(rows.len(), columns).map_err(|error| Fault::run(format!("cannot build metric rows: {error}")))
}

/// Writes a frame with the schema version in its metadata.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, frame: &mut DataFrame) -> Result<()> {
    let version = vec![(SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_string())];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(version)))
        .finish(frame)
        .map_err(|error| Fault::run(format!("cannot write metrics: {error}")).at(path.display().to_string()))?;
    write_whole(path, &bytes)
}

/// Reads a file that [`write()`] wrote. The decoder panics on some damaged files; here that is a fault like any other.
///
/// # Errors
/// A file that is missing, damaged, of a later schema or not ours.
pub fn read(path: &Path) -> Result<DataFrame> {
    let bytes = std::fs::read(path).map_err(|error| Fault::file("read", path, &error))?;
    let damaged = |why: String| {
        Fault::usage(format!(
            "`{}` is not a metrics file that cloze can read: {why}",
            path.display()
        ))
        .remedy("remove the run's folder to have it trained again")
    };
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let mut reader = ParquetReader::new(Cursor::new(&bytes));
        let metadata = reader.get_metadata().map_err(|error| error.to_string())?.clone();
        let version = metadata
            .key_value_metadata()
            .iter()
            .flatten()
            .find(|pair| pair.key == SCHEMA_KEY);
        match version
            .and_then(|pair| pair.value.as_deref())
            .and_then(|value| value.parse::<u32>().ok())
        {
            Some(version) if version <= SCHEMA_VERSION => reader.finish().map_err(|error| error.to_string()),
            Some(version) => Err(format!(
                "schema version {version}, this cloze knows up to {SCHEMA_VERSION}"
            )),
            None => Err(format!("no {SCHEMA_KEY} in its metadata")),
        }
    }));
    let frame = decoded
        .unwrap_or_else(|_| Err("the decoder gave up".to_owned()))
        .map_err(&damaged)?;
    frame.select(COLUMNS).map_err(|error| damaged(error.to_string()))
}

/// The rows of many files, one after the other; `None` when there are no files.
///
/// # Errors
/// As [`read`], for the first file that cannot be read.
pub fn union(paths: &[PathBuf]) -> Result<Option<DataFrame>> {
    let mut all: Option<DataFrame> = None;
    for path in paths {
        let frame = read(path)?;
        match &mut all {
            None => all = Some(frame),
            Some(all) => {
                all.vstack_mut(&frame)
                    .map_err(|error| Fault::usage(error.to_string()).at(path.display().to_string()))?;
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spent;
    use crate::store::Split;

    fn rows(count: u64) -> Vec<Row> {
        let row = |step| Row {
            spent: Spent {
                steps: step,
                tokens_seen: 64 * step,
                tokens_predicted: 9 * step,
                flops: 1e6,
                seconds: 0.5,
            },
            split: Split::Test,
            task: "minimal-pairs/agreement".to_owned(),
            metric: "accuracy".to_owned(),
            value: step as f64 / 3.0,
        };
        (1..=count).map(row).collect()
    }

    fn label(seed: u64) -> Label {
        Label {
            run: "0123456789abcdef".to_owned(),
            arm: "mlm ünï <&>".to_owned(),
            seed,
            attempt: 2,
        }
    }

    #[test]
    fn rows_come_back_in_order_and_parts_are_joined() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("a.parquet"), folder.path().join("b.parquet")];
        write(&paths[0], &mut frame(&label(1), &rows(3)).unwrap()).unwrap();
        write(&paths[1], &mut frame(&label(2), &rows(2)).unwrap()).unwrap();
        let all = union(&paths).unwrap().unwrap();
        assert_eq!(all.shape(), (5, COLUMNS.len()));
        let seeds: Vec<Option<u64>> = all.column("seed").unwrap().u64().unwrap().iter().collect();
        assert_eq!(seeds, [1, 1, 1, 2, 2].map(Some));
        let values: Vec<Option<f64>> = all.column("value").unwrap().f64().unwrap().iter().collect();
        assert_eq!(values[2], Some(1.0));
        assert_eq!(union(&[]).unwrap(), None);
    }

    #[test]
    fn a_damaged_or_foreign_file_is_named_and_never_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part-00000.parquet");
        write(&path, &mut frame(&label(1), &rows(40)).unwrap()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 40) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let fault = read(&path).unwrap_err();
            assert!(fault.what.contains("part-00000.parquet"), "cut at {length}: {fault}");
        }
        for offset in (0..whole.len()).step_by(whole.len() / 40) {
            let mut flipped = whole.clone();
            flipped[offset] ^= 0x55;
            std::fs::write(&path, flipped).unwrap();
            let _ = read(&path); // a flip inside a page may go unnoticed; it must not panic
        }
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes)
            .finish(&mut frame(&label(1), &rows(1)).unwrap())
            .unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert!(read(&path).unwrap_err().what.contains(SCHEMA_KEY));
        let later = vec![(SCHEMA_KEY.to_owned(), (SCHEMA_VERSION + 1).to_string())];
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(later)))
            .finish(&mut frame(&label(1), &rows(1)).unwrap())
            .unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert!(read(&path).unwrap_err().what.contains("schema version 2"));
    }
}
