//! What a score is: its title, unit, direction and chance level.

use std::cmp::Ordering;

/// What is known of an evaluation. It repeats four facts of the evaluations' registry, because a report must not need
/// the code that trains and judges.
struct Known {
    task: &'static str,
    title: &'static str,
    headline: &'static str,
    chance: Option<f64>,
}

const KNOWN: [Known; 3] = [
    Known {
        task: "minimal-pairs",
        title: "Minimal pairs",
        headline: "accuracy",
        chance: Some(0.5),
    },
    Known {
        task: "blimp",
        title: "BLiMP",
        headline: "accuracy",
        chance: Some(0.5),
    },
    Known {
        task: "masked-loss",
        title: "Masked-token loss",
        headline: "loss",
        chance: None,
    },
];

/// The pseudo-task of the mean over tasks.
pub(crate) const ALL_TASKS: &str = "all tasks";
/// The task of numbers from pretraining itself.
pub(crate) const PRETRAINING: &str = "pretraining";

/// A score: `minimal-pairs/agreement`, `accuracy`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Measure {
    pub task: String,
    pub metric: String,
}

impl Measure {
    pub(crate) fn new(task: &str, metric: &str) -> Self {
        Self {
            task: task.to_owned(),
            metric: metric.to_owned(),
        }
    }

    fn known(&self) -> Option<&'static Known> {
        let whole = self.task.split('/').next().unwrap_or_default();
        KNOWN.iter().find(|known| known.task == whole)
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
        let title = match self.known() {
            Some(known) => known.title.to_owned(),
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
        !["loss", "perplexity"].iter().any(|word| self.kind().contains(word))
    }

    /// What a guesser gets, where that is known.
    pub(crate) fn chance(&self) -> Option<f64> {
        if self.task == ALL_TASKS {
            return Some(0.0);
        }
        self.known()
            .and_then(|known| known.chance)
            .filter(|_| self.kind() == "accuracy")
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
pub(crate) fn headline<'a>(task: &str, metrics: &[&'a str]) -> Option<&'a str> {
    let wanted = KNOWN
        .iter()
        .find(|known| known.task == task)
        .map(|known| known.headline);
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
