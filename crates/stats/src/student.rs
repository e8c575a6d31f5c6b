//! Student's t distribution, by the regularised incomplete beta function of `statrs`.

use crate::check;
use cloze_foundation::{Fault, Result};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

fn distribution(degrees: f64) -> Result<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees).map_err(|_| {
        Fault::run(format!(
            "Student's t has no distribution with {degrees} degrees of freedom"
        ))
    })
}

/// The t that |T| exceeds with probability `1 - confidence`.
///
/// # Errors
/// No degrees of freedom, or a confidence outside (0, 1).
pub fn two_sided_quantile(degrees: usize, confidence: f64) -> Result<f64> {
    quantile(degrees as f64, confidence)
}

/// Quantiles by degrees of freedom and their number.
type Known = BTreeMap<(usize, usize), Arc<[f64]>>;

/// The `count` quantiles in the middle of as many equal parts of |T|'s law. They are computed once.
pub(crate) fn quantiles(degrees: usize, count: usize) -> Result<Arc<[f64]>> {
    static KNOWN: Mutex<Known> = Mutex::new(Known::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(&(degrees, count)) {
        return Ok(found.clone());
    }
    let quantile = |part| two_sided_quantile(degrees, (part as f64 + 0.5) / count as f64);
    let found: Arc<[f64]> = (0..count).map(quantile).collect::<Result<_>>()?;
    known().insert((degrees, count), found.clone());
    Ok(found)
}

/// The same for degrees of freedom that are no whole number, as Satterthwaite's are.
pub(crate) fn quantile(degrees: f64, confidence: f64) -> Result<f64> {
    check::share("confidence", confidence)?;
    Ok(distribution(degrees)?.inverse_cdf(0.5 + confidence / 2.0))
}

/// The z that a normal number exceeds on either side with probability `1 - confidence`.
pub(crate) fn normal_quantile(confidence: f64) -> Result<f64> {
    check::share("confidence", confidence)?;
    Ok(Normal::standard().inverse_cdf(0.5 + confidence / 2.0))
}

/// The probability that |T| is at least |t|.
///
/// # Errors
/// No degrees of freedom, or a t that is not finite.
pub fn two_sided_p(degrees: usize, t: f64) -> Result<f64> {
    p(degrees as f64, t)
}

/// The same for degrees of freedom that are no whole number.
pub(crate) fn p(degrees: f64, t: f64) -> Result<f64> {
    check::finite("t", &[t])?;
    Ok((2.0 * distribution(degrees)?.sf(t.abs())).min(1.0))
}
