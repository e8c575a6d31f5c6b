//! The exact sign-flip test on paired differences: under "no difference" each sign is a fair coin.

use crate::check;
use cloze_foundation::{Draw, Result};

/// Up to this many seeds all sign patterns are enumerated.
const ENUMERATED: usize = 16;
/// Sign patterns drawn beyond that.
const DRAWN: u64 = 65_535;

/// Two-sided p of the mean of `differences`: the share of the 2^n sign patterns whose |sum| is at least the observed
/// one. Beyond 16 seeds a Monte Carlo estimate (r + 1) / (R + 1) with R = 65,535 patterns from a fixed seed (Phipson &
/// Smyth 2010: never 0).
///
/// # Errors
/// No differences, or one that is not finite.
pub fn sign_flip(differences: &[f64]) -> Result<f64> {
    check::finite("differences", differences)?;
    // Sorted by size, so that the order of seeds cannot change the last bit of a sum or the patterns drawn.
    let mut sizes = differences.to_vec();
    sizes.sort_by(|a, b| a.abs().total_cmp(&b.abs()).then(a.total_cmp(b)));
    let observed: f64 = sizes.iter().sum::<f64>().abs();
    let slack = 1e-12 * sizes.iter().map(|size| size.abs()).sum::<f64>();
    let extreme = |flipped: &dyn Fn(usize) -> bool| {
        let sum: f64 = sizes
            .iter()
            .enumerate()
            .map(|(i, size)| if flipped(i) { -size } else { *size })
            .sum();
        sum.abs() >= observed - slack
    };
    let n = sizes.len();
    if n <= ENUMERATED {
        let patterns = 1_u64 << n;
        let hits = (0..patterns)
            .filter(|pattern| extreme(&|i| pattern >> i & 1 == 1))
            .count();
        return Ok(hits as f64 / patterns as f64);
    }
    let mut coins = Draw::new(0, "sign-flip").stream();
    let mut signs = vec![false; n];
    let hits = (0..DRAWN).filter(|_| {
        for block in signs.chunks_mut(64) {
            let bits = coins.bits();
            block
                .iter_mut()
                .enumerate()
                .for_each(|(i, sign)| *sign = bits >> i & 1 == 1);
        }
        extreme(&|i| signs[i])
    });
    Ok((hits.count() as f64 + 1.0) / (DRAWN as f64 + 1.0))
}

/// The smallest two-sided p that the exact test can give with `n` seeds: 2 / 2^n.
pub fn smallest_sign_flip_p(n: usize) -> f64 {
    0.5_f64.powi(n.min(1_000) as i32 - 1).min(1.0)
}

/// The fewest seeds with which the exact test can pass the first of Holm's steps for `comparisons` at level `alpha`.
///
/// # Errors
/// A level outside (0, 1).
pub fn seeds_for_sign_flip(alpha: f64, comparisons: usize) -> Result<usize> {
    check::share("alpha", alpha)?;
    let needed = alpha / comparisons.max(1) as f64;
    Ok((1..1_000).find(|n| smallest_sign_flip_p(*n) <= needed).unwrap_or(1_000))
}
