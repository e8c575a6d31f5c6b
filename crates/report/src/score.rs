//! What a score is: its title, unit, direction and chance level, and how its values are written.

use crate::number::unsigned_zero;
use cloze_schema::metric::{self, Better, Unit};
use cloze_schema::{MeanOver, TaskFacts};
use cloze_stats::{Interval, Summary};
use std::cmp::Ordering;

/// A difference that sums of equal numbers in another order may come to.
const ROUNDING: f64 = 1e-12;
/// Seeds below which nothing is said.
pub(crate) const LEAST_SEEDS: usize = 3;

/// The column where the sum over a sentence's tokens is divided by their number, beside that of the sums.
pub(crate) const PER_TOKEN: &str = "per token";
/// The pseudo-task of the mean over tasks.
pub(crate) const ALL_TASKS: &str = "all tasks";
/// How [`Score::half_width`] reads.
pub(crate) const HALF_WIDTH: &str = "Mean over seeds ± half the width of the 95 % interval; without it where there is one seed or all have the same number.";

/// A score: `minimal-pairs/agreement`, `accuracy`. Two are the same when task and metric are.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub task: String,
    pub metric: String,
    facts: Option<TaskFacts>,
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.task, &self.metric).cmp(&(&other.task, &other.metric))
    }
}

impl Score {
    /// A score of a task or of a part of it; `tasks` is what the plan says of its evaluations.
    pub(crate) fn new(task: &str, metric: &str, tasks: &[TaskFacts]) -> Self {
        let whole = task.split('/').next().unwrap_or_default();
        Self {
            task: task.to_owned(),
            metric: metric.to_owned(),
            facts: tasks.iter().find(|facts| facts.task == whole).cloned(),
        }
    }

    /// The unit of a loss.
    pub(crate) const NATS: &str = "nats per token";

    /// What is measured: the metric without the answerer in brackets and without how it is taken, as in
    /// `accuracy.per_token[generator]`.
    fn kind(&self) -> &str {
        self.metric.split(['[', '.']).next().unwrap_or_default()
    }

    /// Who answered, where it was not the judged encoder itself: `generator` in `loss[generator]`.
    pub(crate) fn answerer(&self) -> Option<String> {
        let (_, rest) = self.metric.split_once('[')?;
        Some(rest.trim_end_matches(']').to_owned())
    }

    /// Whether its mean is over paradigms alike, whichever phenomenon they are of.
    pub(crate) fn is_over_paradigms(&self) -> bool {
        let facts = self.facts.as_ref();
        facts.is_some_and(|facts| facts.mean_over == Some(MeanOver::Paradigms))
    }

    /// The same taken from scores that are divided by the numbers of tokens, as pairs of sentences have it beside the sums.
    pub(crate) fn per_token(&self) -> Self {
        Self {
            metric: format!("{}.per_token", self.metric),
            ..self.clone()
        }
    }

    /// The part behind the slash.
    pub(crate) fn part(&self) -> Option<&str> {
        self.task.split_once('/').map(|(_, part)| part)
    }

    /// Of a part that is a layer of an encoder: what it was asked about and its number, `part-of-speech` and 2 of
    /// `probing/part-of-speech/layer-2`; of `retrieval/layer-2`, which asks for one thing, no name and 2.
    pub(crate) fn layer(&self) -> Option<(&str, usize)> {
        let part = self.part()?;
        let (property, layer) = part.rsplit_once('/').unwrap_or(("", part));
        Some((property, layer.strip_prefix("layer-")?.parse().ok()?))
    }

    /// What the evaluation is called.
    pub(crate) fn evaluation(&self) -> String {
        let whole = self.task.split('/').next().unwrap_or_default();
        self.facts.as_ref().map_or(whole, |facts| &facts.title).to_owned()
    }

    /// For headings and axes, without the unit.
    pub(crate) fn title(&self) -> String {
        if self.facts.is_none() && self.task == ALL_TASKS {
            return "Mean over tasks, chance-normalised score".to_owned();
        }
        let title = self.evaluation();
        match self.part() {
            Some(part) => format!("{title}, {}: {}", readable(part), self.metric),
            None if title.to_lowercase().ends_with(&self.metric) => title,
            None => format!("{title}: {}", self.metric),
        }
    }

    /// The unit, for brackets behind the title.
    pub(crate) fn unit(&self) -> &'static str {
        match metric::of(&self.metric).unit {
            Unit::Share => "%",
            Unit::Nats => Self::NATS,
            Unit::NatsOfPair => "nats",
            Unit::None => "no unit",
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
    fn in_percent(&self) -> bool {
        metric::of(&self.metric).unit == Unit::Share
    }

    /// A value in the unit that is shown: `62.3`, `4.126`. A small number without a unit, such as a learning rate, is shown with its
    /// first two digits: `0.0003`, `1.5e-5`.
    pub(crate) fn text(&self, value: f64) -> String {
        if metric::of(&self.metric).unit == Unit::None && value != 0.0 && value.abs() < SMALL {
            return significant(value);
        }
        unsigned_zero(format!("{:.*}", self.decimals(), value * self.scale()))
    }

    /// A difference in the unit that is shown, with its sign.
    pub(crate) fn difference(&self, difference: f64) -> String {
        // What is left of equal numbers by rounding is none.
        let difference = if difference.abs() < ROUNDING { 0.0 } else { difference };
        let mut text = self.text(difference);
        let is_zero = text.chars().all(|letter| matches!(letter, '0' | '.'));
        if is_zero && difference != 0.0 {
            text = significant(difference * self.scale());
        }
        if text.starts_with('-') || text.chars().all(|letter| matches!(letter, '0' | '.')) {
            text
        } else {
            format!("+{text}")
        }
    }

    /// `[44.2, 63.8]`.
    pub(crate) fn interval(&self, interval: Interval) -> String {
        format!("[{}, {}]", self.text(interval.low), self.text(interval.high))
    }

    /// The interval of a mean: a share is not below 0 nor above 1, whatever Student's t says.
    pub(crate) fn interval_of_mean(&self, interval: Interval) -> String {
        let is_share = self.in_percent() && self.task != ALL_TASKS;
        let possible = |end: f64| if is_share { end.clamp(0.0, 1.0) } else { end };
        self.interval(Interval {
            low: possible(interval.low),
            high: possible(interval.high),
        })
    }

    /// The cell of a table with many numbers; [`HALF_WIDTH`] says how it reads.
    pub(crate) fn half_width(&self, found: &Summary) -> String {
        let mean = self.text(found.mean);
        match found.interval {
            Some(interval) => format!("{mean} ± {}", self.text(interval.half_width())),
            None => mean,
        }
    }

    /// What a value is multiplied with to be shown.
    pub(crate) fn scale(&self) -> f64 {
        if self.in_percent() { 100.0 } else { 1.0 }
    }

    /// Decimals that are shown of a number that is not small.
    fn decimals(&self) -> usize {
        if self.in_percent() { 1 } else { 3 }
    }

    /// Which values are better: as the evaluation says of its headline, otherwise as the metric's name does.
    pub(crate) fn better(&self) -> Better {
        match &self.facts {
            Some(facts) if facts.headline == self.kind() && facts.higher_is_better => Better::Higher,
            Some(facts) if facts.headline == self.kind() => Better::Lower,
            _ => metric::of(&self.metric).better,
        }
    }

    /// Whether larger is better.
    pub(crate) fn higher_is_better(&self) -> bool {
        self.better() == Better::Higher
    }

    /// What a guesser gets, where that is known.
    pub(crate) fn chance(&self) -> Option<f64> {
        if self.task == ALL_TASKS {
            return Some(0.0);
        }
        let facts = self.facts.as_ref().filter(|facts| facts.headline == self.kind())?;
        facts.chance
    }

    /// Whether its evaluation leads with it, of the whole or of a part.
    pub(crate) fn is_headline(&self) -> bool {
        let facts = self.facts.as_ref();
        facts.is_some_and(|facts| facts.headline == self.metric)
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

/// The metric of a task that tables and charts lead with, of those that were found: never one for which another network of the arm
/// answered, which says nothing of the encoder.
pub(crate) fn headline<'a>(task: &str, metrics: &[&'a str], tasks: &[TaskFacts]) -> Option<&'a str> {
    let wanted = tasks
        .iter()
        .find(|facts| facts.task == task)
        .map(|facts| facts.headline.as_str());
    let preferred = wanted.into_iter().chain([metric::ACCURACY, metric::LOSS]);
    preferred
        .filter_map(|word| metrics.iter().find(|metric| **metric == word))
        .chain(metrics.iter().filter(|metric| !metric.contains('[')))
        .next()
        .copied()
}

/// `filler-gap_that` as words.
pub(crate) fn readable(name: &str) -> String {
    name.replace('_', " ")
}

/// Numbers without a unit below this lose digits that matter in three decimals.
const SMALL: f64 = 0.01;
/// Below this so many decimals would be zeros that the exponent is easier to read.
const TINY: f64 = 1e-4;

/// Two significant digits without trailing zeros.
fn significant(value: f64) -> String {
    if value.abs() < TINY {
        return format!("{value:.1e}");
    }
    let decimals = 1 - value.abs().log10().floor() as i32;
    let text = format!("{value:.*}", decimals.max(0) as usize);
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_unit_and_differences_an_honest_sign() {
        let accuracy = Score::new("blimp", "accuracy", &[]);
        assert_eq!(
            [
                accuracy.text(0.6234),
                accuracy.difference(-0.0001),
                accuracy.difference(0.02)
            ],
            ["62.3", "-0.01", "+2.0"]
        );
        // One unit for all that are shares, however they are taken and whoever answered.
        for metric in [
            "accuracy.per_token",
            "accuracy.unseen",
            "accuracy[generator]",
            "ties[generator]",
            "seen",
            "cut",
        ] {
            assert_eq!(Score::new("blimp", metric, &[]).text(0.5), "50.0", "{metric}");
        }
        // What only describes is better in neither direction.
        assert_eq!(Score::new("blimp", "ties", &[]).better(), Better::Neither);
        let loss = Score::new("masked-loss", "loss", &[]);
        assert_eq!([loss.text(4.0), loss.difference(-0.5)], ["4.000", "-0.500"]);
        assert!(accuracy.order(0.6, 0.5).is_lt() && loss.order(0.6, 0.5).is_gt());
    }

    #[test]
    fn a_learning_rate_is_shown_with_the_digits_that_matter() {
        let shown = |metric: &str, value: f64| Score::new("classification", metric, &[]).text(value);
        let rates = [
            0.0, 0.0003, 0.001, 0.0015, 0.00058, 0.009_96, 0.01, 0.3, 1.5e-5, -0.0003,
        ];
        assert_eq!(
            rates.map(|rate| shown("learning_rate", rate)),
            [
                "0.000", "0.0003", "0.001", "0.0015", "0.00058", "0.01", "0.010", "0.300", "1.5e-5", "-0.0003"
            ]
        );
        assert_eq!([shown("accuracy", 0.0003), shown("loss", 0.0003)], ["0.0", "0.000"]);
    }
}
