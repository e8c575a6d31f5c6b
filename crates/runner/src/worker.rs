//! One run in one process: what the child does.

use crate::errand::{Cadence, Errand};
use crate::provenance::Provenance;
use crate::pulse::Pulse;
use crate::stop::Stop;
use crate::store::checkpoint::State;
use crate::store::{
    Attempt, Checkpoint, Done, Failed, Label, Marker, Recorder, RunFolder, Split, Store, lease, marker::Diverged,
    weights,
};
use crate::train::{Ending, Job, Resume, Sink, Standing, Tick, train};
use crate::{RunConfig, Spent, device, run_id};
use cloze_corpus::Prepared;
use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, FaultKind, Result};
use std::io::Write;
use std::time::Instant;

/// Trains one run, from where it was left, and leaves its marker. Progress goes to `out` as one JSON object per line.
/// When `stop` is requested the run is saved and left without a marker.
///
/// # Errors
/// What went wrong; unless the run was merely interrupted, FAILED says it too.
pub fn train_run(errand: &Errand, out: &mut dyn Write, stop: &Stop) -> Result<Marker> {
    join_pool();
    let folder = Store::new(&errand.folder).run(&errand.id);
    let config = configuration(&folder, &errand.id)?;
    let device = device::open(&errand.device)?;
    let corpus = Prepared::open(&errand.corpus)?;
    let mut provenance = Provenance::now(&errand.device, &corpus);
    let Some(attempt) = Attempt::claim(&folder, errand.after, &errand.token, &provenance)? else {
        return Err(Fault::interrupted(format!(
            "run {} was claimed by another process",
            errand.id
        )));
    };
    let job = Job {
        config: &config,
        corpus: &corpus,
        device: &device,
        data_root: errand.data_root.as_deref(),
    };
    let result = hold(errand, &job, &folder, &attempt, out, stop);
    provenance.end();
    // The run is safe by now, however it ended; these two only tell people and other processes.
    let _ = provenance.write(&attempt.provenance());
    let _ = attempt.end(match &result {
        Ok(Marker::Done(_)) => "done".to_owned(),
        Ok(Marker::Diverged(_)) => "diverged".to_owned(),
        Ok(Marker::Failed(failed)) => format!("failed: {}", failed.reason),
        Err(fault) if fault.kind == FaultKind::Interrupted => "interrupted".to_owned(),
        Err(fault) => format!("failed: {}", fault.what),
    });
    result
}

fn configuration(folder: &RunFolder, id: &str) -> Result<RunConfig> {
    let path = folder.config();
    let wrong = |why: String| Fault::usage(format!("`{}` cannot be used: {why}", path.display()));
    let config: RunConfig =
        serde_json::from_str(&read_text(&path)?).map_err(|error| wrong(format!("it is no configuration: {error}")))?;
    match run_id(&config) {
        found if found == id => Ok(config),
        found => Err(wrong(format!("it is that of run {found}"))),
    }
}

/// What the holder of a run does with it.
fn hold(
    errand: &Errand,
    job: &Job,
    folder: &RunFolder,
    attempt: &Attempt,
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<Marker> {
    match folder.marker()? {
        // Whoever had the run before has finished it meanwhile.
        Some(marker @ (Marker::Done(_) | Marker::Diverged(_))) => return Ok(marker),
        _ => folder.forget()?,
    }
    folder.sweep()?;
    let result = resume_and_train(errand, job, folder, attempt, out, stop);
    if let Err(fault) = &result
        && fault.kind != FaultKind::Interrupted
    {
        let failed = Marker::Failed(Failed {
            reason: fault.to_string(),
            stderr: Vec::new(),
        });
        // On a full disk this fails as well; the parent is told by the exit status and the words on stderr.
        let _ = failed.write(folder.path());
    }
    result
}

/// Makes this thread one of rayon's. Otherwise it would hand every parallel piece to a worker and sleep until that is
/// done, thousands of times a second: with one thread per process that costs speed (docs/log.md).
fn join_pool() {
    // A pool that is there already (a test, a second run in this process) works too, only slower.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

fn resume_and_train(
    errand: &Errand,
    job: &Job,
    folder: &RunFolder,
    attempt: &Attempt,
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<Marker> {
    let data = job.corpus.hash.clone();
    let checkpoint = Checkpoint::newest(folder, &errand.id, &data, &mut |line| eprintln!("{line}"))?;
    let seconds = Attempt::seconds_spent(folder)?;
    let resume = (attempt.number > 1).then_some(Resume {
        checkpoint: checkpoint.as_ref(),
        seconds,
    });
    let label = Label {
        run: errand.id.clone(),
        arm: errand.arm.clone(),
        seed: job.config.seed,
        attempt: attempt.number,
    };
    let parts = checkpoint.as_ref().map(|checkpoint| checkpoint.state.parts.clone());
    let pulse = Pulse::start(attempt.clone(), lease::beat(errand.lease));
    let mut sink = Child {
        recorder: Recorder::new(label, folder.clone(), parts.unwrap_or_default()),
        folder,
        attempt,
        cadence: errand.checkpoint,
        saved: (
            Instant::now(),
            checkpoint
                .as_ref()
                .map_or(0, |checkpoint| checkpoint.state.position.spent.steps),
        ),
        data,
        pulse: &pulse,
        stop,
        out,
    };
    let trained = train(job, &mut sink, resume.as_ref())?;
    sink.check_claim()?;
    let parts = sink.recorder.parts().clone();
    let marker = match trained.ending {
        Ending::Finished => {
            let weights = weights::save(&folder.weights(), &trained.model, &errand.id, trained.spent.steps)?;
            Marker::Done(Done {
                attempt: attempt.number,
                spent: trained.spent,
                weights,
                parts,
            })
        }
        Ending::Diverged {
            last_finite_loss,
            gradient_norm,
            windows,
        } => Marker::Diverged(Diverged {
            attempt: attempt.number,
            spent: trained.spent,
            last_finite_loss,
            gradient_norm,
            windows,
            parts,
        }),
    };
    marker.write(folder.path())?;
    if let Err(fault) = folder.drop_checkpoints() {
        eprintln!("the run has ended, but its checkpoints are still there: {fault}");
    }
    Ok(marker)
}

/// The sink of a child: rows to parquet, checkpoints to their folders, progress to the parent.
struct Child<'a> {
    recorder: Recorder,
    folder: &'a RunFolder,
    attempt: &'a Attempt,
    cadence: Cadence,
    /// When and after which step the last checkpoint was made.
    saved: (Instant, u64),
    data: String,
    pulse: &'a Pulse,
    stop: &'a Stop,
    out: &'a mut dyn Write,
}

impl Child<'_> {
    /// A process that was silent for longer than its lease may have lost the run.
    fn check_claim(&self) -> Result<()> {
        if self.attempt.is_latest(self.folder)? {
            Ok(())
        } else {
            Err(Fault::interrupted("another process has taken over this run"))
        }
    }

    fn save(&mut self, standing: &Standing) -> Result<()> {
        self.check_claim()?;
        self.recorder.flush()?;
        let state = State {
            attempt: self.attempt.number,
            data: self.data.clone(),
            position: standing.position(),
            parts: self.recorder.parts().clone(),
        };
        Checkpoint::save(
            self.folder,
            &self.recorder.label().run,
            standing.model,
            standing.optimizer,
            &state,
        )?;
        self.saved = (Instant::now(), standing.spent.steps);
        Ok(())
    }
}

impl Sink for Child<'_> {
    fn rest(&mut self, standing: &Standing) -> Result<()> {
        self.pulse.note(*standing.spent, standing.reported);
        let stopping = self.stop.requested();
        let due = match self.cadence {
            Cadence::Time(time) => self.saved.0.elapsed() >= time,
            Cadence::Steps(steps) => standing.spent.steps >= self.saved.1 + steps,
        };
        // The end needs no checkpoint: the trained weights are about to be saved.
        if due && standing.reported < 1.0 || stopping {
            self.save(standing)?;
        }
        if stopping {
            return Err(Fault::interrupted("a stop was asked for; the run was saved"));
        }
        Ok(())
    }

    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.recorder.row(spent, split, task, metric, value);
    }

    fn keep(&mut self) -> Result<()> {
        self.recorder.flush()
    }

    fn tick(&mut self, tick: &Tick) -> Result<()> {
        let line = serde_json::to_string(tick).map_err(|error| Fault::run(error.to_string()))?;
        // A parent that has died is noticed at the end of stdin, where the run is saved before it stops.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        Ok(())
    }
}
