//! The parent's side of a run: starts its process, listens to it, and learns how it ended.

use super::{Errand, Judging, Stop};
use crate::store::ending::words;
use crate::store::{Attempt, Ending, Failed, Marker, Store};
use cloze_foundation::{Fault, Result};
use cloze_schema::RunData;
use cloze_trainer::Tick;
use serde::Deserialize;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many lines of a child's stderr are kept.
const KEPT_LINES: usize = 20;
/// How the words begin with which the program ends that could not do its work.
const ERROR: &str = "error: ";
/// How often a parent looks whether it was asked to stop.
const GLANCE: Duration = Duration::from_millis(20);

/// How a child ended.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one for each run of a sweep")]
pub enum Outcome {
    /// The run has ended.
    Ended(Marker),
    /// The run was saved and left, because a stop was asked for.
    Interrupted,
    /// Another process has the run.
    Elsewhere,
}

/// What a child says on its stdout, a line each.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// How far training is.
    Tick(Tick),
    /// How far a judgement is.
    Judging(Judging),
}

/// Runs an errand in a child process and waits for it. Unless the child was interrupted or another process has the run,
/// there is a marker afterwards, if the disk takes one. The answer says also whether the run was ended by this child.
///
/// The child saves and leaves when its stdin ends. That is how it learns of `stop`, and of the end of this process,
/// whatever ends it.
///
/// # Errors
/// A child that cannot be started, a marker that cannot be read.
pub fn supervise(
    errand: &Errand,
    data: Option<&RunData>,
    program: &Path,
    threads: usize,
    stop: &Stop,
    told: &dyn Fn(Said),
) -> Result<(Outcome, bool)> {
    let folder = Store::new(&errand.folder).run(&errand.id);
    let mut command = errand.started_by(program, threads);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C on a terminal goes to a whole group: this process shall be the one that decides.
        command.process_group(0);
    }
    let mut child = command
        .spawn()
        .map_err(|error| Fault::run(format!("cannot start `{}`: {error}", program.display())))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ended = AtomicBool::new(false);
    let heard = std::thread::scope(|scope| {
        let spawn = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let last_lines = spawn("words").spawn_scoped(scope, || stderr.map(last_lines).unwrap_or_default());
        let closing = spawn("stop").spawn_scoped(scope, || close_when_asked(stdin, stop, &ended));
        // Without those threads the child could neither be heard nor stopped: its stdin has ended, so that it leaves.
        let heard = last_lines.and_then(|last_lines| closing.map(|_| last_lines));
        if let Some(stdout) = stdout {
            for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                if let Ok(said) = serde_json::from_str(&line) {
                    told(said);
                }
            }
        }
        let heard = heard.map(|last_lines| last_lines.join().unwrap_or_default());
        ended.store(true, Ordering::SeqCst);
        heard
    });
    let status = child
        .wait()
        .map_err(|error| Fault::run(format!("cannot wait for a run's process: {error}")))?;
    let last_lines = heard.map_err(|error| Fault::run(format!("cannot listen to a run's process: {error}")))?;
    let latest = Attempt::latest(&folder)?;
    let mine = latest
        .as_ref()
        .filter(|attempt| attempt.owner().is_some_and(|owner| owner.token == errand.token));
    let number = mine.map(|attempt| attempt.number);
    match Ending::of(&folder, data)? {
        Ending::Whole(marker) if errand.retry.is_none() || marker.attempt() != errand.retry => {
            let here = number.is_some() && marker.attempt() == number;
            return Ok((Outcome::Ended(marker), here));
        }
        Ending::Failed(failed) if number.is_some() && failed.attempt == number => {
            return Ok((Outcome::Ended(Marker::Failed(failed)), true));
        }
        Ending::Flawed(flaws) => return Err(Fault::run(words(&folder, &flaws))),
        _ => {}
    }
    if status.code() == Some(i32::from(Fault::interrupted("").exit_status())) {
        let outcome = if stop.requested() || mine.is_some() {
            Outcome::Interrupted
        } else {
            Outcome::Elsewhere
        };
        return Ok((outcome, false));
    }
    // What another process has now, or has ended since, did not fail: only this child's attempt at it did.
    if latest.as_ref().is_some_and(|latest| latest.number > errand.after) && mine.is_none() {
        return Ok((Outcome::Elsewhere, false));
    }
    let failed = Failed {
        reason: reason(status, &last_lines),
        stderr: last_lines,
        attempt: number,
    };
    if let Some(attempt) = mine {
        // It could not say so itself. Where the disk is full it cannot be said here either; others find the process gone.
        let _ = attempt.end(format!("failed: {}", failed.reason));
    }
    let marker = Marker::Failed(failed);
    let _ = marker.write(folder.path());
    Ok((Outcome::Ended(marker), true))
}

fn close_when_asked(stdin: Option<ChildStdin>, stop: &Stop, ended: &AtomicBool) {
    while !stop.requested() && !ended.load(Ordering::SeqCst) {
        std::thread::sleep(GLANCE);
    }
    drop(stdin);
}

/// The last lines of a stream, in whatever encoding it is.
fn last_lines(stream: impl Read) -> Vec<String> {
    let mut kept = VecDeque::new();
    for line in BufReader::new(stream).split(b'\n').map_while(std::io::Result::ok) {
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    kept.into()
}

/// Why a process ended that left no marker: in its own words, if it had any.
fn reason(status: ExitStatus, last_lines: &[String]) -> String {
    let said = last_lines.iter().rposition(|line| line.starts_with(ERROR));
    if let Some(first) = said.filter(|_| status.code().is_some()) {
        return last_lines[first..].join("\n").replacen(ERROR, "", 1);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let hint = if signal == 9 {
                " (out of memory, or killed by hand); the same command again goes on from its last checkpoint, with --jobs 1 \
                 or a smaller budget.batch if memory was short"
            } else {
                ""
            };
            return format!("its process was ended by signal {signal}{hint}");
        }
    }
    match status.code() {
        Some(0) => "its process ended without a result".to_owned(),
        Some(code) => format!("its process ended with exit status {code}"),
        None => "its process ended".to_owned(),
    }
}
