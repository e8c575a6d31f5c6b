//! What a score is: its title, unit, direction and chance level.

use crate::read::Facts;
use std::cmp::Ordering;

/// The pseudo-task of the mean over tasks.
pub(crate) const ALL_TASKS: &str = "all tasks";
/// The task of numbers from pretraining itself.
pub(crate) const PRETRAINING: &str = "pretraining";

/// A score: `minimal-pairs/agreement`, `accuracy`. Two are the same when task and metric are.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub task: String,
    pub metric: String,
    facts: Option<Facts>,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Measure {}

impl PartialOrd for Measure {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Measure {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.task, &self.metric).cmp(&(&other.task, &other.metric))
    }
}

impl Measure {
    /// A score of a task or of a part of it; `tasks` is what the plan says of its evaluations.
    pub(crate) fn new(task: &str, metric: &str, tasks: &[Facts]) -> Self {
        let whole = task.split('/').next().unwrap_or_default();
        Self {
            task: task.to_owned(),
            metric: metric.to_owned(),
            facts: tasks.iter().find(|facts| facts.task == whole).cloned(),
        }
    }

    /// The metric without the scoring rule in brackets.
    fn kind(&self) -> &str {
        self.metric.split('[').next().unwrap_or_default()
    }

    /// The part behind the slash.
    pub(crate) fn part(&self) -> Option<&str> {
        self.task.split_once('/').map(|(_, part)| part)
    }

    /// For headings and axes, without the unit.
    pub(crate) fn title(&self) -> String {
        let whole = self.task.split('/').next().unwrap_or_default();
        let title = match &self.facts {
            Some(facts) => facts.title.clone(),
            None if self.task == ALL_TASKS => return "Mean over tasks, chance-normalised score".to_owned(),
            None => whole.to_owned(),
        };
        match self.part() {
            Some(part) => format!("{title}, {}: {}", readable(part), self.metric),
            None if title.to_lowercase().ends_with(&self.metric) => title,
            None => format!("{title}: {}", self.metric),
        }
    }

    /// The unit, for brackets behind the title.
    pub(crate) fn unit(&self) -> &'static str {
        match self.kind() {
            _ if self.in_percent() => "%",
            "loss" => "nats per token",
            _ => "no unit",
        }
    }

    /// Title and unit.
    pub(crate) fn label(&self) -> String {
        match self.unit() {
            "no unit" => self.title(),
            unit => format!("{} ({unit})", self.title()),
        }
    }

    /// Shares are shown as percentages.
    pub(crate) fn in_percent(&self) -> bool {
        matches!(self.kind(), "accuracy" | "ties" | "f1" | "score")
    }

    /// What a value is multiplied with to be shown.
    pub(crate) fn scale(&self) -> f64 {
        if self.in_percent() { 100.0 } else { 1.0 }
    }

    /// Decimals that are shown.
    pub(crate) fn decimals(&self) -> usize {
        if self.in_percent() { 1 } else { 3 }
    }

    /// Whether larger is better.
    pub(crate) fn higher_is_better(&self) -> bool {
        match &self.facts {
            Some(facts) if facts.headline == self.kind() => facts.higher_is_better,
            _ => !["loss", "perplexity"].iter().any(|word| self.kind().contains(word)),
        }
    }

    /// What a guesser gets, where that is known.
    pub(crate) fn chance(&self) -> Option<f64> {
        if self.task == ALL_TASKS {
            return Some(0.0);
        }
        let facts = self.facts.as_ref().filter(|facts| facts.headline == self.kind())?;
        facts.chance
    }

    /// Better first.
    pub(crate) fn order(&self, first: f64, second: f64) -> Ordering {
        if self.higher_is_better() {
            second.total_cmp(&first)
        } else {
            first.total_cmp(&second)
        }
    }
}

/// The metric of a task that tables and charts lead with, of those that were found.
pub(crate) fn headline<'a>(task: &str, metrics: &[&'a str], tasks: &[Facts]) -> Option<&'a str> {
    let wanted = tasks
        .iter()
        .find(|facts| facts.task == task)
        .map(|facts| facts.headline.as_str());
    let preferred = wanted.into_iter().chain(["accuracy", "f1", "loss"]);
    preferred
        .filter_map(|word| metrics.iter().find(|metric| **metric == word))
        .chain(metrics)
        .next()
        .copied()
}

/// `filler-gap_that` as words.
pub(crate) fn readable(name: &str) -> String {
    name.replace('_', " ")
}
