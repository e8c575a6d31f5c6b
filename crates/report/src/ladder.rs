//! Whether the order of arms holds along the sizes of an experiment: widths, layers, budgets.

use crate::compare::ALPHA;
use crate::curves::{BySeed, CONFIDENCE};
use crate::ground::Field;
use crate::score::LEAST_SEEDS;
use crate::study::{Scored, Study};
use crate::sweep::{Series, factors, series, swept_by_all};
use cloze_foundation::Result;
use cloze_schema::chart::SIZES;
use cloze_stats::{Course, Difference, Rung, Trend, course, holm, ladder};
use std::collections::BTreeSet;

/// Sizes below which nothing is said of an order along them.
const LEAST_SIZES: usize = 3;
/// Up to so many arms every pair is compared; of more each against its baseline.
const MOST_IN_PAIRS: usize = 5;

/// The arms of a field along one size.
pub(crate) struct Ladder {
    /// The key path of the size.
    pub path: &'static str,
    /// What sets the field apart.
    pub field: Option<String>,
    pub sizes: Vec<f64>,
    pub pairs: Vec<Rivals>,
}

/// Two arms along the sizes, the first less the second.
pub(crate) struct Rivals {
    pub names: [String; 2],
    pub differences: Vec<Difference>,
    /// p of every difference after Holm's correction over all sizes and pairs.
    pub p: Vec<Option<f64>>,
    pub trend: Trend,
    /// After Holm's correction over the pairs.
    pub trend_holm: Option<f64>,
    pub course: Course,
}

/// The series along a size that has enough of them, and belong together: of one field, with equal values of what else the whole
/// experiment sweeps.
pub(crate) fn groups(study: &Study, field: &Field, path: &str) -> Vec<Vec<Series>> {
    let arms = &study.view.arms;
    if !factors(arms).contains(&path) {
        return Vec::new();
    }
    let whole = swept_by_all(arms);
    let place = |one: &Series| -> Vec<Option<&toml::Value>> {
        let factors = &arms[one.arms[0].1].factors;
        whole
            .iter()
            .filter(|key| **key != path)
            .map(|key| factors.get(*key))
            .collect()
    };
    let is_here =
        |one: &Series| one.arms.len() >= LEAST_SIZES && one.arms.iter().all(|(_, arm)| field.arms.contains(arm));
    let mut groups: Vec<Vec<Series>> = Vec::new();
    for one in series(arms, path).into_iter().filter(is_here) {
        let sizes = |one: &Series| one.arms.iter().map(|(size, _)| size.to_bits()).collect::<Vec<_>>();
        let alike = |group: &&mut Vec<Series>| place(&group[0]) == place(&one) && sizes(&group[0]) == sizes(&one);
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// What a series is called beside those of its group.
fn called(study: &Study, one: &Series) -> String {
    study.called(one.arms[0].1)
}

/// Every ladder of a score.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn ladders(study: &Study, scored: &Scored) -> Result<Vec<Ladder>> {
    let mut found = Vec::new();
    for path in SIZES.iter().copied() {
        for field in &scored.fields {
            for group in groups(study, field, path) {
                let pairs = pairs(study, scored, &group)?;
                if !pairs.is_empty() {
                    found.push(Ladder {
                        path,
                        field: field.name.clone(),
                        sizes: group[0].arms.iter().map(|(size, _)| *size).collect(),
                        pairs,
                    });
                }
            }
        }
    }
    Ok(found)
}

fn pairs(study: &Study, scored: &Scored, group: &[Series]) -> Result<Vec<Rivals>> {
    let mut found = Vec::new();
    for [one, other] in chosen(study, scored, group) {
        let rungs = group[one].arms.iter().zip(&group[other].arms);
        let rungs: Option<Vec<Rung>> = rungs
            .map(|((size, mine), (_, theirs))| rung(study, scored, *size, [*mine, *theirs]))
            .collect();
        let Some(rungs) = rungs else { continue };
        let (differences, trend) = ladder(&rungs, CONFIDENCE)?;
        found.push(Rivals {
            names: [one, other].map(|place| called(study, &group[place])),
            p: differences.iter().map(|one| one.p).collect(),
            differences,
            trend_holm: trend.p,
            trend,
            course: Course::Open,
        });
    }
    let all: Vec<f64> = found.iter().flat_map(|one| &one.p).map(|p| p.unwrap_or(1.0)).collect();
    let mut adjusted = holm(&all)?.into_iter();
    let trends = holm(&found.iter().map(|one| one.trend.p.unwrap_or(1.0)).collect::<Vec<_>>())?;
    for (one, of_trend) in found.iter_mut().zip(trends) {
        for p in &mut one.p {
            let corrected = adjusted.next();
            *p = p.and(corrected);
        }
        one.trend_holm = one.trend.p.map(|_| of_trend);
        one.course = course(&one.differences, &one.p, &one.trend, one.trend_holm, ALPHA);
    }
    Ok(found)
}

/// Which series are compared: all pairs of a few; of many each with that of its baseline, or with the first one.
fn chosen(study: &Study, scored: &Scored, group: &[Series]) -> Vec<[usize; 2]> {
    if group.len() <= MOST_IN_PAIRS {
        let pairs = (0..group.len()).flat_map(|one| (one + 1..group.len()).map(move |other| [one, other]));
        return pairs.collect();
    }
    let baselines = study.view.baselines(&scored.score);
    let base = |one: &Series| {
        let wanted: BTreeSet<usize> = one.arms.iter().filter_map(|(_, arm)| baselines[*arm]).collect();
        let is_base = |other: &Series| other.arms.iter().any(|(_, arm)| wanted.contains(arm));
        group.iter().position(is_base).unwrap_or_default()
    };
    let pairs = group.iter().enumerate().map(|(place, one)| [place, base(one)]);
    pairs.filter(|[one, other]| one != other).collect()
}

/// Two arms at a size; none where one has too few seeds.
fn rung(study: &Study, scored: &Scored, size: f64, arms: [usize; 2]) -> Option<Rung> {
    let [mine, theirs] = arms.map(|arm| &scored.finals[arm]);
    let is_paired = study.view.are_pairs(arms[0], arms[1]);
    let of = |values: &BySeed, others: &BySeed| -> Vec<f64> {
        let kept = values
            .iter()
            .filter(|(seed, _)| !is_paired || others.contains_key(*seed));
        kept.map(|(_, value)| *value).collect()
    };
    let (first, second) = (of(mine, theirs), of(theirs, mine));
    let common = mine.keys().filter(|seed| is_paired && theirs.contains_key(*seed));
    let seeds = common.copied().collect();
    (first.len().min(second.len()) >= LEAST_SEEDS).then_some(Rung {
        size,
        seeds,
        first,
        second,
        is_paired,
    })
}

impl Ladder {
    /// The last part of its path, and its ends: `width 64 to 256`.
    pub(crate) fn along(&self) -> String {
        let [first, .., last] = self.sizes[..] else {
            return self.word().to_owned();
        };
        let [first, last] = [first, last].map(crate::number::large);
        format!("{} {first} to {last}", self.word())
    }

    /// What its size is called.
    pub(crate) fn word(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("amount") => "budget",
            Some(word) => word,
            None => self.path,
        }
    }

    /// What it says of the order of the arms, in a sentence or two.
    pub(crate) fn answer(&self) -> Vec<String> {
        let of = |course: Course| -> Vec<String> {
            let pairs = self.pairs.iter().filter(|one| one.course == course);
            pairs.map(|one| one.names.join(" and ")).collect()
        };
        let [crosses, may, open, stable] = [Course::Crosses, Course::MayCross, Course::Open, Course::Stable].map(of);
        let along = self.along();
        let mut told = Vec::new();
        if !crosses.is_empty() {
            told.push(format!(
                "The order crosses over {along}: one is established to be ahead at one size and the other at another of {}.",
                crate::names::some(crosses)
            ));
        }
        if !may.is_empty() {
            told.push(format!(
                "The order may cross beyond: over {along} the difference gets smaller between {}. How it goes on is not said.",
                crate::names::some(may)
            ));
        }
        match (stable.is_empty(), open.is_empty()) {
            (false, true) if told.is_empty() => told.push(format!(
                "The order is stable over {along}: every pair of arms that is compared is established to stand the same way at every size, and no \
                 difference is shown to get smaller."
            )),
            (false, _) => told.push(format!("Stable over {along}: {}.", crate::names::some(stable))),
            _ => {}
        }
        if !open.is_empty() {
            told.push(format!(
                "Whether the order holds over {along} is not established of {}.",
                crate::names::some(open)
            ));
        }
        told
    }
}
