//! A whole plan: check, prepare, train what is missing, gather the metrics.

use super::options::{RunOptions, cache};
use super::queue::Rules;
use super::ready::{Ready, check_objectives, corpus_of};
use super::supervise::Outcome;
use super::sweep::{Ended, Sweep};
use super::{Progress, Stop};
use crate::data::{Looked, of_corpus};
use crate::status::Status;
use crate::store::ending::words;
use crate::store::{Ending, Marker, Store};
use crate::{Need, Needs, Wait, gather, history, models};
use cloze_corpus::{CorpusConfig, Prepared};
use cloze_foundation::files::{list, sweep_scratch};
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, PlannedRun, title};
use cloze_schema::tuning::TunedArm;
use cloze_schema::{Axis, PlannedModel, Tuning};
use cloze_trainer::device;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Below this width a run does not keep two threads busy: one run on each core does more work than one run on all.
pub(crate) const NARROW: usize = 384;

/// What became of a plan's runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Trained now.
    pub done: usize,
    /// Had ended before, or were ended by another process meanwhile.
    pub skipped: usize,
    /// Diverged, now or before, trials apart.
    pub diverged: usize,
    /// Trials that diverged, now or before. That is what they came to: their points are not taken.
    pub trials_diverged: usize,
    /// Arms that this call is about and that are not trained, since no point of theirs came to a score.
    pub untuned: Vec<String>,
    /// Failed now.
    pub failed: usize,
    /// Saved and left now, because a stop was asked for.
    pub interrupted: usize,
    /// Not started, because a run had failed (`fail_fast`) or a stop was asked for.
    pub left: usize,
    /// Not started, because their arms were decided without them or take another point.
    pub not_needed: usize,
    /// Runs that have ended, of those that this call is about, and cannot be used: damaged, or not readable now. They count as
    /// nothing else.
    pub unusable: usize,
    /// Runs that say that they have ended and cannot be used, each with what to do. They do not count as done.
    pub damaged: Vec<String>,
    /// Models of others that were judged now, by all that had not judged them.
    pub judged: usize,
    /// Models of others that could not be judged, each with why.
    pub refused: Vec<String>,
}

impl Summary {
    fn count(&mut self, is_trial: bool, ended: &Ended) {
        *match (&ended.outcome, ended.here) {
            (Outcome::Ended(Marker::Failed(_)), _) => &mut self.failed,
            (Outcome::Ended(Marker::Diverged(_)), _) => self.diverged(is_trial),
            (Outcome::Ended(Marker::Done(_)), true) => &mut self.done,
            (Outcome::Ended(Marker::Done(_)), false) => &mut self.skipped,
            (Outcome::Interrupted | Outcome::Elsewhere, _) => &mut self.interrupted,
        } += 1;
    }

    fn diverged(&mut self, is_trial: bool) -> &mut usize {
        match is_trial {
            true => &mut self.trials_diverged,
            false => &mut self.diverged,
        }
    }
}

/// Trains every run of a plan that has not ended, each in a process of its own, has the models of others judged that were not, and
/// gathers the metrics of all that have. Running it again does only what is missing, and goes on with what was begun. A run that was made from other data
/// than there are now is trained again; how it ended then is put aside.
///
/// Several processes, on several machines with one file system, may do this at once: each run is trained by one of
/// them, and each waits for those that others hold.
///
/// # Errors
/// Whatever can be known before the first run starts, with nothing written; later, a store that cannot be written. A
/// run that fails, diverges, is interrupted or damaged is counted, not an error.
pub fn run(plan: &Plan, options: &RunOptions, progress: &dyn Progress, stop: &Stop) -> Result<Summary> {
    let store = Store::new(options.results.join(&plan.experiment));
    if let Some(origin) = &options.origin {
        origin.check(store.root())?;
    }
    let mut plan = plan.clone();
    history::keep_known(&mut plan, &store)?;
    let cache = cache(&options.results);
    let ready = Ready {
        data_root: options.data_root.as_deref(),
        cache: &cache,
        say: &|line| progress.say(line),
    };
    let corpora = look(&mut plan, &store, options, &ready)?;
    let meant: HashSet<String> = chosen_models(&plan, options).into_iter().collect();
    let waiting_models = models::look(&mut plan, &store, &ready, &|model| meant.contains(&model.id))?;
    let mut summary = Summary::default();
    let found = Found::of(&plan, &store, options, &mut summary, progress)?;
    workers(&found.waiting, options)?;
    if !found.waiting.is_empty() {
        device::open(&options.device)?;
        // What comes after trials is refused before them.
        let coming = [found.waiting.as_slice(), &found.later].concat();
        ready.check_starts(&coming, &corpora)?;
        check_objectives(&coming, &corpora)?;
        ready.open_evaluations(&coming, &corpora)?;
    }
    found.again.iter().for_each(|line| progress.say(line));
    history::freeze(&plan, &store)?;
    if let Some(origin) = &options.origin {
        origin.note(store.root())?;
    }
    tidy(&store, options, &found.ended);
    if found.waiting.is_empty() {
        let ended = match (summary.not_needed, found.later.len(), found.damaged.len()) {
            (.., 1..) => "nothing is left to be trained; what has ended and cannot be used is named below",
            (_, 1.., 0) => "every run that is needed now has ended already",
            (0, 0, 0) => "every run has ended already",
            (_, 0, 0) => "every run that is needed has ended already",
        };
        if waiting_models.is_empty() {
            progress.say(ended);
        }
    } else {
        let rules = Rules {
            lease: options.lease,
            retry: found.retry,
            alone: is_timed(&found.waiting),
        };
        let trained = Looks {
            plan: &plan,
            store: &store,
            corpora: &corpora,
            options,
            progress,
            stop,
        };
        trained.train(found.waiting, &rules, &mut summary)?;
    }
    let judged = models::judge(&waiting_models, &store, options, progress, stop)?;
    (summary.judged, summary.refused) = (judged.whole, judged.refused);
    summary.interrupted += judged.left;
    let needs = Needs::of(&plan, &store)?;
    let asked: HashSet<&str> = asked(&plan, options)?.iter().map(|run| run.arm.as_str()).collect();
    let untuned = needs.untuned().filter(|arm| asked.contains(arm));
    summary.untuned = untuned.map(str::to_owned).collect();
    summary.unusable = found.damaged.len();
    summary.damaged = if options.only.is_empty() {
        gather(&plan, &store)?.damaged
    } else {
        found.damaged
    };
    Ok(summary)
}

/// A plan while it is trained: all of its runs at once, or trials first and look by look.
struct Looks<'a> {
    plan: &'a Plan,
    store: &'a Store,
    corpora: &'a [(CorpusConfig, Prepared)],
    options: &'a RunOptions,
    progress: &'a dyn Progress,
    stop: &'a Stop,
}

impl<'a> Looks<'a> {
    /// Trains what waits; and then, where arms are tuned, what their trials chose, and where they are trained until they are
    /// decided, what the next look takes.
    fn train(&self, mut waiting: Vec<&'a PlannedRun>, rules: &Rules, summary: &mut Summary) -> Result<()> {
        let mut begun: HashSet<&str> = HashSet::new();
        let trials = trials(self.plan);
        let mut told: HashSet<String> = Needs::of(self.plan, self.store)?.decided().into_iter().collect();
        while !waiting.is_empty() {
            let (jobs, threads) = workers(&waiting, self.options)?;
            let sweep = Sweep {
                store: self.store,
                corpora: self.corpora,
                options: self.options,
                progress: self.progress,
                stop: self.stop,
                threads,
            };
            let ended = sweep.train_all(&waiting, jobs, rules.clone());
            let left = waiting.len() - ended.len();
            summary.left += left;
            for (id, ended) in &ended {
                summary.count(trials.contains(id.as_str()), ended);
            }
            let is_staged = self.plan.sequential.is_some() || self.plan.tuning.is_some();
            if !is_staged || left > 0 || self.stop.requested() {
                break;
            }
            begun.extend(waiting.iter().map(|run| run.id.as_str()));
            let needs = Needs::of(self.plan, self.store)?;
            for line in needs.decided() {
                if told.insert(line.clone()) {
                    self.progress.say(&line);
                }
            }
            waiting = chosen(self.plan, self.options, &needs)?;
            waiting.retain(|run| {
                let is_open = || {
                    !matches!(
                        Ending::of(&self.store.run(&run.id), run.data.as_ref()),
                        Ok(Ending::Whole(_))
                    )
                };
                needs.at(&run.id) == Need::Now && !begun.contains(run.id.as_str()) && is_open()
            });
            summary.not_needed = not_needed(&needs, self.plan, self.store, self.options)?;
        }
        Ok(())
    }
}

/// How many of the runs that this call is about are not needed, and were not trained either.
fn not_needed(needs: &Needs, plan: &Plan, store: &Store, options: &RunOptions) -> Result<usize> {
    let is_spared = |run: &&&PlannedRun| {
        matches!(needs.at(&run.id), Need::Not(_)) && !store.run(&run.id).has_ended().unwrap_or(true)
    };
    Ok(asked(plan, options)?.iter().filter(is_spared).count())
}

/// The ids of what is made for tuning.
fn trials(plan: &Plan) -> BTreeSet<&str> {
    plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default()
}

/// Prepares the texts of the runs that this call is about, asks every evaluation whether it has what it needs, and notes in
/// the plan which data there are.
///
/// Where all of those runs have ended, data that are not here any more are no reason to stop: the runs are then held against
/// what the plan knew of them.
fn look(plan: &mut Plan, store: &Store, options: &RunOptions, ready: &Ready) -> Result<Vec<(CorpusConfig, Prepared)>> {
    let needs = Needs::of(plan, store)?;
    let chosen = chosen(plan, options, &needs)?;
    let looked = ready
        .check_evaluations(&chosen)
        .and_then(|()| ready.prepare_all(&chosen));
    let corpora = match looked {
        Ok(corpora) => corpora,
        Err(fault) => {
            let is_whole =
                |run: &&PlannedRun| matches!(Ending::of(&store.run(&run.id), run.data.as_ref()), Ok(Ending::Whole(_)));
            if !chosen.iter().all(|run| needs.at(&run.id) != Need::Now || is_whole(run)) {
                return Err(fault);
            }
            (ready.say)(&format!(
                "the data cannot be looked at ({}); the runs, which have all ended, are held against what was known of them",
                fault.what
            ));
            return Ok(Vec::new());
        }
    };
    let runs = plan.runs.clone();
    let mut looked = Looked::new(options.data_root.as_deref());
    for (run, planned) in runs.iter().zip(&mut plan.runs) {
        let data = looked.at(run, |config| Ok(corpus_of(&corpora, config).ok().map(of_corpus)))?;
        if data.is_some() {
            planned.data = data;
        }
    }
    Ok(corpora)
}

/// What was found of the runs that this call is about.
struct Found<'a> {
    /// To be trained.
    waiting: Vec<&'a PlannedRun>,
    /// Which may be needed when those have ended.
    later: Vec<&'a PlannedRun>,
    /// Ended and whole.
    ended: Vec<&'a PlannedRun>,
    /// Diverged, and to be trained again: which attempt that was.
    retry: HashMap<String, u32>,
    /// Not to be touched, and why.
    damaged: Vec<String>,
    /// Of which runs other data are there now.
    again: Vec<String>,
}

impl<'a> Found<'a> {
    fn of(
        plan: &'a Plan,
        store: &Store,
        options: &RunOptions,
        summary: &mut Summary,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let mut found = Self {
            waiting: Vec::new(),
            later: Vec::new(),
            ended: Vec::new(),
            retry: HashMap::new(),
            damaged: Vec::new(),
            again: Vec::new(),
        };
        let needs = Needs::of(plan, store)?;
        let trials = trials(plan);
        summary.not_needed = not_needed(&needs, plan, store, options)?;
        let chosen = chosen(plan, options, &needs)?;
        // What is not asked for by itself stands first.
        let first = &chosen[..chosen.len() - asked(plan, options)?.len()];
        let is_open = |run: &&&PlannedRun| !store.run(&run.id).has_ended().unwrap_or(false);
        let first = first.iter().filter(is_open).count();
        if first > 0 {
            progress.say(&format!(
                "the arms of these runs are tuned first: {first} trials choose at which points they are trained"
            ));
        }
        for run in chosen {
            let folder = store.run(&run.id);
            let need = needs.at(&run.id);
            match Ending::of(&folder, run.data.as_ref()) {
                Ok(Ending::Whole(Marker::Diverged(diverged))) if options.retry_diverged => {
                    found.retry.insert(run.id.clone(), diverged.attempt);
                    found.waiting.push(run);
                }
                Ok(Ending::Whole(marker)) => {
                    summary.skipped += 1;
                    let is_diverged = matches!(marker, Marker::Diverged(_));
                    *summary.diverged(trials.contains(run.id.as_str())) += usize::from(is_diverged);
                    found.ended.push(run);
                }
                Ok(Ending::OtherData(marker)) if need == Need::Now => {
                    let (now, before) = (run.data.clone().unwrap_or_default(), marker.data().cloned());
                    let differences = now.differences(&before.unwrap_or_default()).join(", ");
                    found.again.push(format!(
                        "{}: {differences} changed since it ended; it is trained again, and what it came to is put aside",
                        title(run)
                    ));
                    found.waiting.push(run);
                }
                Ok(Ending::Open | Ending::Failed(_)) if need == Need::Now => found.waiting.push(run),
                Ok(Ending::Open | Ending::Failed(_) | Ending::OtherData(_)) => {
                    if let Need::Later(_) = need {
                        found.later.push(run);
                    }
                    // Who asks for a run by its name is told why it is not trained.
                    let comes_after_these = first > 0 && need == Need::Later(Wait::Trials);
                    if !options.only.is_empty() && !comes_after_these {
                        progress.say(&format!("{}: {}", title(run), Status::Missing.with(need)));
                    }
                }
                Ok(Ending::Flawed(flaws)) => {
                    found
                        .damaged
                        .push(format!("{}: {}", title(run), words(&folder, &flaws)));
                }
                Err(fault) => found.damaged.push(format!("{}: {fault}", title(run))),
            }
        }
        Ok(found)
    }
}

/// The runs that this call is about: those that are asked for, and before them the trials that their arms wait for.
fn chosen<'a>(plan: &'a Plan, options: &RunOptions, needs: &Needs) -> Result<Vec<&'a PlannedRun>> {
    let asked = asked(plan, options)?;
    let waits = asked
        .iter()
        .filter(|run| needs.at(&run.id) == Need::Later(Wait::Trials));
    let waiting: HashSet<&str> = waits.map(|run| run.id.as_str()).collect();
    let arms = plan.tuning.iter().flat_map(|tuning| &tuning.arms);
    let arms = arms.filter(|arm| arm.ids().any(|id| waiting.contains(id)));
    let trials: HashSet<&str> = arms.flat_map(TunedArm::trials).collect();
    let known: HashSet<&str> = asked.iter().map(|run| run.id.as_str()).collect();
    let is_first = |run: &&PlannedRun| trials.contains(run.id.as_str()) && !known.contains(run.id.as_str());
    let first: Vec<&PlannedRun> = plan.runs.iter().filter(is_first).collect();
    Ok([first, asked].concat())
}

/// The runs that are asked for.
fn asked<'a>(plan: &'a Plan, options: &RunOptions) -> Result<Vec<&'a PlannedRun>> {
    if options.only.is_empty() {
        return Ok(interleaved(plan));
    }
    match cloze_plan::select_models(plan, &options.only) {
        (models, others) if others.is_empty() && !models.is_empty() => Ok(Vec::new()),
        (_, others) => cloze_plan::select(plan, &others).map_err(|fault| fault.at("--only")),
    }
}

/// The ids of the models of others that this call is about.
fn chosen_models(plan: &Plan, options: &RunOptions) -> Vec<String> {
    let ids = |models: Vec<&PlannedModel>| models.into_iter().map(|model| model.id.clone()).collect();
    match options.only.is_empty() {
        true => ids(plan.models.iter().collect()),
        false => ids(cloze_plan::select_models(plan, &options.only).0),
    }
}

/// The runs so that the first seeds of all arms come first, then the second seeds: a sweep that is stopped half way
/// can be compared.
fn interleaved(plan: &Plan) -> Vec<&PlannedRun> {
    let mut seen: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    let mut runs: Vec<(usize, &PlannedRun)> = Vec::new();
    for run in &plan.runs {
        let nth = seen.entry((&run.arm, run.point.as_deref())).or_default();
        runs.push((*nth, run));
        *nth += 1;
    }
    runs.sort_by_key(|(nth, _)| *nth);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// Removes what killed processes left half-written, and checkpoints of runs that have ended: a process that had lost its run
/// may have made one more. Nothing depends on it.
fn tidy(store: &Store, options: &RunOptions, ended: &[&PlannedRun]) {
    let cache = cache(&options.results);
    let corpora = list(&cache).unwrap_or_default();
    for folder in corpora.iter().filter(|path| path.is_dir()).chain([&cache]) {
        let _ = sweep_scratch(folder);
    }
    let _ = store.sweep();
    for run in ended {
        let folder = store.run(&run.id);
        let _ = folder.sweep().and_then(|()| folder.drop_checkpoints());
        let _ = Marker::remove_failed(folder.path());
    }
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

/// Whether the clock ends any of these runs.
fn is_timed(runs: &[&PlannedRun]) -> bool {
    runs.iter().any(|run| run.config.budget.equalise == Axis::Seconds)
}

/// How many runs at a time, and how many threads for each. Runs that a clock ends have the machine to themselves.
fn workers(runs: &[&PlannedRun], options: &RunOptions) -> Result<(usize, usize)> {
    let cores = cores();
    let timed = is_timed(runs);
    if let Some(jobs) = options.jobs.filter(|jobs| timed && *jobs > 1) {
        return Err(Fault::usage(format!(
            "{jobs} runs at a time would share the seconds that are their budget"
        ))
        .at("--jobs")
        .allowed(["1, where budget.equalise = \"seconds\""]));
    }
    let narrow = runs.iter().all(|run| run.config.encoder.width < NARROW);
    let usual = if narrow && !timed && device::is_host(&options.device) {
        cores
    } else {
        1
    };
    let jobs = options.jobs.unwrap_or(usual).clamp(1, runs.len().max(1));
    Ok((jobs, (cores / jobs).max(1)))
}
