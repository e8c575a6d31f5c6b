//! What became of the claims that were written down before the first run.
//!
//! A claim is tested by itself, at 5 %: it was fixed before the data, so nothing is corrected for the other comparisons of
//! a report. Silence is no answer: only a test that speaks against a claim makes it one that does not hold.

use crate::chance;
use crate::compare::{self, Comparison, Verdict, pair};
use crate::curves::{BySeed, over_seeds};
use crate::score::{LEAST_SEEDS, Score};
use crate::sweep::{self, Series};
use crate::view::View;
use cloze_foundation::{Fault, Result};
use cloze_schema::Check;
use cloze_stats::{Interval, Summary};
use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Holds,
    DoesNotHold,
    CannotBeSaid,
}

impl Answer {
    /// As a report says it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::CannotBeSaid => "cannot be said yet",
        }
    }
}

/// An answer, and the numbers and tests that give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub answer: Answer,
    /// A sentence without its full stop.
    pub why: String,
}

impl Finding {
    fn new(answer: Answer, why: impl Into<String>) -> Self {
        Self {
            answer,
            why: why.into(),
        }
    }
}

/// Why nothing can be found.
enum Silence {
    /// Nothing can be said yet, and what is missing.
    Open(String),
    /// Statistics refuse the scores.
    Broken(Fault),
}

impl From<Fault> for Silence {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

type Found<T> = std::result::Result<T, Silence>;
type Bounds = RangeInclusive<f64>;

/// Answers a check.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn answer(view: &View, check: &Check) -> Result<Finding> {
    match find(view, check) {
        Ok(finding) => Ok(finding),
        Err(Silence::Open(why)) => Ok(Finding::new(Answer::CannotBeSaid, why)),
        Err(Silence::Broken(fault)) => Err(fault),
    }
}

fn find(view: &View, check: &Check) -> Found<Finding> {
    match check {
        Check::Better { task, arm, than } => better(view, &score(view, task)?, place(view, arm)?, place(view, than)?),
        Check::AboveChance { task, arm } => above_chance(view, &score(view, task)?, place(view, arm)?),
        Check::InteriorOptimum { task, factor, from, to } => {
            interior_optimum(view, &score(view, task)?, &series(view, factor)?, *from..=*to)
        }
    }
}

fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Silence {
    let known: Vec<&str> = known.into_iter().collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Silence::Open(format!("no {kind} is called {name}; there are: {known}"))
}

fn score(view: &View, task: &str) -> Found<Score> {
    let scores = view.leading();
    let found = scores.iter().find(|score| score.task == task).cloned();
    found.ok_or_else(|| unknown("task with scores", task, scores.iter().map(|score| score.task.as_str())))
}

fn place(view: &View, name: &str) -> Found<usize> {
    let found = view.arms.iter().position(|arm| arm.name == name);
    found.ok_or_else(|| unknown("arm", name, view.arms.iter().map(|arm| arm.name.as_str())))
}

fn series(view: &View, factor: &str) -> Found<Vec<Series>> {
    let path = match sweep::paths(&view.arms, factor)[..] {
        [path] => path,
        [] => return Err(unknown("swept factor", factor, sweep::factors(&view.arms))),
        ref several => return Err(Silence::Open(format!("{factor} may be {}", several.join(" or ")))),
    };
    match sweep::series(&view.arms, path) {
        found if found.is_empty() => Err(Silence::Open(format!("no two arms differ in a number at {path} only"))),
        found => Ok(found),
    }
}

/// The verdict on two arms, which have to share enough seeds.
fn compared(view: &View, finals: &[BySeed], score: &Score, arm: usize, than: usize) -> Found<Comparison> {
    let names = format!("{} and {}", view.arms[arm].name, view.arms[than].name);
    let fields = view.fields(score);
    if !fields
        .iter()
        .any(|field| field.arms.contains(&arm) && field.arms.contains(&than))
    {
        return Err(Silence::Open(format!(
            "{names} were trained or judged on different texts, so their scores are not compared"
        )));
    }
    let found = pair(view, finals, score, [arm, than])?;
    let shared = found.as_ref().map_or(0, |one| one.by.n);
    let few = format!("{names} share {shared} of the at least {LEAST_SEEDS} finished seeds that it takes");
    let found = found.filter(|_| shared >= LEAST_SEEDS).ok_or(Silence::Open(few))?;
    Ok(found.with_items(view, score, finals)?)
}

/// What is known of the mean of an arm, which has to have enough seeds.
fn summarised(view: &View, finals: &[BySeed], arm: usize) -> Found<Summary> {
    let (name, seeds) = (&view.arms[arm].name, finals[arm].len());
    let few = format!("{name} has {seeds} of the at least {LEAST_SEEDS} finished seeds that it takes");
    let found = over_seeds(&finals[arm])?.filter(|found| found.n >= LEAST_SEEDS);
    found.ok_or(Silence::Open(few))
}

/// The numbers and tests of a comparison.
fn numbers(view: &View, score: &Score, one: &Comparison) -> String {
    let (arm, than) = (&view.arms[one.arm].name, &view.arms[one.baseline].name);
    format!(
        "{arm} against {than}: {}{}",
        compare::numbers(score, one),
        mixed(view, &[one.arm, one.baseline])
    )
}

/// That seeds of some of the arms are of two kinds, where they are.
fn mixed(view: &View, arms: &[usize]) -> String {
    let each = arms
        .iter()
        .filter_map(|arm| Some((&view.arms[*arm].name, view.mixture(*arm)?)));
    let each: Vec<String> = each
        .map(|(name, why)| format!(" (over a mixture of seeds: of {name}, {why})"))
        .collect();
    each.concat()
}

fn better(view: &View, score: &Score, arm: usize, than: usize) -> Found<Finding> {
    if arm == than {
        return Err(Silence::Open("an arm cannot be compared with itself".to_owned()));
    }
    let one = compared(view, &view.finals(score)?, score, arm, than)?;
    let answer = match one.verdict {
        Verdict::Better | Verdict::Ahead => Answer::Holds,
        Verdict::Worse | Verdict::Behind => Answer::DoesNotHold,
        Verdict::Equivalent | Verdict::NoEvidence | Verdict::NoTest => Answer::CannotBeSaid,
    };
    Ok(Finding::new(answer, numbers(view, score, &one)))
}

fn above_chance(view: &View, score: &Score, arm: usize) -> Found<Finding> {
    let no_level = || Silence::Open(format!("{} has no chance level", score.task));
    let chance = score.chance().ok_or_else(no_level)?;
    let found = summarised(view, &view.finals(score)?, arm)?;
    let against = chance::against(view, &[(score, arm)], 0)?;
    let against = against.into_iter().flatten().next();
    let items = against.and_then(|one| one.items);
    let why = format!(
        "{}: mean {}, Student's t 95 % interval {} over {} seeds{}{}, chance {}",
        view.arms[arm].name,
        score.text(found.mean),
        found
            .interval
            .map(|interval| score.interval_of_mean(interval))
            .unwrap_or_default(),
        found.n,
        items
            .map(|items| format!(
                ", {} over seeds and items",
                score.interval_of_mean(Interval {
                    low: items.lo,
                    high: items.hi
                })
            ))
            .unwrap_or_default(),
        mixed(view, &[arm]),
        score.text(chance)
    );
    if found.sd == Some(0.0) && items.is_none() {
        return Err(Silence::Open(format!(
            "{why}; seeds that do not differ give no interval"
        )));
    }
    let good = if score.higher_is_better() {
        Ordering::Greater
    } else {
        Ordering::Less
    };
    let answer = match against.and_then(|one| one.side) {
        Some(side) if side == good => Answer::Holds,
        Some(_) => Answer::DoesNotHold,
        None => Answer::CannotBeSaid,
    };
    Ok(Finding::new(answer, why))
}

/// Holds if it does for every series: one fails it, and otherwise one that is open leaves it open.
fn interior_optimum(view: &View, score: &Score, series: &[Series], bounds: Bounds) -> Found<Finding> {
    let finals = view.finals(score)?;
    let (mut findings, count) = (Vec::new(), series.len());
    for series in series {
        findings.push(match inside(view, score, &finals, series, (&bounds, count)) {
            Err(Silence::Open(why)) => Finding::new(Answer::CannotBeSaid, why),
            found => found?,
        });
    }
    let any = |answer| findings.iter().any(|finding| finding.answer == answer);
    let answer = match () {
        () if any(Answer::DoesNotHold) => Answer::DoesNotHold,
        () if any(Answer::CannotBeSaid) => Answer::CannotBeSaid,
        () => Answer::Holds,
    };
    let why: Vec<String> = findings.into_iter().map(|finding| finding.why).collect();
    Ok(Finding::new(answer, why.join(". ")))
}

/// Holds if some value inside the bounds is better than every value outside them, the ends of the sweep always among these;
/// fails if some value outside is better than every one inside. The value that is tried is the one with the best mean. All of
/// its tests have to say so, so none is corrected for the others (an intersection-union test, Berger 1982); that it was
/// chosen after the fact is paid for by Bonferroni's correction over the values that it was chosen from, and over the
/// `series` of which one is enough to fail a claim.
fn inside(
    view: &View,
    score: &Score,
    finals: &[BySeed],
    series: &Series,
    (bounds, of_series): (&Bounds, usize),
) -> Found<Finding> {
    let mut means = Vec::new();
    for (value, arm) in &series.arms {
        means.push((*value, *arm, summarised(view, finals, *arm)?.mean));
    }
    // A series has two arms at least.
    let ends = [means[0].0, means[means.len() - 1].0];
    let is_inner = |value: f64| bounds.contains(&value) && !ends.contains(&value);
    let (inner, outer): (Vec<_>, Vec<_>) = means.iter().copied().partition(|(value, ..)| is_inner(*value));
    let Some(best) = means
        .iter()
        .copied()
        .min_by(|a, b| score.order(a.2, b.2))
        .filter(|_| !inner.is_empty())
    else {
        let why = format!(
            "{}: no value between the ends of the sweep lies inside the bounds",
            series.name
        );
        return Err(Silence::Open(why));
    };
    let is_inside = is_inner(best.0);
    let (others, chosen_from) = if is_inside {
        (&outer, inner.len())
    } else {
        (&inner, outer.len() * of_series)
    };
    let mut told = vec![format!(
        "{}: the best mean, {}, is at {}",
        series.name,
        score.text(best.2),
        best.0
    )];
    let mut all = true;
    for (_, other, _) in others {
        let one = compared(view, finals, score, best.1, *other)?.corrected(chosen_from, score);
        all &= matches!(one.verdict, Verdict::Better | Verdict::Ahead);
        told.push(numbers(view, score, &one));
    }
    if chosen_from > 1 {
        told.push(format!(
            "every p to be below 5 % / {chosen_from}, since the best was chosen"
        ));
    }
    let answer = match (all, is_inside) {
        (true, true) => Answer::Holds,
        (true, false) => Answer::DoesNotHold,
        (false, _) => Answer::CannotBeSaid,
    };
    Ok(Finding::new(answer, told.join("; ")))
}
