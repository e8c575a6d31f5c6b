//! One run in one process: what the child does.

use super::pulse::Pulse;
use super::{Cadence, Errand, Stop};
use crate::judge::Evaluations;
use crate::provenance::Provenance;
use crate::store::folder::Member;
use crate::store::marker::{Diverged, Done, Failed};
use crate::store::{Attempt, Checkpoint, Marker, Recorder, RunFolder, Store, lease, weights};
use burn::tensor::Device;
use cloze_corpus::Prepared;
use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, FaultKind, Result};
use cloze_plan::{RunConfig, run_id};
use cloze_schema::{Label, Spent, Split};
use cloze_trainer::train::Resume;
use cloze_trainer::{Ending, Moment, Observer, Tick, Trained, device, train};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

/// Trains one run, from where it was left, and leaves its marker. Progress goes to `out` as one JSON object per line, what
/// a person should know to `warnings`. When `stop` is requested the run is saved and left without a marker.
///
/// # Errors
/// What went wrong; unless the run was merely interrupted, FAILED says it too.
pub fn train_run(errand: &Errand, out: &mut dyn Write, warnings: &mut dyn Write, stop: &Stop) -> Result<Marker> {
    device::join_pool();
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
    let holder = Holder {
        errand,
        config: &config,
        corpus: &corpus,
        device: &device,
        folder: &folder,
        attempt: &attempt,
        stop,
    };
    let result = holder.hold(out, warnings);
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

/// The process that has claimed a run.
struct Holder<'a> {
    errand: &'a Errand,
    config: &'a RunConfig,
    corpus: &'a Prepared,
    device: &'a Device,
    folder: &'a RunFolder,
    attempt: &'a Attempt,
    stop: &'a Stop,
}

impl Holder<'_> {
    fn hold(&self, out: &mut dyn Write, warnings: &mut dyn Write) -> Result<Marker> {
        match self.folder.marker()? {
            // Whoever had the run before has finished it meanwhile.
            Some(marker @ (Marker::Done(_) | Marker::Diverged(_))) => return Ok(marker),
            _ => self.folder.forget()?,
        }
        self.folder.sweep()?;
        let result = self.resume_and_train(out, warnings);
        if let Err(fault) = &result
            && fault.kind != FaultKind::Interrupted
        {
            let failed = Marker::Failed(Failed {
                reason: fault.to_string(),
                stderr: Vec::new(),
            });
            // On a full disk this fails as well; the parent is told by the exit status and the words on stderr.
            let _ = failed.write(self.folder.path());
        }
        result
    }

    fn resume_and_train(&self, out: &mut dyn Write, warnings: &mut dyn Write) -> Result<Marker> {
        let (errand, attempt) = (self.errand, self.attempt);
        // Nobody need listen.
        let mut warn = |line: &str| _ = writeln!(warnings, "{line}");
        let checkpoint = Checkpoint::newest(self.folder, &errand.id, &self.corpus.hash, &mut warn)?;
        let seconds = Attempt::seconds_spent(self.folder)?;
        let resume = (attempt.number > 1).then_some(Resume {
            saved: checkpoint.as_ref().map(|checkpoint| &checkpoint.saved),
            seconds,
        });
        let label = Label {
            run: errand.id.clone(),
            arm: errand.arm.clone(),
            seed: self.config.seed,
            attempt: attempt.number,
            data: String::new(),
        };
        let parts = checkpoint.as_ref().map(|checkpoint| checkpoint.parts.clone());
        let saved = checkpoint.as_ref().map(|checkpoint| checkpoint.saved.position.spent);
        let pulse = Pulse::start(attempt.clone(), lease::beat(errand.lease));
        let mut child = Child {
            recorder: Recorder::new(label, self.folder.clone(), parts.unwrap_or_default()),
            holder: self,
            saved: (Instant::now(), saved.unwrap_or_default().steps()),
            pulse: &pulse,
            out,
        };
        let job = self.config.job(self.corpus, self.device);
        let judge = Evaluations::of(self.config, self.corpus, errand.data_root.as_deref(), self.device)?;
        let trained = train(&job, &judge, &mut child, resume.as_ref())?;
        self.check_claim()?;
        let marker = self.marker(trained, child.recorder.parts().clone())?;
        marker.write(self.folder.path())?;
        if let Err(fault) = self.folder.drop_checkpoints() {
            warn(&format!(
                "the run has ended, but its checkpoints are still there: {fault}"
            ));
        }
        Ok(marker)
    }

    /// What is said of a run that has ended. The weights of a finished one are on disk before that.
    fn marker(&self, trained: Trained, parts: BTreeMap<String, Member>) -> Result<Marker> {
        let Trained { model, spent, ending } = trained;
        let attempt = self.attempt.number;
        Ok(match ending {
            Ending::Finished => {
                let weights = weights::save(&self.folder.weights(), &model, &self.errand.id, spent.steps())?;
                Marker::Done(Done {
                    attempt,
                    spent,
                    weights,
                    parts,
                })
            }
            Ending::Diverged {
                last_finite_loss,
                gradient_norm,
                windows,
            } => Marker::Diverged(Diverged {
                attempt,
                spent,
                last_finite_loss,
                gradient_norm,
                windows,
                parts,
            }),
        })
    }

    /// A process that was silent for longer than its lease may have lost the run.
    fn check_claim(&self) -> Result<()> {
        if self.attempt.is_latest(self.folder)? {
            Ok(())
        } else {
            Err(Fault::interrupted("another process has taken over this run"))
        }
    }
}

/// What a child does with what the training loop says: rows to parquet, checkpoints to their folders, progress to the
/// parent.
struct Child<'a> {
    recorder: Recorder,
    holder: &'a Holder<'a>,
    /// When and after which step the last checkpoint was made.
    saved: (Instant, u64),
    pulse: &'a Pulse,
    out: &'a mut dyn Write,
}

impl Child<'_> {
    fn save(&mut self, moment: &Moment) -> Result<()> {
        let holder = self.holder;
        holder.check_claim()?;
        self.recorder.flush()?;
        let checkpoint = Checkpoint {
            saved: moment.save()?,
            data: holder.corpus.hash.clone(),
            parts: self.recorder.parts().clone(),
        };
        checkpoint.save(holder.folder, &holder.errand.id, holder.attempt.number)?;
        self.saved = (Instant::now(), moment.spent.steps());
        Ok(())
    }
}

impl Observer for Child<'_> {
    fn at(&mut self, moment: &Moment) -> Result<()> {
        self.pulse.note(*moment.spent, moment.reported);
        let stopping = self.holder.stop.requested();
        let due = match self.holder.errand.checkpoint {
            Cadence::Time(time) => self.saved.0.elapsed() >= time,
            Cadence::Steps(steps) => moment.spent.steps() >= self.saved.1 + steps,
        };
        // The end needs no checkpoint: the trained weights are about to be saved.
        if due && moment.reported < 1.0 || stopping {
            self.save(moment)?;
        }
        if stopping {
            return Err(Fault::interrupted("a stop was asked for; the run was saved"));
        }
        Ok(())
    }

    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.recorder.row(spent, split, task, metric, value);
    }

    fn flush(&mut self) -> Result<()> {
        self.recorder.flush()
    }

    fn tick(&mut self, tick: &Tick) -> Result<()> {
        let line = serde_json::to_string(tick).map_err(|error| Fault::run(error.to_string()))?;
        // A parent that has died is noticed at the end of stdin, where the run is saved before it stops.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        Ok(())
    }
}
