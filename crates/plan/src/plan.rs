//! The plan: every run of an experiment, expanded, resolved and frozen on disk before the first one starts.

mod points;
#[cfg(test)]
mod tests;

use crate::cost::Expected;
use crate::experiment::resolve::resolve;
use crate::experiment::{CHARTS, Claim, Experiment};
use crate::identity::run_id;
use crate::sweep::{Dimension, MOST_RUNS};
use crate::{Cost, RunConfig};
use cloze_foundation::{Fault, Result, files};
use points::points;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the experiment wants from its report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportConfig {
    /// The arm that others are compared with. Where the whole experiment sweeps a key (`mlm rate=0.15 width=128`), it
    /// may be named without that part (`mlm rate=0.15`).
    pub baseline: Option<String>,
    /// Charts to draw: `learning-curves`, `phenomena`, `ratio`, `budgets`.
    pub charts: Vec<String>,
}

/// An evaluation as reports show it, copied from its entry in the registry: a report needs the plan and the metrics,
/// and not the code that judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFacts {
    /// Its name, as in the metrics.
    pub task: String,
    /// For charts and tables.
    pub title: String,
    /// The metric that they lead with.
    pub headline: String,
    /// Whether a larger headline is better.
    pub higher_is_better: bool,
    /// The headline of a guesser, where there is one.
    pub chance: Option<f64>,
}

/// A run in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Hash of the configuration, 16 hexadecimal digits.
    pub id: String,
    /// The arm's name: `mlm`, `mlm rate=0.4`.
    pub arm: String,
    /// What varies over the sweep, by key path, for charts over a swept key: `options.rate` -> 0.4.
    pub factors: toml::Table,
    /// Everything that decides the result.
    pub config: RunConfig,
    /// Expected training FLOPs.
    pub flops: f64,
}

/// A frozen plan, stored as `plan.json` in the experiment's results folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// File name of the experiment without `.toml`: the results folder's name.
    pub experiment: String,
    /// What it asks.
    pub question: String,
    /// The paper it follows.
    pub cites: Option<String>,
    /// Every run, arms in file order, seeds innermost.
    pub runs: Vec<PlannedRun>,
    /// What the report shows.
    pub report: ReportConfig,
    /// What the report has to know of the evaluations that judge the runs.
    #[serde(default)]
    pub tasks: Vec<TaskFacts>,
    /// What was claimed before the first run.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// The file of a plan in its results folder.
pub const PLAN_FILE: &str = "plan.json";

impl Plan {
    /// Expands and resolves an experiment. Equal configurations get equal ids, so an edited experiment keeps the runs
    /// that it still has.
    ///
    /// # Errors
    /// Any value that does not fit at any point of the sweep, arms of one name, two arms that are the same run, an
    /// unknown baseline, too many runs.
    pub fn new(experiment: &Experiment) -> Result<Self> {
        check_size(experiment)?;
        let mut expected = Expected::default();
        let mut runs: Vec<PlannedRun> = Vec::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        let mut stems: BTreeSet<String> = BTreeSet::new();
        for arm in &experiment.arms {
            for point in points(experiment, arm)? {
                let (config, objective) = resolve(&point.settings, &arm.objective, &arm.path, &experiment.evaluate)?;
                let here = arm.place.of(&arm.path);
                if let Some(other) = names.insert(point.name.clone(), here.clone()) {
                    return Err(Fault::usage(format!("two arms are called `{}`", point.name))
                        .at(here)
                        .allowed([format!("a name other than that of {other}")])
                        .remedy("give one of them a name: name = \"...\""));
                }
                let flops = expected
                    .flops(&config, &*objective)
                    .map_err(|fault| fault.at(here.clone()))?;
                for seed in &experiment.sweep.seeds {
                    let config = RunConfig {
                        seed: *seed,
                        ..config.clone()
                    };
                    let id = run_id(&config);
                    if let Some(other) = ids.insert(id.clone(), point.name.clone()) {
                        return Err(Fault::usage(format!("`{other}` and `{}` are the same run", point.name))
                            .at(here)
                            .remedy("they differ in nothing that has an effect: remove one of them"));
                    }
                    runs.push(PlannedRun {
                        id,
                        arm: point.name.clone(),
                        factors: point.factors.clone(),
                        config,
                        flops,
                    });
                }
                stems.insert(point.stem);
            }
        }
        Ok(Self {
            experiment: experiment.name.clone(),
            question: experiment.question.clone(),
            cites: experiment.cites.clone(),
            report: report(experiment, &names, &stems, &runs)?,
            tasks: tasks(&runs)?,
            runs,
            claims: experiment.claims.clone(),
        })
    }

    /// Writes `plan.json` into a results folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Fault::run(format!("cannot encode the plan: {error}")))?;
        text.push(b'\n');
        files::write_whole(&folder.join(PLAN_FILE), &text)
    }

    /// Reads the `plan.json` of a results folder.
    ///
    /// # Errors
    /// A missing or damaged file, or one in which a run's configuration is not the one that its id was made from.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(PLAN_FILE);
        let damaged = |what: String| {
            Fault::usage(what)
                .at(path.display().to_string())
                .remedy("plan the experiment again: `cloze run` on its file does so")
        };
        let plan: Self =
            serde_json::from_str(&files::read_text(&path)?).map_err(|error| damaged(format!("not a plan: {error}")))?;
        match plan.runs.iter().find(|run| run_id(&run.config) != run.id) {
            Some(run) => Err(damaged(format!(
                "run {} has another configuration than its id says",
                run.id
            ))),
            None => Ok(plan),
        }
    }

    /// The run with this id.
    pub fn run(&self, id: &str) -> Option<&PlannedRun> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// What the whole plan takes, on a machine that does `flops_per_second`.
    ///
    /// # Errors
    /// A tokenizer file that cannot be read any more.
    pub fn cost(&self, flops_per_second: f64) -> Result<Cost> {
        Cost::of(self, flops_per_second)
    }
}

/// The evaluations of all runs, each once, in the order of the first run that has it.
fn tasks(runs: &[PlannedRun]) -> Result<Vec<TaskFacts>> {
    let mut facts: Vec<TaskFacts> = Vec::new();
    for task in runs.iter().flat_map(|run| &run.config.evaluate) {
        if facts.iter().all(|known| known.task != task.task) {
            let entry = cloze_evals::find(&task.task)?;
            facts.push(TaskFacts {
                task: task.task.clone(),
                title: entry.title.to_owned(),
                headline: entry.headline.to_owned(),
                higher_is_better: entry.higher_is_better,
                chance: entry.chance,
            });
        }
    }
    Ok(facts)
}

fn check_size(experiment: &Experiment) -> Result<()> {
    let size = |dimensions: &[Dimension]| {
        dimensions
            .iter()
            .fold(1usize, |size, next| size.saturating_mul(next.length()))
    };
    let arms = experiment
        .arms
        .iter()
        .fold(0usize, |sum, arm| sum.saturating_add(size(&arm.dimensions)));
    let runs = arms
        .saturating_mul(size(&experiment.sweep.dimensions))
        .saturating_mul(experiment.sweep.seeds.len());
    if runs <= MOST_RUNS {
        return Ok(());
    }
    Err(Fault::usage(format!("the sweep has {runs} runs"))
        .at(experiment.settings.place.of("sweep"))
        .allowed([format!("up to {MOST_RUNS} runs")])
        .remedy("shorten the grid, or draw from it with [sweep.random]"))
}

fn report(
    experiment: &Experiment,
    names: &BTreeMap<String, String>,
    stems: &BTreeSet<String>,
    runs: &[PlannedRun],
) -> Result<ReportConfig> {
    let mut report = experiment.report.clone();
    if let Some(baseline) = &report.baseline
        && !names.contains_key(baseline)
        && !stems.contains(baseline)
    {
        let known: BTreeSet<&str> = names.keys().chain(stems).map(String::as_str).collect();
        return Err(Fault::usage(format!("the baseline `{baseline}` is none of the arms"))
            .at(experiment.baseline_place.clone())
            .allowed(&known)
            .nearest(baseline, &known));
    }
    if !experiment.charts_given {
        let rate = runs.iter().any(|run| run.factors.contains_key("options.rate"));
        report.charts = CHARTS
            .iter()
            .filter(|chart| **chart != "ratio" || rate)
            .map(|chart| (*chart).to_owned())
            .collect();
    }
    Ok(report)
}
