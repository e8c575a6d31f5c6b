//! Judgements along training, by seed, and what they come to.

use cloze_foundation::Result;
use cloze_schema::Spent;
use cloze_stats::{Summary, summarise};
use std::collections::BTreeMap;

/// Confidence of every interval.
pub(crate) const CONFIDENCE: f64 = 0.95;

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

/// The last judgement of every seed.
pub(crate) fn last(curves: &Curves) -> BySeed {
    curves
        .iter()
        .filter_map(|(seed, points)| points.last().map(|point| (*seed, point.value)))
        .collect()
}

/// The judgements of all seeds, the first ones first. They correspond from the end, which is the whole budget for everybody: on a log
/// scale the first ones lie in one step for a seed whose steps are larger, and are one.
pub(crate) fn judgements(curves: &Curves) -> Vec<Vec<Point>> {
    let longest = curves.values().map(Vec::len).max().unwrap_or_default();
    let at = |from_end: usize| {
        let of_seed = |points: &Vec<Point>| points.iter().rev().nth(from_end).copied();
        curves.values().filter_map(of_seed).collect()
    };
    (0..longest).rev().map(at).collect()
}

/// Of a mean: what sums in another order differ by is no spread of seeds.
const ROUNDING: f64 = 1e-12;

/// Mean, standard deviation and interval over seeds; none without seeds. Seeds that do not differ give no interval: their
/// spread is not known to be nothing, it is not known.
pub(crate) fn over_seeds(values: &BySeed) -> Result<Option<Summary>> {
    let values: Vec<f64> = values.values().copied().collect();
    if values.is_empty() {
        Ok(None)
    } else {
        let mut found = summarise(&values, CONFIDENCE)?;
        found.interval = found
            .interval
            .filter(|_| found.sd.is_some_and(|sd| sd > ROUNDING * found.mean.abs()));
        Ok(Some(found))
    }
}
