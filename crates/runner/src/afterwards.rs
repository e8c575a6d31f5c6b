//! Judging finished runs by further tasks, without training.
//!
//! What was found is added to what the runs left, task by task, so that whoever is interrupted goes on with the next task. Ids
//! of runs do not change: they say what was trained.

use crate::data::{of_corpus, of_task};
use crate::found::{Found, open};
use crate::judge::{Opened, one_way, paced};
use crate::processes::options::cache;
use crate::processes::ready::{Ready, corpus_of};
use crate::processes::{Judging, Progress, Stop};
use crate::store::judged::{self, Asked, Judgement, Question};
use crate::store::{Attempt, Store, parts};
use crate::{Need, Needs};
use burn::tensor::Device;
use cloze_corpus::{CorpusConfig, Prepared};
use cloze_evals::{Ground, Subject};
use cloze_foundation::{Fault, Result};
use cloze_kernels::{at_a_time, side_by_side};
use cloze_objectives::configure;
use cloze_plan::{Plan, PlannedRun, TaskConfig, cost, select, title};
use cloze_schema::Label;
use cloze_trainer::device;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Which runs are to be judged by what.
#[derive(Clone, Debug)]
pub struct Request {
    /// The results folder of an experiment.
    pub folder: PathBuf,
    /// Judge only the runs that these words name ([`select`]); without one, all that are done.
    pub only: Vec<String>,
    /// The tasks; no two of one name.
    pub tasks: Vec<TaskConfig>,
    /// Folder with data sets.
    pub data_root: Option<PathBuf>,
    /// The device's name.
    pub device: String,
    /// Judgements at the same time, each on a thread of its own; by default one per core on the host, one otherwise.
    pub jobs: Option<usize>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Judgements that were made now: a run by a task.
    pub now: usize,
    /// Judgements that were there before, from training or from an earlier call.
    pub before: usize,
    /// Judgements that are missing, because a stop was asked for.
    pub left: usize,
    /// Runs that could not be judged, each with why.
    pub refused: Vec<String>,
    /// Tasks that could not judge, or not all of the runs, each with all that is known of it.
    pub broken: Vec<String>,
}

/// Judges the finished runs of a plan and keeps what was found. What was judged before is not judged again. Several processes
/// may do this at once: each judgement is kept once.
///
/// # Errors
/// Everything that can be known before the first run is judged, with nothing written: no task whose data can be read, a name
/// under which something else was asked, no run that is done. Later, what keeps a task from judging.
pub fn judge(request: &Request, progress: &dyn Progress, stop: &Stop) -> Result<Judged> {
    let store = Store::new(&request.folder);
    let mut plan = cloze_plan::read(store.root())?;
    let needs = Needs::of(&plan, &store)?;
    // Who chose points is no judge of what they came to, nor the other way round.
    if let Some(tuning) = plan.tuning.take() {
        let trials = tuning.trials();
        let is_trial = |run: &PlannedRun| trials.contains(run.id.as_str());
        let judge = plan.runs.iter().find(|run| is_trial(run));
        if let Some(judge) = judge.and_then(|run| run.config.evaluate.first()) {
            request.tasks.iter().try_for_each(|task| unseen(task, judge))?;
        }
        plan.runs.retain(|run| !is_trial(run));
    }
    let (asked, mut broken) = asked(request, &plan, progress)?;
    let device = device::open(&request.device)?;
    device::join_pool()?;
    let mut runs: Vec<&PlannedRun> = match request.only.is_empty() {
        true => plan.runs.iter().collect(),
        false => select(&plan, &request.only).map_err(|fault| fault.at("--only"))?,
    };
    // What was not needed was not trained, and nobody asks for it: it is no reason to say that something is not judged.
    let is_asked = |run: &PlannedRun| {
        let is_needed = !matches!(needs.at(&run.id), Need::Not(_));
        is_needed || store.run(&run.id).has_ended().unwrap_or(true)
    };
    if runs.iter().any(|run| is_asked(run)) {
        runs.retain(|run| is_asked(run));
    }
    for model in plan.models.iter().filter(|_| request.only.is_empty()) {
        let (arm, folder) = (&model.arm, model.folder.display());
        progress.say(&format!(
            "{arm} is no run: `cloze eval {folder}` judges it by further tasks"
        ));
    }
    let mut judged = Judged::default();
    let mut waiting: Vec<Waiting> = Vec::new();
    for run in &runs {
        match Waiting::of(run, &store, &asked) {
            Ok(found) => {
                judged.before += asked.len() - found.tasks.len();
                waiting.extend((!found.tasks.is_empty()).then_some(found));
            }
            Err(fault) if runs.len() == 1 => return Err(fault),
            Err(fault) => judged.refused.push(format!("{}: {}", title(run), fault.what)),
        }
    }
    if judged.refused.len() == runs.len() {
        return Err(Fault::usage(format!("none of the {} runs can be judged", runs.len()))
            .allowed(judged.refused.iter().take(MOST_NAMED)));
    }
    let cache = cache(store.root().parent().unwrap_or(Path::new(".")));
    let ready = Ready {
        data_root: request.data_root.as_deref(),
        cache: &cache,
        say: &|line| progress.say(line),
    };
    let planned: Vec<&PlannedRun> = waiting.iter().map(|waiting| waiting.run).collect();
    let corpora = ready.prepare_all(&planned)?;
    let mut session = Session {
        request,
        device,
        corpora,
        opened: Vec::new(),
    };
    session.keep_to_their_texts(&mut waiting, &mut judged)?;
    let is_waited_for = |waiting: &[Waiting]| waiting.iter().any(|one| !one.tasks.is_empty());
    let was_waited_for = is_waited_for(&waiting);
    let unopened = session.open_all(&mut waiting, &asked, progress)?;
    broken.extend(unopened.iter().map(|(_, fault)| fault.clone()));
    if was_waited_for && judged.before == 0 && !is_waited_for(&waiting) {
        return Err(none_left(broken));
    }
    judged.broken = broken.iter().map(Fault::to_string).collect();
    let mut told = BTreeSet::new();
    for one in &waiting {
        let asked = one.tasks.iter().map(|asked| &asked.config);
        told.extend(one_way(&one.run.config, asked.chain(&one.run.config.evaluate))?);
    }
    told.iter().for_each(|line| progress.say(line));
    // A name stands for what has judged by it.
    let is_agreed = |asked: &&Asked| {
        let is_whole = unopened.iter().all(|(name, _)| *name != asked.facts.task);
        is_whole || waiting.iter().any(|one| one.tasks.contains(asked))
    };
    asked
        .iter()
        .filter(is_agreed)
        .try_for_each(|asked| judged::agree(&store, asked))?;
    let most = request.jobs.unwrap_or_else(|| at_a_time(&session.device));
    let is_over = AtomicBool::new(false);
    let made = side_by_side(session.in_order(&waiting, most), most, |(waiting, asked)| {
        if is_over.load(Ordering::Relaxed) || stop.requested() {
            return Ok(false);
        }
        let judged = session.judge(waiting, asked, progress);
        is_over.fetch_or(judged.is_err(), Ordering::Relaxed);
        judged.map(|()| true)
    });
    for is_made in made {
        match is_made? {
            true => judged.now += 1,
            false => judged.left += 1,
        }
    }
    Ok(judged)
}

/// Runs that are named where none can be judged.
const MOST_NAMED: usize = 5;

/// That a task is another one than what chose the points of arms, in name and in what it asks.
fn unseen(task: &TaskConfig, judge: &TaskConfig) -> Result<()> {
    let refused = |what: String| Fault::usage(what).at("--tasks");
    if let Err(why) = task.is_apart_from(judge) {
        return Err(
            refused(format!("`{}` is what chose the points of the arms: {why}", task.name()))
                .remedy("what chooses a point may not be what is reported: ask by another evaluation, or other data"),
        );
    }
    match task.name() == judge.name() {
        true => Err(
            refused(format!("`{}` is the name of what judged the trials", judge.name())).remedy(format!(
                "give this one a name of its own: {{ task = \"{}\", name = \"...\" }}",
                task.task
            )),
        ),
        false => Ok(()),
    }
}

/// That no task can judge: each with all that is known of it.
pub fn none_left(mut broken: Vec<Fault>) -> Fault {
    let said: Vec<String> = broken.iter().map(Fault::to_string).collect();
    match broken.pop().filter(|_| broken.is_empty()) {
        Some(fault) => fault,
        None => Fault::usage(format!("none of the tasks can judge\n{}", said.join("\n"))),
    }
}

/// That a task is left out, and why.
pub(crate) fn left_out(fault: &Fault) -> String {
    format!("left out, and the other tasks judge: {fault}")
}

/// What is asked, with the hashes of its data, and what keeps other tasks from being asked; a name that means something else to the
/// plan or in this folder is refused.
fn asked(request: &Request, plan: &Plan, progress: &dyn Progress) -> Result<(Vec<Asked>, Vec<Fault>)> {
    let store = Store::new(&request.folder);
    let known = cloze_schema::judged::<TaskConfig>(store.root())?;
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    for task in &request.tasks {
        let data = match of_task(task, request.data_root.as_deref()) {
            Ok(data) => data,
            Err(fault) => {
                broken.push(fault);
                continue;
            }
        };
        let asked = Asked {
            facts: task.facts(request.data_root.as_deref())?,
            config: task.clone(),
            data,
        };
        for run in &plan.runs {
            let planned = run.config.evaluate.iter().find(|planned| planned.name() == task.name());
            let data = run.data.as_ref().and_then(|data| data.tasks.get(task.name()));
            let is_same = planned.is_none_or(|planned| planned == task) && data.is_none_or(|data| *data == asked.data);
            if !is_same {
                return Err(judged::asks_other(&asked, "the plan has the runs judged"));
            }
        }
        if known
            .iter()
            .any(|known| known.facts.task == task.name() && known.data != asked.data)
        {
            return Err(judged::asks_other(&asked, "runs here were judged"));
        }
        all.push(asked);
    }
    if all.is_empty() {
        return Err(none_left(broken));
    }
    broken.iter().for_each(|fault| progress.say(&left_out(fault)));
    Ok((all, broken))
}

/// A finished run, and the tasks that have not judged it.
struct Waiting<'a> {
    run: &'a PlannedRun,
    found: Found,
    tasks: Vec<&'a Asked>,
}

impl<'a> Waiting<'a> {
    fn of(run: &'a PlannedRun, store: &Store, asked: &'a [Asked]) -> Result<Self> {
        let found = open(store.clone(), &run.id)?;
        // Whoever claimed the run after it was done is about to train it again.
        if let Some(latest) = Attempt::latest(&found.folder)?
            && latest.number > found.done.attempt
            && !latest.is_over()
        {
            return Err(Fault::usage("another process is training it again"));
        }
        let mut tasks = Vec::new();
        for asked in asked {
            let planned = run.config.evaluate.iter().any(|task| task.name() == asked.facts.task);
            if !planned && judged::read(&found.folder, &Question::of(&found.done, asked))?.is_none() {
                tasks.push(asked);
            }
        }
        Ok(Self { run, found, tasks })
    }
}

/// What all runs share.
struct Session<'a> {
    request: &'a Request,
    device: Device,
    corpora: Vec<(CorpusConfig, Prepared)>,
    opened: Vec<OpenedFor<'a>>,
}

/// An evaluation that has read what it needs, with the text and the window that it was opened on.
struct OpenedFor<'a> {
    asked: &'a Asked,
    corpus: &'a CorpusConfig,
    window: usize,
    opened: Opened<'a>,
}

impl OpenedFor<'_> {
    fn is_for(&self, asked: &Asked, run: &PlannedRun) -> bool {
        let config = &run.config;
        std::ptr::eq(self.asked, asked) && *self.corpus == config.corpus && self.window == config.encoder.window
    }
}

impl<'a> Session<'a> {
    fn corpus(&self, run: &PlannedRun) -> Result<&Prepared> {
        corpus_of(&self.corpora, &run.config.corpus)
    }

    /// Runs whose text is another one now are not judged: its tokens would not be theirs.
    fn keep_to_their_texts(&self, waiting: &mut Vec<Waiting>, judged: &mut Judged) -> Result<()> {
        let all = waiting.len();
        let mut first = None;
        let mut kept = Vec::new();
        for one in waiting.drain(..) {
            let now = of_corpus(self.corpus(one.run)?);
            let before = one.found.done.data.clone();
            let differences = before.map_or_else(Vec::new, |mut before| {
                before.tasks.clear();
                before.start = None;
                now.differences(&before)
            });
            if differences.is_empty() {
                kept.push(one);
                continue;
            }
            let why = format!("{} changed since it was trained", differences.join(", "));
            judged.refused.push(format!("{}: {why}", title(one.run)));
            first.get_or_insert(why);
        }
        *waiting = kept;
        match first.filter(|_| waiting.is_empty() && all > 0) {
            Some(why) => Err(Fault::usage(format!("no run can be judged: {why}"))
                .remedy("put back the text that was there, or train the runs again with `cloze run`")),
            None => Ok(()),
        }
    }

    /// Has every task read what it needs, so that what cannot be judged is refused before anything is; gives those that cannot, by name,
    /// which wait for nothing any more.
    fn open_all(
        &mut self,
        waiting: &mut [Waiting<'a>],
        asked: &'a [Asked],
        progress: &dyn Progress,
    ) -> Result<Vec<(String, Fault)>> {
        let mut broken: Vec<(String, Fault)> = Vec::new();
        for asked in asked {
            for one in waiting.iter_mut().filter(|one| one.tasks.contains(&asked)) {
                if self.opened(asked, one.run).is_some() {
                    continue;
                }
                let (corpus, window) = (&one.run.config.corpus, one.run.config.encoder.window);
                let data_root = self.request.data_root.as_deref();
                let opened = match Opened::of(&asked.config, self.corpus(one.run)?, window, data_root) {
                    Ok(opened) => opened,
                    Err(fault) => {
                        one.tasks.retain(|task| *task != asked);
                        let this = (asked.facts.task.clone(), fault);
                        if !broken.contains(&this) {
                            progress.say(&left_out(&this.1));
                            broken.push(this);
                        }
                        continue;
                    }
                };
                opened.evaluation.warnings().iter().for_each(|line| progress.say(line));
                self.opened.push(OpenedFor {
                    asked,
                    corpus,
                    window,
                    opened,
                });
            }
        }
        Ok(broken)
    }

    fn opened(&self, asked: &Asked, run: &PlannedRun) -> Option<&Opened<'a>> {
        let found = self.opened.iter().find(|opened| opened.is_for(asked, run));
        found.map(|found| &found.opened)
    }

    /// Every judgement that is to be made: of several at a time those that take longest first, so that all threads end together.
    fn in_order<'w>(&self, waiting: &'w [Waiting<'a>], most: usize) -> Vec<(&'w Waiting<'a>, &'a Asked)> {
        let each = |one: &'w Waiting<'a>| one.tasks.iter().map(move |asked| (one, *asked));
        let mut all: Vec<_> = waiting.iter().flat_map(each).collect();
        if most > 1 {
            let data_root = self.request.data_root.as_deref();
            // Of files only their data say how long they take.
            let seconds = |(one, asked): &(&Waiting, &Asked)| {
                let known = cost::judging(&one.run.config, &asked.config, data_root);
                known.unwrap_or(f64::INFINITY)
            };
            all.sort_by_cached_key(|one| std::cmp::Reverse(seconds(one).to_bits()));
        }
        all
    }

    /// Judges a run by a task, and keeps what was found.
    fn judge(&self, waiting: &Waiting, asked: &Asked, progress: &dyn Progress) -> Result<()> {
        let Waiting { run, found, .. } = waiting;
        let started = Instant::now();
        let config = &found.config;
        let objective = configure(&config.objective, &config.options)?;
        let model = found.model(&*objective, &found.tokenizer()?, &self.device)?;
        let label = label(found, run)?;
        let opened = self
            .opened(asked, run)
            .ok_or_else(|| Fault::run("a task was not opened"))?;
        let title = title(run);
        let told = |judging: &Judging| progress.judging(&format!("{} {}", run.id, opened.name), &title, judging);
        let subject = Subject {
            model: &model,
            ground: Ground {
                task: opened.name,
                corpus: self.corpus(run)?,
                window: config.encoder.window,
                data_root: self.request.data_root.as_deref(),
            },
            seed: config.seed,
            device: &self.device,
            told: &paced(opened.name, &told),
        };
        let judgement = opened
            .evaluation
            .judge(&subject)
            .map_err(|fault| fault.at(opened.name))?;
        let kept = Judgement::of(label, found.done.spent, judgement);
        let question = Question::of(&found.done, asked);
        judged::save(&found.folder, &question, found.done.spent.steps(), &kept)?;
        let seconds = started.elapsed().as_secs_f64();
        progress.say(&format!("{title}: {} in {seconds:.1} s", asked.facts.task));
        Ok(())
    }
}

/// What the rows of a run are called.
fn label(found: &Found, run: &PlannedRun) -> Result<Label> {
    let named = found.done.parts.keys().next_back();
    let last = match named {
        Some(name) => parts::read(&found.folder.metrics().join(name))?.pop(),
        None => None,
    };
    Ok(last.map_or_else(
        || Label {
            run: found.id.clone(),
            arm: run.arm.clone(),
            seed: found.config.seed,
            attempt: found.done.attempt,
            data: found.done.data.as_ref().map(|data| data.short()).unwrap_or_default(),
        },
        |last| last.label,
    ))
}
