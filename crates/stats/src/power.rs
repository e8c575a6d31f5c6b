//! Power of the paired t test: how many seeds a difference of a given size needs.

use crate::{check, student};
use cloze_foundation::Result;
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

/// Beyond this many seeds nobody trains.
const MOST_SEEDS: usize = 10_000;

/// The probability that a two-sided paired t test at level `alpha` over `n` seeds finds a true difference of `effect`
/// standard deviations of the differences. Agrees with the noncentral t distribution of SciPy to 1e-8.
///
/// # Errors
/// An effect that is not finite, or a level outside (0, 1). Fewer than two seeds have power 0.
pub fn power(effect: f64, n: usize, alpha: f64) -> Result<f64> {
    check::finite("effect", &[effect])?;
    check::share("alpha", alpha)?;
    if n < 2 {
        return Ok(0.0);
    }
    let threshold = student::two_sided_quantile(n - 1, 1.0 - alpha)?;
    let below = noncentral([threshold, -threshold], n, effect.abs() * (n as f64).sqrt());
    Ok((1.0 - below[0] + below[1]).clamp(0.0, 1.0))
}

/// P(T <= t) for each t, where T = (Z + shift) / S is the t of `n` seeds: S^2 a chi-square over its degrees of freedom. The
/// normal part is taken exactly and S is integrated numerically (Simpson).
fn noncentral<const K: usize>(t: [f64; K], n: usize, shift: f64) -> [f64; K] {
    let degrees = (n - 1) as f64;
    let normal = Normal::standard();
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
    let mut below = [0.0; K];
    for i in 0..=steps {
        let s = low + step * i as f64;
        let weight = if i == 0 || i == steps {
            1.0
        } else {
            2.0 + 2.0 * (i % 2) as f64
        };
        let mass = weight * density(s) * step / 3.0;
        for (below, t) in below.iter_mut().zip(t) {
            *below += mass * normal.cdf(t * s - shift);
        }
    }
    below
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

/// The true effects, smallest and largest in size, that `n` seeds with an observed `effect` leave in the middle `confidence`
/// of what they allow: the noncentral t distributions that put the observed t at their ends. An end on the other side of 0
/// is 0.
///
/// # Errors
/// An effect that is not finite, fewer than two seeds, or a confidence outside (0, 1).
pub fn effect_limits(effect: f64, n: usize, confidence: f64) -> Result<(f64, f64)> {
    check::finite("effect", &[effect])?;
    check::share("confidence", confidence)?;
    student::two_sided_quantile(n.saturating_sub(1), confidence)?;
    let root = (n as f64).sqrt();
    let observed = effect.abs() * root;
    let at = |share: f64| {
        // P(T <= observed) falls with the shift.
        let (mut below, mut above) = (0.0, 1.0);
        while noncentral([observed], n, above)[0] > share && above < 1e6 {
            above *= 2.0;
        }
        for _ in 0..40 {
            let middle = (below + above) / 2.0;
            if noncentral([observed], n, middle)[0] > share {
                below = middle
            } else {
                above = middle
            }
        }
        below / root
    };
    Ok((at(0.5 + confidence / 2.0), at(0.5 - confidence / 2.0)))
}

/// Seeds in all that a difference needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// If the true difference is at the large end of what was seen.
    pub fewest: usize,
    /// If it is at the small end; none if no number of seeds that anybody trains is enough.
    pub most: Option<usize>,
}

/// The seeds that reach the `wanted` power at level `alpha`, over the middle half of the effects that `n` seeds with an
/// observed `effect` allow: one number would be as uncertain as the effect, and look certain. None if even the largest
/// effect needs more seeds than anybody trains.
///
/// # Errors
/// As [`effect_limits`] and [`power`].
pub fn seeds_range(effect: f64, n: usize, wanted: f64, alpha: f64) -> Result<Option<Needed>> {
    let (small, large) = effect_limits(effect, n, 0.5)?;
    let most = seeds_needed(small, wanted, alpha)?;
    Ok(seeds_needed(large, wanted, alpha)?.map(|fewest| Needed { fewest, most }))
}
