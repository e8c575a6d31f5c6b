//! Which masking rate is best, and whether it is the same one wherever the experiment asks: on every corpus, at every width.

use crate::compare::ALPHA;
use crate::curves::BySeed;
use crate::score::LEAST_SEEDS;
use crate::study::{Scored, Study};
use crate::sweep::{Series, series};
use cloze_foundation::Result;
use cloze_schema::chart::RATE;
use cloze_stats::{Candidates, same_best};
use std::collections::BTreeSet;

/// Rates below which there is no curve to speak of.
const LEAST_RATES: usize = 3;
/// Of more rates the correction for so many others leaves nothing to say.
const MOST_RATES: usize = 60;

/// A curve over the rates, and which of them may be the best.
pub(crate) struct Curve {
    pub series: Series,
    /// The rate with the best mean, and the mean.
    pub best: (f64, f64),
    /// By rate: p of no other one being better.
    pub p: Vec<f64>,
}

impl Curve {
    /// The least and the greatest rate that is not shown to be worse than another one, at a level.
    pub(crate) fn open(&self, level: f64) -> [f64; 2] {
        let open = self.series.arms.iter().zip(&self.p).filter(|(_, p)| **p > level);
        let rates: Vec<f64> = open.map(|((rate, _), _)| *rate).collect();
        // A level that leaves none: only the best mean is left.
        let [first, last] = [rates.first(), rates.last()].map(|rate| rate.copied().unwrap_or(self.best.0));
        [first, last]
    }

    /// The ends of the sweep.
    pub(crate) fn ends(&self) -> [f64; 2] {
        let arms = &self.series.arms;
        [arms[0].0, arms[arms.len() - 1].0]
    }
}

/// Curves that differ in one factor only, and whether the best rate moves with it.
pub(crate) struct Moves {
    /// The key path of the factor.
    pub factor: String,
    /// Its value, and the place of its curve.
    pub places: Vec<(String, usize)>,
    /// p of one rate being the best of every curve.
    pub p: f64,
    /// The most by which best rates may differ, as far as all seeds together say at 95 %.
    pub most: f64,
}

/// The curves of a score over the rate, each with enough seeds.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn curves(study: &Study, scored: &Scored) -> Result<Vec<Curve>> {
    let mut found = Vec::new();
    for mut series in series(&study.view.arms, RATE) {
        series.arms.retain(|(_, arm)| scored.finals[*arm].len() >= LEAST_SEEDS);
        if !(LEAST_RATES..=MOST_RATES).contains(&series.arms.len()) {
            continue;
        }
        let means = series
            .arms
            .iter()
            .filter_map(|(rate, arm)| Some((*rate, scored.means[*arm]?)));
        let best = means.min_by(|a, b| scored.score.order(a.1, b.1));
        let Some(best) = best else { continue };
        let arms: Vec<usize> = series.arms.iter().map(|(_, arm)| *arm).collect();
        let p = candidates(study, scored, &arms).best()?;
        found.push(Curve { series, best, p });
    }
    Ok(found)
}

/// The scores of some arms, higher ones better, by the seeds that all have where these are pairs.
fn candidates(study: &Study, scored: &Scored, arms: &[usize]) -> Candidates {
    let finals: Vec<&BySeed> = arms.iter().map(|arm| &scored.finals[*arm]).collect();
    let is_common = |seed: &u64| finals.iter().all(|values| values.contains_key(seed));
    let common: BTreeSet<u64> = finals[0].keys().copied().filter(is_common).collect();
    let are_pairs = arms.iter().all(|arm| study.view.are_pairs(arms[0], *arm));
    let are_paired = are_pairs && common.len() >= LEAST_SEEDS;
    let sign = if scored.score.higher_is_better() { 1.0 } else { -1.0 };
    let of = |values: &&BySeed| -> Vec<f64> {
        let kept = values.iter().filter(|(seed, _)| !are_paired || common.contains(*seed));
        kept.map(|(_, value)| sign * value).collect()
    };
    Candidates {
        scores: finals.iter().map(of).collect(),
        are_paired,
    }
}

/// For every factor in which curves differ alone: whether the best rate moves with it.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn moves(study: &Study, scored: &Scored, curves: &[Curve]) -> Result<Vec<Moves>> {
    let factors_of = |curve: &Curve| &study.view.arms[curve.series.arms[0].1].factors;
    let keys: BTreeSet<&String> = curves.iter().flat_map(|curve| factors_of(curve).keys()).collect();
    let mut found = Vec::new();
    for key in keys.into_iter().filter(|key| *key != RATE) {
        let rest = |curve: &Curve| {
            let arm = &study.view.arms[curve.series.arms[0].1];
            let others = arm.factors.iter().filter(|(other, _)| *other != key && *other != RATE);
            let others: Vec<(String, String)> = others.map(|(key, value)| (key.clone(), value.to_string())).collect();
            (
                arm.base.clone().unwrap_or_else(|| arm.settings.named.objective.clone()),
                others,
            )
        };
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for place in (0..curves.len()).filter(|place| factors_of(&curves[*place]).contains_key(key)) {
            match groups
                .iter_mut()
                .find(|group| rest(&curves[group[0]]) == rest(&curves[place]))
            {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        for group in groups.into_iter().filter(|group| group.len() > 1) {
            found.extend(moved(study, scored, curves, (key, &group))?);
        }
    }
    Ok(found)
}

/// Whether the best rate moves over some curves, by the rates that all of them have; none where these are too few.
fn moved(study: &Study, scored: &Scored, curves: &[Curve], (key, group): (&str, &[usize])) -> Result<Option<Moves>> {
    let arm_at = |place: usize, rate: f64| {
        let arms = &curves[place].series.arms;
        arms.iter().find(|(other, _)| *other == rate).map(|(_, arm)| *arm)
    };
    let rates = curves[group[0]].series.arms.iter().map(|(rate, _)| *rate);
    let rates: Vec<f64> = rates
        .filter(|rate| group.iter().all(|place| arm_at(*place, *rate).is_some()))
        .collect();
    if rates.len() < LEAST_RATES {
        return Ok(None);
    }
    let (mut p, mut open) = (Vec::new(), Vec::new());
    for place in group {
        let arms: Vec<usize> = rates.iter().filter_map(|rate| arm_at(*place, *rate)).collect();
        let found = candidates(study, scored, &arms).best()?;
        let level = ALPHA / group.len() as f64;
        let left: Vec<f64> = rates
            .iter()
            .zip(&found)
            .filter(|(_, p)| **p > level)
            .map(|(rate, _)| *rate)
            .collect();
        open.push(left);
        p.push(found);
    }
    let mut most = 0.0_f64;
    for (place, one) in open.iter().enumerate() {
        for (_, other) in open.iter().enumerate().filter(|(other, _)| *other != place) {
            let high = one.last().zip(other.first()).map(|(high, low)| high - low);
            most = most.max(high.unwrap_or_default());
        }
    }
    let value = |place: &usize| {
        let factors = &study.view.arms[curves[*place].series.arms[0].1].factors;
        let value = factors.get(key).map(|value| match value {
            toml::Value::String(word) => word.clone(),
            value => value.to_string(),
        });
        (value.unwrap_or_default(), *place)
    };
    Ok(Some(Moves {
        factor: key.to_owned(),
        places: group.iter().map(value).collect(),
        p: same_best(&p)?,
        most,
    }))
}
