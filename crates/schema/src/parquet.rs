//! Metrics as the bytes of a parquet file: maybe damaged, maybe somebody else's.
//!
//! The decoder believes what a file says of itself: a file of 6 kB with a page that claims 2^25 values gets memory for
//! as many. So the claims are read first, and held against the size of the file.

use crate::rows::{attempts, frame};
use crate::{AttemptRows, SCHEMA_VERSION};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use polars::prelude::{
    Column, DataFrame, KeyValueMetadata, ParallelStrategy, ParquetReader, ParquetWriter, PolarsResult, SerReader,
};
use polars_parquet_format::PageHeader;
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use std::io::Cursor;

/// The key of the schema version in a file's metadata.
pub const SCHEMA_KEY: &str = "cloze.schema_version";

/// What every file may unpack to.
const UNPACKED: usize = 1 << 20;
/// What it may unpack to for each of its bytes; metrics unpack to some tens.
const UNPACKED_PER_BYTE: usize = 64;

/// Rows as a file, with the schema version in its metadata. Equal rows give equal bytes.
///
/// # Errors
/// polars' own words if it refuses.
pub fn to_bytes(attempts: &[AttemptRows]) -> Result<Vec<u8>> {
    encode((SCHEMA_KEY, SCHEMA_VERSION), || frame(attempts))
}

/// Columns as a file, with the version of what they hold in its metadata.
///
/// # Errors
/// polars' own words if it refuses.
pub(crate) fn encode((key, version): (&str, u32), frame: impl FnOnce() -> PolarsResult<DataFrame>) -> Result<Vec<u8>> {
    let failed = |why: String| Fault::run(format!("cannot encode columns: {why}"));
    let encode = || {
        let version = vec![(key.to_owned(), version.to_string())];
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(version)))
            .finish(&mut frame()?)?;
        Ok::<_, polars::prelude::PolarsError>(bytes)
    };
    // polars panics where the system gives it no threads.
    let encoded = caught(encode).ok_or_else(|| failed("the encoder gave up".to_owned()))?;
    encoded.map_err(|error| failed(error.to_string()))
}

/// The rows of a file.
///
/// # Errors
/// Why it cannot be read: damaged, of a later schema, or not ours.
pub fn from_bytes(bytes: &[u8]) -> std::result::Result<Vec<AttemptRows>, String> {
    match value(bytes, SCHEMA_KEY)?.map(|version| version.parse::<u32>()) {
        Some(Ok(version)) if version <= SCHEMA_VERSION => {}
        Some(Ok(version)) => {
            return Err(format!(
                "schema version {version}, this cloze knows up to {SCHEMA_VERSION}"
            ));
        }
        Some(Err(_)) | None => return Err(format!("no {SCHEMA_KEY} in its metadata")),
    }
    attempts(&decode(bytes)?)
}

/// The columns of a file. The decoder panics on some damaged files; here that is a reason like any other.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn decode(bytes: &[u8]) -> std::result::Result<DataFrame, String> {
    either(|| {
        check(bytes, None)?;
        // In this thread alone, where a panic is caught in silence.
        let reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
        let frame = reader.finish().map_err(|error| error.to_string())?;
        // A damaged page can leave a column shorter than it says that it is.
        let held = |column: &Column| column.as_materialized_series().chunk_lengths().sum::<usize>();
        match frame.columns().iter().find(|column| held(column) != frame.height()) {
            Some(short) => Err(format!(
                "column `{}` holds {} of {} rows (damaged?)",
                short.name(),
                held(short),
                frame.height()
            )),
            None => Ok(frame),
        }
    })
}

/// What a file's metadata say under `key`.
///
/// # Errors
/// Why they cannot be read.
pub(crate) fn value(bytes: &[u8], key: &str) -> std::result::Result<Option<String>, String> {
    either(|| {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata().map_err(|error| error.to_string())?;
        let mut pairs = metadata.key_value_metadata().iter().flatten();
        Ok(pairs.find(|pair| pair.key == key).and_then(|pair| pair.value.clone()))
    })
}

pub(crate) fn either<T>(read: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    caught(read).unwrap_or_else(|| Err("the decoder gave up".to_owned()))
}

/// Holds what a file claims against its size: it has a byte for each row at least, its columns are as long as their
/// group, and its pages do not unpack to more than pages do. Of all columns, or of the one that is read.
pub(crate) fn check(bytes: &[u8], only: Option<&str>) -> std::result::Result<(), String> {
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(|error| error.to_string())?;
    let mut claimed = 0usize;
    let mut unpacked = 0usize;
    let most = bytes.len().saturating_mul(UNPACKED_PER_BYTE).saturating_add(UNPACKED);
    for group in &metadata.row_groups {
        let rows = group.num_rows();
        claimed = claimed.saturating_add(rows);
        if claimed > bytes.len() {
            return Err(format!("{} bytes claim to hold {claimed} rows (damaged?)", bytes.len()));
        }
        let wanted = only.map(|name| group.columns_idxs_under_root_iter(name).unwrap_or_default());
        for (index, column) in group.parquet_columns().iter().enumerate() {
            if wanted.is_some_and(|wanted| !wanted.contains(&index)) {
                continue;
            }
            let claims = |what: String| format!("column {index} claims {what} (damaged?)");
            if usize::try_from(column.num_values()) != Ok(rows) {
                return Err(claims(format!("{} values for {rows} rows", column.num_values())));
            }
            let range = column.byte_range();
            let within = bytes.get(range.start as usize..range.end as usize);
            let mut left = within.ok_or_else(|| claims(format!("to be at {range:?}")))?;
            let mut values = 0usize;
            while values < rows && !left.is_empty() {
                let page = Page::read(&mut left)?;
                unpacked = unpacked.saturating_add(page.unpacked);
                if page.values > rows || unpacked > most {
                    return Err(claims(format!(
                        "a page of {} values, {} bytes",
                        page.values, page.unpacked
                    )));
                }
                values += if page.is_dictionary { 0 } else { page.values };
            }
        }
    }
    Ok(())
}

/// What a page claims.
struct Page {
    is_dictionary: bool,
    values: usize,
    unpacked: usize,
}

impl Page {
    /// Takes a page off the beginning of `left`.
    fn read(left: &mut &[u8]) -> std::result::Result<Self, String> {
        let limit = left.len();
        let header = PageHeader::read_from_in_protocol(&mut TCompactInputProtocol::new(&mut *left, limit))
            .map_err(|error| error.to_string())?;
        let count = |number: i32| usize::try_from(number).map_err(|_| format!("a page claims {number} (damaged?)"));
        *left = left
            .get(count(header.compressed_page_size)?..)
            .ok_or("a page goes on after its column ends (damaged?)")?;
        let dictionary = header.dictionary_page_header.map(|page| page.num_values);
        let data = header.data_page_header.map(|page| page.num_values);
        let data = data.or(header.data_page_header_v2.map(|page| page.num_values));
        Ok(Self {
            is_dictionary: dictionary.is_some(),
            values: count(dictionary.or(data).unwrap_or(0))?,
            unpacked: count(header.uncompressed_page_size)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AXES, Axis, Label, Row, Spent, Split};

    fn attempts() -> Vec<AttemptRows> {
        let row = |step: u32, split, metric: &str, value| {
            let mut spent = Spent::default();
            for (facts, size) in AXES.iter().zip([1.0, 1024.0, 154.0, 1.5e9, 0.25]) {
                spent[facts.axis] = f64::from(step) * size;
            }
            let (task, metric) = ("minimal-pairs/ärger".to_owned(), metric.to_owned());
            Row {
                spent,
                split,
                task,
                metric,
                value,
            }
        };
        let label = |run: &str, attempt| Label {
            run: run.to_owned(),
            arm: "mlm rate=0.1, x".to_owned(),
            seed: u64::MAX,
            attempt,
            data: format!("data of {run}"),
        };
        vec![
            AttemptRows {
                label: label("a", 1),
                rows: vec![
                    row(1, Split::Train, "loss", 7.5),
                    row(2, Split::HeldOut, "loss", f64::MAX),
                ],
            },
            AttemptRows {
                label: label("a", 2),
                rows: vec![row(2, Split::Test, "accuracy", -0.0)],
            },
            AttemptRows {
                label: label("b", 1),
                rows: vec![row(u32::MAX, Split::Test, "ties", 1e-300)],
            },
        ]
    }

    fn file(frame: DataFrame, version: u32) -> Vec<u8> {
        encode((SCHEMA_KEY, version), || Ok(frame)).unwrap()
    }

    #[test]
    fn rows_are_read_as_they_were_written_and_equal_rows_are_equal_bytes() {
        let bytes = to_bytes(&attempts()).unwrap();
        assert_eq!(from_bytes(&bytes).unwrap(), attempts());
        assert_eq!(to_bytes(&attempts()).unwrap(), bytes);
        assert_eq!(from_bytes(&to_bytes(&[]).unwrap()).unwrap(), []);
        let mut undefined = attempts();
        undefined[0].rows[0].value = f64::NAN;
        assert!(
            from_bytes(&to_bytes(&undefined).unwrap()).unwrap()[0].rows[0]
                .value
                .is_nan()
        );
    }

    #[test]
    fn a_file_without_an_axis_is_read_and_one_of_a_later_version_refused() {
        let before = frame(&attempts()).unwrap().drop("seconds").unwrap();
        let read = from_bytes(&file(before, SCHEMA_VERSION)).unwrap();
        assert_eq!(
            (
                read[0].rows[1].spent[Axis::Seconds],
                read[0].rows[1].spent[Axis::Tokens]
            ),
            (0.0, 2048.0)
        );
        let later = from_bytes(&file(frame(&attempts()).unwrap(), SCHEMA_VERSION + 1)).unwrap_err();
        assert_eq!(later, "schema version 3, this cloze knows up to 2");
        // Version 1 did not say which data.
        let older = frame(&attempts()).unwrap().drop("data").unwrap();
        let read = from_bytes(&file(older, 1)).unwrap();
        assert!(read.iter().all(|attempt| attempt.label.data.is_empty()) && read.len() == 3);
        let foreign = frame(&attempts()).unwrap().drop("task").unwrap();
        assert!(from_bytes(&file(foreign, SCHEMA_VERSION)).unwrap_err().contains("task"));
        assert!(from_bytes(b"no parquet").is_err());
    }
}
