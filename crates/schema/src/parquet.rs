//! Metrics as the bytes of a parquet file: maybe damaged, maybe somebody else's.
//!
//! The decoder believes what a file says of itself: a file of 6 kB with a page that claims 2^25 values gets memory for
//! as many. So the claims are read first, and held against the size of the file.

use crate::rows::{attempts, frame};
use crate::{Attempt, SCHEMA_VERSION};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use polars::prelude::{Column, DataFrame, KeyValueMetadata, ParallelStrategy, ParquetReader, ParquetWriter, SerReader};
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
pub fn to_bytes(attempts: &[Attempt]) -> Result<Vec<u8>> {
    let failed = |error: polars::prelude::PolarsError| Fault::run(format!("cannot encode metrics: {error}"));
    let version = vec![(SCHEMA_KEY.to_owned(), SCHEMA_VERSION.to_string())];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(version)))
        .finish(&mut frame(attempts).map_err(failed)?)
        .map_err(failed)?;
    Ok(bytes)
}

/// The rows of a file.
///
/// # Errors
/// Why it cannot be read: damaged, of a later schema, or not ours.
pub fn from_bytes(bytes: &[u8]) -> std::result::Result<Vec<Attempt>, String> {
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
pub fn decode(bytes: &[u8]) -> std::result::Result<DataFrame, String> {
    either(|| {
        check(bytes)?;
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
fn value(bytes: &[u8], key: &str) -> std::result::Result<Option<String>, String> {
    either(|| {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata().map_err(|error| error.to_string())?;
        let mut pairs = metadata.key_value_metadata().iter().flatten();
        Ok(pairs.find(|pair| pair.key == key).and_then(|pair| pair.value.clone()))
    })
}

fn either<T>(read: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    caught(read).unwrap_or_else(|| Err("the decoder gave up".to_owned()))
}

/// Holds what a file claims against its size: it has a byte for each row at least, its columns are as long as their
/// group, and its pages do not unpack to more than pages do.
fn check(bytes: &[u8]) -> std::result::Result<(), String> {
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
        for (index, column) in group.parquet_columns().iter().enumerate() {
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
