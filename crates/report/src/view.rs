//! Arms, seeds and scores in one place: what every table and chart is made from.

use crate::arm::{Arm, Ending};
use crate::curves::{BySeed, Curves, Point, last};
use crate::decisions::Decisions;
use crate::items::{self, Answers};
use crate::levels::{self, LevelsOf};
use crate::models::OfOthers;
use crate::origins::{self, Origins};
use crate::read::{self, Settings};
use crate::score::{ALL_TASKS, Score, headline};
use crate::sweep;
use crate::tuned::Tuned;
use cloze_foundation::Result;
use cloze_foundation::files::is_there;
use cloze_schema::metric::{self, DIVERGED, LOSS, PRETRAINING};
use cloze_schema::{AttemptRows, Axis, History, Plan, PlannedRun, Row, Spent, Split, TaskFacts};
use cloze_stats::{Bootstrap, chance_normalised, macro_average};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What training says of itself for every objective; all else is a part of its loss.
const OF_TRAINING: [&str; 8] = [
    LOSS,
    metric::GRADIENT_NORM,
    metric::LEARNING_RATE,
    metric::TOKENS_PER_SECOND,
    metric::RESUMED_AFTER,
    metric::LOST_SECONDS,
    metric::CORES_ELSEWHERE,
    DIVERGED,
];

/// What is found within an encoder on held-out text.
const INSIDE: [&str; 2] = [metric::STATE_COSINE, metric::ATTENTION_ENTROPY];

/// Whether a number of training is a share beside the parts of a loss and no part of it: of windows, of weight, of tokens.
fn is_share(metric: &str) -> bool {
    let last = metric.rsplit('.').next().unwrap_or(metric);
    ["windows", "weight", "replaced"].contains(&last)
}

/// A plan and what its runs came to.
#[derive(Debug)]
pub(crate) struct View {
    pub plan: Plan<Settings>,
    /// Every plan that was frozen, the present one last.
    pub history: History<Settings>,
    pub arms: Vec<Arm>,
    /// What others trained, judged beside them.
    pub models: Vec<OfOthers>,
    /// Per score and arm: every finished seed along training.
    pub(crate) curves: BTreeMap<Score, Vec<Curves>>,
    /// Held-out loss under the arm's own objective, along training.
    pub own_loss: Vec<Curves>,
    /// How encoders are within on held-out text, by metric and arm.
    pub inside: BTreeMap<String, Vec<Curves>>,
    /// What losses are held against.
    pub(crate) levels: LevelsOf,
    /// What was answered item by item, where it was kept.
    pub answers: Answers,
    /// What resampling of items gave: it is asked for by tables, charts and the verdict.
    pub(crate) resampled: RefCell<BTreeMap<(Score, usize), Option<Bootstrap>>>,
    /// By what the runs were made, where it was gathered.
    pub origins: Origins,
    /// Per score, arm and seed: a last value that is no number.
    holes: BTreeMap<Score, BTreeSet<(usize, u64)>>,
    /// The names of tasks by which runs were judged after training, and which no plan had.
    pub afterwards: BTreeSet<String>,
    /// What trials chose, where arms are tuned first.
    pub tuned: Option<Tuned>,
    /// The ids of which there are numbers, in the plan or not.
    pub ended: BTreeSet<String>,
    /// What was decided when, where arms are trained until they are.
    pub decisions: Option<Decisions>,
    /// What was left out and why.
    pub notes: Vec<String>,
    /// What is known from outside of the folder: that data have changed since.
    pub outside: Vec<String>,
}

impl View {
    /// Reads a results folder.
    ///
    /// # Errors
    /// A missing or damaged file, by name.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let without_rows = |run: &PlannedRun<Settings>| -> Result<Ending> {
            let says = |marker: &str| is_there(&folder.join("runs").join(&run.id).join(marker));
            Ok(match () {
                () if says("FAILED")? => Ending::Failed,
                () if says("DONE")? => Ending::Ungathered,
                () => Ending::Missing,
            })
        };
        let attempts = read::rows(folder)?;
        let mut view = Self::new(read::plans(folder)?, read::judged(folder)?, &attempts, &without_rows)?;
        view.answers = items::read(folder, &view.plan, &attempts)?;
        view.origins = origins::read(folder, view.plan.runs.iter().map(|run| run.id.clone()));
        Ok(view)
    }

    fn new(
        history: History<Settings>,
        afterwards: Vec<TaskFacts>,
        attempts: &[AttemptRows],
        without_rows: &dyn Fn(&PlannedRun<Settings>) -> Result<Ending>,
    ) -> Result<Self> {
        let mut plan = read::present(&history.plans);
        let is_new = |facts: &TaskFacts| plan.tasks.iter().all(|planned| planned.task != facts.task);
        let afterwards: Vec<TaskFacts> = afterwards.into_iter().filter(is_new).collect();
        let names = afterwards.iter().map(|facts| facts.task.clone()).collect();
        plan.tasks.extend(afterwards);
        let tuned = Tuned::of(&plan, attempts);
        if let Some(tuned) = &tuned {
            let compared = plan
                .compared(&tuned.choices)
                .into_iter()
                .map(|place| plan.runs[place].clone());
            plan.runs = compared.collect();
        }
        let mut arms: Vec<Arm> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for run in &plan.runs {
            places.entry(run.arm.clone()).or_insert_with(|| {
                arms.push(Arm::new(run));
                arms.len() - 1
            });
        }
        let mut view = Self {
            own_loss: vec![Curves::new(); arms.len()],
            arms,
            models: Vec::new(),
            curves: BTreeMap::new(),
            inside: BTreeMap::new(),
            levels: LevelsOf::new(),
            answers: Answers::default(),
            resampled: RefCell::default(),
            origins: Origins::new(),
            holes: BTreeMap::new(),
            afterwards: names,
            tuned,
            ended: attempts.iter().map(|attempt| attempt.label.run.clone()).collect(),
            decisions: None,
            notes: Vec::new(),
            outside: Vec::new(),
            history,
            plan,
        };
        let mut by_run = view.of_planned_data(attempts);
        let early: BTreeSet<String> = match &view.tuned {
            Some(tuned) => tuned.early(&view.ended).into_iter().map(str::to_owned).collect(),
            None => BTreeSet::new(),
        };
        for id in view.tuned.iter().flat_map(Tuned::unsettled) {
            by_run.remove(id);
        }
        for run in view.plan.runs.clone() {
            let place = places[&run.arm];
            let rows = by_run.remove(run.id.as_str()).unwrap_or_default();
            let ending = match &rows {
                rows if rows.iter().any(|row| says_diverged(row)) => Ending::Diverged,
                rows if !rows.is_empty() => Ending::Done,
                _ if early.contains(&run.id) => Ending::Early,
                _ => without_rows(&run)?,
            };
            view.arms[place].seeds.push((run.config.named.seed, ending));
            if ending == Ending::Done {
                view.add(place, run.config.named.seed, &rows);
            }
        }
        for model in &view.plan.models {
            let rows = by_run.remove(model.id.as_str()).unwrap_or_default();
            view.models.push(OfOthers::new(model, &rows, &view.plan.tasks));
        }
        view.decide()?;
        // Those of earlier plans are told with the history.
        let earlier = view.history.plans.iter().flat_map(|frozen| &frozen.plan.runs);
        earlier.for_each(|run| _ = by_run.remove(run.id.as_str()));
        if !by_run.is_empty() {
            view.notes.push(format!(
                "{} runs in the metrics are not in the plan and are left out.",
                by_run.len()
            ));
        }
        Ok(view)
    }

    /// Notes what was decided, and which runs were not needed for it.
    fn decide(&mut self) -> Result<()> {
        let hopeless: BTreeSet<&str> = self.tuned.iter().flat_map(Tuned::hopeless).collect();
        for arm in self.arms.iter_mut().filter(|arm| hopeless.contains(arm.name.as_str())) {
            arm.seeds.iter_mut().for_each(|(_, ending)| *ending = Ending::NotNeeded);
        }
        self.decisions = Decisions::of(self)?;
        let Some(Decisions { stage, .. }) = &self.decisions else {
            return Ok(());
        };
        let each = self.arms.iter_mut().zip(&stage.needed).zip(&stage.is_over);
        for ((arm, needed), _) in each.filter(|(_, is_over)| **is_over) {
            let spared = arm.seeds.iter_mut().skip(*needed);
            for (_, ending) in spared.filter(|(_, ending)| *ending == Ending::Missing) {
                *ending = Ending::NotNeeded;
            }
        }
        Ok(())
    }

    /// Rows by run, without those of runs that were made from other data than the plan's.
    fn of_planned_data<'a>(&mut self, attempts: &'a [AttemptRows]) -> BTreeMap<&'a str, Vec<&'a Row>> {
        let planned: BTreeMap<&str, String> = self
            .plan
            .runs
            .iter()
            .filter_map(|run| Some((run.id.as_str(), run.data.as_ref()?.short())))
            .chain(
                self.plan
                    .models
                    .iter()
                    .filter_map(|model| Some((model.id.as_str(), model.judged()?))),
            )
            .collect();
        // A plan that was made without looking at the data: those of the arm's first run are taken for the planned ones.
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut by_run, mut foreign) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
        for AttemptRows { label, rows } in attempts {
            if !label.data.is_empty() {
                let of_arm = *first.entry(label.arm.as_str()).or_insert(label.data.as_str());
                let wanted = planned.get(label.run.as_str()).map_or(of_arm, String::as_str);
                if wanted != label.data {
                    foreign.insert(format!("{}, seed {}", label.arm, label.seed));
                    continue;
                }
            }
            by_run.entry(label.run.as_str()).or_default().extend(rows);
        }
        for arm in &mut self.arms {
            arm.measured = first.get(arm.name.as_str()).map(|data| (*data).to_owned());
        }
        if !foreign.is_empty() {
            let some: Vec<String> = foreign.iter().take(4).cloned().collect();
            let more = if foreign.len() > some.len() { ", ..." } else { "" };
            self.notes.push(format!(
                "Left out, since they were trained or judged on other data than the plan's: {} of the runs ({}{more}).",
                foreign.len(),
                some.join("; ")
            ));
        }
        by_run
    }

    fn add(&mut self, place: usize, seed: u64, rows: &[&Row]) {
        let arms = self.arms.len();
        let last = rows.iter().map(|row| row.spent).max_by(by_steps);
        self.arms[place].spent.insert(seed, last.unwrap_or_default());
        let mut refused: BTreeSet<Score> = BTreeSet::new();
        let mut known: Option<Score> = None;
        for row in rows {
            if row.split == Split::Train {
                if row.metric == metric::CORES_ELSEWHERE {
                    self.arms[place].elsewhere.insert(seed, row.value);
                }
                if !OF_TRAINING.contains(&row.metric.as_str()) && !is_share(&row.metric) {
                    self.arms[place].parts_of_loss.insert(row.metric.clone());
                }
                continue;
            }
            if levels::note(&mut self.levels, (&row.task, place, seed), &row.metric, row.value) {
                continue;
            }
            let is_own = row.task == PRETRAINING;
            if is_own && row.metric != LOSS {
                if INSIDE.contains(&row.metric.as_str()) && row.value.is_finite() {
                    let of_metric = self.inside.entry(row.metric.clone());
                    let curves = of_metric.or_insert_with(|| vec![Curves::new(); arms]);
                    curves[place].entry(seed).or_default().push(Point {
                        spent: row.spent,
                        value: row.value,
                    });
                }
                continue;
            }
            let score = match known.take() {
                Some(score) if score.task == row.task && score.metric == row.metric => score,
                _ => Score::new(&row.task, &row.metric, &self.plan.tasks),
            };
            known = Some(score.clone());
            if !row.value.is_finite() {
                refused.insert(score);
                continue;
            }
            let curves = if is_own {
                &mut self.own_loss
            } else {
                self.curves.entry(score).or_insert_with(|| vec![Curves::new(); arms])
            };
            curves[place].entry(seed).or_default().push(Point {
                spent: row.spent,
                value: row.value,
            });
        }
        let each = self.curves.values_mut().chain(self.inside.values_mut());
        let each = each.chain([&mut self.own_loss]);
        each.filter_map(|curves| curves[place].get_mut(&seed))
            .for_each(|points| points.sort_by(|a, b| by_steps(&a.spent, &b.spent)));
        for score in refused {
            // A seed with a hole would be compared at another point of training than the others.
            if let Some(curves) = self.curves.get_mut(&score) {
                curves[place].remove(&seed);
            }
            let (name, task, metric) = (&self.arms[place].name, &score.task, &score.metric);
            self.notes.push(format!(
                "{name}, seed {seed}: {task} {metric} is not a finite number; left out."
            ));
            self.holes.entry(score).or_default().insert((place, seed));
        }
    }

    /// Why the mean of an arm is over fewer seeds than have ended: a mean over survivors, or one without what is no number.
    pub(crate) fn survivors(&self, score: &Score, arm: usize) -> Option<String> {
        let held = &self.arms[arm];
        let (done, diverged) = (held.count(Ending::Done), held.count(Ending::Diverged));
        let holes = self
            .holes
            .get(score)
            .map_or(0, |holes| holes.iter().filter(|(place, _)| *place == arm).count());
        let mut why = Vec::new();
        if diverged > 0 {
            why.push(format!("{diverged} of its {} seeds diverged", done + diverged));
        }
        if holes > 0 {
            why.push(format!("{holes} of its seeds gave no number"));
        }
        (!why.is_empty()).then(|| why.join(" and "))
    }

    /// Whether runs were judged on a log scale of their budget.
    pub(crate) fn is_log(&self) -> bool {
        let spacing = self.plan.runs.first().and_then(|run| run.config.said("spacing"));
        spacing.as_deref() == Some("log")
    }

    /// Tasks in the order of the plan, then others by name; parts are not tasks.
    fn tasks(&self) -> Vec<&str> {
        let mut tasks: Vec<&str> = Vec::new();
        let planned = self.arms.iter().flat_map(|arm| &arm.settings.named.evaluate);
        let found = self.curves.keys().filter_map(|score| score.task.split('/').next());
        for task in planned.map(|judge| judge.name()).chain(found) {
            if !tasks.contains(&task) {
                tasks.push(task);
            }
        }
        tasks
    }

    /// The leading score of every task that has values.
    pub(crate) fn headlines(&self) -> Vec<Score> {
        let lead = |task: &str| {
            let of_task = self.curves.keys().filter(|score| score.task == task);
            let metrics: Vec<&str> = of_task.map(|score| score.metric.as_str()).collect();
            headline(task, &metrics, &self.plan.tasks).map(|metric| Score::new(task, metric, &self.plan.tasks))
        };
        self.tasks().into_iter().filter_map(lead).collect()
    }

    /// Whole-task scores other than the headlines: further scoring rules, ties.
    pub(crate) fn others(&self) -> Vec<Score> {
        let headlines = self.headlines();
        let other = |score: &&Score| score.part().is_none() && !headlines.contains(score);
        self.curves.keys().filter(other).cloned().collect()
    }

    /// The headline metric of the parts of a task, by name.
    pub(crate) fn parts(&self, whole: &Score) -> Vec<Score> {
        let prefix = format!("{}/", whole.task);
        let part = |score: &&Score| score.task.starts_with(&prefix) && score.metric == whole.metric;
        self.curves.keys().filter(part).cloned().collect()
    }

    /// What claims can be about: the headline of every task, of its parts, and the mean over tasks.
    pub(crate) fn leading(&self) -> Vec<Score> {
        let mut scores = self.headlines();
        let parts: Vec<Score> = scores.iter().flat_map(|score| self.parts(score)).collect();
        scores.extend(self.aggregate());
        scores.extend(parts);
        scores
    }

    /// Judgements along training, per arm.
    pub(crate) fn curves(&self, score: &Score) -> &[Curves] {
        self.curves.get(score).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last judgement, per arm and seed.
    pub(crate) fn finals(&self, score: &Score) -> Result<Vec<BySeed>> {
        if score.task == ALL_TASKS {
            return self.mean_over_tasks();
        }
        Ok(match self.curves.get(score) {
            Some(curves) => curves.iter().map(last).collect(),
            None => vec![BySeed::new(); self.arms.len()],
        })
    }

    /// The last judgement of one arm by seed.
    pub(crate) fn final_of(&self, score: &Score, arm: usize) -> Result<BySeed> {
        if score.task == ALL_TASKS {
            return Ok(self.finals(score)?.swap_remove(arm));
        }
        Ok(self.curves(score).get(arm).map(last).unwrap_or_default())
    }

    /// The headlines that the mean over tasks is of: of planned tasks with a chance level. What somebody had runs judged by after
    /// training changes no number that was asked for before.
    pub(crate) fn averaged(&self) -> impl Iterator<Item = (Score, f64)> {
        let mut headlines = self.headlines();
        headlines.retain(|score| !self.afterwards.contains(&score.task));
        headlines
            .into_iter()
            .filter_map(|score| score.chance().map(|chance| (score, chance)))
    }

    /// The score of the mean over tasks, where at least two tasks have a chance level.
    pub(crate) fn aggregate(&self) -> Option<Score> {
        (self.averaged().count() > 1).then(|| Score::new(ALL_TASKS, metric::SCORE, &[]))
    }

    /// (score - chance) / (1 - chance), averaged over tasks within each seed.
    fn mean_over_tasks(&self) -> Result<Vec<BySeed>> {
        let mut per_arm = vec![Vec::new(); self.arms.len()];
        for (score, chance) in self.averaged() {
            for (tasks, finals) in per_arm.iter_mut().zip(self.finals(&score)?) {
                let normalised = finals
                    .into_iter()
                    .map(|(seed, value)| Ok((seed, chance_normalised(value, chance, 1.0)?)));
                tasks.push(normalised.collect::<Result<BySeed>>()?);
            }
        }
        per_arm.iter().map(|tasks| macro_average(tasks)).collect()
    }

    /// The baseline of every arm on a score: the one that the arm or the experiment names, or where that was judged on other texts the
    /// arm that stands for it in the arm's own field.
    pub(crate) fn baselines(&self, score: &Score) -> Vec<Option<usize>> {
        let mut baselines = sweep::baselines(&self.arms, &self.plan.report);
        for field in self.fields(score) {
            for arm in &field.arms {
                baselines[*arm] = baselines[*arm].and_then(|baseline| {
                    let is_at_home = field.arms.contains(&baseline);
                    if is_at_home {
                        Some(baseline)
                    } else {
                        self.stand_in(baseline, &field.arms, *arm)
                    }
                });
            }
        }
        baselines
    }

    /// The arm of a field that is the baseline of `arm` but for the field: of its stem, or the first one where none is wished for.
    fn stand_in(&self, baseline: usize, field: &[usize], arm: usize) -> Option<usize> {
        let is_named = self.plan.report.wanted(&self.arms[arm].name).is_some();
        let wanted = &self.arms[baseline];
        let of = |same: &dyn Fn(&Arm) -> bool| field.iter().copied().find(|arm| same(&self.arms[*arm]));
        let by_stem = of(&|arm| arm.stem.is_some() && arm.stem == wanted.stem);
        let by_base = || of(&|arm| arm.base.is_some() && arm.base == wanted.base);
        let first = || field.first().copied().filter(|_| !is_named);
        by_stem.or_else(by_base).or_else(first)
    }
}

fn says_diverged(row: &Row) -> bool {
    row.metric == DIVERGED && row.value != 0.0
}

/// Whether the rows of a run say that it diverged.
pub(crate) fn is_diverged(rows: &[Row]) -> bool {
    rows.iter().any(says_diverged)
}

fn by_steps(one: &Spent, other: &Spent) -> std::cmp::Ordering {
    one[Axis::Steps].total_cmp(&other[Axis::Steps])
}
