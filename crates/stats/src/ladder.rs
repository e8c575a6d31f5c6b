//! How the difference of two arms goes along sizes of the same experiment.

use crate::difference::{Difference, paired, unpaired};
use crate::{Interval, check, student, summarise, summary};
use cloze_foundation::{Fault, Result};

/// Two arms at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The width, the layers, the budget: positive.
    pub size: f64,
    /// The scores of both arms by seed.
    pub first: Vec<f64>,
    /// See `first`.
    pub second: Vec<f64>,
    /// Whether seeds are pairs.
    pub is_paired: bool,
}

/// How much the difference changes whenever the size doubles, within the sizes that there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The slope of the least-squares line over the logarithm of the size.
    pub per_doubling: f64,
    /// Its t interval; none without a spread of seeds.
    pub interval: Option<Interval>,
    /// Two-sided p of no change.
    pub p: Option<f64>,
}

/// The difference at every size, first minus second, and its trend. Where all sizes have the same pairs, every seed has a trend
/// of its own and these are tested; otherwise sizes are taken to be independent (Satterthwaite 1946).
///
/// # Errors
/// Fewer than two sizes, sizes that are equal or not positive, scores that statistics refuse.
pub fn ladder(rungs: &[Rung], confidence: f64) -> Result<(Vec<Difference>, Trend)> {
    let logs: Vec<f64> = rungs.iter().map(|rung| rung.size.log2()).collect();
    check::finite("sizes", &logs)?;
    let mean = summary::mean(&logs);
    let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
    if squares.is_nan() || squares <= 0.0 {
        return Err(Fault::run("a ladder needs at least two sizes that differ"));
    }
    let weights: Vec<f64> = logs.iter().map(|log| (log - mean) / squares).collect();
    let mut differences = Vec::with_capacity(rungs.len());
    for rung in rungs {
        differences.push(match rung.is_paired {
            true => paired(&rung.first, &rung.second, confidence)?,
            false => unpaired(&rung.first, &rung.second, confidence)?,
        });
    }
    let alike = rungs
        .iter()
        .all(|rung| rung.is_paired && rung.first.len() == rungs[0].first.len());
    let trend = match alike {
        true => of_seeds(rungs, &weights, confidence)?,
        false => of_means(rungs, &differences, &weights, confidence)?,
    };
    Ok((differences, trend))
}

/// Every seed's own trend, tested over the seeds.
fn of_seeds(rungs: &[Rung], weights: &[f64], confidence: f64) -> Result<Trend> {
    let of_seed = |seed: usize| -> f64 {
        let each = rungs.iter().zip(weights);
        each.map(|(rung, weight)| weight * (rung.first[seed] - rung.second[seed]))
            .sum()
    };
    let slopes: Vec<f64> = (0..rungs[0].first.len()).map(of_seed).collect();
    let found = summarise(&slopes, confidence)?;
    let p = found.p(0.0)?;
    Ok(Trend {
        per_doubling: found.mean,
        interval: found.interval.filter(|_| p.is_some()),
        p,
    })
}

/// The trend of the means.
fn of_means(rungs: &[Rung], differences: &[Difference], weights: &[f64], confidence: f64) -> Result<Trend> {
    let slope: f64 = differences
        .iter()
        .zip(weights)
        .map(|(one, weight)| weight * one.delta)
        .sum();
    let (mut variance, mut squares) = (0.0, 0.0);
    for (rung, weight) in rungs.iter().zip(weights) {
        for (part, degrees) in parts(rung) {
            variance += weight * weight * part;
            squares += (weight * weight * part).powi(2) / degrees;
        }
    }
    let is_known = rungs.iter().all(|rung| rung.first.len().min(rung.second.len()) > 1) && variance > 0.0;
    if !is_known {
        return Ok(Trend {
            per_doubling: slope,
            interval: None,
            p: None,
        });
    }
    let (error, degrees) = (variance.sqrt(), variance * variance / squares);
    let half = student::quantile(degrees, confidence)? * error;
    Ok(Trend {
        per_doubling: slope,
        interval: Some(Interval {
            low: slope - half,
            high: slope + half,
        }),
        p: Some(student::p(degrees, slope / error)?),
    })
}

/// What the variance of a rung's difference is the sum of, each with its degrees of freedom.
fn parts(rung: &Rung) -> Vec<(f64, f64)> {
    let of = |values: &[f64]| {
        let n = values.len() as f64;
        let sd = summary::standard_deviation(values, summary::mean(values));
        (sd * sd / n, n - 1.0)
    };
    if rung.is_paired {
        let differences: Vec<f64> = rung.first.iter().zip(&rung.second).map(|(a, b)| a - b).collect();
        return vec![of(&differences)];
    }
    vec![of(&rung.first), of(&rung.second)]
}

/// What the sizes say of the order of two arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// One is ahead at every size, and nothing says that the difference gets smaller.
    Stable,
    /// One is ahead at some sizes and the other at others.
    Crosses,
    /// One is ahead, the other nowhere, and the difference gets smaller: it may cross beyond the sizes that there are.
    MayCross,
    /// The order is not established at every size.
    Open,
}

/// What differences and their trend say at a level: `p` are those of the differences and `of_trend` that of the trend, all
/// corrected for what is asked together.
pub fn course(
    differences: &[Difference],
    p: &[Option<f64>],
    trend: &Trend,
    of_trend: Option<f64>,
    level: f64,
) -> Course {
    let is_shown = |p: &Option<f64>| p.is_some_and(|p| p <= level);
    let shown = differences.iter().zip(p).filter(|(_, p)| is_shown(p));
    let (ahead, behind): (Vec<f64>, Vec<f64>) = shown.map(|(one, _)| one.delta).partition(|delta| *delta > 0.0);
    let sign = if ahead.is_empty() { -1.0 } else { 1.0 };
    let closes = is_shown(&of_trend) && trend.per_doubling * sign < 0.0;
    match (ahead.len(), behind.len()) {
        (0, 0) => Course::Open,
        (1.., 1..) => Course::Crosses,
        _ if closes => Course::MayCross,
        (one, other) if one + other == differences.len() => Course::Stable,
        _ => Course::Open,
    }
}
