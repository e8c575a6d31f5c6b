//! What a child process is told.

use cloze_foundation::{Fault, Result};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

/// The hidden subcommand that calls [`train_run`](super::train_run).
pub const SUBCOMMAND: &str = "train-run";

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cadence {
    /// This long after the last one.
    Time(Duration),
    /// This many steps after the last one.
    Steps(u64),
}

impl Default for Cadence {
    fn default() -> Self {
        Self::Time(Duration::from_secs(60))
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{}s", time.as_secs_f64()),
            Self::Steps(steps) => write!(f, "{steps} steps"),
        }
    }
}

impl FromStr for Cadence {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is neither seconds (`60s`) nor steps (`500 steps`)");
        let (digits, unit) = text.split_at(
            text.find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(text.len()),
        );
        match unit.trim() {
            "s" | "" => digits
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0.0)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(Self::Time)
                .ok_or_else(wrong),
            "step" | "steps" => match digits.parse() {
                Ok(steps) if steps > 0 => Ok(Self::Steps(steps)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

/// What the child is told on its command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Errand {
    /// The experiment's results folder. The parent has written the run's `config.json` there.
    pub folder: PathBuf,
    /// The run's id.
    pub id: String,
    /// The name of its arm.
    pub arm: String,
    /// The prepared corpus.
    pub corpus: PathBuf,
    /// The device's name.
    pub device: String,
    /// Folder with data sets for evaluations.
    pub data_root: Option<PathBuf>,
    /// The last attempt at the run, which has ended or is dead; 0 if there was none.
    pub after: u32,
    /// By which the parent will know the child's attempt.
    pub token: String,
    /// [`RunData::short`](cloze_schema::RunData::short) of the data that the run is to be made from.
    pub data: String,
    /// The attempt that diverged and is to be made again; `None` where a diverged run has ended.
    pub retry: Option<u32>,
    /// [`build`](crate::provenance::build) of the parent.
    pub build: String,
    /// The command that the parent was given, for the provenance.
    pub command: Option<String>,
    /// When to save.
    pub checkpoint: Cadence,
    /// How long others wait for a sign of life.
    pub lease: Duration,
    /// Another signal that asks for a stop.
    pub stop_signal: Option<String>,
}

impl Errand {
    /// The command line that has `program` run this errand on `threads` threads.
    pub fn started_by(&self, program: &Path, threads: usize) -> Command {
        let mut command = computing(program, threads);
        command.arg(SUBCOMMAND);
        // One word each: names and paths may begin with a hyphen.
        let mut word = |option: &str, value: &OsStr| {
            let mut word = OsString::from(format!("--{option}="));
            word.push(value);
            command.arg(word);
        };
        word("folder", self.folder.as_os_str());
        word("corpus", self.corpus.as_os_str());
        if let Some(root) = &self.data_root {
            word("data-root", root.as_os_str());
        }
        let retry = self.retry.map(|attempt| attempt.to_string());
        for (option, value) in [
            ("id", Some(&self.id)),
            ("arm", Some(&self.arm)),
            ("device", Some(&self.device)),
            ("token", Some(&self.token)),
            ("data", Some(&self.data)),
            ("build", Some(&self.build)),
            ("after", Some(&self.after.to_string())),
            ("checkpoint", Some(&self.checkpoint.to_string())),
            ("lease", Some(&self.lease.as_secs_f64().to_string())),
            ("retry", retry.as_ref()),
            ("stop-signal", self.stop_signal.as_ref()),
            ("command", self.command.as_ref()),
        ] {
            if let Some(value) = value {
                word(option, value.as_ref());
            }
        }
        command
    }
}

/// This very program, for its children: the one that runs, even where its file was replaced since.
///
/// # Errors
/// A system that does not say.
pub fn this_program() -> Result<PathBuf> {
    let image = PathBuf::from("/proc/self/exe");
    if image.exists() {
        return Ok(image);
    }
    std::env::current_exe().map_err(|error| Fault::run(format!("cannot find this program: {error}")))
}

/// A process of `program` that computes on `threads` threads.
pub fn computing(program: &Path, threads: usize) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    if program == Path::new("/proc/self/exe") {
        use std::os::unix::process::CommandExt;
        command.arg0("cloze");
    }
    command.env("RAYON_NUM_THREADS", threads.to_string());
    // Tensor operations free and take the same large buffers all the time: giving their pages back to the system
    // and faulting them in again cost 8 % of a step (docs/log.md).
    command.env("MIMALLOC_PURGE_DELAY", "1000");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_that_look_like_options_are_one_word_with_their_own() {
        let errand = Errand {
            folder: "-r/x".into(),
            id: "0123".to_owned(),
            arm: "--set".to_owned(),
            corpus: "--corpus".into(),
            device: "flex".to_owned(),
            data_root: Some("-d".into()),
            after: 0,
            token: "-t".to_owned(),
            data: "4567".to_owned(),
            retry: Some(3),
            build: "-b".to_owned(),
            command: Some("cloze run -x.toml".to_owned()),
            checkpoint: Cadence::default(),
            lease: Duration::from_secs(60),
            stop_signal: None,
        };
        let command = errand.started_by(Path::new("cloze"), 1);
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        for word in [
            "--arm=--set",
            "--token=-t",
            "--folder=-r/x",
            "--corpus=--corpus",
            "--data-root=-d",
            "--retry=3",
        ] {
            assert!(words.contains(&word.to_owned()), "{word}: {words:?}");
        }
        assert!(
            words[1..]
                .iter()
                .all(|word| word.starts_with("--") && word.contains('=')),
            "{words:?}"
        );
    }

    #[test]
    fn a_cadence_is_written_as_it_is_read() {
        for text in ["60s", "0.5s", "500 steps"] {
            assert_eq!(text.parse::<Cadence>().unwrap().to_string(), text);
        }
        assert_eq!("60".parse(), Ok(Cadence::Time(Duration::from_secs(60))));
        for text in [
            "",
            "s",
            "0",
            "0s",
            "1.5 steps",
            "0 steps",
            "-1s",
            "1e400s",
            "5 minutes",
            "1.2.3s",
        ] {
            assert!(text.parse::<Cadence>().is_err(), "{text}");
        }
    }
}
