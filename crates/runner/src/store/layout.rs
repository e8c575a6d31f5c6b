//! Names and places.
//!
//! ```text
//! results/<experiment>/
//!   plan.json                        the frozen plan
//!   metrics.parquet                  rows of every finished run, in plan order
//!   runs/<id>/
//!     config.json                    the resolved configuration
//!     provenance.json                attempt, version, machine, data; written first
//!     metrics/part-00000.parquet     rows in the order of training, one part per judgement
//!     final/                         model.safetensors and manifest.json: complete or absent
//!     DONE | DIVERGED | FAILED       JSON, written last; at most one of them
//! ```

use super::Marker;
use crate::provenance::Provenance;
use cloze_foundation::{Fault, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The results folder of one experiment.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store in `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `results/<experiment>`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Rows of every finished run.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.parquet")
    }

    /// The folder of a run.
    pub fn run(&self, id: &str) -> RunFolder {
        RunFolder {
            path: self.root.join("runs").join(id),
        }
    }
}

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// `runs/<id>`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.json")
    }

    /// Where and by what the run was made.
    pub fn provenance(&self) -> PathBuf {
        self.path.join("provenance.json")
    }

    /// Part `number` of the metrics.
    pub fn part(&self, number: usize) -> PathBuf {
        self.path.join("metrics").join(format!("part-{number:05}.parquet"))
    }

    /// The metric parts there are, in order. Scratch files are not parts.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn parts(&self) -> Result<Vec<PathBuf>> {
        let folder = self.path.join("metrics");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Fault::file("list", &folder, &error)),
        };
        let mut parts = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| Fault::file("list", &folder, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("part-") && name.ends_with(".parquet") {
                parts.push(path);
            }
        }
        parts.sort();
        Ok(parts)
    }

    /// The trained weights: a folder that is complete or absent.
    pub fn weights(&self) -> PathBuf {
        self.path.join("final")
    }

    /// How the run ended; `None` while it has not.
    ///
    /// # Errors
    /// A marker that cannot be read or is not what cloze writes.
    pub fn marker(&self) -> Result<Option<Marker>> {
        Marker::read(&self.path)
    }

    /// Forgets how the run ended, because it is to be trained again.
    ///
    /// # Errors
    /// A marker that cannot be removed.
    pub fn forget(&self) -> Result<()> {
        Marker::remove(&self.path)
    }

    /// Makes the folder ready for the next attempt, whose number it returns: whatever an earlier one left is removed,
    /// and `provenance`, written before anything is removed, remembers how many there were.
    ///
    /// # Errors
    /// A folder that cannot be made or emptied.
    pub fn begin(&self, provenance: &mut Provenance) -> Result<u32> {
        provenance.attempt = match Provenance::read(&self.provenance()) {
            Ok(earlier) => earlier.attempt + 1,
            Err(_) => 1, // absent, or not ours: there is nothing to count on
        };
        provenance.write(&self.provenance())?;
        let failed = |path: &Path, error: &std::io::Error| Fault::file("remove", path, error);
        let entries = fs::read_dir(&self.path).map_err(|error| Fault::file("list", &self.path, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Fault::file("list", &self.path, &error))?;
            let path = entry.path();
            if path == self.provenance() {
                continue;
            }
            let folder = entry.file_type().map_err(|error| failed(&path, &error))?.is_dir();
            if folder {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            }
            .map_err(|error| failed(&path, &error))?;
        }
        Ok(provenance.attempt)
    }
}
