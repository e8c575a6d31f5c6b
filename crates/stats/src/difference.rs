//! The difference of two arms: by the paired t test where equal seeds are pairs, by Welch's where they are not.

use crate::{Interval, check, student, summarise, summary};
use cloze_foundation::Result;

/// First minus second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Pairs, or the seeds of the arm that has fewer.
    pub n: usize,
    /// Mean difference.
    pub delta: f64,
    /// Standard deviation of the difference of one seed and another, which pairs lessen; one seed has none.
    pub sd: Option<f64>,
    /// The t interval of the mean difference; one seed has none.
    pub interval: Option<Interval>,
    /// Two-sided p of the t test; none for one seed or where nothing varies.
    pub p: Option<f64>,
    /// delta / sd, the effect that power calculations use; none where `p` has none.
    pub effect: Option<f64>,
    /// Correlation of the two arms over seeds, what pairing gains; none without pairs.
    pub correlation: Option<f64>,
}

/// Compares two arms whose values are in the same order of seeds, seed by seed.
///
/// # Errors
/// Lengths that differ, no pairs, or a value that is not finite.
pub fn paired(first: &[f64], second: &[f64], confidence: f64) -> Result<Difference> {
    check::pairs(first, second)?;
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let found = summarise(&differences, confidence)?;
    let effect = spread(found.sd, first, second).map(|sd| found.mean / sd);
    let p = match effect {
        Some(effect) => Some(student::two_sided_p(found.n - 1, effect * (found.n as f64).sqrt())?),
        None => None,
    };
    let correlation = summary::correlation(first, second)?;
    Ok(Difference {
        n: found.n,
        delta: found.mean,
        sd: found.sd,
        interval: found.interval,
        p,
        effect,
        correlation,
    })
}

/// Compares two arms whose seeds are no pairs: the t test of Welch (1947), with the degrees of freedom of Satterthwaite.
///
/// # Errors
/// An empty side, or a value that is not finite.
pub fn unpaired(first: &[f64], second: &[f64], confidence: f64) -> Result<Difference> {
    let (one, other) = (summarise(first, confidence)?, summarise(second, confidence)?);
    let (n, delta) = (one.n.min(other.n), one.mean - other.mean);
    let mut found = Difference {
        n,
        delta,
        sd: None,
        interval: None,
        p: None,
        effect: None,
        correlation: None,
    };
    let (Some(sd_one), Some(sd_other)) = (one.sd, other.sd) else {
        return Ok(found);
    };
    let sd = sd_one.hypot(sd_other);
    found.sd = Some(sd);
    if spread(found.sd, first, second).is_none() {
        found.interval = Some(Interval {
            low: delta,
            high: delta,
        });
        return Ok(found);
    }
    let (v, w) = (sd_one.powi(2) / one.n as f64, sd_other.powi(2) / other.n as f64);
    let degrees = (v + w).powi(2) / (v.powi(2) / (one.n - 1) as f64 + w.powi(2) / (other.n - 1) as f64);
    let error = (v + w).sqrt();
    let half = student::quantile(degrees, confidence)? * error;
    found.interval = Some(Interval {
        low: delta - half,
        high: delta + half,
    });
    found.p = Some(student::p(degrees, delta / error)?);
    found.effect = Some(delta / sd);
    Ok(found)
}

/// A standard deviation that is more than rounding errors: equal values leave those only, which are no estimate of the
/// spread, so there is no test.
pub(crate) fn spread(sd: Option<f64>, first: &[f64], second: &[f64]) -> Option<f64> {
    let values = first.iter().chain(second);
    let size = values.fold(0.0_f64, |size, value| size.max(value.abs()));
    sd.filter(|sd| *sd > 8.0 * f64::EPSILON * size)
}
