//! Seeds until it is sure: a paired comparison that is looked at several times, and what every look may say.
//!
//! Level is spent as Lan & DeMets (1983) let it be, by a function of the type of O'Brien & Fleming (1979): next to nothing at
//! first. The boundaries are for repeated t statistics of normal differences, exactly, however few there are. They are of one
//! comparison of a family: each has its share of the level (Bonferroni), so that all false decisions of a family together are
//! within it.

mod null;

use crate::{check, difference, summary};
use cloze_foundation::{Fault, Result};
use null::Null;
use statrs::distribution::{ContinuousCDF, Normal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Seeds beyond which no look may be.
pub const MOST_SEEDS: usize = 64;
/// Less than this is not spent at a look: it would be lost in rounding, and stays for the next one.
const LEAST_SPENT: f64 = 1e-11;

/// What a look may say, by the size of t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Boundary {
    /// Seeds of the look.
    pub seeds: usize,
    /// From here on the arms are different; infinite where nothing can be said yet.
    pub different: f64,
    /// From here on both margins of equivalence are further away than the difference, each by a t test on its side; infinite where
    /// nothing can be said yet.
    pub equivalent: f64,
}

/// The share of a one-sided `level` that is spent when a share of all seeds is there: 2 - 2 Phi(z(level / 2) / sqrt(share)).
fn spent(level: f64, share: f64) -> f64 {
    let normal = Normal::standard();
    2.0 * normal.sf(-normal.inverse_cdf(level / 2.0) / share.sqrt())
}

/// Looks and level in a form that can be a key.
type Known = BTreeMap<(Vec<usize>, u64), Arc<[Boundary]>>;

/// The boundaries of a comparison that is looked at after so many seeds each. Of comparisons without a difference at most
/// `level` ever pass the one. Of those whose difference is a margin of equivalence, or beyond it, at most `level` ever pass the
/// other: two one-sided tests, each at the level (Schuirmann 1987), of differences that are shifted by the margin and so have a
/// mean of 0 at it. Neither counts on the other to stop. They are computed once.
///
/// # Errors
/// Looks that do not grow from 3 seeds on, or go beyond [`MOST_SEEDS`]; a level outside (0, 1).
pub fn boundaries(looks: &[usize], level: f64) -> Result<Arc<[Boundary]>> {
    static KNOWN: Mutex<Known> = Mutex::new(Known::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (looks.to_vec(), level.to_bits());
    if let Some(found) = known().get(&key) {
        return Ok(found.clone());
    }
    check::share("level", level)?;
    let grows = looks.windows(2).all(|pair| pair[0] < pair[1]);
    let (first, last) = (looks.first().copied().unwrap_or(0), looks.last().copied().unwrap_or(0));
    if !grows || first < 3 || last > MOST_SEEDS {
        let what = format!("nothing can be decided with looks after {looks:?} seeds");
        return Err(Fault::run(what).allowed([format!("growing numbers of seeds from 3 to {MOST_SEEDS}")]));
    }
    let different = spend(looks, &|share| 2.0 * spent(level / 2.0, share));
    // The law is of |t|: half of it is on one side, but for what passes on both, which is nothing that a simulation sees.
    let equivalent = spend(looks, &|share| 2.0 * spent(level, share));
    let bound = |v: Option<f64>, seeds: usize| v.map_or(f64::INFINITY, |v| null::t(v, seeds));
    let boundary = |(seeds, (different, equivalent)): (&usize, (Option<f64>, Option<f64>))| Boundary {
        seeds: *seeds,
        different: bound(different, *seeds),
        equivalent: bound(equivalent, *seeds),
    };
    let found: Arc<[Boundary]> = looks
        .iter()
        .zip(different.into_iter().zip(equivalent))
        .map(boundary)
        .collect();
    known().insert(key, found.clone());
    Ok(found)
}

/// The bound on |v| of every look that spends what is allowed by then, none where too little may be spent.
fn spend(looks: &[usize], allowed: &dyn Fn(f64) -> f64) -> Vec<Option<f64>> {
    let last = looks.last().copied().unwrap_or_default();
    let (mut before, mut spent, mut bounds): (Option<Null>, f64, Vec<Option<f64>>) = (None, 0.0, Vec::new());
    for seeds in looks.first().copied().unwrap_or_default()..=last {
        let mut within = null::largest(seeds);
        if looks.contains(&seeds) {
            let share = allowed(seeds as f64 / last as f64) - spent;
            bounds.push((share > LEAST_SPENT).then(|| {
                spent += share;
                within = Null::passed(before.as_ref(), seeds, share);
                within
            }));
        }
        before = Some(Null::of(before.as_ref(), seeds, within));
    }
    bounds
}

/// What is known of a seed of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seed {
    /// Its score.
    Score(f64),
    /// It has ended without one: it diverged, or gave no number.
    Lost,
    /// It has not ended.
    Open,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The arms differ.
    Different,
    /// They differ by less than the margin.
    Equivalent,
    /// Every seed is there, and neither could be said.
    Most,
    /// One of the arms is never trained, so that there is nothing to look at.
    Never,
}

/// Where a comparison stands after its last look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// How many looks there were.
    pub looks: usize,
    /// Seeds of the last of them; 0 before the first.
    pub seeds: usize,
    /// t of its differences; none where seeds are lost to all but one, or do not differ.
    pub t: Option<f64>,
    /// t of the nearer margin of equivalence: how far within it the differences are. None where there is no margin, or no t.
    pub within: Option<f64>,
    /// Whether a seed was lost. What is left is no sample of what there would be, so that nothing is decided before the end.
    pub lost: bool,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// Looks at two arms, whose seeds are in the same order: a function of what has ended, and not of when. Arms that differ by less
/// than the `margin` are equivalent; without one, none are. An arm without seeds is never trained.
pub fn standing(boundaries: &[Boundary], margin: Option<f64>, first: &[Seed], second: &[Seed]) -> Standing {
    let mut found = Standing::default();
    if first.is_empty() || second.is_empty() {
        found.end = Some(End::Never);
        return found;
    }
    for boundary in boundaries {
        let seeds = boundary.seeds;
        let (Some(first), Some(second)) = (first.get(..seeds), second.get(..seeds)) else {
            return found;
        };
        let mut differences = Vec::new();
        for pair in first.iter().zip(second) {
            match pair {
                (Seed::Open, _) | (_, Seed::Open) => return found,
                (Seed::Score(one), Seed::Score(other)) => differences.push((*one, *other)),
                _ => found.lost = true,
            }
        }
        found.looks += 1;
        found.seeds = seeds;
        let mean = mean_of(&differences);
        let error = error_of(&differences);
        found.t = error.map(|error| mean / error);
        found.within = margin.and_then(|margin| Some((margin - mean.abs()) / error?));
        let passes = |t: Option<f64>, bound: f64| !found.lost && t.is_some_and(|t| t >= bound);
        found.end = match () {
            () if passes(found.t.map(f64::abs), boundary.different) => Some(End::Different),
            () if passes(found.within, boundary.equivalent) => Some(End::Equivalent),
            () if found.looks == boundaries.len() => Some(End::Most),
            () => None,
        };
        if found.end.is_some() {
            return found;
        }
    }
    found
}

fn mean_of(pairs: &[(f64, f64)]) -> f64 {
    pairs.iter().map(|(one, other)| one - other).sum::<f64>() / pairs.len().max(1) as f64
}

/// The standard error of the mean difference; none where nothing varies.
fn error_of(pairs: &[(f64, f64)]) -> Option<f64> {
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let differences: Vec<f64> = pairs.iter().map(|(one, other)| one - other).collect();
    if differences.len() < 2 {
        return None;
    }
    let sd = summary::standard_deviation(&differences, mean_of(pairs));
    let sd = difference::spread(Some(sd), &first, &second)?;
    Some(sd / (differences.len() as f64).sqrt())
}

/// Where all comparisons of a plan stand, and so what is still to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// In the order of the comparisons.
    pub standings: Vec<Standing>,
    /// How many seeds of each arm the looks so far and the next one take: no further one is needed now.
    pub needed: Vec<usize>,
    /// Whether an arm is in no comparison that goes on.
    pub is_over: Vec<bool>,
    /// Whether an arm is in no comparison but with arms that are never trained. Its scores are known then, and no more than that: it
    /// has the seeds of the first look.
    pub is_alone: Vec<bool>,
}

/// Looks at every comparison (two arms, by their places) of some arms. One without seeds is never trained.
pub fn stage(boundaries: &[Boundary], margin: Option<f64>, comparisons: &[[usize; 2]], arms: &[Vec<Seed>]) -> Stage {
    let (mut needed, mut is_over, mut is_alone) = (vec![0; arms.len()], vec![true; arms.len()], vec![true; arms.len()]);
    let least = boundaries.first().map_or(0, |first| first.seeds);
    let mut standings = Vec::new();
    for [one, other] in comparisons {
        let found = standing(boundaries, margin, &arms[*one], &arms[*other]);
        let seeds = match found.end {
            Some(End::Never) => least,
            Some(_) => found.seeds,
            None => boundaries.get(found.looks).map_or(found.seeds, |next| next.seeds),
        };
        for arm in [*one, *other] {
            needed[arm] = seeds.max(needed[arm]).min(arms[arm].len());
            is_over[arm] &= found.end.is_some();
            is_alone[arm] &= found.end == Some(End::Never);
        }
        standings.push(found);
    }
    Stage {
        standings,
        needed,
        is_over,
        is_alone,
    }
}
