//! What tuning comes to: the best of so many trials, and whether arms keep their order elsewhere.

use crate::check;
use cloze_foundation::{Fault, Result};

/// The mean of the best of `count` trials, over all ways of choosing so many of these: the sum of v(i) C(i - 1, n - 1) / C(N, n)
/// over the sorted scores v(1) to v(N). It is what Dodge et al. 2019 (Show Your Work) call expected validation performance, for
/// trials that are not repeated: their own formula draws with replacement, and is too low (Tang et al. 2020, Showing Your Work
/// Doesn't Always Work).
///
/// # Errors
/// A score that is not finite; no trials, or fewer than `count`.
pub fn expected_best(scores: &[f64], count: usize) -> Result<f64> {
    check::finite("scores", scores)?;
    let all = scores.len();
    if !(1..=all).contains(&count) {
        return Err(Fault::run(format!("there is no best of {count} of {all} trials")).allowed([format!("1 to {all}")]));
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|one, other| other.total_cmp(one));
    // That the best one is chosen; then, that it is not and the second one is; and so on.
    let (mut expected, mut none_before) = (0.0, 1.0);
    for (place, score) in sorted.iter().enumerate().take(all - count + 1) {
        let chosen = count as f64 / (all - place) as f64;
        expected += none_before * chosen * score;
        none_before *= 1.0 - chosen;
    }
    Ok(expected)
}

/// How many pairs of arms stand in one place as they do in another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kept {
    /// Pairs in the same order; one half for each that is tied in the second place.
    pub kept: f64,
    /// Pairs that the first place tells apart.
    pub pairs: usize,
}

impl Kept {
    /// The share of them; none where the first place tells no arms apart.
    pub fn share(self) -> Option<f64> {
        (self.pairs > 0).then(|| self.kept / self.pairs as f64)
    }
}

/// How many pairs of arms keep their order from one place to another. An arm without a score, since it diverged, stands below all
/// that have one.
///
/// # Errors
/// Lengths that differ, or a score that is not finite.
pub fn order_kept(first: &[Option<f64>], second: &[Option<f64>]) -> Result<Kept> {
    if first.len() != second.len() {
        let what = format!("{} arms cannot be held against {}", first.len(), second.len());
        return Err(Fault::run(what).allowed(["the same arms in both places"]));
    }
    for scores in [first, second] {
        let known: Vec<f64> = scores.iter().flatten().copied().collect();
        if !known.is_empty() {
            check::finite("scores", &known)?;
        }
    }
    let mut found = Kept::default();
    for one in 0..first.len() {
        for other in 0..one {
            let here = first[one].partial_cmp(&first[other]);
            let there = second[one].partial_cmp(&second[other]);
            if here.is_none_or(|order| order.is_eq()) {
                continue;
            }
            found.pairs += 1;
            found.kept += match there {
                there if there == here => 1.0,
                Some(order) if order.is_eq() => 0.5,
                _ => 0.0,
            };
        }
    }
    Ok(found)
}
