//! When something happens, where some are watched for too short a time to see it: Kaplan and Meier's estimate, and the
//! log-rank test.

use crate::{Interval, check, student};
use cloze_foundation::{Draw, Fault, Result};

/// Up to so many ways to deal out the groups' names all are enumerated.
const ENUMERATED: f64 = 65_536.0;
/// Ways that are drawn beyond that.
const DRAWN: u64 = 65_535;

/// How long one was watched, and whether it happened then: otherwise the time is censored on the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// When it happened, or when nobody looked any more.
    pub time: f64,
    /// Whether it happened.
    pub happened: bool,
}

/// A step of Kaplan and Meier's curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Survival {
    /// When it happened to some.
    pub time: f64,
    /// How many it could have happened to.
    pub at_risk: usize,
    /// To how many it did.
    pub happened: usize,
    /// The share to which it has not happened, from this time on.
    pub share: f64,
    /// Of the share, by Greenwood's variance on the scale of log(-log(share)); none where nobody is left.
    pub interval: Option<Interval>,
}

/// The product-limit estimate (Kaplan & Meier 1958): a step for every time at which it happened, in order. One who is censored
/// at that time was still at risk then.
///
/// # Errors
/// Nobody who was watched, a time that is not finite, a confidence outside (0, 1).
pub fn kaplan_meier(watched: &[Watched], confidence: f64) -> Result<Vec<Survival>> {
    check_times(watched)?;
    let z = student::normal_quantile(confidence)?;
    let (mut share, mut greenwood) = (1.0, 0.0);
    let mut curve = Vec::new();
    for time in times(watched) {
        let (at_risk, happened) = at(watched, time);
        let (n, d) = (at_risk as f64, happened as f64);
        share *= 1.0 - d / n;
        greenwood += d / (n * (n - d));
        let interval = (at_risk > happened).then(|| {
            let log = share.ln();
            let half = z * greenwood.sqrt() / log.abs();
            // The complementary log-log keeps the ends between 0 and 1 (Kalbfleisch & Prentice 1980).
            let [low, high] = [half, -half].map(|half| (log * half.exp()).exp());
            Interval { low, high }
        });
        curve.push(Survival {
            time,
            at_risk,
            happened,
            share,
            interval,
        });
    }
    Ok(curve)
}

/// The first time by which it has happened to half of them; none where the curve does not come down that far.
pub fn median_time(curve: &[Survival]) -> Option<f64> {
    curve
        .iter()
        .find(|step| step.share <= 0.5 + 1e-12)
        .map(|step| step.time)
}

/// Whether groups differ in when it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRank {
    /// How often it happened in the first group less how often it would have if the groups did not differ.
    pub excess: f64,
    /// Of two groups, the excess over the root of its hypergeometric variance (Mantel 1966).
    pub z: Option<f64>,
    /// Exact: the share of the ways to deal out the groups' names in which they differ as much as they do or more.
    pub p: f64,
}

/// The log-rank test of two or more groups (Peto & Peto 1972) by permutation. Every one has the score "happened less the
/// hazard that it lived through", whose sum over a group is observed less expected; groups differ by the sum of the squares of
/// these over their sizes. Beyond 65,536 ways to deal out the names a Monte Carlo estimate (r + 1) / (R + 1), R = 65,535 from a
/// fixed seed. None where it happened to nobody.
///
/// # Errors
/// Fewer than two groups, an empty one, a time that is not finite.
pub fn log_rank(groups: &[Vec<Watched>]) -> Result<Option<LogRank>> {
    if groups.len() < 2 {
        return Err(Fault::run(format!("{} group(s) cannot differ", groups.len())).allowed(["at least two groups"]));
    }
    groups.iter().try_for_each(|group| check_times(group))?;
    let all: Vec<Watched> = groups.concat();
    let times = times(&all);
    if times.is_empty() {
        return Ok(None);
    }
    let hazards: Vec<(f64, f64)> = times
        .iter()
        .map(|time| {
            let (at_risk, happened) = at(&all, *time);
            (*time, happened as f64 / at_risk as f64)
        })
        .collect();
    let score = |one: &Watched| {
        let lived = hazards.iter().take_while(|(time, _)| *time <= one.time);
        f64::from(u8::from(one.happened)) - lived.map(|(_, hazard)| hazard).sum::<f64>()
    };
    let scores: Vec<f64> = all.iter().map(score).collect();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let excess = scores[..sizes[0]].iter().sum();
    Ok(Some(LogRank {
        excess,
        z: (groups.len() == 2)
            .then(|| variance(&all, &groups[0], &times))
            .filter(|variance| *variance > 0.0)
            .map(|variance| excess / variance.sqrt()),
        p: dealt(&scores, &sizes),
    }))
}

fn check_times(watched: &[Watched]) -> Result<()> {
    let times: Vec<f64> = watched.iter().map(|one| one.time).collect();
    check::finite("times", &times)
}

/// The times at which it happened, in order.
fn times(watched: &[Watched]) -> Vec<f64> {
    let mut times: Vec<f64> = watched.iter().filter(|one| one.happened).map(|one| one.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// How many are at risk at a time, and to how many it happens.
fn at(watched: &[Watched], time: f64) -> (usize, usize) {
    let at_risk = watched.iter().filter(|one| one.time >= time);
    let happened = watched.iter().filter(|one| one.happened && one.time == time);
    (at_risk.count(), happened.count())
}

/// Of how often it happens in the first of two groups.
fn variance(all: &[Watched], first: &[Watched], times: &[f64]) -> f64 {
    let each = times.iter().map(|time| {
        let ((n, d), (mine, _)) = (at(all, *time), at(first, *time));
        if n < 2 {
            return 0.0;
        }
        let (n, d, mine) = (n as f64, d as f64, mine as f64);
        d * mine / n * (1.0 - mine / n) * (n - d) / (n - 1.0)
    });
    each.sum()
}

/// The share of the ways to deal scores out to groups in which these differ as much as they do or more.
fn dealt(scores: &[f64], sizes: &[usize]) -> f64 {
    let apart = |scores: &[f64]| {
        let mut first = 0;
        let of_group = sizes.iter().map(|size| {
            let sum: f64 = scores[first..first + size].iter().sum();
            first += size;
            sum * sum / *size as f64
        });
        of_group.sum::<f64>()
    };
    let least = apart(scores) * (1.0 - 1e-9) - 1e-12;
    let mut sorted = scores.to_vec();
    // So that the order of the seeds does not change what is drawn.
    sorted.sort_by(f64::total_cmp);
    if ways(sizes) <= ENUMERATED {
        let (mut held, mut found) = (vec![0.0; sizes.len()], (0_u64, 0_u64));
        deal(&sorted, &mut sizes.to_vec(), &mut held, &mut |sums| {
            let apart: f64 = sums.iter().zip(sizes).map(|(sum, size)| sum * sum / *size as f64).sum();
            found.0 += 1;
            found.1 += u64::from(apart >= least);
        });
        return found.1 as f64 / found.0 as f64;
    }
    let mut stream = Draw::new(0, "log-rank").stream();
    let hits = (0..DRAWN).filter(|_| {
        stream.shuffle(&mut sorted);
        apart(&sorted) >= least
    });
    (hits.count() as f64 + 1.0) / (DRAWN as f64 + 1.0)
}

/// How many ways there are to deal out groups of these sizes.
fn ways(sizes: &[usize]) -> f64 {
    let (mut all, mut ways) = (0.0, 1.0);
    for size in sizes {
        for place in 1..=*size {
            all += 1.0;
            ways *= all / place as f64;
        }
    }
    ways
}

/// Gives every way to deal the scores out to groups that still have room, as the groups' sums.
fn deal(scores: &[f64], room: &mut [usize], sums: &mut [f64], found: &mut dyn FnMut(&[f64])) {
    let Some((score, rest)) = scores.split_first() else {
        return found(sums);
    };
    for group in 0..room.len() {
        if room[group] > 0 {
            let before = sums[group];
            room[group] -= 1;
            sums[group] += score;
            deal(rest, room, sums, found);
            room[group] += 1;
            sums[group] = before;
        }
    }
}
