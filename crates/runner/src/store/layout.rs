//! Names and places.
//!
//! ```text
//! results/<experiment>/
//!   plan.json                        the present plan
//!   plans/0001.json                  every plan that was ever frozen, with when and how many runs had ended
//!   origin.json                      which experiment file this folder belongs to, on this machine
//!   metrics.parquet                  rows of every finished run, in plan order
//!   judged/<digits>.json             a task that runs were judged by after training, beside those of the plan
//!   items.parquet                    which items every finished run got right, in plan order
//!   runs/<id>/
//!     config.json                    the resolved configuration
//!     attempts/00001/                who trains or trained it: owner.json, provenance.json, beat.json, ended.json
//!     metrics/part-00001-00000.parquet  rows in the order of training: attempt, then part
//!     items-00001.parquet            which items attempt 1 got right at the end
//!     checkpoints/000000001200-00001/   step, then attempt: complete or absent; gone when the run is done
//!     judged/<digits>/               what a task found of these weights after training: complete or absent
//!     final/                         model.safetensors, config.json, tokenizer.json, README.md, manifest.json: complete or absent
//!     aside/00001/                   how attempt 1 ended, with its weights, if that was with other data or is retried
//!     DONE | DIVERGED | FAILED       JSON, written last; at most one of them
//!   models/<id>/judged/<digits>/     what a task found of a model that others trained: complete or absent
//! ```

use super::Marker;
use super::folder::Member;
use cloze_foundation::files::{self, list, remove, sweep_scratch};
use cloze_foundation::{Fault, Result};
use cloze_schema::items::ITEMS_FILE;
use cloze_schema::judged::JUDGED_FOLDER;
use cloze_schema::plan::METRICS_FILE;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of what was found of models that others trained.
pub const MODELS: &str = "models";

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

    /// Removes what killed processes left half-written, in this folder and in its report.
    ///
    /// # Errors
    /// What the system says.
    pub fn sweep(&self) -> Result<()> {
        let report = self.root.join("report");
        let [charts, tables] = ["charts", "tables"].map(|folder| report.join(folder));
        let plans = self.root.join(cloze_schema::history::PLANS_FOLDER);
        let judged = self.root.join(JUDGED_FOLDER);
        [&self.root, &plans, &judged, &report, &charts, &tables]
            .iter()
            .try_for_each(|folder| sweep_scratch(folder))?;
        let models = list(&self.root.join(MODELS))?;
        models
            .iter()
            .try_for_each(|model| sweep_scratch(&model.join(JUDGED_FOLDER)))
    }

    /// The folder of a run.
    pub fn run(&self, id: &str) -> RunFolder {
        RunFolder {
            path: self.root.join("runs").join(id),
        }
    }

    /// The folder of what was found of a model that others trained.
    pub fn model(&self, id: &str) -> RunFolder {
        RunFolder {
            path: self.root.join(MODELS).join(id),
        }
    }
}

/// The folder of one run; or of a model that others trained, of which there are judgements alone.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// `runs/<id>`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id, which is its folder's name.
    pub fn id(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
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
        self.attempts().join(Self::attempt_name(number))
    }

    /// The name of the folder of attempt `number`.
    pub fn attempt_name(number: u32) -> String {
        format!("{number:05}")
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
        parts.retain(|path| Self::is_part(&path.file_name().unwrap_or_default().to_string_lossy()));
        Ok(parts)
    }

    /// Whether a file of this name is a metric part: it lies in the folder of parts, and nowhere else.
    pub fn is_part(name: &str) -> bool {
        super::folder::is_plain(name) && name.starts_with("part-") && name.ends_with(".parquet")
    }

    /// Checks that metric parts are there and what they were when they were written.
    ///
    /// # Errors
    /// The first that is missing, damaged or cannot be read, by name.
    pub fn verify(&self, parts: &BTreeMap<String, Member>) -> std::result::Result<(), super::Unusable> {
        let mut paths = parts.iter().map(|(name, member)| (self.metrics().join(name), member));
        paths.try_for_each(|(path, member)| member.read(&path).map(drop))
    }

    /// Which items an attempt got right at the end. Each attempt has a file of its own, so that one that lost the run changes
    /// nothing of what another one wrote.
    pub fn items(&self, attempt: u32) -> PathBuf {
        self.path.join(format!("items-{attempt:05}.parquet"))
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

    /// Whether it has been said that the run is done or has diverged, whatever is left of it.
    ///
    /// # Errors
    /// What the system says.
    pub fn has_ended(&self) -> Result<bool> {
        Ok(files::is_there(&self.path.join("DONE"))? || files::is_there(&self.path.join("DIVERGED"))?)
    }

    /// Puts away how the run ended, with its weights, because it is to be trained again. Only for the holder of the run.
    ///
    /// # Errors
    /// What the system says. The marker goes last: until then the run has ended as before.
    pub fn put_aside(&self, marker: &Marker) -> Result<PathBuf> {
        let aside = self.path.join("aside");
        let name = format!("{:05}", marker.attempt().unwrap_or_default());
        let folder = files::free_name(&aside, &name)?;
        let failed = |error: std::io::Error| Fault::file("write", &folder, &error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        if files::is_there(&self.weights())? {
            std::fs::rename(self.weights(), folder.join("final")).map_err(failed)?;
        }
        std::fs::rename(self.path.join(marker.name()), folder.join(marker.name())).map_err(failed)?;
        Ok(folder)
    }

    /// Removes what killed processes left half-written.
    ///
    /// # Errors
    /// What the system says.
    pub fn sweep(&self) -> Result<()> {
        let judged = self.path.join(JUDGED_FOLDER);
        for folder in [
            &self.path,
            &self.attempts(),
            &self.checkpoints(),
            &self.metrics(),
            &judged,
        ] {
            sweep_scratch(folder)?;
        }
        let attempts = list(&self.attempts())?;
        let mut folders = attempts.iter().filter(|path| path.is_dir());
        folders.try_for_each(|attempt| sweep_scratch(attempt))
    }

    /// Removes the checkpoints of a run that has ended. What was set aside stays.
    ///
    /// # Errors
    /// What the system says.
    pub fn drop_checkpoints(&self) -> Result<()> {
        let folder = self.checkpoints();
        sweep_scratch(&folder)?;
        for path in list(&folder)? {
            if super::checkpoint::is_checkpoint(&path) {
                remove(&path)?;
            }
        }
        // It goes when it is empty.
        let _ = std::fs::remove_dir(&folder);
        Ok(())
    }
}
