//! `[evaluate]`, `[report]` and `[[claim]]`: what judges a run, what is shown, and what was claimed beforehand.

use super::keys::keys_of;
use super::node::{Node, Value};
use super::section::{Section, locate, wrong_kind};
use crate::{ReportConfig, TaskConfig};
use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Charts that a report can draw.
pub const CHARTS: [&str; 4] = ["learning-curves", "phenomena", "ratio", "budgets"];

/// A claim that was written down before the runs, kept verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// In words.
    pub says: String,
    /// How it is to be checked: `name(argument, ...)`.
    pub check: String,
}

/// The `[evaluate]` table.
#[derive(Clone, Debug)]
pub(crate) struct Evaluate {
    /// `None` where the file does not say.
    pub(crate) tasks: Option<Vec<TaskConfig>>,
    pub(crate) points: usize,
    pub(crate) validation_windows: usize,
}

impl Evaluate {
    /// Reads the table of a document.
    ///
    /// # Errors
    /// An unknown evaluation or option, one named twice, counts out of range.
    pub(crate) fn read(document: &Node) -> Result<Self> {
        let section = Section::open(document, "evaluate", &keys_of("evaluate"))?;
        let mut tasks: Option<Vec<TaskConfig>> = None;
        for (index, node) in section.list("tasks")?.into_iter().flatten().enumerate() {
            let path = format!("evaluate.tasks[{index}]");
            let task = read_task(node, &path)?;
            let tasks = tasks.get_or_insert_default();
            if tasks.iter().any(|other| other.task == task.task) {
                return Err(Fault::usage(format!("evaluation `{}` is named twice", task.task)).at(node.place.of(&path)));
            }
            tasks.push(task);
        }
        if section.has("tasks") {
            tasks.get_or_insert_default();
        }
        Ok(Self {
            tasks,
            points: section.whole("points", 1, 1000)?.unwrap_or(4),
            validation_windows: section.whole("validation_windows", 1, 1_000_000)?.unwrap_or(64),
        })
    }

    /// What judges a run on this corpus.
    pub(crate) fn tasks(&self, source: &str) -> Result<Vec<TaskConfig>> {
        if let Some(tasks) = &self.tasks {
            return Ok(tasks.clone());
        }
        let names: &[&str] = if source == "fragment" {
            &["minimal-pairs", "masked-loss"]
        } else {
            &["masked-loss"]
        };
        names.iter().map(|name| task(name, &toml::Table::new())).collect()
    }
}

fn task(name: &str, options: &toml::Table) -> Result<TaskConfig> {
    let options = (cloze_evals::find(name)?.resolve)(options)?;
    Ok(TaskConfig {
        task: name.to_owned(),
        options,
    })
}

fn read_task(node: &Node, path: &str) -> Result<TaskConfig> {
    let unnamed = || wrong_kind(node, path, "a name, or a table { task = \"name\", option = value }");
    let mut options = node.clone();
    let named = match &mut options.value {
        Value::Text(_) => node.clone(),
        Value::Table(options) => options.remove("task").ok_or_else(unnamed)?.node,
        _ => return Err(unnamed()),
    };
    let Value::Text(name) = &named.value else {
        return Err(unnamed());
    };
    cloze_evals::find(name).map_err(|fault| fault.at(named.place.of(path)))?;
    let table = options.table().map(super::node::to_toml).unwrap_or_default();
    task(name, &table).map_err(|fault| locate(fault, &options, path))
}

/// Reads `[report]`. The baseline is checked against the arms' names later; `None` for the charts means the default.
///
/// # Errors
/// An unknown chart.
pub(crate) fn read_report(document: &Node) -> Result<(ReportConfig, bool)> {
    let section = Section::open(document, "report", &keys_of("report"))?;
    let mut charts = Vec::new();
    for node in section.list("charts")?.into_iter().flatten() {
        let Value::Text(chart) = &node.value else {
            return Err(wrong_kind(node, "report.charts", "a list of names"));
        };
        if !CHARTS.contains(&chart.as_str()) {
            return Err(Fault::usage(format!("unknown chart `{chart}`"))
                .at(node.place.of("report.charts"))
                .allowed(CHARTS)
                .nearest(chart, CHARTS));
        }
        charts.push(chart.clone());
    }
    let baseline = section.text("baseline")?.map(str::to_owned);
    Ok((ReportConfig { baseline, charts }, section.has("charts")))
}

/// Reads every `[[claim]]`.
///
/// # Errors
/// A claim without words or check, a check that is not `name(argument, ...)`.
pub(crate) fn read_claims(document: &Node) -> Result<Vec<Claim>> {
    let Some(entry) = document.find("claim") else {
        return Ok(Vec::new());
    };
    let Value::List(list) = &entry.node.value else {
        return Err(wrong_kind(
            &entry.node,
            "claim",
            "a list of tables, each headed [[claim]]",
        ));
    };
    let mut claims = Vec::new();
    for (index, node) in list.iter().enumerate() {
        let section = Section::of(node, &format!("claim[{index}]"), &keys_of("claim"))?;
        let says = section.required_text("says", "say in words what is claimed")?;
        let check = section.required_text("check", "say how it is checked, as in check = \"better(span, mlm)\"")?;
        if !is_call(check) {
            return Err(section
                .fault("check", format!("`{check}` is not a check"))
                .allowed(["name(argument, ...)"]));
        }
        claims.push(Claim {
            says: says.to_owned(),
            check: check.to_owned(),
        });
    }
    Ok(claims)
}

/// Whether a text looks like `name(argument, argument)`.
fn is_call(text: &str) -> bool {
    let Some((name, rest)) = text.trim().split_once('(') else {
        return false;
    };
    let Some(arguments) = rest.strip_suffix(')') else {
        return false;
    };
    let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty() && name.chars().all(letter) && arguments.split(',').all(|argument| !argument.trim().is_empty())
}
