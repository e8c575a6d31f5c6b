//! The frozen plan and the metric rows, as far as the report needs them.

use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, Result};
use polars::prelude::{DataFrame, DataType};
use serde::Deserialize;
use std::path::Path;

/// What `plan.json` says (its whole shape is the runner's; unknown keys are left alone).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Plan {
    pub experiment: String,
    pub question: String,
    pub cites: Option<String>,
    pub runs: Vec<PlannedRun>,
    pub report: Wishes,
    /// Absent in a plan written by hand: tasks then go by their names, without a chance level.
    #[serde(default)]
    pub tasks: Vec<Facts>,
}

/// What the plan says of an evaluation.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Facts {
    pub task: String,
    pub title: String,
    pub headline: String,
    pub higher_is_better: bool,
    pub chance: Option<f64>,
}

/// What the experiment wants from its report.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Wishes {
    pub baseline: Option<String>,
    pub charts: Vec<String>,
}

/// A run in the plan.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PlannedRun {
    pub id: String,
    pub arm: String,
    /// Swept values by key path.
    pub factors: serde_json::Map<String, serde_json::Value>,
    pub config: Config,
}

/// What the report needs of a run's configuration.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Config {
    pub objective: String,
    pub seed: u64,
    pub budget: Budget,
    pub evaluate: Vec<Task>,
}

/// Which axis was equal, and how much of it there was.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Budget {
    pub equalise: String,
    pub amount: f64,
}

/// An evaluation that was planned.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Task {
    pub task: String,
}

/// One row of `metrics.parquet`.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub run: String,
    pub attempt: u64,
    pub spent: Spent,
    pub split: String,
    pub task: String,
    pub metric: String,
    pub value: f64,
}

/// What a run had used, on every axis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    pub steps: f64,
    pub tokens: f64,
    pub predictions: f64,
    pub flops: f64,
    pub seconds: f64,
}

/// Reads `plan.json`.
pub(crate) fn plan(path: &Path) -> Result<Plan> {
    serde_json::from_str(&read_text(path)?).map_err(|error| {
        Fault::usage(format!("`{}` is not a plan: {error}", path.display()))
            .remedy("`cloze plan` or `cloze run` on the experiment writes it again")
    })
}

/// Reads `metrics.parquet`; no file means that no run has ended yet.
pub(crate) fn rows(path: &Path) -> Result<Vec<Row>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Fault::file("read", path, &error)),
    };
    cloze_schema::parquet::decode(&bytes)
        .and_then(|frame| columns(&frame))
        .map_err(|why| {
            Fault::usage(format!(
                "`{}` is not a metrics file that cloze can read: {why}",
                path.display()
            ))
            .remedy("`cloze run` on the experiment gathers it again from the runs' own parts")
        })
}

fn columns(frame: &DataFrame) -> std::result::Result<Vec<Row>, String> {
    let of = |name: &str, kind: DataType| {
        let column = frame.column(name).map_err(|error| error.to_string())?;
        let cast = column
            .strict_cast(&kind)
            .map_err(|_| format!("column `{name}` holds {}", column.dtype()))?;
        if cast.null_count() > 0 {
            Err(format!("column `{name}` has empty cells"))
        } else {
            Ok(cast)
        }
    };
    let words = |name: &str| {
        let column = of(name, DataType::String)?;
        let words = column.str().map_err(|error| error.to_string())?;
        Ok::<Vec<String>, String>(words.iter().map(|word| word.unwrap_or_default().to_owned()).collect())
    };
    let numbers = |name: &str| {
        let column = of(name, DataType::Float64)?;
        let numbers = column.f64().map_err(|error| error.to_string())?;
        Ok::<Vec<f64>, String>(numbers.into_no_null_iter().collect())
    };
    let (runs, splits, tasks, metrics) = (words("run")?, words("split")?, words("task")?, words("metric")?);
    let (attempts, steps, tokens) = (numbers("attempt")?, numbers("step")?, numbers("tokens_seen")?);
    let (predictions, flops) = (numbers("tokens_predicted")?, numbers("flops")?);
    let (seconds, values) = (numbers("seconds")?, numbers("value")?);
    let row = |i: usize| Row {
        run: runs[i].clone(),
        attempt: attempts[i] as u64,
        spent: Spent {
            steps: steps[i],
            tokens: tokens[i],
            predictions: predictions[i],
            flops: flops[i],
            seconds: seconds[i],
        },
        split: splits[i].clone(),
        task: tasks[i].clone(),
        metric: metrics[i].clone(),
        value: values[i],
    };
    Ok((0..frame.height()).map(row).collect())
}
