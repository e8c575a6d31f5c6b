//! Arms against each other, seed by seed, with the words that the numbers allow.

use crate::number;
use crate::score::{LEAST_SEEDS, Score};
use crate::view::{BySeed, CONFIDENCE, View, over_seeds};
use cloze_foundation::Result;
use cloze_stats::{Paired, holm, paired, seeds_for_sign_flip, seeds_needed, sign_flip, superiority};

/// Level of every test.
pub(crate) const ALPHA: f64 = 0.05;
/// Power that "N more seeds" aims at.
pub(crate) const POWER: f64 = 0.8;

/// What a comparison comes to, at [`ALPHA`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// By the exact sign-flip test.
    Better,
    /// The same on the other side.
    Worse,
    /// Only by the paired t test, which assumes normal differences.
    Ahead,
    /// The same on the other side.
    Behind,
    /// Neither test.
    NoEvidence,
    /// Fewer than [`LEAST_SEEDS`] common seeds.
    NoTest,
}

/// An arm against a baseline on one score.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub arm: usize,
    pub baseline: usize,
    pub paired: Paired,
    /// Exact sign-flip p, raw and after Holm over the comparisons made together.
    pub flip: f64,
    pub flip_holm: f64,
    /// Paired t p after Holm over the comparisons made together.
    pub t_holm: Option<f64>,
    /// Share of seed pairs that the arm wins, ties one half; "wins" is the score's direction.
    pub wins: f64,
    pub verdict: Verdict,
    /// Seeds in all for 80 % power at the observed effect, where that can be said.
    pub seeds: Option<usize>,
}

/// Two arms by themselves: nothing is corrected for other comparisons. None where they share no seed.
pub(crate) fn pair(finals: &[BySeed], score: &Score, arm: usize, baseline: usize) -> Result<Option<Comparison>> {
    let (first, second) = common(&finals[arm], &finals[baseline]);
    if first.is_empty() {
        return Ok(None);
    }
    let differences: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
    let (paired, flip) = (paired(&first, &second, CONFIDENCE)?, sign_flip(&differences)?);
    let wins = superiority(&first, &second)?;
    let mut one = Comparison {
        arm,
        baseline,
        paired,
        flip,
        flip_holm: flip,
        t_holm: paired.p,
        wins: if score.higher_is_better() { wins } else { 1.0 - wins },
        verdict: Verdict::NoTest,
        seeds: None,
    };
    one.verdict = verdict(&one, score);
    Ok(Some(one))
}

impl Comparison {
    /// The same as one of `family` that might have been made: Bonferroni's correction.
    pub(crate) fn corrected(mut self, family: usize, score: &Score) -> Self {
        let family = family as f64;
        self.flip_holm = (self.flip * family).min(1.0);
        self.t_holm = self.paired.p.map(|p| (p * family).min(1.0));
        self.verdict = verdict(&self, score);
        self
    }
}

/// Every arm that shares a seed with its baseline, in the order of the arms, with Holm's correction over all of them.
pub(crate) fn against_baselines(view: &View, score: &Score) -> Result<Vec<Comparison>> {
    let finals = view.finals(score)?;
    let mut found = Vec::new();
    for (arm, baseline) in view.baselines().into_iter().enumerate() {
        if let Some(baseline) = baseline.filter(|baseline| *baseline != arm) {
            found.extend(pair(&finals, score, arm, baseline)?);
        }
    }
    let family = found.len();
    let flips = holm(&found.iter().map(|one| one.flip).collect::<Vec<_>>())?;
    let ts = holm(&found.iter().map(|one| one.paired.p.unwrap_or(1.0)).collect::<Vec<_>>())?;
    for ((one, flip), t) in found.iter_mut().zip(flips).zip(ts) {
        one.flip_holm = flip;
        one.t_holm = one.paired.p.map(|_| t);
        one.verdict = verdict(one, score);
        if one.verdict == Verdict::NoEvidence
            && let Some(effect) = one.paired.effect
        {
            let exact = seeds_for_sign_flip(ALPHA, family)?;
            one.seeds = seeds_needed(effect, POWER, ALPHA)?.map(|seeds| seeds.max(exact));
        }
    }
    Ok(found)
}

fn verdict(one: &Comparison, score: &Score) -> Verdict {
    let good = (one.paired.delta > 0.0) == score.higher_is_better();
    let exact = one.flip_holm < ALPHA;
    let normal = one.t_holm.is_some_and(|p| p < ALPHA);
    match (exact, normal, good) {
        _ if one.paired.n < LEAST_SEEDS => Verdict::NoTest,
        (true, _, true) => Verdict::Better,
        (true, _, false) => Verdict::Worse,
        (_, true, true) => Verdict::Ahead,
        (_, true, false) => Verdict::Behind,
        _ => Verdict::NoEvidence,
    }
}

/// The verdict as a sentence.
pub(crate) fn sentence(view: &View, score: &Score, one: &Comparison) -> String {
    let (arm, baseline) = (&view.arms[one.arm].name, &view.arms[one.baseline].name);
    let n = one.paired.n;
    let delta = score.difference(one.paired.delta);
    let exact = format!("exact sign-flip test, Holm {}", number::p_is(one.flip_holm));
    let normal = format!("paired t test, Holm {}", number::p_is(one.t_holm.unwrap_or(1.0)));
    let caution = "the t test takes the differences to be normal, and the exact test does not confirm it";
    match one.verdict {
        Verdict::Better => format!("{arm} is better than {baseline}: {delta} ({exact}, {n} seeds)."),
        Verdict::Worse => format!("{arm} is worse than {baseline}: {delta} ({exact}, {n} seeds)."),
        Verdict::Ahead => format!("{arm} is ahead of {baseline}: {delta} ({normal}, {n} seeds); {caution}."),
        Verdict::Behind => format!("{arm} is behind {baseline}: {delta} ({normal}, {n} seeds); {caution}."),
        Verdict::NoTest if n == 1 => format!("{arm} and {baseline} share one seed: {delta}, and no test is possible."),
        Verdict::NoTest => {
            format!("{arm} and {baseline} share {n} seeds: {delta}; nothing is said from fewer than {LEAST_SEEDS}.")
        }
        Verdict::NoEvidence => {
            let more = match one.seeds {
                Some(seeds) if seeds > n => format!("about {} more seeds for 80 % power at this difference", seeds - n),
                Some(_) => "more seeds at this difference would show it with 80 % power".to_owned(),
                None if one.paired.effect.is_none() => {
                    "the seeds do not differ enough to say how many more are needed".to_owned()
                }
                None => "no number of seeds that anybody trains would show a difference this small".to_owned(),
            };
            format!("{arm} against {baseline}: no evidence of a difference ({delta}, {n} seeds; {more}).")
        }
    }
}

/// Which arms to print bold: the one with the best mean and every arm that is not distinguishable from it (paired t
/// test against the best, Holm over the arms, 5 %).
pub(crate) fn not_distinguishable_from_best(finals: &[BySeed], score: &Score) -> Result<Vec<bool>> {
    let mut means = Vec::new();
    for (arm, values) in finals.iter().enumerate() {
        if let Some(found) = over_seeds(values)? {
            means.push((arm, found.mean));
        }
    }
    let mut bold = vec![false; finals.len()];
    // The first of equal means, in the order of the plan.
    let Some((best, _)) = means.iter().copied().min_by(|a, b| score.order(a.1, b.1)) else {
        return Ok(bold);
    };
    let mut others = Vec::new();
    for (arm, _) in means.into_iter().filter(|(arm, _)| *arm != best) {
        let (first, second) = common(&finals[arm], &finals[best]);
        let p = if first.is_empty() {
            None
        } else {
            paired(&first, &second, CONFIDENCE)?.p
        };
        others.push((arm, p.unwrap_or(1.0)));
    }
    let adjusted = holm(&others.iter().map(|(_, p)| *p).collect::<Vec<_>>())?;
    bold[best] = true;
    others
        .iter()
        .zip(adjusted)
        .for_each(|((arm, _), p)| bold[*arm] = p >= ALPHA);
    Ok(bold)
}

/// The values of the seeds that both have, in the order of seeds.
fn common(first: &BySeed, second: &BySeed) -> (Vec<f64>, Vec<f64>) {
    first
        .iter()
        .filter_map(|(seed, a)| Some((*a, *second.get(seed)?)))
        .unzip()
}
