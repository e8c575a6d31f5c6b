//! Metric parts as files.

use cloze_foundation::{Fault, Result};
use cloze_schema::{AttemptRows, latest, parquet};
use std::path::{Path, PathBuf};

/// Reads a part.
///
/// # Errors
/// A file that is missing, damaged, of a later schema or not ours.
pub fn read(path: &Path) -> Result<Vec<AttemptRows>> {
    let bytes = std::fs::read(path).map_err(|error| Fault::file("read", path, &error))?;
    parquet::from_bytes(&bytes).map_err(|why| {
        Fault::usage(format!(
            "`{}` is not a metrics file that cloze can read: {why}",
            path.display()
        ))
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
