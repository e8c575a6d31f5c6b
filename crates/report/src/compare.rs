//! Arms against each other, with the words that the numbers allow.

use crate::curves::{BySeed, CONFIDENCE, over_seeds};
use crate::decisions::Look;
use crate::number;
use crate::score::{LEAST_SEEDS, Score};
use crate::view::View;
use cloze_foundation::Result;
use cloze_stats::{Bootstrap, Difference, End, Interval, holm, paired, permutation, sign_flip, superiority, unpaired};

/// Level of every test.
pub(crate) const ALPHA: f64 = 0.05;
/// Power that "N more seeds" aims at.
pub(crate) const POWER: f64 = 0.8;

/// What a comparison comes to, at [`ALPHA`]. Where items were kept, resampling of seeds and items has to say so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// By the exact test.
    Better,
    /// The same on the other side.
    Worse,
    /// Only by the t test, which assumes normal differences.
    Ahead,
    /// The same on the other side.
    Behind,
    /// They differ by less than the stated effect, where arms were trained until that was sure.
    Equivalent,
    /// Neither test.
    NoEvidence,
    /// Fewer than [`LEAST_SEEDS`] seeds, or than the first look takes.
    NoTest,
}

impl Verdict {
    /// Whether it says that arms differ.
    pub(crate) fn is_established(self) -> bool {
        !matches!(self, Self::Equivalent | Self::NoEvidence | Self::NoTest)
    }
}

/// An arm against a baseline on one score.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub arm: usize,
    pub baseline: usize,
    /// Whether equal seeds are pairs.
    pub is_paired: bool,
    pub by: Difference,
    /// Exact p, raw and after Holm over the comparisons made together: sign flips of pairs, or permutations of seeds.
    pub exact: f64,
    pub exact_holm: f64,
    /// The t test's p after Holm over the comparisons made together.
    pub t_holm: Option<f64>,
    /// Over seeds and items, where items were kept, and its p after Holm.
    pub items: Option<Bootstrap>,
    pub items_holm: Option<f64>,
    /// The level at which Holm's correction tests this one, if the order of the p values stays.
    pub level: f64,
    /// Share of seed pairs that the arm wins, ties one half; "wins" is the score's direction.
    pub wins: f64,
    /// Where arms are trained until they are decided: the last look. It decides in place of all p.
    pub look: Option<Look>,
    pub verdict: Verdict,
}

/// Two arms by themselves: nothing is corrected for other comparisons, and items are left alone. None where they share
/// no seed, or are not to be compared on this score.
pub(crate) fn pair(
    view: &View,
    finals: &[BySeed],
    score: &Score,
    [arm, baseline]: [usize; 2],
) -> Result<Option<Comparison>> {
    let is_paired = view.are_pairs(arm, baseline);
    let looked = view.decisions.as_ref().filter(|_| is_paired).map(|decisions| {
        let arms = [&view.arms[arm], &view.arms[baseline]];
        decisions.look(score, arms, [&finals[arm], &finals[baseline]])
    });
    // What came after the look that decided has no say.
    let seen = looked
        .as_ref()
        .map(|(_, seeds)| seeds)
        .filter(|seeds| !seeds.is_empty());
    let had = |arm: usize| -> BySeed {
        let values = finals[arm].iter();
        let values = values.filter(|(seed, _)| seen.is_none_or(|seen| seen.contains(seed)));
        values.map(|(seed, value)| (*seed, *value)).collect()
    };
    let (mine, theirs) = (had(arm), had(baseline));
    let Some((mut by, exact)) = tested(is_paired, &mine, &theirs)? else {
        return Ok(None);
    };
    let (first, second) = held(is_paired, &mine, &theirs);
    let wins = superiority(&first, &second)?;
    let look = looked.map(|(look, _)| look);
    if let Some(look) = &look {
        by.interval = repeated(&by, look);
    }
    let mut one = Comparison {
        arm,
        baseline,
        is_paired,
        by,
        exact,
        exact_holm: exact,
        t_holm: by.p,
        items: None,
        items_holm: None,
        level: ALPHA,
        wins: if score.higher_is_better() { wins } else { 1.0 - wins },
        look,
        verdict: Verdict::NoTest,
    };
    one.verdict = verdict(&one, score);
    Ok(Some(one))
}

/// The difference of two arms by their seeds, and its exact p; none where they share no seed, or one has none.
pub(crate) fn tested(is_paired: bool, mine: &BySeed, theirs: &BySeed) -> Result<Option<(Difference, f64)>> {
    let (first, second) = held(is_paired, mine, theirs);
    if first.is_empty() || second.is_empty() {
        return Ok(None);
    }
    Ok(Some(if is_paired {
        let differences: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
        (paired(&first, &second, CONFIDENCE)?, sign_flip(&differences)?)
    } else {
        (unpaired(&first, &second, CONFIDENCE)?, permutation(&first, &second)?)
    }))
}

/// The values that are compared: of the seeds that both have, where these are pairs.
fn held(is_paired: bool, mine: &BySeed, theirs: &BySeed) -> (Vec<f64>, Vec<f64>) {
    if is_paired {
        return common(mine, theirs);
    }
    let all = |values: &BySeed| values.values().copied().collect();
    (all(mine), all(theirs))
}

impl Comparison {
    /// With what items say, where they were kept and items can be paired.
    pub(crate) fn with_items(mut self, view: &View, score: &Score, finals: &[BySeed]) -> Result<Self> {
        if self.is_paired && self.by.n >= LEAST_SEEDS {
            let of = [&finals[self.arm], &finals[self.baseline]];
            self.items = view.over_items(score, [self.arm, self.baseline], of)?;
            self.items_holm = self.items.map(|items| items.p);
            self.verdict = verdict(&self, score);
        }
        Ok(self)
    }

    /// The same as one of `family` that might have been made: Bonferroni's correction.
    pub(crate) fn corrected(mut self, family: usize, score: &Score) -> Self {
        let family = family as f64;
        let more = |p: f64| (p * family).min(1.0);
        self.exact_holm = more(self.exact);
        self.t_holm = self.by.p.map(more);
        self.items_holm = self.items.map(|items| more(items.p));
        self.verdict = match &self.look {
            // The boundaries are for what was planned to be compared, and not for what was chosen.
            Some(_) if family > 1.0 => Verdict::NoTest,
            _ => verdict(&self, score),
        };
        self
    }

    /// What its exact test and its t test are called.
    pub(crate) fn tests(&self) -> [&'static str; 2] {
        if self.is_paired {
            ["exact sign-flip test", "paired t test"]
        } else {
            ["exact permutation test", "Welch's t test"]
        }
    }
}

/// Every arm that has a baseline of its own field, in the order of the arms, with Holm's correction over all of them.
/// Items of the `told` arms are resampled.
pub(crate) fn against_baselines(
    view: &View,
    score: &Score,
    finals: &[BySeed],
    told: &[usize],
) -> Result<Vec<Comparison>> {
    let mut found = Vec::new();
    for (arm, baseline) in view.baselines(score).into_iter().enumerate() {
        let Some(baseline) = baseline.filter(|baseline| *baseline != arm) else {
            continue;
        };
        if let Some(one) = pair(view, finals, score, [arm, baseline])? {
            found.push(match told.contains(&arm) {
                true => one.with_items(view, score, finals)?,
                false => one,
            });
        }
    }
    let ps = |of: &dyn Fn(&Comparison) -> Option<f64>| -> Vec<f64> {
        found.iter().map(|one| of(one).unwrap_or(1.0)).collect()
    };
    let (exacts, ts, items) = (
        ps(&|one| Some(one.exact)),
        ps(&|one| one.by.p),
        ps(&|one| one.items.map(|items| items.p)),
    );
    let levels = levels(&ts);
    let (exacts, ts, items) = (holm(&exacts)?, holm(&ts)?, holm(&items)?);
    for (place, one) in found.iter_mut().enumerate() {
        one.exact_holm = exacts[place];
        one.t_holm = one.by.p.map(|_| ts[place]);
        one.items_holm = one.items.map(|_| items[place]);
        one.level = levels[place];
        one.verdict = verdict(one, score);
    }
    Ok(found)
}

/// The level at which Holm's correction tests each p: alpha over how many are not smaller.
fn levels(p: &[f64]) -> Vec<f64> {
    let level = |mine: &f64| ALPHA / p.iter().filter(|other| *other >= mine).count().max(1) as f64;
    if p.len() > 2_000 {
        return vec![ALPHA / p.len() as f64; p.len()];
    }
    p.iter().map(level).collect()
}

/// The interval that holds at all looks and over all comparisons together: where the boundary would lie with another difference
/// in the place of none (Jennison & Turnbull 1989).
fn repeated(by: &Difference, look: &Look) -> Option<Interval> {
    // Of fewer seeds than the boundary is for, which are no sample either, nothing holds.
    let boundary = look.boundary.filter(|_| !look.standing.lost)?;
    let half = boundary.different * by.sd? / (by.n as f64).sqrt();
    half.is_finite().then_some(Interval {
        low: by.delta - half,
        high: by.delta + half,
    })
}

fn verdict(one: &Comparison, score: &Score) -> Verdict {
    let good = (one.by.delta > 0.0) == score.higher_is_better();
    let holds_on_items = one.items_holm.is_none_or(|p| p < ALPHA);
    if let Some(look) = &one.look {
        return match (look.standing.end, good) {
            _ if look.boundary.is_none() => Verdict::NoTest,
            (Some(End::Different), true) if holds_on_items => Verdict::Better,
            (Some(End::Different), false) if holds_on_items => Verdict::Worse,
            (Some(End::Equivalent), _) => Verdict::Equivalent,
            _ => Verdict::NoEvidence,
        };
    }
    let exact = one.exact_holm < ALPHA && holds_on_items;
    let normal = one.t_holm.is_some_and(|p| p < ALPHA) && holds_on_items;
    match (exact, normal, good) {
        _ if one.by.n < LEAST_SEEDS => Verdict::NoTest,
        (true, _, true) => Verdict::Better,
        (true, _, false) => Verdict::Worse,
        (_, true, true) => Verdict::Ahead,
        (_, true, false) => Verdict::Behind,
        _ => Verdict::NoEvidence,
    }
}

/// Which of the arms of a field to print bold: the one with the best mean and every arm that a t test does not tell apart
/// from it (Holm over the arms, 5 %). None where the best arm has too few seeds to say anything.
pub(crate) fn not_distinguishable_from_best(
    view: &View,
    finals: &[BySeed],
    score: &Score,
    field: &[usize],
) -> Result<Vec<usize>> {
    let mut means = Vec::new();
    for arm in field {
        if let Some(found) = over_seeds(&finals[*arm])? {
            means.push((*arm, found.mean));
        }
    }
    // The first of equal means, in the order of the plan.
    let best = means.iter().copied().min_by(|a, b| score.order(a.1, b.1));
    let Some((best, _)) = best.filter(|(best, _)| finals[*best].len() >= LEAST_SEEDS) else {
        return Ok(Vec::new());
    };
    let mut others = Vec::new();
    for (arm, _) in means.into_iter().filter(|(arm, _)| *arm != best) {
        let one = pair(view, finals, score, [arm, best])?.filter(|one| one.by.n >= LEAST_SEEDS);
        others.push((arm, one.and_then(|one| one.by.p).unwrap_or(1.0)));
    }
    let adjusted = holm(&others.iter().map(|(_, p)| *p).collect::<Vec<_>>())?;
    let alike = others.iter().zip(adjusted).filter(|(_, p)| *p >= ALPHA);
    Ok(std::iter::once(best).chain(alike.map(|((arm, _), _)| *arm)).collect())
}

/// The values of the seeds that both have, in the order of seeds.
fn common(first: &BySeed, second: &BySeed) -> (Vec<f64>, Vec<f64>) {
    first
        .iter()
        .filter_map(|(seed, a)| Some((*a, *second.get(seed)?)))
        .unzip()
}

/// The numbers and tests of a difference, without what came of it: `+3.4, 95 % interval [0.5, 6.3], over 3 seeds`.
pub(crate) fn numbers(score: &Score, one: &Comparison) -> String {
    let interval = one
        .by
        .interval
        .map(|interval| format!(", 95 % interval {}", score.interval(interval)));
    if let Some(look) = &one.look {
        return format!(
            "{}{} over {} seeds ({})",
            score.difference(one.by.delta),
            interval.unwrap_or_default(),
            one.by.n,
            look.words()
        );
    }
    let [exact, t] = one.tests();
    let t = match one.by.p {
        Some(p) => format!("{t} {}", number::p_is(p)),
        None => "no t test, since nothing varies".to_owned(),
    };
    let items = one
        .items
        .map(|items| format!("; over seeds and items {}", number::p_is(items.p)));
    let caution = match one.verdict {
        Verdict::Ahead | Verdict::Behind => {
            ", which takes the differences to be normal and which the exact test does not confirm"
        }
        _ => "",
    };
    format!(
        "{}{} over {} seeds ({exact} {}; {t}{caution}{})",
        score.difference(one.by.delta),
        interval.unwrap_or_default(),
        one.by.n,
        number::p_is(one.exact),
        items.unwrap_or_default()
    )
}
