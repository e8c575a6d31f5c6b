//! Where, when and by what a run was made. None of it decides the result; all of it explains one.

use cloze_corpus::Prepared;
use cloze_foundation::files::{hash, read_text, write_whole};
use cloze_foundation::load;
use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Written when a run starts, and again with `ended` when it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// cloze's version.
    pub cloze: String,
    /// The git revision that the program was built from, with `+` where its source differed from it; `None` where it was
    /// not built in a repository, and in older files.
    #[serde(default)]
    pub built_from: Option<String>,
    /// The git revision of the folder in which the command was given, with `+` where files differ from it: that of the
    /// experiment, which need not be cloze's. `None` outside a repository.
    pub git: Option<String>,
    /// The command that trains such runs, as far as it decides results; `None` in older files.
    #[serde(default)]
    pub command: Option<String>,
    /// The device's name.
    pub device: String,
    /// Threads for host computation.
    pub threads: usize,
    /// Hash of tokenizer and token shards.
    pub data: String,
    /// The name in the cache of the prepared corpus: another text has another one. `None` in older files.
    #[serde(default)]
    pub corpus: Option<String>,
    /// Hash of `tokenizer.json`.
    pub tokenizer: Option<String>,
    /// The host's processor.
    pub processor: String,
    /// Operating system and architecture.
    pub system: String,
    /// Seconds since 1970 when the attempt started.
    pub started: u64,
    /// Seconds since 1970 when it ended.
    pub ended: Option<u64>,
    /// The machine's load averages over 1, 5 and 15 minutes when the attempt started; `None` where the system does not say.
    #[serde(default)]
    pub load_average: Option<[f64; 3]>,
    /// Cores that were busy with other processes, on average over the attempt, where the system says.
    #[serde(default)]
    pub cores_elsewhere: Option<f64>,
}

impl Provenance {
    /// What can be known now.
    pub fn now(device: &str, command: Option<String>, corpus: &Prepared) -> Self {
        Self {
            cloze: env!("CARGO_PKG_VERSION").to_owned(),
            built_from: option_env!("CLOZE_BUILT_FROM").map(str::to_owned),
            git: revision(),
            command,
            device: device.to_owned(),
            threads: rayon::current_num_threads(),
            data: corpus.hash.clone(),
            corpus: corpus
                .folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
            tokenizer: std::fs::read(corpus.folder.join("tokenizer.json"))
                .ok()
                .map(|bytes| hash(&bytes)),
            processor: processor(),
            system: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            started: seconds(),
            ended: None,
            load_average: load::average(),
            cores_elsewhere: None,
        }
    }

    /// Notes the end, and how many cores were busy with other processes.
    pub fn end(&mut self, cores_elsewhere: Option<f64>) {
        self.ended = Some(seconds());
        self.cores_elsewhere = cores_elsewhere;
    }

    /// Writes it, whole.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Fault::run(error.to_string()))?;
        write_whole(path, (text + "\n").as_bytes())
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// A missing or foreign file.
    pub fn read(path: &Path) -> Result<Self> {
        serde_json::from_str(&read_text(path)?)
            .map_err(|error| Fault::usage(format!("`{}` is not a provenance file: {error}", path.display())))
    }
}

/// What tells this build of cloze from another.
pub fn build() -> String {
    let built_from = option_env!("CLOZE_BUILT_FROM").unwrap_or("an unknown revision");
    format!("{} of {built_from}", env!("CARGO_PKG_VERSION"))
}

fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn revision() -> Option<String> {
    let revision = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|files| !files.is_empty());
    Some(if changed { revision + "+" } else { revision })
}

fn processor() -> String {
    let named = |text: String| {
        let line = text.lines().find(|line| line.starts_with("model name"))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(named)
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
