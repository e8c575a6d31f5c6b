//! The frozen plan and the metric rows of a results folder.

use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, Result};
use cloze_schema::plan::{METRICS_FILE, PLAN_FILE};
use cloze_schema::{AttemptRows, Axis, ChartKind, Plan, latest, parquet};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// What the report knows of a run's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Settings {
    /// What it names.
    pub named: Named,
    /// All of it.
    tree: Value,
}

/// What the report names of a run's configuration.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Named {
    pub objective: String,
    pub seed: u64,
    pub budget: Budget,
    pub evaluate: Vec<Judge>,
}

/// Which axis was equal, and how much of it there was.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Budget {
    pub equalise: Axis,
    pub amount: f64,
}

/// An evaluation that was planned.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Judge {
    pub task: String,
}

impl TryFrom<Value> for Settings {
    type Error = serde_json::Error;

    fn try_from(tree: Value) -> std::result::Result<Self, Self::Error> {
        let named = Named::deserialize(&tree)?;
        Ok(Self { named, tree })
    }
}

impl Settings {
    /// Whether two configurations differ in the seed and at a key path (`options.rate`) only.
    pub(crate) fn is_alike_but_for(&self, other: &Self, path: &str) -> bool {
        let without = |tree: &Value| {
            let mut tree = tree.clone();
            remove(&mut tree, "seed");
            remove(&mut tree, path);
            tree
        };
        without(&self.tree) == without(&other.tree)
    }
}

/// Takes what is at a key path out of a tree.
fn remove(tree: &mut Value, path: &str) {
    let (outer, last) = path.rsplit_once('.').unwrap_or(("", path));
    let holder = outer
        .split('.')
        .filter(|key| !key.is_empty())
        .try_fold(tree, |tree, key| tree.get_mut(key));
    if let Some(holder) = holder.and_then(Value::as_object_mut) {
        holder.remove(last);
    }
}

/// Reads the plan of a results folder.
///
/// # Errors
/// A missing or damaged file, by name.
pub(crate) fn plan(folder: &Path) -> Result<Plan<Settings>> {
    let path = folder.join(PLAN_FILE);
    let mut plan: Plan<Settings> = serde_json::from_str(&read_text(&path)?).map_err(|error| {
        Fault::usage(format!("`{}` is not a plan: {error}", path.display()))
            .remedy("`cloze run` on the experiment writes it again")
    })?;
    if plan.runs.is_empty() {
        return Err(Fault::usage("the plan has no runs").at(path.display().to_string()));
    }
    // cloze 0.1, whose plans have no stems, drew held-out losses wherever it drew learning curves.
    let charts = &mut plan.report.charts;
    if plan.runs.iter().all(|run| run.stem.is_none())
        && let Some(place) = charts.iter().position(|kind| *kind == ChartKind::LearningCurves)
        && !charts.contains(&ChartKind::HeldOutLoss)
    {
        charts.insert(place + 1, ChartKind::HeldOutLoss);
    }
    Ok(plan)
}

/// Reads the rows that count; no file means that no run has ended yet.
///
/// # Errors
/// A damaged file, by name.
pub(crate) fn rows(folder: &Path) -> Result<Vec<AttemptRows>> {
    let path = folder.join(METRICS_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Fault::file("read", &path, &error)),
    };
    parquet::from_bytes(&bytes).map(latest).map_err(|why| {
        Fault::usage(format!(
            "`{}` is not a metrics file that cloze can read: {why}",
            path.display()
        ))
        .remedy("`cloze run` on the experiment gathers it again from the runs' own parts")
    })
}
