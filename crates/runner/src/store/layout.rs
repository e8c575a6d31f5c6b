//! Names and places.
//!
//! ```text
//! results/<experiment>/
//!   plan.json                        the frozen plan
//!   metrics.parquet                  rows of every finished run, in plan order
//!   items.parquet                    which items every finished run got right, in plan order
//!   runs/<id>/
//!     config.json                    the resolved configuration
//!     attempts/00001/                who trains or trained it: owner.json, provenance.json, beat.json, ended.json
//!     metrics/part-00001-00000.parquet  rows in the order of training: attempt, then part
//!     items.parquet                  which items it got right at the end
//!     checkpoints/000000001200-00001/   step, then attempt: complete or absent; gone when the run is done
//!     final/                         model.safetensors and manifest.json: complete or absent
//!     DONE | DIVERGED | FAILED       JSON, written last; at most one of them
//! ```

use super::Marker;
use super::folder::Member;
use cloze_foundation::files::{list, remove, sweep_scratch};
use cloze_foundation::{Fault, Result};
use cloze_schema::items::ITEMS_FILE;
use cloze_schema::plan::METRICS_FILE;
use std::collections::BTreeMap;
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
        self.root.join(METRICS_FILE)
    }

    /// Which items every finished run got right.
    pub fn items(&self) -> PathBuf {
        self.root.join(ITEMS_FILE)
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

    /// Claims, one folder each.
    pub fn attempts(&self) -> PathBuf {
        self.path.join("attempts")
    }

    /// The folder of attempt `number`.
    pub fn attempt(&self, number: u32) -> PathBuf {
        self.attempts().join(format!("{number:05}"))
    }

    /// Checkpoints, one folder each.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The checkpoint after `step`, made by an attempt. Names sort by step.
    pub fn checkpoint(&self, step: u64, attempt: u32) -> PathBuf {
        self.checkpoints().join(format!("{step:012}-{attempt:05}"))
    }

    /// Metric parts.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics")
    }

    /// The name of an attempt's part `number`.
    pub fn part_name(attempt: u32, number: usize) -> String {
        format!("part-{attempt:05}-{number:05}.parquet")
    }

    /// The metric parts there are, in order. Scratch files and what was set aside are not parts.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn parts(&self) -> Result<Vec<PathBuf>> {
        let mut parts = list(&self.metrics())?;
        parts.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("part-") && name.ends_with(".parquet")
        });
        Ok(parts)
    }

    /// Checks that metric parts are there and what they were when they were written.
    ///
    /// # Errors
    /// The first that is missing or damaged, by name.
    pub fn verify(&self, parts: &BTreeMap<String, Member>) -> Result<()> {
        for (name, member) in parts {
            let path = self.metrics().join(name);
            let bytes = std::fs::read(&path).map_err(|error| Fault::file("read", &path, &error))?;
            if Member::of(&bytes) != *member {
                return Err(Fault::usage(format!(
                    "`{}` is not what was written (damaged?)",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    /// Which items the run got right.
    pub fn items(&self) -> PathBuf {
        self.path.join(ITEMS_FILE)
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

    /// Removes what killed processes left half-written. Only for the holder of the run.
    ///
    /// # Errors
    /// What the system says.
    pub fn sweep(&self) -> Result<()> {
        for folder in [&self.path, &self.checkpoints(), &self.metrics()] {
            sweep_scratch(folder)?;
        }
        Ok(())
    }

    /// Removes the checkpoints of a run that has ended.
    ///
    /// # Errors
    /// What the system says.
    pub fn drop_checkpoints(&self) -> Result<()> {
        remove(&self.checkpoints())
    }
}
