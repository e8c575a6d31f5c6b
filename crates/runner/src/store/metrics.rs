//! Metric rows and how they get to disk. docs/metrics.md describes them for users.

use super::folder::Member;
use super::{RunFolder, parquet};
use crate::Spent;
use cloze_foundation::Result;
use cloze_foundation::files::write_whole;
use std::collections::BTreeMap;

/// Version of the row schema, in the metadata of every file. Columns are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// Which text a number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Text that is trained on.
    Train,
    /// Held-out text, under the run's own objective.
    HeldOut,
    /// An evaluation.
    Test,
}

impl Split {
    /// As it is in the `split` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held-out",
            Self::Test => "test",
        }
    }
}

/// What is the same in every row of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The run's id.
    pub run: String,
    /// The arm's name.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When: what the run had used.
    pub spent: Spent,
    /// On which text.
    pub split: Split,
    /// `pretraining`, or what an evaluation calls it.
    pub task: String,
    /// `loss`, `accuracy`, ...
    pub metric: String,
    /// The number.
    pub value: f64,
}

/// The `task` of numbers from pretraining itself.
pub const PRETRAINING: &str = "pretraining";

/// The metric of the first row of an attempt that is not the first: the last step whose rows earlier attempts have.
/// Their rows of later steps are superseded.
pub const RESUMED_AFTER: &str = "resumed_after_step";
/// Seconds of training that a killed attempt had spent after the step where this one starts.
pub const LOST_SECONDS: &str = "lost_seconds";

/// Collects rows and writes them as parts, each renamed into place and never opened again.
pub struct Recorder {
    label: Label,
    folder: RunFolder,
    rows: Vec<Row>,
    next: usize,
    parts: BTreeMap<String, Member>,
}

impl Recorder {
    /// A recorder that goes on after the parts of earlier attempts.
    pub fn new(label: Label, folder: RunFolder, parts: BTreeMap<String, Member>) -> Self {
        Self {
            label,
            folder,
            rows: Vec::new(),
            next: 0,
            parts,
        }
    }

    /// Remembers a number until the next [`flush`](Self::flush).
    pub fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.rows.push(Row {
            spent: *spent,
            split,
            task: task.to_owned(),
            metric: metric.to_owned(),
            value,
        });
    }

    /// Writes what was remembered as the next part.
    ///
    /// # Errors
    /// A part that cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if !self.rows.is_empty() {
            let name = RunFolder::part_name(self.label.attempt, self.next);
            let bytes = parquet::to_bytes(&mut parquet::frame(&self.label, &self.rows)?)?;
            write_whole(&self.folder.metrics().join(&name), &bytes)?;
            self.parts.insert(name, Member::of(&bytes));
            self.next += 1;
            self.rows.clear();
        }
        Ok(())
    }

    /// What is the same in every row.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// The parts that hold every row that was flushed, earlier attempts' included.
    pub fn parts(&self) -> &BTreeMap<String, Member> {
        &self.parts
    }
}
