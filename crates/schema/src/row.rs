//! The rows of a metrics file. docs/metrics.md describes them for users.

use crate::Spent;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of the row schema, in the metadata of every file. Columns are only ever added; the second version added `data`.
pub const SCHEMA_VERSION: u32 = 2;

/// Which text a number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Text that is trained on.
    Train,
    /// Held-out text, under the run's own objective.
    HeldOut,
    /// An evaluation.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::HeldOut, Self::Test];

    /// As it is in the `split` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held-out",
            Self::Test => "test",
        }
    }

    /// The split with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.name() == name)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is the same in every row of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The run's id.
    pub run: String,
    /// The arm's name.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// [`RunData::short`](crate::RunData::short) of the data that it was made from; nothing in files of version 1.
    pub data: String,
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When: what the run had used.
    pub spent: Spent,
    /// On which text.
    pub split: Split,
    /// [`PRETRAINING`](crate::metric::PRETRAINING), or what an evaluation calls it.
    pub task: String,
    /// `loss`, `accuracy`, ...
    pub metric: String,
    /// The number.
    pub value: f64,
}

/// Rows that follow each other and belong to one attempt at a run.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRows {
    /// Whose rows they are.
    pub label: Label,
    /// In the order of training.
    pub rows: Vec<Row>,
}
