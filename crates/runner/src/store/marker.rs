//! How a run ended: a file whose name says it and whose content says more. It is the last file that a run writes.

use super::folder::Member;
use cloze_foundation::files::{read_text, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_schema::{Axis, Spent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A run that used its budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// What it used.
    pub spent: Spent,
    /// BLAKE3 of `final/model.safetensors`.
    pub weights: String,
    /// The metric parts with its rows; empty in runs of cloze 0.1, whose parts are all there are.
    #[serde(default)]
    pub parts: BTreeMap<String, Member>,
    /// `items.parquet`: which items it got right. Absent where no evaluation is made of items, and in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Member>,
}

/// A run whose loss or gradient stopped being a number. That is a result, not an accident: it is kept, and never
/// repeated unless asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diverged {
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// What it had used, the diverging step included.
    pub spent: Spent,
    /// The last loss that was a number, if there was one.
    pub last_finite_loss: Option<f64>,
    /// The last norm of the gradient that was a number.
    pub gradient_norm: Option<f64>,
    /// The windows of the diverging batch.
    pub windows: Vec<u64>,
    /// The metric parts with its rows.
    #[serde(default)]
    pub parts: BTreeMap<String, Member>,
}

/// A run that broke: it is tried again by the next `run`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Why, for a person.
    pub reason: String,
    /// The last lines that the process wrote to stderr.
    pub stderr: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Marker {
    /// It used its budget.
    Done(Done),
    /// Its loss stopped being a number.
    Diverged(Diverged),
    /// It broke.
    Failed(Failed),
}

impl Marker {
    /// Writes the marker, whole, into the run's folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let (name, text) = match self {
            Self::Done(done) => ("DONE", serde_json::to_string_pretty(done)),
            Self::Diverged(diverged) => ("DIVERGED", serde_json::to_string_pretty(diverged)),
            Self::Failed(failed) => ("FAILED", serde_json::to_string_pretty(failed)),
        };
        let text = text.map_err(|error| Fault::run(format!("cannot write {name} as JSON: {error}")))?;
        write_whole(&folder.join(name), (text + "\n").as_bytes())
    }

    /// Removes the marker of a run's folder, if there is one.
    ///
    /// # Errors
    /// A marker that cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        for name in ["DONE", "DIVERGED", "FAILED"] {
            let path = folder.join(name);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Fault::file("remove", &path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The marker of a run's folder.
    ///
    /// # Errors
    /// A marker that cannot be read or is not what cloze writes.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        Ok(if let Some(done) = content(folder, "DONE")? {
            Some(Self::Done(done))
        } else if let Some(diverged) = content(folder, "DIVERGED")? {
            Some(Self::Diverged(diverged))
        } else {
            content(folder, "FAILED")?.map(Self::Failed)
        })
    }
}

/// In a few words.
impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(done) => write!(f, "done in {:.0} s of training", done.spent[Axis::Seconds]),
            Self::Diverged(diverged) => write!(f, "DIVERGED at step {}", diverged.spent.steps()),
            Self::Failed(failed) => write!(f, "FAILED: {}", failed.reason),
        }
    }
}

fn content<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(None);
    }
    serde_json::from_str(&read_text(&path)?).map(Some).map_err(|error| {
        Fault::usage(format!(
            "`{}` is not a marker that cloze wrote: {error}",
            path.display()
        ))
        .remedy("remove the run's folder to have it trained again")
    })
}
