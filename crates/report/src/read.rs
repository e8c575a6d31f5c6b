//! The frozen plan and the metric rows of a results folder.

use cloze_foundation::files::{read, read_text};
use cloze_foundation::{Fault, Result};
use cloze_schema::plan::{METRICS_FILE, PLAN_FILE};
use cloze_schema::{AttemptRows, Axis, ChartKind, Frozen, History, Plan, TaskFacts, history, latest, parquet};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What the report knows of a run's configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Settings {
    /// What it names.
    pub named: Named,
    /// All of it.
    tree: Value,
}

/// What the report names of a run's configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Named {
    pub objective: String,
    pub seed: u64,
    pub budget: Budget,
    pub evaluate: Vec<Judge>,
}

/// Which axis was equal, and how much of it there was.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Budget {
    pub equalise: Axis,
    pub amount: f64,
}

/// An evaluation that was planned.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Judge {
    pub task: String,
    /// What its rows are called, where that is not the evaluation's own name.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    pub options: Value,
}

impl Judge {
    /// What its rows are called.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.task)
    }
}

impl TryFrom<Value> for Settings {
    type Error = serde_json::Error;

    fn try_from(tree: Value) -> std::result::Result<Self, Self::Error> {
        let named = Named::deserialize(&tree)?;
        Ok(Self { named, tree })
    }
}

impl Settings {
    /// What is at a key path (`encoder.window`).
    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.tree, |tree, key| tree.get(key))
    }

    /// The same as a person writes it: `3e-3` as `0.003`, a word without quotes; nothing where there is nothing.
    pub(crate) fn said(&self, path: &str) -> Option<String> {
        self.at(path).map(said)
    }

    /// Every value, by its path.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (key, value) in self.tree.as_object().into_iter().flatten() {
            leaves(key, value, &mut found);
        }
        found
    }

    /// Every value at and below a key path, by its own path.
    pub(crate) fn leaves(&self, path: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        if let Some(value) = self.at(path) {
            leaves(path, value, &mut found);
        }
        found
    }

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

fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value.as_object() {
        Some(table) => table
            .iter()
            .for_each(|(key, value)| leaves(&format!("{path}.{key}"), value, found)),
        None => {
            found.insert(path.to_owned(), said(value));
        }
    }
}

/// A value as a person writes it.
pub(crate) fn said(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Object(table) => {
            let each = table.iter().map(|(key, value)| format!("{key} = {}", said(value)));
            each.collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
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

/// Reads every plan of a results folder, the present one last.
///
/// # Errors
/// A missing or damaged file, by name.
pub(crate) fn plans(folder: &Path) -> Result<History<Settings>> {
    let path = folder.join(PLAN_FILE);
    let history = history::<Settings>(folder)?;
    if history.plans.is_empty() {
        read_text(&path)?;
    }
    if history.plans.last().is_none_or(|last| last.plan.runs.is_empty()) {
        return Err(Fault::usage("the plan has no runs").at(path.display().to_string()));
    }
    Ok(history)
}

/// The present plan of a history that is not empty.
pub(crate) fn present(plans: &[Frozen<Settings>]) -> Plan<Settings> {
    let mut plan = plans[plans.len() - 1].plan.clone();
    // When plans had no stems yet, held-out losses were drawn wherever learning curves were.
    let charts = &mut plan.report.charts;
    if plan.runs.iter().all(|run| run.stem.is_none())
        && let Some(place) = charts.iter().position(|kind| *kind == ChartKind::LearningCurves)
        && !charts.contains(&ChartKind::HeldOutLoss)
    {
        charts.insert(place + 1, ChartKind::HeldOutLoss);
    }
    plan
}

/// Reads which tasks runs were judged by after training.
///
/// # Errors
/// A damaged file, by name.
pub(crate) fn judged(folder: &Path) -> Result<Vec<TaskFacts>> {
    let tasks = cloze_schema::judged::<Value>(folder)?;
    Ok(tasks.into_iter().map(|task| task.facts).collect())
}

/// Reads the rows that count; no file means that no run has ended yet.
///
/// # Errors
/// A damaged file, by name.
pub(crate) fn rows(folder: &Path) -> Result<Vec<AttemptRows>> {
    let path = folder.join(METRICS_FILE);
    let Some(bytes) = read(&path)? else {
        return Ok(Vec::new());
    };
    parquet::from_bytes(&bytes).map(latest).map_err(|why| {
        Fault::usage(format!(
            "`{}` is not a metrics file that cloze can read: {why}",
            path.display()
        ))
        .remedy("`cloze run` on the experiment gathers it again from the runs' own parts")
    })
}
