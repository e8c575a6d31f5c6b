//! Attempts: who trains a run. The folder `attempts/00003` is the claim of whoever made it.
//!
//! Claims are folders because making one is atomic everywhere, on network file systems too, where locks are not
//! (docs/reliability.md). They are numbered and never removed, so that an old observation can never take a new claim
//! away: the next attempt at a run is number n + 1 of the highest n, and of several processes that try one succeeds.

use super::RunFolder;
use crate::provenance::Provenance;
use cloze_foundation::files::{list, read_text, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_schema::{Axis, Spent};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const OWNER: &str = "owner.json";
const BEAT: &str = "beat.json";
const ENDED: &str = "ended.json";
const PROVENANCE: &str = "provenance.json";

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
    /// namespace, and there is no such process any more. Of a process elsewhere this cannot be known.
    pub fn is_gone(&self) -> bool {
        let Some((place, _)) = self.identity.as_deref().and_then(|identity| identity.rsplit_once(' ')) else {
            return false;
        };
        if self.host != host() {
            return false;
        }
        match place_of_this() {
            // Another boot of this machine: whatever ran before it has ended.
            Some(here) if boot(&here) != boot(place) => true,
            Some(here) => here == place && identity(self.pid) != self.identity,
            None => false,
        }
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

fn boot(place: &str) -> &str {
    place.split(' ').next().unwrap_or_default()
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
    /// `done`, `diverged`, `interrupted`, `failed: why`, `released by hand`.
    pub how: String,
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
        let mine = attempt.owner().is_some_and(|owner| owner.token == token);
        Ok((mine && attempt.is_latest(run)?).then_some(attempt))
    }

    /// The attempt with the highest number.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn latest(run: &RunFolder) -> Result<Option<Self>> {
        let numbered = |folder: &PathBuf| folder.file_name()?.to_str()?.parse().ok();
        let all = list(&run.attempts())?;
        let highest = all
            .into_iter()
            .filter_map(|folder| Some((numbered(&folder)?, folder)))
            .max();
        Ok(highest.map(|(number, folder)| Self { number, folder }))
    }

    /// Seconds of training that the attempts at a run have spent, as their last signs of life say.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn seconds_spent(run: &RunFolder) -> Result<f64> {
        let all = list(&run.attempts())?
            .into_iter()
            .map(|folder| Self { number: 0, folder });
        let seconds = all
            .filter_map(|attempt| attempt.beat())
            .map(|beat| beat.spent[Axis::Seconds]);
        Ok(seconds.fold(0.0, f64::max))
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

    /// What is not there, or not whole, has not been said.
    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(&read_text(&self.folder.join(name)).ok()?).ok()
    }
}
