//! One run in one process: what the child does.

use super::pulse::Pulse;
use super::{Cadence, Errand, Judging, Stop};
use crate::data::of_run;
use crate::judge::Evaluations;
use crate::provenance::{Provenance, build};
use crate::store::attempt::Ended;
use crate::store::checkpoint::Made;
use crate::store::ending::words;
use crate::store::folder::Member;
use crate::store::marker::{Diverged, Done, Failed};
use crate::store::{Attempt, Checkpoint, Ending, Marker, Recorder, RunFolder, Store, lease, weights};
use burn::tensor::Device;
use cloze_corpus::Prepared;
use cloze_foundation::files::{read_text, remove, write_whole};
use cloze_foundation::load::Load;
use cloze_foundation::{Fault, FaultKind, Result};
use cloze_plan::{RunConfig, Start, had_id, run_id};
use cloze_schema::metric::{CORES_ELSEWHERE, PRETRAINING};
use cloze_schema::{Axis, Items, Label, RunData, RunItems, Spent, Split, items};
use cloze_trainer::train::Resume;
use cloze_trainer::{Job, Moment, Observer, Tick, Trained, device, train};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Trains one run, from where it was left, and leaves its marker. Progress goes to `out` as one JSON object per line, what
/// a person should know to `warnings`. When `stop` is requested the run is saved and left without a marker.
///
/// # Errors
/// What went wrong; unless the run was merely interrupted, FAILED says it too.
pub fn train_run(
    errand: &Errand,
    out: &mut (dyn Write + Send),
    warnings: &mut dyn Write,
    stop: &Stop,
) -> Result<Marker> {
    if errand.build != build() {
        return Err(Fault::run(format!(
            "the program was replaced during the sweep: it was cloze {}, and is now {}",
            errand.build,
            build()
        ))
        .remedy("run the same command again: the whole sweep then goes on with one program"));
    }
    device::join_pool()?;
    let folder = Store::new(&errand.folder).run(&errand.id);
    let config = configuration(&folder, &errand.id)?;
    let device = device::open(&errand.device)?;
    let corpus = Prepared::open(&errand.corpus)?;
    let data = of_run(&config, &corpus, errand.data_root.as_deref())?;
    check_data(&data, errand)?;
    let mut provenance = Provenance::now(&errand.device, errand.command.clone(), &corpus);
    let load = Load::start();
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
        data: &data,
        device: &device,
        folder: &folder,
        attempt: &attempt,
        load: &load,
        stop,
    };
    let result = holder.hold(out, warnings);
    provenance.end(load.elsewhere());
    // The run is safe by now, however it ended; these two only tell people and other processes.
    let _ = provenance.write(&attempt.provenance());
    let _ = attempt.end(match &result {
        Ok(Marker::Done(_)) => Ended::DONE.to_owned(),
        Ok(Marker::Diverged(_)) => Ended::DIVERGED.to_owned(),
        Ok(Marker::Failed(failed)) => format!("failed: {}", failed.reason),
        Err(fault) if fault.kind == FaultKind::Interrupted => "interrupted".to_owned(),
        Err(fault) => format!("failed: {}", fault.what),
    });
    result
}

/// The data that there are now have to be those that the parent found.
fn check_data(data: &RunData, errand: &Errand) -> Result<()> {
    if data.short() == errand.data {
        return Ok(());
    }
    Err(Fault::run(
        "the data changed while the sweep was running: this run would be made from other data than were planned",
    )
    .remedy("run the same command again: runs that were made from other data than there are then are trained again"))
}

fn configuration(folder: &RunFolder, id: &str) -> Result<RunConfig> {
    let path = folder.config();
    let wrong = |why: String| Fault::usage(format!("`{}` cannot be used: {why}", path.display()));
    let config: RunConfig =
        serde_json::from_str(&read_text(&path)?).map_err(|error| wrong(format!("it is no configuration: {error}")))?;
    match run_id(&config) {
        found if found == id => Ok(config),
        _ if had_id(&config, id) => Err(
            wrong("laws that it follows have changed since it was planned".to_owned())
                .remedy("`cloze run` on the experiment plans its runs anew, and leaves this one as it is"),
        ),
        found => Err(wrong(format!("it is that of run {found}"))),
    }
}

/// The process that has claimed a run.
struct Holder<'a> {
    errand: &'a Errand,
    config: &'a RunConfig,
    corpus: &'a Prepared,
    data: &'a RunData,
    device: &'a Device,
    folder: &'a RunFolder,
    attempt: &'a Attempt,
    load: &'a Load,
    stop: &'a Stop,
}

impl Holder<'_> {
    fn hold(&self, out: &mut (dyn Write + Send), warnings: &mut dyn Write) -> Result<Marker> {
        match Ending::of(self.folder, Some(self.data))? {
            Ending::Whole(marker) if marker.attempt() != self.errand.retry || self.errand.retry.is_none() => {
                // Whoever had the run before has finished it meanwhile.
                return Ok(marker);
            }
            Ending::Whole(marker) | Ending::OtherData(marker) => {
                let aside = self.folder.put_aside(&marker)?;
                // Nobody need listen.
                let _ = writeln!(warnings, "how it ended before is kept in `{}`", aside.display());
            }
            Ending::Flawed(flaws) => return Err(Fault::run(words(self.folder, &flaws))),
            Ending::Open | Ending::Failed(_) => {}
        }
        Marker::remove_failed(self.folder.path())?;
        self.folder.sweep()?;
        let result = self.resume_and_train(out, warnings);
        if let Err(fault) = &result
            && fault.kind != FaultKind::Interrupted
        {
            // A run that another process has by now, or has ended, did not fail.
            self.check_claim()?;
            let failed = Marker::Failed(Failed {
                reason: fault.to_string(),
                stderr: Vec::new(),
                attempt: Some(self.attempt.number),
            });
            // On a full disk this fails as well; the parent is told by the exit status and the words on stderr.
            let _ = failed.write(self.folder.path());
        }
        result
    }

    fn resume_and_train(&self, out: &mut (dyn Write + Send), warnings: &mut dyn Write) -> Result<Marker> {
        let (errand, attempt) = (self.errand, self.attempt);
        // Nobody need listen.
        let mut warn = |line: &str| _ = writeln!(warnings, "{line}");
        let checkpoint = Checkpoint::newest(self.folder, &errand.id, &self.made(), &mut warn)?;
        let seconds = Attempt::seconds_spent(self.folder)?;
        self.check_seconds(seconds, checkpoint.is_some())?;
        let resume = (attempt.number > 1).then_some(Resume {
            saved: checkpoint.as_ref().map(|checkpoint| &checkpoint.saved),
            seconds,
        });
        let label = Label {
            run: errand.id.clone(),
            arm: errand.arm.clone(),
            seed: self.config.seed,
            attempt: attempt.number,
            data: self.data.short(),
        };
        let parts = checkpoint.as_ref().map(|checkpoint| checkpoint.parts.clone());
        let saved = checkpoint.as_ref().map(|checkpoint| checkpoint.saved.position.spent);
        let pulse = Pulse::start(attempt.clone(), lease::beat(errand.lease))?;
        let parent = Parent(Mutex::new(out));
        let mut child = Child {
            recorder: Recorder::new(label, self.folder.clone(), parts.unwrap_or_default()),
            holder: self,
            saved: (Instant::now(), saved.unwrap_or_default().steps()),
            pulse: &pulse,
            items: Vec::new(),
            kept_the_end: false,
            parent: &parent,
        };
        let start = match &self.config.encoder.from {
            Some(place) => Some(Start::of(place, errand.data_root.as_deref())?.parameters(self.device)?),
            None => None,
        };
        let job = Job {
            start: start.as_ref(),
            ..self.config.job(self.corpus, self.device)
        };
        let told = |judging: &Judging| parent.tell(judging);
        let data_root = errand.data_root.as_deref();
        let judge = Evaluations::of(self.config, self.corpus, data_root, self.device, &told)?;
        let trained = train(&job, &judge, &mut child, resume.as_ref())?;
        if self.config.budget.equalise == Axis::Seconds
            && let Some(cores) = self.load.elsewhere()
        {
            let row = (Split::Train, PRETRAINING, CORES_ELSEWHERE);
            child.recorder.row(&trained.spent, row.0, row.1, row.2, cores);
            child.recorder.flush()?;
        }
        // What was judged by is what was there at the beginning.
        check_data(&of_run(self.config, self.corpus, errand.data_root.as_deref())?, errand)?;
        self.check_claim()?;
        let items = RunItems {
            label: child.recorder.label().clone(),
            items: child.items,
        };
        let marker = self.marker(trained, child.recorder.parts().clone(), items)?;
        self.check_claim()?;
        if !marker.write(self.folder.path())? {
            // In this very moment another process has said how the run ended.
            return self.folder.marker()?.ok_or_else(taken_over);
        }
        let tidied = self.folder.drop_checkpoints();
        if let Err(fault) = tidied.and_then(|()| Marker::remove_failed(self.folder.path())) {
            warn(&format!(
                "the run has ended, but its checkpoints are still there: {fault}"
            ));
        }
        Ok(marker)
    }

    /// What its checkpoints are made from.
    fn made(&self) -> Made {
        Made {
            corpus: self.corpus.hash.clone(),
            all: self.data.short(),
        }
    }

    /// A budget in seconds that was lost whole leaves nothing to train with.
    fn check_seconds(&self, seconds: f64, saved: bool) -> Result<()> {
        let budget = &self.config.budget;
        if saved || budget.equalise != Axis::Seconds || seconds < budget.amount {
            return Ok(());
        }
        Err(Fault::run(format!(
            "the whole budget of {} s was spent by attempts that were killed before they had saved anything",
            budget.amount
        ))
        .remedy(format!(
            "save more often (--checkpoint), and remove `{}` to begin again",
            self.folder.path().display()
        )))
    }

    /// What is said of a run that has ended. The weights of a finished one are on disk before that.
    fn marker(&self, trained: Trained, parts: BTreeMap<String, Member>, items: RunItems) -> Result<Marker> {
        let Trained { model, spent, ending } = trained;
        let attempt = self.attempt.number;
        let data = Some(self.data.clone());
        Ok(match ending {
            cloze_trainer::Ending::Finished => {
                let ready = || self.check_claim();
                let config = read_text(&self.folder.config())?;
                let readme = self.readme(&spent);
                let beside: [(&str, &[u8]); 3] = [
                    ("config.json", config.as_bytes()),
                    (weights::TOKENIZER, self.corpus.tokenizer.json().as_bytes()),
                    ("README.md", readme.as_bytes()),
                ];
                let (folder, id) = (self.folder.weights(), &self.errand.id);
                let weights = weights::save(&folder, &model, &beside, id, spent.steps(), ready)?;
                Marker::Done(Done {
                    attempt,
                    spent,
                    weights,
                    parts,
                    items: save_items(&self.folder.items(attempt), &items)?,
                    data,
                })
            }
            cloze_trainer::Ending::Diverged {
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
                data,
            }),
        })
    }

    /// What a folder of weights says of itself to whoever finds it alone.
    fn readme(&self, spent: &Spent) -> String {
        let (errand, config) = (self.errand, self.config);
        let from = config
            .encoder
            .from
            .as_ref()
            .map(|from| format!(", going on from the weights of `{}`", from.display()));
        format!(
            "# {arm}, seed {seed}\n\n\
             A model trained by cloze {cloze}: run `{id}`, objective `{objective}`, {steps} optimizer steps, {tokens} tokens seen{from}.\n\n\
             - `model.safetensors`: the trained weights, by cloze's own names\n\
             - `config.json`: the resolved configuration of the run; it is none of transformers'\n\
             - `tokenizer.json`: the tokenizer, as Hugging Face's `tokenizers` reads it\n\
             - `manifest.json`: sizes and hashes of these files\n\n\
             `cloze export` writes it as transformers loads it, where that has its like.\n",
            arm = errand.arm,
            seed = config.seed,
            cloze = env!("CARGO_PKG_VERSION"),
            id = errand.id,
            objective = config.objective,
            steps = spent.steps(),
            tokens = spent[Axis::Tokens] as u64,
            from = from.unwrap_or_default(),
        )
    }

    /// A process that was silent for longer than its lease may have lost the run, which may even have ended since.
    fn check_claim(&self) -> Result<()> {
        if self.attempt.is_latest(self.folder)? && !self.folder.has_ended()? {
            Ok(())
        } else {
            Err(taken_over())
        }
    }
}

/// Saves which items were right, where there are items.
fn save_items(path: &Path, items: &RunItems) -> Result<Option<Member>> {
    if items.items.is_empty() {
        return Ok(None);
    }
    let bytes = items::to_bytes(std::slice::from_ref(items))?;
    write_whole(path, &bytes)?;
    Ok(Some(Member::of(&bytes)))
}

fn taken_over() -> Fault {
    Fault::interrupted("another process has taken over this run")
}

/// What a child does with what the training loop says: rows to parquet, checkpoints to their folders, progress to the
/// parent.
struct Child<'a> {
    recorder: Recorder,
    holder: &'a Holder<'a>,
    /// When and after which step the last checkpoint was made.
    saved: (Instant, u64),
    pulse: &'a Pulse,
    items: Vec<Items>,
    /// Whether there is a checkpoint from after the last step of a run that a clock ends.
    kept_the_end: bool,
    parent: &'a Parent<'a>,
}

/// The process that waits for the run, which is told how far it is.
struct Parent<'a>(Mutex<&'a mut (dyn Write + Send)>);

impl Parent<'_> {
    /// A line. A parent that has died is noticed at the end of stdin, where the run is saved before it stops.
    fn tell(&self, what: &impl Serialize) {
        let Ok(line) = serde_json::to_string(what) else { return };
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

impl Child<'_> {
    fn save(&mut self, moment: &Moment) -> Result<()> {
        let holder = self.holder;
        holder.check_claim()?;
        self.recorder.flush()?;
        let checkpoint = Checkpoint {
            saved: moment.save()?,
            data: holder.made(),
            parts: self.recorder.parts().clone(),
        };
        checkpoint.save(holder.folder, &holder.errand.id, holder.attempt.number)?;
        if let Err(lost) = holder.check_claim() {
            // A run that has ended meanwhile has no checkpoints.
            let _ = remove(&holder.folder.checkpoint(moment.spent.steps(), holder.attempt.number));
            return Err(lost);
        }
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
        // The end needs no checkpoint: the trained weights are about to be saved, and which items were right is not in one.
        if moment.reported >= 1.0 {
            return Ok(());
        }
        // Where a clock ends the run, the judgement before that needs one: a budget that is used up leaves no time to train
        // again.
        let is_timed = self.holder.config.budget.equalise == Axis::Seconds;
        let is_used = self.holder.config.budget.used(moment.spent) >= 1.0;
        let last = is_timed && is_used && !std::mem::replace(&mut self.kept_the_end, true);
        if due || stopping || last {
            self.save(moment)?;
        }
        if stopping {
            return Err(Fault::interrupted("a stop was asked for; the run was saved"));
        }
        Ok(())
    }

    fn items(&mut self, items: Vec<Items>) {
        self.items = items;
    }

    fn row(&mut self, spent: &Spent, split: Split, task: &str, metric: &str, value: f64) {
        self.recorder.row(spent, split, task, metric, value);
    }

    fn flush(&mut self) -> Result<()> {
        self.recorder.flush()
    }

    fn tick(&mut self, tick: &Tick) -> Result<()> {
        self.parent.tell(tick);
        Ok(())
    }
}
