//! A whole plan: check, prepare, train what is missing, gather the metrics.

use super::queue::{Queue, Turn};
use super::supervise::{Outcome, supervise};
use super::{Cadence, Errand, Progress, Stop};
use crate::gather;
use crate::store::{Marker, RunFolder, Store};
use cloze_corpus::{CorpusConfig, Prepared, prepare};
use cloze_foundation::files::{read_text, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, PlannedRun, title};
use cloze_trainer::job::check_corpus;
use cloze_trainer::{audit, device};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Below this width a run does not keep two threads busy: one run on each core does more work than one run on all.
pub(crate) const NARROW: usize = 384;

/// How a plan is to be run. Nothing here changes a result.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The folder of all results; the experiment's own is inside it, and `.cache` with prepared corpora.
    pub results: PathBuf,
    /// Folder with data sets.
    pub data_root: Option<PathBuf>,
    /// The device's name.
    pub device: String,
    /// Runs at the same time; by default one per core for narrow encoders on the host, one otherwise.
    pub jobs: Option<usize>,
    /// Start no further run after one has failed.
    pub fail_fast: bool,
    /// Train diverged runs again.
    pub retry_diverged: bool,
    /// Train only the runs that these words name ([`cloze_plan::select`]); the metrics are then not gathered.
    pub only: Vec<String>,
    /// When runs save what they have.
    pub checkpoint: Cadence,
    /// How long a run that another process holds may be silent before it is taken over.
    pub lease: Duration,
    /// A signal that asks for a stop, beside SIGTERM and SIGINT.
    pub stop_signal: Option<String>,
    /// The program that has the hidden subcommand: normally this one.
    pub program: PathBuf,
}

/// What became of a plan's runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Trained now.
    pub done: usize,
    /// Had ended before, or were ended by another process meanwhile.
    pub skipped: usize,
    /// Diverged, now or before.
    pub diverged: usize,
    /// Failed now.
    pub failed: usize,
    /// Saved and left now, because a stop was asked for.
    pub interrupted: usize,
    /// Not started, because a run had failed (`fail_fast`) or a stop was asked for.
    pub left: usize,
    /// What was found damaged while the metrics were gathered.
    pub damaged: Vec<String>,
}

impl Summary {
    fn count(&mut self, ended: Ended) {
        *match (ended.outcome, ended.here) {
            (Outcome::Ended(Marker::Failed(_)), _) => &mut self.failed,
            (Outcome::Ended(Marker::Diverged(_)), _) => &mut self.diverged,
            (Outcome::Ended(Marker::Done(_)), true) => &mut self.done,
            (Outcome::Ended(Marker::Done(_)), false) => &mut self.skipped,
            (Outcome::Interrupted | Outcome::Elsewhere, _) => &mut self.interrupted,
        } += 1;
    }
}

/// Trains every run of a plan that has not ended, each in a process of its own, and gathers the metrics of all that
/// have. Running it again does only what is missing, and goes on with what was begun.
///
/// Several processes, on several machines with one file system, may do this at once: each run is trained by one of
/// them, and each waits for those that others hold.
///
/// # Errors
/// Whatever can be known before the first run starts, with nothing written; later, a store that cannot be written. A
/// run that fails, diverges or is interrupted is counted, not an error.
pub fn run(plan: &Plan, options: &RunOptions, progress: &dyn Progress, stop: &Stop) -> Result<Summary> {
    let store = Store::new(options.results.join(&plan.experiment));
    let mut summary = Summary::default();
    let mut waiting = Vec::new();
    for run in chosen(plan, options)? {
        match store.run(&run.id).marker()? {
            Some(Marker::Done(_)) => summary.skipped += 1,
            Some(Marker::Diverged(_)) if !options.retry_diverged => {
                summary.skipped += 1;
                summary.diverged += 1;
            }
            _ => waiting.push(run),
        }
    }
    if waiting.is_empty() {
        progress.say("every run has ended already");
        if options.only.is_empty() {
            cloze_plan::write(plan, store.root())?;
        }
    } else {
        device::open(&options.device)?;
        check_evaluations(&waiting, options)?;
        let corpora = prepare_all(&waiting, options, progress)?;
        audit_all(&waiting, &corpora)?;
        cloze_plan::write(plan, store.root())?;
        let (jobs, threads) = workers(&waiting, options);
        let sweep = Sweep {
            store: &store,
            corpora: &corpora,
            options,
            progress,
            stop,
            threads,
        };
        sweep.train_all(&waiting, jobs, &mut summary)?;
    }
    if options.only.is_empty() {
        summary.damaged = gather(plan, &store)?.damaged;
    }
    Ok(summary)
}

/// The runs that this call is about.
fn chosen<'a>(plan: &'a Plan, options: &RunOptions) -> Result<Vec<&'a PlannedRun>> {
    if options.only.is_empty() {
        return Ok(interleaved(plan));
    }
    cloze_plan::select(plan, &options.only).map_err(|fault| fault.at("--only"))
}

/// The runs so that the first seeds of all arms come first, then the second seeds: a sweep that is stopped half way
/// can be compared.
fn interleaved(plan: &Plan) -> Vec<&PlannedRun> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut runs: Vec<(usize, &PlannedRun)> = Vec::new();
    for run in &plan.runs {
        let nth = seen.entry(&run.arm).or_default();
        runs.push((*nth, run));
        *nth += 1;
    }
    runs.sort_by_key(|(nth, _)| *nth);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// Asks every evaluation whether it has what it needs, before hours are spent on something to judge.
fn check_evaluations(runs: &[&PlannedRun], options: &RunOptions) -> Result<()> {
    let mut checked = Vec::new();
    for task in runs.iter().flat_map(|run| &run.config.evaluate) {
        if !checked.contains(&task) {
            let entry = cloze_evals::find(&task.task)?;
            (entry.check)(&task.options, options.data_root.as_deref()).map_err(|fault| fault.at(task.task.as_str()))?;
            checked.push(task);
        }
    }
    Ok(())
}

/// Prepares each distinct corpus once: its folder, by configuration.
fn prepare_all(
    runs: &[&PlannedRun],
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Vec<(CorpusConfig, Prepared)>> {
    let mut corpora: Vec<(CorpusConfig, Prepared)> = Vec::new();
    let cache = options.results.join(".cache");
    for run in runs {
        let config = &run.config.corpus;
        if corpus_of(&corpora, config).is_err() {
            let prepared = prepare(config, options.data_root.as_deref(), &cache, &mut |line| {
                progress.say(line)
            })?;
            corpora.push((config.clone(), prepared));
        }
        check_corpus(run.config.encoder.window, corpus_of(&corpora, config)?)?;
    }
    Ok(corpora)
}

/// Looks what every arm would really predict in its text, before hours are spent on it.
fn audit_all(runs: &[&PlannedRun], corpora: &[(CorpusConfig, Prepared)]) -> Result<()> {
    let mut audited = HashSet::new();
    for run in runs {
        let config = &run.config;
        if audited.insert(&run.arm) {
            let corpus = corpus_of(corpora, &config.corpus)?;
            audit::check(&config.objective, &config.options, config.encoder.window, corpus)
                .map_err(|fault| fault.at(format!("arm `{}`", run.arm)))?;
        }
    }
    Ok(())
}

fn corpus_of<'a>(corpora: &'a [(CorpusConfig, Prepared)], config: &CorpusConfig) -> Result<&'a Prepared> {
    let found = corpora.iter().find(|(known, _)| known == config);
    found
        .map(|(_, prepared)| prepared)
        .ok_or_else(|| Fault::run("a run's corpus was not prepared"))
}

/// The cores to use: what the machine has, or what RAYON_NUM_THREADS allows.
fn cores() -> usize {
    let allowed = std::env::var("RAYON_NUM_THREADS")
        .ok()
        .and_then(|text| text.parse().ok());
    allowed
        .filter(|cores| *cores > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// How many runs at a time, and how many threads for each.
fn workers(runs: &[&PlannedRun], options: &RunOptions) -> (usize, usize) {
    let cores = cores();
    let narrow = runs.iter().all(|run| run.config.encoder.width < NARROW);
    let usual = if narrow && device::is_host(&options.device) {
        cores
    } else {
        1
    };
    let jobs = options.jobs.unwrap_or(usual).clamp(1, runs.len());
    (jobs, (cores / jobs).max(1))
}

/// A sweep while it is trained: what every run of it shares.
struct Sweep<'a> {
    store: &'a Store,
    corpora: &'a [(CorpusConfig, Prepared)],
    options: &'a RunOptions,
    progress: &'a dyn Progress,
    stop: &'a Stop,
    threads: usize,
}

/// How a run came to its end in this sweep.
struct Ended {
    outcome: Outcome,
    /// Whether it was trained here, and not by another process meanwhile.
    here: bool,
}

impl Sweep<'_> {
    fn train_all(&self, runs: &[&PlannedRun], jobs: usize, summary: &mut Summary) -> Result<()> {
        self.progress.begin(runs.len());
        let queue = Queue::new(runs, self.store, self.options.lease, self.options.retry_diverged);
        let ended = Mutex::new(Vec::new());
        let work = || {
            while let Some(next) = queue.next(self.stop, self.progress) {
                let result = next.and_then(|(run, turn)| Ok((run, self.take(run, turn)?)));
                match &result {
                    Ok((
                        run,
                        Ended {
                            outcome: Outcome::Elsewhere,
                            ..
                        },
                    )) => {
                        queue.put_back(run);
                        continue;
                    }
                    Ok((
                        run,
                        Ended {
                            outcome: Outcome::Ended(marker),
                            ..
                        },
                    )) => {
                        self.progress.ended(run, marker);
                        if self.options.fail_fast && matches!(marker, Marker::Failed(_)) {
                            queue.close();
                        }
                    }
                    Ok((
                        _,
                        Ended {
                            outcome: Outcome::Interrupted,
                            ..
                        },
                    )) => {}
                    Err(_) => queue.close(),
                }
                queue.done_with_one();
                let result = result.map(|(_, ended)| ended);
                ended.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        summary.left = runs.len() - ended.len();
        ended.into_iter().try_for_each(|ended| {
            summary.count(ended?);
            Ok(())
        })
    }

    fn take(&self, run: &PlannedRun, turn: Turn) -> Result<Ended> {
        Ok(match turn {
            Turn::EndedElsewhere(marker) => Ended {
                outcome: Outcome::Ended(marker),
                here: false,
            },
            Turn::Train { after } => Ended {
                outcome: self.train_one(run, after).map_err(|fault| fault.at(title(run)))?,
                here: true,
            },
        })
    }

    fn train_one(&self, run: &PlannedRun, after: u32) -> Result<Outcome> {
        self.progress.started(run);
        let (folder, options) = (self.store.run(&run.id), self.options);
        if let Some(Marker::Diverged(_)) = folder.marker()? {
            // It is here because it is to be trained again; its process would take the marker for the result.
            folder.forget()?;
        }
        let config = serde_json::to_string_pretty(&run.config).map_err(|error| Fault::run(error.to_string()))?;
        write_config(&folder, &(config + "\n"))?;
        let errand = Errand {
            folder: self.store.root().to_owned(),
            id: run.id.clone(),
            arm: run.arm.clone(),
            corpus: corpus_of(self.corpora, &run.config.corpus)?.folder.clone(),
            device: options.device.clone(),
            data_root: options.data_root.clone(),
            after,
            token: token(),
            checkpoint: options.checkpoint,
            lease: options.lease,
            stop_signal: options.stop_signal.clone(),
        };
        supervise(&errand, &options.program, self.threads, self.stop, &|tick| {
            self.progress.ticked(run, tick)
        })
    }
}

/// Leaves the configuration where the run's process reads it. Nobody holds the run yet: another process may claim it at
/// any moment, and whoever does sweeps the folder of what is half-written, this file with it. Then it is there already,
/// from that process's parent.
fn write_config(folder: &RunFolder, text: &str) -> Result<()> {
    let is_there = || read_text(&folder.config()).is_ok_and(|found| found == text);
    if is_there() {
        return Ok(());
    }
    match write_whole(&folder.config(), text.as_bytes()) {
        Err(_) if is_there() => Ok(()),
        written => written,
    }
}

/// A word that no other attempt anywhere has.
fn token() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!(
        "{:016x}{:016x}",
        RandomState::new().build_hasher().finish(),
        RandomState::new().build_hasher().finish()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_may_begin_a_run_while_its_holder_sweeps_its_folder() {
        let place = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let folder = Store::new(place.path().to_owned()).run(&round.to_string());
            let begin = || {
                let written = write_config(&folder, "{}\n");
                // Whoever is first claims the run, and sweeps while the other one still writes.
                folder.sweep().unwrap();
                written
            };
            std::thread::scope(|scope| {
                for writer in [scope.spawn(begin), scope.spawn(begin)] {
                    assert_eq!(writer.join().unwrap(), Ok(()), "round {round}");
                }
            });
            assert_eq!(read_text(&folder.config()).unwrap(), "{}\n");
        }
    }
}
