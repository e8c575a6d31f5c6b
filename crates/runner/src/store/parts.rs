//! Metric parts as files.

use cloze_foundation::{Fault, Result};
use cloze_schema::{AttemptRows, RunItems, items, latest, parquet};
use std::path::{Path, PathBuf};

/// Reads a part.
///
/// # Errors
/// A file that is missing, damaged, of a later schema or not ours.
pub fn read(path: &Path) -> Result<Vec<AttemptRows>> {
    decoded(path, "a metrics file", parquet::from_bytes)
}

/// Reads which items a run got right.
///
/// # Errors
/// As [`read`].
pub fn read_items(path: &Path) -> Result<Vec<RunItems>> {
    decoded(path, "a file of items", items::from_bytes)
}

fn decoded<T>(path: &Path, what: &str, decode: fn(&[u8]) -> std::result::Result<T, String>) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|error| Fault::file("read", path, &error))?;
    decode(&bytes).map_err(|why| {
        Fault::usage(format!("`{}` is not {what} that cloze can read: {why}", path.display()))
            .remedy("remove the run's folder to have it trained again")
    })
}

/// The rows of many parts, one after the other, without those that a later attempt superseded.
///
/// # Errors
/// As [`read`], for the first that cannot be read.
pub fn union(paths: &[PathBuf]) -> Result<Vec<AttemptRows>> {
    let mut all = Vec::new();
    for path in paths {
        all.append(&mut read(path)?);
    }
    Ok(latest(all))
}
