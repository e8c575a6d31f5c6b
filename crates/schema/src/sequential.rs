//! Seeds until it is sure: how a plan says which looks there are, and at what.

use crate::metric::{self, Unit};
use crate::{AttemptRows, Split};
use serde::{Deserialize, Serialize};

/// The design of a plan whose arms are trained until their comparisons are decided. All of it is fixed before the first run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequential {
    /// After how many seeds the arms are looked at; the last one is how many there are at most.
    pub looks: Vec<usize>,
    /// The level of all decisions together.
    pub level: f64,
    /// Arms that differ by less are equivalent: in the unit of the metric, where a share is 1. Older plans have none: theirs was in
    /// standard deviations, and decides nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The evaluation that decides.
    pub task: String,
    /// Its metric.
    pub metric: String,
    /// What is decided: an arm, and the one that it is compared with.
    pub comparisons: Vec<[String; 2]>,
}

impl Sequential {
    /// The level of one comparison: the family shares it alike.
    pub fn level_of_one(&self) -> f64 {
        self.level / self.comparisons.len().max(1) as f64
    }

    /// The margin as people read it: `1 percentage points`, `0.05 nats`.
    pub fn margin_in_words(&self) -> Option<String> {
        // Without the rounding error of 0.07 * 100.
        let points = |share: f64| (share * 1e8).round() / 1e6;
        self.margin.map(|margin| match metric::of(&self.metric).unit {
            Unit::Share => format!("{} percentage points", points(margin)),
            Unit::Nats | Unit::NatsOfPair => format!("{margin} nats"),
            Unit::None => margin.to_string(),
        })
    }

    /// The comparisons by the places of their arms among `arms`; those of which an arm is not there are left out.
    pub fn places<'a>(&self, arms: impl IntoIterator<Item = &'a str>) -> Vec<[usize; 2]> {
        let arms: Vec<&str> = arms.into_iter().collect();
        let place = |name: &String| arms.iter().position(|arm| arm == name);
        let both = |[one, other]: &[String; 2]| Some([place(one)?, place(other)?]);
        self.comparisons.iter().filter_map(both).collect()
    }

    /// What a run came to by its rows that count; none where a judgement gave no number, or there is none.
    pub fn score(&self, attempts: &[AttemptRows]) -> Option<f64> {
        last_score(Split::Test, &self.task, &self.metric, attempts)
    }
}

/// What an evaluation gave last; none where one of its judgements gave no number, or there is none.
pub(crate) fn last_score(split: Split, task: &str, metric: &str, attempts: &[AttemptRows]) -> Option<f64> {
    let rows = attempts.iter().flat_map(|attempt| &attempt.rows);
    let mut judged: Vec<_> = rows
        .filter(|row| row.split == split && row.task == task && row.metric == metric)
        .collect();
    judged.sort_by_key(|one| one.spent.steps());
    let last = judged.last()?.value;
    judged.iter().all(|row| row.value.is_finite()).then_some(last)
}
