//! Arms, seeds and scores in one place: what every table and chart is made from.

use crate::arm::{Arm, Ending};
use crate::read::{self, Settings};
use crate::score::{ALL_TASKS, Score, headline};
use crate::{number, sweep};
use cloze_foundation::Result;
use cloze_schema::metric::{DIVERGED, LOSS, PRETRAINING};
use cloze_schema::{AttemptRows, Axis, Plan, PlannedRun, Row, Spent, Split};
use cloze_stats::{Summary, chance_normalised, macro_average, summarise};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Confidence of every interval.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A judgement along training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub spent: Spent,
    pub value: f64,
}

/// Seed to value.
pub(crate) type BySeed = BTreeMap<u64, f64>;
/// Seed to the judgements along training.
pub(crate) type Curves = BTreeMap<u64, Vec<Point>>;

/// A plan and what its runs came to.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub plan: Plan<Settings>,
    pub arms: Vec<Arm>,
    /// Per score and arm: every finished seed along training.
    curves: BTreeMap<Score, Vec<Curves>>,
    /// Held-out loss under the arm's own objective, along training.
    pub own_loss: Vec<Curves>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

impl View {
    /// Reads a results folder.
    ///
    /// # Errors
    /// A missing or damaged file, by name.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let failed = |run: &PlannedRun<Settings>| folder.join("runs").join(&run.id).join("FAILED").exists();
        Ok(Self::new(read::plan(folder)?, &read::rows(folder)?, &failed))
    }

    fn new(plan: Plan<Settings>, attempts: &[AttemptRows], failed: &dyn Fn(&PlannedRun<Settings>) -> bool) -> Self {
        let mut by_run: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for AttemptRows { label, rows } in attempts {
            by_run.entry(&label.run).or_default().extend(rows);
        }
        let mut arms: Vec<Arm> = Vec::new();
        for run in &plan.runs {
            if arms.iter().all(|arm| arm.name != run.arm) {
                arms.push(Arm::new(run));
            }
        }
        let mut view = Self {
            own_loss: vec![Curves::new(); arms.len()],
            arms,
            curves: BTreeMap::new(),
            notes: Vec::new(),
            plan: plan.clone(),
        };
        for run in &plan.runs {
            let Some(place) = view.arms.iter().position(|arm| arm.name == run.arm) else {
                continue;
            };
            let rows = by_run.remove(run.id.as_str()).unwrap_or_default();
            let ending = match &rows {
                rows if rows.iter().any(|row| row.metric == DIVERGED && row.value != 0.0) => Ending::Diverged,
                rows if !rows.is_empty() => Ending::Done,
                _ if failed(run) => Ending::Failed,
                _ => Ending::Missing,
            };
            view.arms[place].seeds.push((run.config.named.seed, ending));
            if ending == Ending::Done {
                view.add(place, run.config.named.seed, &rows);
            }
        }
        if !by_run.is_empty() {
            view.notes.push(format!(
                "{} runs in the metrics are not in the plan and are left out.",
                by_run.len()
            ));
        }
        view
    }

    fn add(&mut self, place: usize, seed: u64, rows: &[&Row]) {
        let arms = self.arms.len();
        let last = rows.iter().map(|row| row.spent).max_by(by_steps);
        self.arms[place].spent.insert(seed, last.unwrap_or_default());
        let mut refused: BTreeSet<Score> = BTreeSet::new();
        for row in rows.iter().filter(|row| row.split != Split::Train) {
            let score = Score::new(&row.task, &row.metric, &self.plan.tasks);
            if !row.value.is_finite() {
                refused.insert(score);
                continue;
            }
            let curves = match (row.task.as_str(), row.metric.as_str()) {
                (PRETRAINING, LOSS) => &mut self.own_loss,
                (PRETRAINING, _) => continue,
                _ => self.curves.entry(score).or_insert_with(|| vec![Curves::new(); arms]),
            };
            curves[place].entry(seed).or_default().push(Point {
                spent: row.spent,
                value: row.value,
            });
        }
        let each = self.curves.values_mut().chain([&mut self.own_loss]);
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
        }
    }

    /// Tasks in the order of the plan, then others by name; parts are not tasks.
    fn tasks(&self) -> Vec<&str> {
        let mut tasks: Vec<&str> = Vec::new();
        let planned = self.plan.runs.iter().flat_map(|run| &run.config.named.evaluate);
        let found = self.curves.keys().filter_map(|score| score.task.split('/').next());
        for task in planned.map(|judge| judge.task.as_str()).chain(found) {
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

    /// The headline metric of the parts of a task.
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

    /// The score of the mean over tasks, where at least two tasks have a chance level.
    pub(crate) fn aggregate(&self) -> Option<Score> {
        let headlines = self.headlines();
        let placed = headlines.iter().filter(|score| score.chance().is_some()).count();
        (placed > 1).then(|| Score::new(ALL_TASKS, "score", &[]))
    }

    /// (score - chance) / (1 - chance), averaged over tasks within each seed.
    fn mean_over_tasks(&self) -> Result<Vec<BySeed>> {
        let mut per_arm = vec![Vec::new(); self.arms.len()];
        for score in self.headlines() {
            let Some(chance) = score.chance() else { continue };
            for (tasks, finals) in per_arm.iter_mut().zip(self.finals(&score)?) {
                let normalised = finals
                    .into_iter()
                    .map(|(seed, value)| Ok((seed, chance_normalised(value, chance, 1.0)?)));
                tasks.push(normalised.collect::<Result<BySeed>>()?);
            }
        }
        per_arm.iter().map(|tasks| macro_average(tasks)).collect()
    }

    /// The baseline of every arm.
    pub(crate) fn baselines(&self) -> Vec<Option<usize>> {
        sweep::baselines(&self.arms, self.plan.report.baseline.as_deref())
    }

    /// The axis that the budget equalises, if it is one for all runs, and its amounts.
    pub(crate) fn equalised(&self) -> String {
        let budget = |run: &PlannedRun<Settings>| {
            let budget = &run.config.named.budget;
            format!("{} ({})", budget.equalise.facts().word, number::large(budget.amount))
        };
        let budgets: BTreeSet<String> = self.plan.runs.iter().map(budget).collect();
        budgets.into_iter().collect::<Vec<_>>().join(", ")
    }
}

fn by_steps(one: &Spent, other: &Spent) -> std::cmp::Ordering {
    one[Axis::Steps].total_cmp(&other[Axis::Steps])
}

/// The last judgement of every seed.
pub(crate) fn last(curves: &Curves) -> BySeed {
    curves
        .iter()
        .filter_map(|(seed, points)| points.last().map(|point| (*seed, point.value)))
        .collect()
}

/// Mean, standard deviation and interval over seeds; none without seeds.
pub(crate) fn over_seeds(values: &BySeed) -> Result<Option<Summary>> {
    let values: Vec<f64> = values.values().copied().collect();
    if values.is_empty() {
        Ok(None)
    } else {
        summarise(&values, CONFIDENCE).map(Some)
    }
}
