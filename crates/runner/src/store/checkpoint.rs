//! Checkpoints: between two steps, everything that a run needs to go on as if nothing had happened.
//!
//! Weights, moments, counters, and which metric parts were there. There is no state of a random generator and no
//! position in the text: both are functions of the seed and the step.

use super::RunFolder;
use super::folder::{self, Member, TENSORS};
use super::unusable::{Trouble, Unusable};
use cloze_foundation::files::{free_name, list, remove};
use cloze_foundation::{Fault, Result};
use cloze_trainer::{Position, Saved};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MOMENTS: &str = "optimizer.safetensors";
/// TOML, since its floats are read back exactly; JSON's may be off by one unit in the last place.
const STATE: &str = "state.toml";
/// How many are kept: the newest, and one that is older in case the newest turns out damaged.
const KEPT: usize = 2;
/// Most checkpoints on disk at once: the newest is verified before the oldest is removed.
pub const MOST: usize = KEPT + 1;

/// The small part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The attempt that made it.
    pub attempt: u32,
    /// Identity of the tokenizer and the shards.
    pub data: String,
    /// All data of the run in short; nothing in older checkpoints.
    #[serde(default)]
    pub run_data: String,
    /// Where training stands.
    pub position: Position,
    /// Metric parts with every row up to here, and no other row.
    pub parts: BTreeMap<String, Member>,
}

/// A checkpoint that was read and verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What was saved.
    pub saved: Saved,
    /// What it was made from.
    pub data: Made,
    /// Metric parts with every row up to there, and no other row.
    pub parts: BTreeMap<String, Member>,
}

/// What a checkpoint was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Identity of the tokenizer and the shards.
    pub corpus: String,
    /// [`RunData::short`](cloze_schema::RunData::short); nothing in older checkpoints.
    pub all: String,
}

impl Made {
    /// Whether what was begun with this can be gone on with where there is `now`.
    fn fits(&self, now: &Self) -> bool {
        self.corpus == now.corpus && (self.all.is_empty() || self.all == now.all)
    }
}

impl Checkpoint {
    /// Saves one and removes those that are no longer needed: the two newest stay, and none is removed before the
    /// newest has been read back.
    ///
    /// # Errors
    /// What the system says. What was there before is then still there.
    pub fn save(&self, run: &RunFolder, id: &str, attempt: u32) -> Result<()> {
        let step = self.saved.position.spent.steps();
        let state = State {
            attempt,
            data: self.data.corpus.clone(),
            run_data: self.data.all.clone(),
            position: self.saved.position.clone(),
            parts: self.parts.clone(),
        };
        let text = toml::to_string(&state).map_err(|error| Fault::run(error.to_string()))?;
        let files = [
            (TENSORS, self.saved.model.as_slice()),
            (MOMENTS, &self.saved.optimizer),
            (STATE, text.as_bytes()),
        ];
        let path = run.checkpoint(step, attempt);
        folder::write(&path, id, step, &files)?;
        Self::read(&path, id)?;
        let all = list(&run.checkpoints())?;
        for old in all.iter().rev().filter(|path| is_checkpoint(path)).skip(KEPT) {
            remove(old)?;
        }
        Ok(())
    }

    /// Whether a folder has the name of one.
    pub fn is_one(path: &Path) -> bool {
        is_checkpoint(path)
    }

    /// Reads and verifies one.
    ///
    /// # Errors
    /// One that is missing, incomplete, damaged, of a later format or of another run.
    pub fn read(path: &Path, id: &str) -> Result<Self> {
        Ok(Self::open(path, id)?)
    }

    fn open(path: &Path, id: &str) -> std::result::Result<Self, Unusable> {
        let bad = |why: String| Unusable::wrong(format!("`{}` cannot be used: {why}", path.display()));
        let (manifest, mut files) = folder::read(path)?;
        if manifest.run != id {
            return Err(bad(format!("it belongs to run {}", manifest.run)));
        }
        let mut take = |name: &str| files.remove(name).ok_or_else(|| bad(format!("it has no {name}")));
        let (model, moments, state) = (take(TENSORS)?, take(MOMENTS)?, take(STATE)?);
        let state: State = toml::from_slice(&state).map_err(|error| bad(format!("{STATE}: {error}")))?;
        if let Some(foreign) = state.parts.keys().find(|name| !RunFolder::is_part(name)) {
            return Err(bad(format!("{STATE} lists `{foreign}`, which is no metric part")));
        }
        Ok(Self {
            saved: Saved {
                position: state.position,
                model,
                optimizer: moments,
            },
            data: Made {
                corpus: state.data,
                all: state.run_data,
            },
            parts: state.parts,
        })
    }

    /// The newest one that can be used with this data. Those that were read and cannot be used are set aside, and `say` is told
    /// why.
    ///
    /// # Errors
    /// A folder that cannot be listed or changed; a checkpoint that cannot be read now, or by this version of cloze: it may be
    /// whole, so that nothing is begun again without it.
    pub fn newest(run: &RunFolder, id: &str, data: &Made, say: &mut dyn FnMut(&str)) -> Result<Option<Self>> {
        let all = list(&run.checkpoints())?;
        for path in all.iter().rev().filter(|path| is_checkpoint(path)) {
            let found = Self::open(path, id).and_then(|checkpoint| {
                if !checkpoint.data.fits(data) {
                    let why = format!("`{}` was made from other data than there are now", path.display());
                    return Err(Unusable::wrong(why));
                }
                run.verify(&checkpoint.parts)?;
                Ok(checkpoint)
            });
            match found {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(Unusable {
                    trouble: Trouble::Unreadable,
                    fault,
                }) => return Err(fault),
                Err(Unusable { fault, .. }) => {
                    let aside = set_aside(path)?;
                    say(&format!("{} (set aside as `{}`)", fault.what, aside.display()));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a folder has the name of a checkpoint.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(|first: char| first.is_ascii_digit()))
}

/// Renames what is damaged, so that it is never looked at again and can still be examined. What was set aside before stays.
///
/// # Errors
/// What the system says.
pub fn set_aside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    let aside = free_name(folder, &format!("damaged-{name}"))?;
    fs::rename(path, &aside).map_err(|error| Fault::file("rename", path, &error))?;
    Ok(aside)
}
