//! A whole plan: check, prepare, train what is missing, gather the metrics.

use crate::progress::{Progress, title};
use crate::store::{Marker, RunFolder, Store, parquet};
use crate::train::check_corpus;
use crate::worker::{Errand, supervise};
use crate::{Plan, PlannedRun, device};
use cloze_corpus::{CorpusConfig, Prepared, prepare};
use cloze_foundation::{Fault, Result};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Below this width a run does not keep two threads busy: one run on each core does more work than one run on all.
const NARROW: usize = 384;

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
    /// The program that has the hidden subcommand: normally this one.
    pub program: PathBuf,
}

/// What became of a plan's runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Trained now.
    pub done: usize,
    /// Had ended before.
    pub skipped: usize,
    /// Diverged, now or before.
    pub diverged: usize,
    /// Failed now.
    pub failed: usize,
    /// Not started, because a run had failed (`fail_fast`).
    pub left: usize,
}

/// Trains every run of a plan that has not ended, each in a process of its own, and gathers the metrics of all that
/// have. Running it again does only what is missing.
///
/// # Errors
/// Whatever can be known before the first run starts, with nothing written; later, a store that cannot be written, or
/// a run that was interrupted. A run that fails or diverges is counted, not an error.
pub fn run(plan: &Plan, options: &RunOptions, progress: &dyn Progress) -> Result<Summary> {
    let store = Store::new(options.results.join(&plan.experiment));
    let mut summary = Summary::default();
    let mut waiting = Vec::new();
    for run in interleaved(plan) {
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
        progress.say(&format!("all {} runs have ended already", plan.runs.len()));
        plan.write(store.root())?;
    } else {
        device::open(&options.device)?;
        check_evaluations(&waiting, options)?;
        let corpora = prepare_all(&waiting, options, progress)?;
        plan.write(store.root())?;
        train_all(&waiting, &corpora, &store, options, progress, &mut summary)?;
    }
    gather(plan, &store)?;
    Ok(summary)
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
        check_corpus(&run.config, corpus_of(&corpora, config)?)?;
    }
    Ok(corpora)
}

fn corpus_of<'a>(corpora: &'a [(CorpusConfig, Prepared)], config: &CorpusConfig) -> Result<&'a Prepared> {
    let found = corpora.iter().find(|(known, _)| known == config);
    found
        .map(|(_, prepared)| prepared)
        .ok_or_else(|| Fault::run("a run's corpus was not prepared"))
}

/// How many runs at a time, and how many threads for each.
fn workers(runs: &[&PlannedRun], options: &RunOptions) -> (usize, usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let narrow = runs.iter().all(|run| run.config.encoder.width < NARROW);
    let usual = if narrow && device::is_host(&options.device) {
        cores
    } else {
        1
    };
    let jobs = options.jobs.unwrap_or(usual).clamp(1, runs.len());
    (jobs, (cores / jobs).max(1))
}

fn train_all(
    runs: &[&PlannedRun],
    corpora: &[(CorpusConfig, Prepared)],
    store: &Store,
    options: &RunOptions,
    progress: &dyn Progress,
    summary: &mut Summary,
) -> Result<()> {
    let (jobs, threads) = workers(runs, options);
    progress.begin(runs.len());
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let stop = || next.store(runs.len(), Ordering::SeqCst);
    let work = || {
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::SeqCst)) {
            progress.started(run);
            let result = corpus_of(corpora, &run.config.corpus).and_then(|corpus| {
                let errand = Errand {
                    folder: store.root().to_owned(),
                    id: run.id.clone(),
                    corpus: corpus.folder.clone(),
                    device: options.device.clone(),
                    data_root: options.data_root.clone(),
                };
                supervise(&errand, &options.program, threads, &|tick| progress.ticked(run, tick))
            });
            match &result {
                Ok(marker) => {
                    progress.ended(run, marker);
                    if options.fail_fast && matches!(marker, Marker::Failed(_)) {
                        stop();
                    }
                }
                Err(_) => stop(),
            }
            let result = result.map_err(|fault| fault.at(title(run)));
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
    for marker in ended {
        match marker? {
            Marker::Done(_) => summary.done += 1,
            Marker::Diverged(_) => summary.diverged += 1,
            Marker::Failed(_) => summary.failed += 1,
        }
    }
    Ok(())
}

/// Writes the rows of every run that has ended, done or diverged, in plan order, as one file.
///
/// # Errors
/// A part that cannot be read, with its name; a file that cannot be written.
pub fn gather(plan: &Plan, store: &Store) -> Result<()> {
    let mut parts = Vec::new();
    for folder in plan.runs.iter().map(|run| store.run(&run.id)) {
        if let Some(Marker::Done(_) | Marker::Diverged(_)) = folder.marker()? {
            parts.extend(RunFolder::parts(&folder)?);
        }
    }
    match parquet::union(&parts)? {
        Some(mut frame) => parquet::write(&store.metrics(), &mut frame),
        None => Ok(()),
    }
}
