//! Attempts: who trains a run. The folder `attempts/00003` is the claim of whoever made it.
//!
//! Claims are folders because making one is atomic everywhere, on network file systems too, where locks are not
//! (docs/reliability.md). They are numbered and never removed, so that an old observation can never take a new claim
//! away: the next attempt at a run is number n + 1 of the highest n, and of several processes that try one succeeds.

use super::RunFolder;
use crate::provenance::Provenance;
use cloze_foundation::files::{list, read, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_schema::{Axis, Spent};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const OWNER: &str = "owner.json";
const BEAT: &str = "beat.json";
const ENDED: &str = "ended.json";
/// The file of where, when and by what an attempt was made.
pub const PROVENANCE: &str = "provenance.json";

/// Which process an attempt belongs to, as far as others on the same machine can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Unique to the attempt; a parent chooses it for its child.
    pub token: String,
    /// The machine's name.
    pub host: String,
    /// Its process number.
    pub pid: u32,
    /// What tells this process from an earlier or a hidden one of the same number: the boot, the process namespace,
    /// and the moment of its start. `None` where the system does not say.
    pub identity: Option<String>,
}

impl Owner {
    /// This process.
    pub fn this(token: &str) -> Self {
        let pid = std::process::id();
        Self {
            token: token.to_owned(),
            host: host(),
            pid,
            identity: identity(pid),
        }
    }

    /// Whether it is certain that the process has ended: it belonged to this machine, this boot and this process
    /// namespace, and there is no such process any more. Of a process elsewhere this cannot be known, and another boot under
    /// this machine's name may be another machine of that name.
    pub fn is_gone(&self) -> bool {
        self.is_here() && identity(self.pid) != self.identity
    }

    /// Whether the process belongs to this machine, this boot and this process namespace.
    pub fn is_here(&self) -> bool {
        let place = self.identity.as_deref().and_then(|identity| identity.rsplit_once(' '));
        self.host == host() && place.is_some_and(|(place, _)| place_of_this().as_deref() == Some(place))
    }
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Boot and process namespace.
fn place_of_this() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// Boot, process namespace and start time of a process; `None` where there is no such process.
fn identity(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows it is the state, and 19 fields later the start time.
    let mut after = stat.rsplit_once(") ")?.1.split(' ');
    let state = after.next()?;
    let started = after.nth(18)?;
    (state != "Z" && state != "X").then_some(())?;
    Some(format!("{} {started}", place_of_this()?))
}

/// A sign of life, rewritten every few seconds while an attempt goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Counts up.
    pub count: u64,
    /// What the run had used then. Seconds that a killed attempt spent after its last checkpoint are known from here.
    pub spent: Spent,
    /// Share of the budget.
    pub share: f64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// [`DONE`](Self::DONE), [`DIVERGED`](Self::DIVERGED), `interrupted`, `failed: why`, `released by hand`.
    pub how: String,
}

impl Ended {
    /// The run used its budget.
    pub const DONE: &str = "done";
    /// Its loss stopped being a number.
    pub const DIVERGED: &str = "diverged";

    /// Whether the run ended with the attempt.
    fn is_of_the_run(&self) -> bool {
        [Self::DONE, Self::DIVERGED].contains(&self.how.as_str())
    }
}

/// Attempts are numbered up to here; a folder with a higher number is none of cloze's.
const MOST: u32 = 99_999_999;

/// The number of an attempt's folder, if it is one that cloze made.
fn numbered(folder: &Path) -> Option<u32> {
    let name = folder.file_name()?.to_str()?;
    let number = name.parse().ok().filter(|number| (1..=MOST).contains(number))?;
    (RunFolder::attempt_name(number) == name).then_some(number)
}

/// An attempt at a run: a folder that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    folder: PathBuf,
}

impl Attempt {
    /// Claims the attempt after number `after`; `None` if another process has it already.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn claim(run: &RunFolder, after: u32, token: &str, provenance: &Provenance) -> Result<Option<Self>> {
        let attempt = Self {
            number: after + 1,
            folder: run.attempt(after + 1),
        };
        let owner = serde_json::to_vec_pretty(&Owner::this(token)).map_err(|error| Fault::run(error.to_string()))?;
        write_folder(&attempt.folder, |scratch| {
            write_whole(&scratch.join(OWNER), &owner)?;
            provenance.write(&scratch.join(PROVENANCE))
        })?;
        // Whose folder it is says the folder itself: a network file system may report a failure of what succeeded.
        let mine = attempt.said::<Owner>(OWNER)?.is_some_and(|owner| owner.token == token);
        Ok((mine && attempt.is_latest(run)?).then_some(attempt))
    }

    /// The attempt with the highest number.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn latest(run: &RunFolder) -> Result<Option<Self>> {
        Ok(Self::all(run)?.pop())
    }

    /// Every attempt at a run, by number.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn all(run: &RunFolder) -> Result<Vec<Self>> {
        let folders = list(&run.attempts())?.into_iter();
        let mut all: Vec<Self> = folders
            .filter_map(|folder| {
                Some(Self {
                    number: numbered(&folder)?,
                    folder,
                })
            })
            .collect();
        all.sort_by_key(|attempt| attempt.number);
        Ok(all)
    }

    /// Seconds of training that the attempts at a run have spent since it last began from nothing, as their signs of life
    /// say. An attempt that ended the run, done or diverged, and those before it belong to another training.
    ///
    /// # Errors
    /// A folder that cannot be listed, a sign of life that cannot be read.
    pub fn seconds_spent(run: &RunFolder) -> Result<f64> {
        let mut seconds: f64 = 0.0;
        for attempt in Self::all(run)?.iter().rev() {
            if attempt.said::<Ended>(ENDED)?.is_some_and(|ended| ended.is_of_the_run()) {
                break;
            }
            let beat = attempt.said::<Beat>(BEAT)?.unwrap_or_default();
            seconds = seconds.max(beat.spent[Axis::Seconds]);
        }
        Ok(seconds)
    }

    /// Whether nobody has taken over.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn is_latest(&self, run: &RunFolder) -> Result<bool> {
        Ok(Self::latest(run)?.is_some_and(|latest| latest.number == self.number))
    }

    /// Who claimed it.
    pub fn owner(&self) -> Option<Owner> {
        self.json(OWNER)
    }

    /// Its last sign of life.
    pub fn beat(&self) -> Option<Beat> {
        self.json(BEAT)
    }

    /// How it ended, if it said so.
    pub fn ended(&self) -> Option<Ended> {
        self.json(ENDED)
    }

    /// Whether it has certainly ended: it said so, or its process is gone.
    pub fn is_over(&self) -> bool {
        self.ended().is_some() || self.owner().is_some_and(|owner| owner.is_gone())
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    /// What the system says.
    pub fn give_beat(&self, beat: &Beat) -> Result<()> {
        self.write(BEAT, beat)
    }

    /// Says how it ended: the run is free again.
    ///
    /// # Errors
    /// What the system says.
    pub fn end(&self, how: impl Into<String>) -> Result<()> {
        self.write(ENDED, &Ended { how: how.into() })
    }

    /// Where, when and by what it was made.
    pub fn provenance(&self) -> PathBuf {
        self.folder.join(PROVENANCE)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec(value).map_err(|error| Fault::run(error.to_string()))?;
        write_whole(&self.folder.join(name), &text)
    }

    /// What is not there, or not whole, has not been said; what cannot be read now has not been said yet.
    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.said(name).ok().flatten()
    }

    /// What is not there, or not whole, has not been said.
    fn said<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let bytes = read(&self.folder.join(name))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
