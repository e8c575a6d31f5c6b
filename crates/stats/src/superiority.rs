//! How often one arm's seed beats another arm's.

use crate::check;
use cloze_foundation::Result;

/// P(A > B): the share of all pairs of a seed of `first` and a seed of `second` in which the first is larger, ties one
/// half (the Mann-Whitney U over n m; "probability of improvement" in Agarwal et al. 2021).
///
/// # Errors
/// An empty side or a value that is not finite.
pub fn superiority(first: &[f64], second: &[f64]) -> Result<f64> {
    check::finite("first", first)?;
    check::finite("second", second)?;
    let points = |a: f64, b: f64| if a > b { 2_u64 } else { u64::from(a == b) };
    let won: u64 = first
        .iter()
        .map(|a| second.iter().map(|b| points(*a, *b)).sum::<u64>())
        .sum();
    Ok(won as f64 / (2 * first.len() * second.len()) as f64)
}
