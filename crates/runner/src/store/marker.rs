//! How a run ended: a file whose name says it and whose content says more. It is the last file that a run writes.

use super::RunFolder;
use super::folder::Member;
use cloze_foundation::files::{self, write_new, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_schema::{Axis, RunData, Spent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// The metric parts with its rows; empty in older runs, whose parts are all there are.
    #[serde(default)]
    pub parts: BTreeMap<String, Member>,
    /// Which items it got right: the file of this attempt. Absent where no evaluation is made of items, and in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Member>,
    /// What it was made from; `None` in older runs.
    #[serde(default)]
    pub data: Option<RunData>,
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
    /// What it was made from; `None` in older runs.
    #[serde(default)]
    pub data: Option<RunData>,
}

/// A run that broke: it is tried again by the next `run`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Why, for a person.
    pub reason: String,
    /// The last lines that the process wrote to stderr.
    pub stderr: Vec<String>,
    /// Which attempt broke; `None` where its process had not begun one, and in older runs.
    #[serde(default)]
    pub attempt: Option<u32>,
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

/// The names of the markers' files.
const NAMES: [&str; 3] = ["DONE", "DIVERGED", "FAILED"];

impl Marker {
    /// Writes the marker, whole, into the run's folder. A run ends once: where it has been said already that it is done or
    /// has diverged, that is left as it is, and the answer is false.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, folder: &Path) -> Result<bool> {
        let text = match self {
            Self::Done(done) => sealed(done),
            Self::Diverged(diverged) => sealed(diverged),
            Self::Failed(failed) => serde_json::to_string_pretty(failed),
        };
        let name = self.name();
        let text = text.map_err(|error| Fault::run(format!("cannot write {name} as JSON: {error}")))? + "\n";
        let path = folder.join(name);
        match self {
            Self::Failed(_) => write_whole(&path, text.as_bytes()).map(|()| true),
            Self::Done(_) | Self::Diverged(_) => write_new(&path, text.as_bytes()),
        }
    }

    /// The name of its file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => NAMES[0],
            Self::Diverged(_) => NAMES[1],
            Self::Failed(_) => NAMES[2],
        }
    }

    /// Which attempt it was, where that is known.
    pub fn attempt(&self) -> Option<u32> {
        match self {
            Self::Done(done) => Some(done.attempt),
            Self::Diverged(diverged) => Some(diverged.attempt),
            Self::Failed(failed) => failed.attempt,
        }
    }

    /// The metric parts that hold its rows.
    pub fn parts(&self) -> &BTreeMap<String, Member> {
        static NONE: BTreeMap<String, Member> = BTreeMap::new();
        match self {
            Self::Done(done) => &done.parts,
            Self::Diverged(diverged) => &diverged.parts,
            Self::Failed(_) => &NONE,
        }
    }

    /// What the run was made from, where that is known.
    pub fn data(&self) -> Option<&RunData> {
        match self {
            Self::Done(done) => done.data.as_ref(),
            Self::Diverged(diverged) => diverged.data.as_ref(),
            Self::Failed(_) => None,
        }
    }

    /// Removes the markers of a run's folder.
    ///
    /// # Errors
    /// A marker that cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        NAMES.iter().try_for_each(|name| files::remove(&folder.join(name)))
    }

    /// Removes FAILED alone.
    ///
    /// # Errors
    /// A marker that cannot be removed.
    pub fn remove_failed(folder: &Path) -> Result<()> {
        files::remove(&folder.join(NAMES[2]))
    }

    /// The marker of a run's folder.
    ///
    /// # Errors
    /// A marker that cannot be read or is not what cloze writes.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let marker = if let Some(done) = content(folder, NAMES[0])? {
            Some(Self::Done(done))
        } else if let Some(diverged) = content(folder, NAMES[1])? {
            Some(Self::Diverged(diverged))
        } else {
            content(folder, NAMES[2])?.map(Self::Failed)
        };
        if let Some(marker) = &marker
            && let Some(foreign) = marker.parts().keys().find(|name| !RunFolder::is_part(name))
        {
            return Err(foreign_marker(
                &folder.join(marker.name()),
                &format!("it lists `{foreign}`, which is no metric part"),
            ));
        }
        Ok(marker)
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
    let Some(bytes) = files::read(&path)? else {
        return Ok(None);
    };
    let wrong = |error: serde_json::Error| foreign_marker(&path, &error.to_string());
    let mut value: Value = serde_json::from_slice(&bytes).map_err(wrong)?;
    // Older markers have none.
    let sum = value.as_object_mut().and_then(|table| table.remove(SUM));
    if sum.is_some_and(|sum| sum != files::hash(value.to_string().as_bytes())) {
        return Err(foreign_marker(&path, "it was changed after it was written"));
    }
    serde_json::from_value(value).map(Some).map_err(wrong)
}

/// The key of the hash of all the rest: what a marker lists is what a run left, and an entry that is missing there would not be
/// missed otherwise.
const SUM: &str = "sum";

fn sealed(content: &impl Serialize) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(content)?;
    let sum = files::hash(value.to_string().as_bytes());
    if let Some(table) = value.as_object_mut() {
        table.insert(SUM.to_owned(), sum.into());
    }
    serde_json::to_string_pretty(&value)
}

fn foreign_marker(path: &Path, why: &str) -> Fault {
    let folder = path.parent().unwrap_or(path);
    Fault::usage(format!("`{}` is not a marker that cloze wrote: {why}", path.display())).remedy(format!(
        "put back what was there, or remove `{}` to have the run trained again",
        folder.display()
    ))
}
