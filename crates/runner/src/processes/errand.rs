//! What a child process is told.

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
    /// When to save.
    pub checkpoint: Cadence,
    /// How long others wait for a sign of life.
    pub lease: Duration,
    /// Another signal that asks for a stop.
    pub stop_signal: Option<String>,
}

impl Errand {
    /// The command line that has `program` run this errand on `threads` threads.
    pub fn command(&self, program: &Path, threads: usize) -> Command {
        let mut command = computing(program, threads);
        command.arg(SUBCOMMAND).arg(&self.folder).arg(&self.id);
        command.arg("--corpus").arg(&self.corpus);
        // One word each: a name may begin with a hyphen.
        for (option, value) in [("arm", &self.arm), ("device", &self.device), ("token", &self.token)] {
            command.arg(format!("--{option}={value}"));
        }
        command.args(["--after", &self.after.to_string()]);
        command.args(["--checkpoint", &self.checkpoint.to_string()]);
        command.args(["--lease", &self.lease.as_secs_f64().to_string()]);
        if let Some(root) = &self.data_root {
            command.arg("--data-root").arg(root);
        }
        if let Some(signal) = &self.stop_signal {
            command.args(["--stop-signal", signal]);
        }
        command
    }
}

/// A process of `program` that computes on `threads` threads.
pub fn computing(program: &Path, threads: usize) -> Command {
    let mut command = Command::new(program);
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
    fn a_name_that_looks_like_an_option_is_one_word_with_its_own() {
        let errand = Errand {
            folder: "results/x".into(),
            id: "0123".to_owned(),
            arm: "--set".to_owned(),
            corpus: "corpus".into(),
            device: "flex".to_owned(),
            data_root: None,
            after: 0,
            token: "-t".to_owned(),
            checkpoint: Cadence::default(),
            lease: Duration::from_secs(60),
            stop_signal: None,
        };
        let command = errand.command(Path::new("cloze"), 1);
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert!(
            words.contains(&"--arm=--set".to_owned()) && words.contains(&"--token=-t".to_owned()),
            "{words:?}"
        );
    }

    #[test]
    fn a_cadence_is_written_as_it_is_read() {
        for text in ["60s", "0.5s", "500 steps"] {
            assert_eq!(text.parse::<Cadence>().unwrap().to_string(), text);
        }
        assert_eq!("60".parse(), Ok(Cadence::Time(Duration::from_secs(60))));
        for text in ["", "s", "1.5 steps", "0 steps", "-1s", "1e400s", "5 minutes", "1.2.3s"] {
            assert!(text.parse::<Cadence>().is_err(), "{text}");
        }
    }
}
