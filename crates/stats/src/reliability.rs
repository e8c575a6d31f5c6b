//! How well a measure tells arms apart, beside what seeds do to it.

use crate::check;
use crate::summary::Interval;
use cloze_foundation::{Fault, Result};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};
use std::f64::consts::PI;

/// Of the spread of a measure, the share that is between arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reliability {
    /// Of one seed: the intraclass correlation ICC(3,1) of Shrout & Fleiss (1979). What a seed does to all arms alike is left
    /// out, as comparisons that are paired by seed leave it out. At most 1; not above 0 where arms differ no more than seeds
    /// make them.
    pub single: f64,
    /// Its confidence interval.
    pub interval: Interval,
    /// Of the mean over the seeds that there are: ICC(3,k).
    pub mean: f64,
}

impl Reliability {
    /// The probability that two arms which are drawn from such arms stand in the same order when as many other seeds are
    /// trained: 1/2 + asin(ρ)/π for normal scores, with ρ that of the mean (Sheppard 1899).
    pub fn order_repeats(&self) -> f64 {
        0.5 + self.mean.clamp(0.0, 1.0).asin() / PI
    }
}

/// The reliability of a measure from the scores of several arms with the same seeds; none where a seed does nothing to an arm
/// but what it does to all of them, since nothing is known of seeds then.
///
/// # Errors
/// Fewer than two arms or seeds, arms that do not have the same number of seeds, values that are not finite.
pub fn reliability(arms: &[Vec<f64>], confidence: f64) -> Result<Option<Reliability>> {
    check::share("confidence", confidence)?;
    let seeds = arms.first().map_or(0, Vec::len);
    if arms.len() < 2 || seeds < 2 || arms.iter().any(|arm| arm.len() != seeds) {
        return Err(
            Fault::run("no table of arms by seeds").allowed(["two arms and two seeds, each arm with every seed"])
        );
    }
    arms.iter().try_for_each(|arm| check::finite("an arm", arm))?;
    let (rows, columns) = (arms.len() as f64, seeds as f64);
    let mean = |values: &mut dyn Iterator<Item = f64>, count: f64| values.sum::<f64>() / count;
    let of_arm: Vec<f64> = arms.iter().map(|arm| mean(&mut arm.iter().copied(), columns)).collect();
    let of_seed: Vec<f64> = (0..seeds)
        .map(|seed| mean(&mut arms.iter().map(|arm| arm[seed]), rows))
        .collect();
    let whole = mean(&mut of_arm.iter().copied(), rows);
    let between = columns * of_arm.iter().map(|arm| (arm - whole).powi(2)).sum::<f64>() / (rows - 1.0);
    let mut rest = 0.0;
    for (arm, of_arm) in arms.iter().zip(&of_arm) {
        for (value, of_seed) in arm.iter().zip(&of_seed) {
            rest += (value - of_arm - of_seed + whole).powi(2);
        }
    }
    let degrees = (rows - 1.0) * (columns - 1.0);
    let within = rest / degrees;
    // Rounding leaves something of differences that are none.
    if within <= f64::EPSILON * (between + whole * whole) {
        return Ok(None);
    }
    let ratio = between / within;
    let quantile = |one: f64, other: f64| -> Result<f64> {
        let law = FisherSnedecor::new(one, other).map_err(|error| Fault::run(error.to_string()))?;
        Ok(law.inverse_cdf(0.5 + confidence / 2.0))
    };
    let (lowest, highest) = (
        ratio / quantile(rows - 1.0, degrees)?,
        ratio * quantile(degrees, rows - 1.0)?,
    );
    let single = |ratio: f64| (ratio - 1.0) / (ratio + columns - 1.0);
    Ok(Some(Reliability {
        single: single(ratio),
        interval: Interval {
            low: single(lowest),
            high: single(highest),
        },
        mean: (between - within) / between.max(f64::MIN_POSITIVE),
    }))
}
