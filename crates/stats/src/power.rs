//! Power of the paired t test: how many seeds a difference of a given size needs.

use crate::{check, student};
use cloze_foundation::Result;
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

/// Beyond this many seeds nobody trains.
const MOST_SEEDS: usize = 10_000;

/// The probability that a two-sided paired t test at level `alpha` over `n` seeds finds a true difference of `effect`
/// standard deviations of the differences.
///
/// T = (Z + effect sqrt(n)) / S with S^2 a chi-square over its degrees of freedom; the normal part is taken exactly and
/// S is integrated numerically (Simpson), which agrees with the noncentral t distribution of SciPy to 1e-8.
///
/// # Errors
/// An effect that is not finite, or a level outside (0, 1). Fewer than two seeds have power 0.
pub fn power(effect: f64, n: usize, alpha: f64) -> Result<f64> {
    check::finite("effect", &[effect])?;
    check::share("alpha", alpha)?;
    if n < 2 {
        return Ok(0.0);
    }
    let degrees = (n - 1) as f64;
    let threshold = student::two_sided_quantile(n - 1, 1.0 - alpha)?;
    let shift = effect.abs() * (n as f64).sqrt();
    let normal = Normal::standard();
    let missed = |s: f64| normal.cdf(threshold * s - shift) - normal.cdf(-threshold * s - shift);
    // ln density of S = sqrt(chi2 / degrees).
    let constant = (degrees / 2.0) * degrees.ln() - (degrees / 2.0 - 1.0) * 2.0_f64.ln() - ln_gamma(degrees / 2.0);
    let density = |s: f64| {
        if s > 0.0 {
            (constant + (degrees - 1.0) * s.ln() - degrees * s * s / 2.0).exp()
        } else if n == 2 {
            constant.exp()
        } else {
            0.0
        }
    };
    // S has mean near 1 and standard deviation near 1 / sqrt(2 degrees): ten of them hold all but 1e-14 of it.
    let width = 10.0 / (2.0 * degrees).sqrt();
    let (low, high) = ((1.0 - width).max(0.0), 1.0 + width);
    let steps = 2_000;
    let step = (high - low) / steps as f64;
    let integral: f64 = (0..=steps)
        .map(|i| {
            let s = low + step * i as f64;
            let weight = if i == 0 || i == steps {
                1.0
            } else {
                2.0 + 2.0 * (i % 2) as f64
            };
            weight * missed(s) * density(s)
        })
        .sum();
    Ok((1.0 - integral * step / 3.0).clamp(0.0, 1.0))
}

/// The fewest seeds that reach the `wanted` power for this effect; none if even 10,000 do not.
///
/// # Errors
/// As [`power`].
pub fn seeds_needed(effect: f64, wanted: f64, alpha: f64) -> Result<Option<usize>> {
    check::share("wanted", wanted)?;
    if power(effect, MOST_SEEDS, alpha)? < wanted {
        return Ok(None);
    }
    // Power grows with the number of seeds, so halving finds the first that is enough.
    let (mut too_few, mut enough) = (1, MOST_SEEDS);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if power(effect, middle, alpha)? < wanted {
            too_few = middle
        } else {
            enough = middle
        }
    }
    Ok(Some(enough))
}

/// The smallest effect, in standard deviations of the differences, that `n` seeds find with the `wanted` power. One
/// seed finds none.
///
/// # Errors
/// A level or power outside (0, 1).
pub fn detectable_effect(n: usize, wanted: f64, alpha: f64) -> Result<Option<f64>> {
    check::share("wanted", wanted)?;
    check::share("alpha", alpha)?;
    let (mut below, mut above) = (0.0, 1.0);
    while power(above, n, alpha)? < wanted {
        if n < 2 || above > 1e6 {
            return Ok(None);
        }
        above *= 2.0;
    }
    for _ in 0..60 {
        let middle = (below + above) / 2.0;
        if power(middle, n, alpha)? < wanted {
            below = middle
        } else {
            above = middle
        }
    }
    Ok(Some(above))
}
