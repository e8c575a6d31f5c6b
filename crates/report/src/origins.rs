//! By what the runs were made, and what else ran meanwhile. It is read from the folders of the runs and kept in the report,
//! where it is found again when those folders are gone.

use cloze_foundation::{Fault, Result, files};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The file of the report that keeps them.
pub(crate) const FILE: &str = "provenance.json";

/// What a report shows of a run's provenance. None of it decides a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Origin {
    /// cloze's version.
    cloze: String,
    /// The git revision that cloze was built from, with `+` where its source differed from it.
    built_from: Option<String>,
    /// The git revision of the folder in which the command was given.
    git: Option<String>,
    /// The command that the run was made by.
    command: Option<String>,
    device: String,
    threads: usize,
    processor: String,
    /// Seconds since 1970 when the last attempt started and ended.
    started: u64,
    ended: Option<u64>,
}

/// Run id to origin.
pub(crate) type Origins = BTreeMap<String, Origin>;

/// Reads what is known of the planned runs: of their last attempts, or what an earlier report kept. What cannot be read is
/// not known, since nothing hangs on it but a line of the header.
pub(crate) fn read(folder: &Path, ids: impl Iterator<Item = String>) -> Origins {
    let kept = files::read(&folder.join("report").join(FILE)).ok().flatten();
    let mut kept: Origins = kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let of_attempts = |id: &str| {
        let attempts = files::list(&folder.join("runs").join(id).join("attempts")).ok()?;
        let read = |path: &std::path::PathBuf| files::read(&path.join("provenance.json")).ok().flatten();
        let last = attempts.iter().rev().find_map(read)?;
        serde_json::from_slice::<Origin>(&last).ok()
    };
    let known = ids.filter_map(|id| {
        let origin = of_attempts(&id).or_else(|| kept.remove(&id))?;
        Some((id, origin))
    });
    known.collect()
}

/// The file that keeps them; none where nothing is known.
///
/// # Errors
/// What the encoder says.
pub(crate) fn file(origins: &Origins) -> Result<Option<Vec<u8>>> {
    if origins.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string_pretty(origins).map_err(|error| Fault::run(error.to_string()))?;
    Ok(Some((text + "\n").into_bytes()))
}

impl Origin {
    /// Whether both trained at one time, on processors that may be one.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let end = |one: &Self| one.ended.unwrap_or(one.started);
        self.processor == other.processor && self.started < end(other) && other.started < end(self)
    }
}

/// Words that say of the origins what a header shows: what it is called, and how it is said.
type Line = (&'static str, fn(&Origin) -> Option<String>);

/// What the line with the command is called.
pub(crate) const COMMAND: &str = "command";

const LINES: [Line; 5] = [
    ("trained by", |origin| Some(format!("cloze {}", origin.cloze))),
    ("built from", |origin| origin.built_from.clone()),
    ("revision", |origin| origin.git.clone()),
    ("machine", |origin| {
        Some(format!(
            "{} on {} ({} threads)",
            origin.device, origin.processor, origin.threads
        ))
    }),
    (COMMAND, |origin| origin.command.clone()),
];

/// The lines of the header, each with its different values, the first three of them.
pub(crate) fn facts(origins: &Origins) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    for (name, word) in LINES {
        let words: BTreeSet<String> = origins.values().filter_map(word).collect();
        let some: Vec<&str> = words.iter().take(3).map(String::as_str).collect();
        let more = if words.len() > some.len() { ", ..." } else { "" };
        if !some.is_empty() {
            facts.push((name, some.join(", ") + more));
        }
    }
    facts
}
