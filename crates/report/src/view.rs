//! Arms, seeds and scores in one place: what every table and chart is made from.

use crate::measure::{ALL_TASKS, Measure, PRETRAINING, headline};
use crate::read::{self, Plan, PlannedRun, Row, Spent};
use cloze_foundation::{Fault, Result};
use cloze_stats::{Summary, chance_normalised, macro_average, summarise};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Confidence of every interval.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// How a planned run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Done,
    Diverged,
    Failed,
    Missing,
}

/// One point of a sweep without its seed.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    pub name: String,
    pub objective: String,
    /// The masking rate where it is swept.
    pub rate: Option<f64>,
    /// The arm's name without its rate: arms with equal ones form a curve over the rate.
    pub series: String,
    /// Every planned seed and how it ended.
    pub seeds: Vec<(u64, Status)>,
    /// What each finished seed used in all.
    pub spent: BTreeMap<u64, Spent>,
}

impl Arm {
    /// Seeds that ended like this.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.seeds.iter().filter(|(_, ended)| *ended == status).count()
    }
}

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

/// Everything that the report shows.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub plan: Plan,
    pub arms: Vec<Arm>,
    /// Per measure and arm: every finished seed along training.
    curves: BTreeMap<Measure, Vec<Curves>>,
    /// Held-out loss under the arm's own objective, along training.
    pub own_loss: Vec<Curves>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

impl View {
    /// Reads a results folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let plan = read::plan(&folder.join("plan.json"))?;
        if plan.runs.is_empty() {
            return Err(Fault::usage("the plan has no runs").at(folder.join("plan.json").display().to_string()));
        }
        let rows = read::rows(&folder.join("metrics.parquet"))?;
        Ok(Self::new(plan, &rows, &|run| {
            folder.join("runs").join(&run.id).join("FAILED").exists()
        }))
    }

    fn new(plan: Plan, rows: &[Row], failed: &dyn Fn(&PlannedRun) -> bool) -> Self {
        let mut by_run: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            by_run.entry(&row.run).or_default().push(row);
        }
        let mut view = Self {
            arms: Vec::new(),
            curves: BTreeMap::new(),
            own_loss: Vec::new(),
            notes: Vec::new(),
            plan: plan.clone(),
        };
        let mut names: Vec<&str> = Vec::new();
        for run in &plan.runs {
            if !names.contains(&run.arm.as_str()) {
                names.push(&run.arm);
                view.arms.push(arm(run));
            }
        }
        view.own_loss = vec![Curves::new(); names.len()];
        for run in &plan.runs {
            let place = names.iter().position(|name| *name == run.arm).unwrap_or_default();
            let rows = by_run.remove(run.id.as_str()).unwrap_or_default();
            let rows = last_words(rows);
            let status = match &rows {
                rows if rows.iter().any(|row| row.metric == "diverged" && row.value != 0.0) => Status::Diverged,
                rows if !rows.is_empty() => Status::Done,
                _ if failed(run) => Status::Failed,
                _ => Status::Missing,
            };
            view.arms[place].seeds.push((run.config.seed, status));
            if status == Status::Done {
                view.add(place, run.config.seed, &rows, names.len());
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

    fn add(&mut self, place: usize, seed: u64, rows: &[&Row], arms: usize) {
        let arm = &mut self.arms[place];
        let spent = rows
            .iter()
            .map(|row| row.spent)
            .max_by(|a, b| a.steps.total_cmp(&b.steps));
        arm.spent.insert(seed, spent.unwrap_or_default());
        let mut refused: BTreeSet<Measure> = BTreeSet::new();
        for row in rows.iter().filter(|row| row.split != "train") {
            let measure = Measure::new(&row.task, &row.metric, &self.plan.tasks);
            if !row.value.is_finite() {
                refused.insert(measure);
                continue;
            }
            let curves = match (row.task.as_str(), row.metric.as_str()) {
                (PRETRAINING, "loss") => &mut self.own_loss,
                (PRETRAINING, _) => continue,
                _ => self.curves.entry(measure).or_insert_with(|| vec![Curves::new(); arms]),
            };
            curves[place].entry(seed).or_default().push(Point {
                spent: row.spent,
                value: row.value,
            });
        }
        let each = self.curves.values_mut().chain([&mut self.own_loss]);
        each.filter_map(|curves| curves[place].get_mut(&seed))
            .for_each(|points| points.sort_by(|a, b| a.spent.steps.total_cmp(&b.spent.steps)));
        for measure in refused {
            // A seed with a hole would be compared at another point of training than the others.
            if let Some(curves) = self.curves.get_mut(&measure) {
                curves[place].remove(&seed);
            }
            let name = &self.arms[place].name;
            let (task, metric) = (&measure.task, &measure.metric);
            self.notes.push(format!(
                "{name}, seed {seed}: {task} {metric} is not a finite number; left out."
            ));
        }
    }

    /// Tasks in the order of the plan, then others by name; parts are not tasks.
    fn tasks(&self) -> Vec<String> {
        let mut tasks: Vec<String> = Vec::new();
        let planned = self
            .plan
            .runs
            .iter()
            .flat_map(|run| run.config.evaluate.iter().map(|task| task.task.clone()));
        let found = self
            .curves
            .keys()
            .map(|measure| measure.task.split('/').next().unwrap_or_default().to_owned());
        for task in planned.chain(found) {
            if !tasks.contains(&task) {
                tasks.push(task);
            }
        }
        tasks
    }

    /// The leading measure of every task that has values.
    pub(crate) fn headlines(&self) -> Vec<Measure> {
        let lead = |task: String| {
            let metrics: Vec<&str> = self
                .curves
                .keys()
                .filter(|measure| measure.task == task)
                .map(|measure| measure.metric.as_str())
                .collect();
            headline(&task, &metrics, &self.plan.tasks).map(|metric| Measure::new(&task, metric, &self.plan.tasks))
        };
        self.tasks().into_iter().filter_map(lead).collect()
    }

    /// Whole-task measures other than the headlines: further scoring rules, ties.
    pub(crate) fn others(&self) -> Vec<Measure> {
        let headlines = self.headlines();
        let other = |measure: &&Measure| measure.part().is_none() && !headlines.contains(measure);
        self.curves.keys().filter(other).cloned().collect()
    }

    /// The headline metric of the parts of a task.
    pub(crate) fn parts(&self, whole: &Measure) -> Vec<Measure> {
        let prefix = format!("{}/", whole.task);
        let part = |measure: &&Measure| measure.task.starts_with(&prefix) && measure.metric == whole.metric;
        self.curves.keys().filter(part).cloned().collect()
    }

    /// Judgements along training, per arm.
    pub(crate) fn curves(&self, measure: &Measure) -> &[Curves] {
        self.curves.get(measure).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last judgement, per arm and seed.
    pub(crate) fn finals(&self, measure: &Measure) -> Result<Vec<BySeed>> {
        if measure.task == ALL_TASKS {
            return self.mean_over_tasks();
        }
        Ok(match self.curves.get(measure) {
            Some(curves) => curves.iter().map(last).collect(),
            None => vec![BySeed::new(); self.arms.len()],
        })
    }

    /// The pseudo-measure of the mean over tasks, where at least two tasks have a chance level.
    pub(crate) fn aggregate(&self) -> Option<Measure> {
        let placed = self
            .headlines()
            .into_iter()
            .filter(|measure| measure.chance().is_some())
            .count();
        (placed > 1).then(|| Measure::new(ALL_TASKS, "score", &[]))
    }

    /// (score - chance) / (1 - chance), averaged over tasks within each seed.
    fn mean_over_tasks(&self) -> Result<Vec<BySeed>> {
        let mut per_arm = vec![Vec::new(); self.arms.len()];
        for measure in self.headlines() {
            let Some(chance) = measure.chance() else { continue };
            for (tasks, finals) in per_arm.iter_mut().zip(self.finals(&measure)?) {
                let normalised = finals
                    .into_iter()
                    .map(|(seed, score)| Ok((seed, chance_normalised(score, chance, 1.0)?)));
                tasks.push(normalised.collect::<Result<BySeed>>()?);
            }
        }
        per_arm.iter().map(|tasks| macro_average(tasks)).collect()
    }

    /// The axis that the budget equalises, if it is one for all runs, and its amounts.
    pub(crate) fn equalised(&self) -> String {
        let budgets: BTreeSet<String> = self
            .plan
            .runs
            .iter()
            .map(|run| {
                format!(
                    "{} ({})",
                    run.config.budget.equalise,
                    crate::number::large(run.config.budget.amount)
                )
            })
            .collect();
        budgets.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// The last judgement of every seed.
pub(crate) fn last(curves: &Curves) -> BySeed {
    curves
        .iter()
        .filter_map(|(seed, points)| points.last().map(|point| (*seed, point.value)))
        .collect()
}

/// Mean, standard deviation and interval over seeds; none without seeds.
pub(crate) fn summary(values: &BySeed) -> Result<Option<Summary>> {
    let values: Vec<f64> = values.values().copied().collect();
    if values.is_empty() {
        Ok(None)
    } else {
        summarise(&values, CONFIDENCE).map(Some)
    }
}

fn arm(run: &PlannedRun) -> Arm {
    let swept = run.factors.iter().find(|(key, _)| *key == "options.rate");
    // A schedule is swept as a table; it has no place on the axis.
    let rate = swept.and_then(|(_, value)| value.as_f64());
    let is_rate = |word: &&str| !(rate.is_some() && word.starts_with("rate="));
    let series = run.arm.split(' ').filter(is_rate).collect::<Vec<_>>().join(" ");
    Arm {
        name: run.arm.clone(),
        objective: run.config.objective.clone(),
        rate,
        series,
        seeds: Vec::new(),
        spent: BTreeMap::new(),
    }
}

/// A run that was resumed has rows of several attempts. Where two speak of the same step, the later one counts.
fn last_words(rows: Vec<&Row>) -> Vec<&Row> {
    let mut latest: BTreeMap<(u64, &str, &str, &str), &Row> = BTreeMap::new();
    for row in rows {
        let key = (
            row.spent.steps as u64,
            row.split.as_str(),
            row.task.as_str(),
            row.metric.as_str(),
        );
        match latest.get(&key) {
            Some(known) if known.attempt > row.attempt => {}
            _ => _ = latest.insert(key, row),
        }
    }
    latest.into_values().collect()
}
