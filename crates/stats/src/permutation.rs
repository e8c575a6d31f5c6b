//! The exact test of two arms whose seeds are no pairs: under "no difference" any of the seeds may be anybody's.

use crate::check;
use cloze_foundation::{Draw, Result};

/// Up to this many seeds of both arms together all ways to deal them out are enumerated.
const ENUMERATED: usize = 18;
/// Ways that are drawn beyond that.
const DRAWN: u64 = 65_535;

/// Two-sided p of the difference of means: the share of the ways to deal out the seeds whose difference is at least as
/// large as the observed one. Beyond 18 seeds a Monte Carlo estimate (r + 1) / (R + 1), R = 65,535 from a fixed seed.
///
/// # Errors
/// An empty side, or a value that is not finite.
pub fn permutation(first: &[f64], second: &[f64]) -> Result<f64> {
    check::finite("first", first)?;
    check::finite("second", second)?;
    let (n, m) = (first.len(), second.len());
    let mut values: Vec<f64> = first.iter().chain(second).copied().collect();
    let whole: f64 = values.iter().sum();
    let apart = |sum: f64| (sum / n as f64 - (whole - sum) / m as f64).abs();
    let observed = apart(first.iter().sum());
    let slack = 1e-12 * values.iter().map(|value| value.abs()).sum::<f64>();
    let is_extreme = |sum: f64| apart(sum) >= observed - slack;
    if n + m <= ENUMERATED {
        let (mut ways, mut hits) = (0_u64, 0_u64);
        for chosen in (0..1_u32 << (n + m)).filter(|chosen| chosen.count_ones() as usize == n) {
            let mine = values.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            ways += 1;
            hits += u64::from(is_extreme(mine.map(|(_, value)| value).sum()));
        }
        return Ok(hits as f64 / ways as f64);
    }
    // Sorted, so that neither the order of the seeds nor that of the arms changes what is drawn.
    values.sort_by(f64::total_cmp);
    let mut deal = Draw::new(0, "permutation").stream();
    let hits = (0..DRAWN).filter(|_| {
        deal.shuffle(&mut values);
        is_extreme(values[..n].iter().sum())
    });
    Ok((hits.count() as f64 + 1.0) / (DRAWN as f64 + 1.0))
}
