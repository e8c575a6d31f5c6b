//! Rows as parquet. Nothing else in the workspace's runner knows the format.

use super::metrics::{LOST_SECONDS, RESUMED_AFTER, SCHEMA_VERSION};
use super::{Label, Row};
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, Result};
use polars::prelude::{BooleanChunked, Column, DataFrame, KeyValueMetadata, ParquetWriter};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The key of the schema version in a file's metadata.
pub const SCHEMA_KEY: &str = "cloze.schema_version";

/// Metrics that a clock decides.
const CLOCKS: [&str; 3] = ["tokens_per_second", LOST_SECONDS, RESUMED_AFTER];

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

/// A frame as a file, with the schema version in its metadata.
///
/// # Errors
/// polars' own words if it refuses.
pub fn to_bytes(frame: &mut DataFrame) -> Result<Vec<u8>> {
    let version = vec![(SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_string())];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(version)))
        .finish(frame)
        .map_err(|error| Fault::run(format!("cannot encode metrics: {error}")))?;
    Ok(bytes)
}

/// Writes a frame, whole.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, frame: &mut DataFrame) -> Result<()> {
    write_whole(path, &to_bytes(frame)?)
}

/// Rows from the bytes of a file.
///
/// # Errors
/// Why it cannot be read: damaged, of a later schema, or not ours.
pub fn from_bytes(bytes: &[u8]) -> std::result::Result<DataFrame, String> {
    match cloze_metrics::value(bytes, SCHEMA_KEY)?.map(|version| version.parse::<u32>()) {
        Some(Ok(version)) if version <= SCHEMA_VERSION => {}
        Some(Ok(version)) => {
            return Err(format!(
                "schema version {version}, this cloze knows up to {SCHEMA_VERSION}"
            ));
        }
        Some(Err(_)) | None => return Err(format!("no {SCHEMA_KEY} in its metadata")),
    }
    let frame = cloze_metrics::decode(bytes)?;
    frame.select(COLUMNS).map_err(|error| error.to_string())
}

/// Reads a file that [`write()`] wrote.
///
/// # Errors
/// A file that is missing, damaged, of a later schema or not ours.
pub fn read(path: &Path) -> Result<DataFrame> {
    let bytes = std::fs::read(path).map_err(|error| Fault::file("read", path, &error))?;
    from_bytes(&bytes).map_err(|why| {
        Fault::usage(format!(
            "`{}` is not a metrics file that cloze can read: {why}",
            path.display()
        ))
        .remedy("remove the run's folder to have it trained again")
    })
}

/// The rows of many files, one after the other, without those that a later attempt superseded; `None` when there are
/// no files.
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
    all.map(|all| latest(&all)).transpose()
}

/// The rows that count: an attempt's first row says after which step its own rows begin, and the rows that earlier
/// attempts at the same run have after that step are superseded.
///
/// # Errors
/// None for frames that [`from_bytes`] gave.
pub fn latest(frame: &DataFrame) -> Result<DataFrame> {
    let failed = |error: polars::prelude::PolarsError| Fault::run(format!("cannot read metric rows: {error}"));
    let words = |name: &str| {
        frame
            .column(name)
            .and_then(|column| Ok(column.str()?.clone()))
            .map_err(failed)
    };
    let (runs, metrics) = (words("run")?, words("metric")?);
    let attempts = frame
        .column("attempt")
        .and_then(|column| Ok(column.u32()?.clone()))
        .map_err(failed)?;
    let steps = frame
        .column("step")
        .and_then(|column| Ok(column.u64()?.clone()))
        .map_err(failed)?;
    let values = frame
        .column("value")
        .and_then(|column| Ok(column.f64()?.clone()))
        .map_err(failed)?;
    let mut starts: BTreeMap<(&str, u32), f64> = BTreeMap::new();
    for row in 0..frame.height() {
        if metrics.get(row) == Some(RESUMED_AFTER)
            && let (Some(run), Some(attempt), Some(start)) = (runs.get(row), attempts.get(row), values.get(row))
        {
            starts.insert((run, attempt), start);
        }
    }
    let counts = |row: usize| {
        let (Some(run), Some(attempt), Some(step)) = (runs.get(row), attempts.get(row), steps.get(row)) else {
            return true;
        };
        let mut later = starts.range((run, attempt + 1)..=(run, u32::MAX));
        later.all(|(_, start)| step as f64 <= *start)
    };
    let kept: BooleanChunked = (0..frame.height()).map(|row| Some(counts(row))).collect();
    frame.filter(&kept).map_err(failed)
}

/// What is the same of a run's rows wherever, whenever and in however many attempts it was trained: no column that a
/// clock or the number of the attempt decides, and no row about them.
///
/// # Errors
/// None for frames that [`from_bytes`] gave.
pub fn reproducible(frame: &DataFrame) -> Result<DataFrame> {
    let failed = |error: polars::prelude::PolarsError| Fault::run(format!("cannot read metric rows: {error}"));
    let metrics = frame
        .column("metric")
        .and_then(|column| Ok(column.str()?.clone()))
        .map_err(failed)?;
    let kept: BooleanChunked = metrics
        .iter()
        .map(|metric| Some(metric.is_some_and(|metric| !CLOCKS.contains(&metric))))
        .collect();
    Ok(frame.filter(&kept).map_err(failed)?.drop_many(["attempt", "seconds"]))
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
