//! Which of several values is the best one, and whether it is the same one in several places.
//!
//! A value can be the best as long as no other is shown to be better: the confidence set of Hsu (1984), here with Bonferroni's
//! correction over the others, so that the best value is in it as often as the confidence says, whatever the curve is like.

use crate::{check, difference::Difference, paired, unpaired};
use cloze_foundation::{Fault, Result};

/// The scores of a curve, by value and by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    /// By value and by seed; a higher score is better.
    pub scores: Vec<Vec<f64>>,
    /// Whether the values have the same seeds in the same order, which are pairs.
    pub are_paired: bool,
}

impl Candidates {
    /// For every value p of the hypothesis that no other one is better, corrected for how many others there are: a one-sided t
    /// test against each. 1 where there is no test, since then nothing speaks against it.
    ///
    /// # Errors
    /// A value without scores, pairs that are none, a score that is not finite.
    pub fn best(&self) -> Result<Vec<f64>> {
        let others = self.scores.len().saturating_sub(1) as f64;
        let mut found = Vec::with_capacity(self.scores.len());
        for (place, one) in self.scores.iter().enumerate() {
            check::finite("scores", one)?;
            let mut least = 1.0_f64;
            for (_, other) in self.scores.iter().enumerate().filter(|(other, _)| *other != place) {
                let by = match self.are_paired {
                    true => paired(other, one, 0.95)?,
                    false => unpaired(other, one, 0.95)?,
                };
                least = least.min(one_sided(&by));
            }
            found.push((others * least).min(1.0));
        }
        Ok(found)
    }
}

/// p of the first not being above the second.
fn one_sided(by: &Difference) -> f64 {
    match by.p {
        Some(p) if by.delta > 0.0 => p / 2.0,
        Some(p) => 1.0 - p / 2.0,
        None => 1.0,
    }
}

/// p of the hypothesis that one value is the best in every place: of the value that fits it best, the least of its p values,
/// corrected for how many places there are. `places` has p by place and by value, as [`Candidates::best`] gives them, of the
/// values that all places have.
///
/// # Errors
/// No place, places with other numbers of values, a p that is no probability.
pub fn same_best(places: &[Vec<f64>]) -> Result<f64> {
    let count = places.first().map_or(0, Vec::len);
    if count == 0 || places.iter().any(|place| place.len() != count) {
        return Err(Fault::run("places have no values in common").allowed(["the same values in every place"]));
    }
    for p in places.iter().flatten() {
        if !(0.0..=1.0).contains(p) {
            return Err(Fault::run(format!("a p value is {p}")).allowed(["numbers from 0 to 1"]));
        }
    }
    let fits = |value: usize| places.iter().map(|place| place[value]).fold(1.0, f64::min);
    let best = (0..count).map(fits).fold(0.0, f64::max);
    Ok((best * places.len() as f64).min(1.0))
}
