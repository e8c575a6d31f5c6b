//! One run in one process: what the child does, and how the parent starts it and learns how it ended.

use crate::provenance::Provenance;
use crate::store::{Done, Failed, Label, Marker, Recorder, RunFolder, Split, Store, marker::Diverged, weights};
use crate::train::{Ending, Job, Sink, Tick, train};
use crate::{Plan, PlannedRun, Spent, device};
use cloze_corpus::Prepared;
use cloze_foundation::files::write_whole;
use cloze_foundation::{Fault, FaultKind, Result};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The hidden subcommand that calls [`train_run`].
pub const SUBCOMMAND: &str = "train-run";

/// How many lines of a child's stderr are kept.
const KEPT_LINES: usize = 20;

/// What the child is told: `train-run <folder> <id> --corpus <folder> --device <name> [--data-root <folder>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The experiment's results folder, with `plan.json` in it.
    pub folder: PathBuf,
    /// The run's id.
    pub id: String,
    /// The prepared corpus.
    pub corpus: PathBuf,
    /// The device's name.
    pub device: String,
    /// Folder with data sets for evaluations.
    pub data_root: Option<PathBuf>,
}

impl Errand {
    /// The command line that has `program` run this errand on `threads` threads.
    pub fn command(&self, program: &Path, threads: usize) -> Command {
        let mut command = Command::new(program);
        command
            .arg(SUBCOMMAND)
            .arg(&self.folder)
            .arg(&self.id)
            .arg("--corpus")
            .arg(&self.corpus);
        command.arg("--device").arg(&self.device);
        if let Some(root) = &self.data_root {
            command.arg("--data-root").arg(root);
        }
        command.env("RAYON_NUM_THREADS", threads.to_string());
        // Tensor operations free and take the same large buffers all the time: giving their pages back to the system
        // and faulting them in again cost 8 % of a step (docs/log.md).
        command.env("MIMALLOC_PURGE_DELAY", "1000");
        command
    }
}

/// Trains one run of a frozen plan and leaves its marker. Progress goes to `out` as one JSON object per line; when
/// nobody reads it any more (the parent died), training stops without a marker.
///
/// # Errors
/// What went wrong; unless the run was merely interrupted, FAILED says it too.
pub fn train_run(errand: &Errand, out: &mut dyn Write) -> Result<Marker> {
    join_pool();
    let store = Store::new(&errand.folder);
    let plan = Plan::read(&errand.folder)?;
    let run = plan.runs.iter().find(|run| run.id == errand.id).ok_or_else(|| {
        Fault::usage(format!(
            "no run `{}` in the plan of `{}`",
            errand.id,
            errand.folder.display()
        ))
        .nearest(&errand.id, plan.runs.iter().map(|run| &run.id))
    })?;
    let folder = store.run(&run.id);
    let result = attempt(errand, run, &folder, out);
    if let Err(fault) = &result
        && fault.kind != FaultKind::Interrupted
    {
        Marker::Failed(Failed {
            reason: fault.to_string(),
            stderr: Vec::new(),
        })
        .write(folder.path())?;
    }
    result
}

/// Makes this thread one of rayon's. Otherwise it would hand every parallel piece to a worker and sleep until that is
/// done, thousands of times a second: with one thread per process that costs speed (docs/log.md).
fn join_pool() {
    // A pool that is there already (a test, a second run in this process) works too, only slower.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

fn attempt(errand: &Errand, run: &PlannedRun, folder: &RunFolder, out: &mut dyn Write) -> Result<Marker> {
    let device = device::open(&errand.device)?;
    let corpus = Prepared::open(&errand.corpus)?;
    let mut provenance = Provenance::now(&errand.device, &corpus);
    let attempt = folder.begin(&mut provenance)?;
    let config = serde_json::to_string_pretty(&run.config).map_err(|error| Fault::run(error.to_string()))?;
    write_whole(&folder.config(), config.as_bytes())?;
    let label = Label {
        run: run.id.clone(),
        arm: run.arm.clone(),
        seed: run.config.seed,
        attempt,
    };
    let mut sink = Child {
        recorder: Recorder::new(label, folder.clone()),
        out,
    };
    let job = Job {
        config: &run.config,
        corpus: &corpus,
        device: &device,
        data_root: errand.data_root.as_deref(),
    };
    let trained = train(&job, &mut sink)?;
    let marker = match trained.ending {
        Ending::Finished => {
            let weights = weights::save(&folder.weights(), &*trained.model, &run.id, trained.spent.steps)?;
            Marker::Done(Done {
                attempt,
                spent: trained.spent,
                weights,
            })
        }
        Ending::Diverged {
            last_finite_loss,
            gradient_norm,
            windows,
        } => Marker::Diverged(Diverged {
            attempt,
            spent: trained.spent,
            last_finite_loss,
            gradient_norm,
            windows,
        }),
    };
    provenance.end();
    provenance.write(&folder.provenance())?;
    marker.write(folder.path())?;
    Ok(marker)
}

/// The sink of a child: rows to parquet, progress to the parent.
struct Child<'a> {
    recorder: Recorder,
    out: &'a mut dyn Write,
}

impl Sink for Child<'_> {
    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.recorder.row(spent, split, task, metric, value);
    }

    fn keep(&mut self) -> Result<()> {
        self.recorder.flush()
    }

    fn tick(&mut self, tick: &Tick) -> Result<()> {
        let line = serde_json::to_string(tick).map_err(|error| Fault::run(error.to_string()))?;
        writeln!(self.out, "{line}")
            .and_then(|()| self.out.flush())
            .map_err(|error| {
                let fault = Fault::run(format!("nobody reads this run's progress any more: {error}"));
                Fault {
                    kind: FaultKind::Interrupted,
                    ..fault
                }
            })
    }
}

/// Runs an errand in a child process and waits for it. However the child ends, the run has a marker afterwards, unless
/// the child was interrupted (exit status 75).
///
/// # Errors
/// A child that cannot be started, one that was interrupted, a marker that cannot be read or written.
pub fn supervise(errand: &Errand, program: &Path, threads: usize, ticked: &dyn Fn(&Tick)) -> Result<Marker> {
    let folder = Store::new(&errand.folder).run(&errand.id);
    folder.forget()?; // what the marker says afterwards is about this child
    let mut child = errand
        .command(program, threads)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Fault::run(format!("cannot start `{}`: {error}", program.display())))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let last_lines = std::thread::scope(|scope| {
        let last_lines = scope.spawn(|| stderr.map(last_lines).unwrap_or_default());
        if let Some(stdout) = stdout {
            for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                if let Ok(tick) = serde_json::from_str(&line) {
                    ticked(&tick);
                }
            }
        }
        last_lines.join().unwrap_or_default()
    });
    let status = child
        .wait()
        .map_err(|error| Fault::run(format!("cannot wait for a run's process: {error}")))?;
    match folder.marker()? {
        Some(marker) => Ok(marker),
        None if status.code() == Some(75) => Err(Fault {
            kind: FaultKind::Interrupted,
            ..Fault::run(format!("run {} was interrupted", errand.id)).remedy("run the same command again to go on")
        }),
        None => {
            let failed = Marker::Failed(Failed {
                reason: reason(status),
                stderr: last_lines,
            });
            failed.write(folder.path())?;
            Ok(failed)
        }
    }
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

/// Why a process ended that left no marker.
fn reason(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let hint = if signal == 9 {
                " (out of memory, or killed by hand)"
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
