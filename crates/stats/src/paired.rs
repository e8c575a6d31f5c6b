//! The paired t test: two arms with the same seeds see the same text in the same order from the same initialisation.

use crate::{Interval, check, student, summarise, summary};
use cloze_foundation::Result;

/// First minus second, seed by seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Seeds that both arms have.
    pub n: usize,
    /// Mean difference.
    pub delta: f64,
    /// Standard deviation of the differences; one seed has none.
    pub sd: Option<f64>,
    /// Student's t interval of the mean difference; one seed has none.
    pub interval: Option<Interval>,
    /// Two-sided p of the paired t test; none for one seed or where all differences are equal.
    pub p: Option<f64>,
    /// delta / sd, the effect that power calculations use; none where `p` has none.
    pub effect: Option<f64>,
    /// Correlation of the two arms over seeds: what pairing gains.
    pub correlation: Option<f64>,
}

/// Compares two arms whose values are in the same order of seeds.
///
/// # Errors
/// Lengths that differ, no pairs, or a value that is not finite.
pub fn paired(first: &[f64], second: &[f64], confidence: f64) -> Result<Paired> {
    check::pairs(first, second)?;
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let found = summarise(&differences, confidence)?;
    // Equal differences leave a spread of rounding errors only: no estimate of the spread, hence no test.
    let size = first
        .iter()
        .chain(second)
        .fold(0.0_f64, |size, value| size.max(value.abs()));
    let spread = found.sd.filter(|sd| *sd > 8.0 * f64::EPSILON * size);
    let effect = spread.map(|sd| found.mean / sd);
    let p = match effect {
        Some(effect) => Some(student::two_sided_p(found.n - 1, effect * (found.n as f64).sqrt())?),
        None => None,
    };
    let correlation = summary::correlation(first, second)?;
    Ok(Paired {
        n: found.n,
        delta: found.mean,
        sd: found.sd,
        interval: found.interval,
        p,
        effect,
        correlation,
    })
}
