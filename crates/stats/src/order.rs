//! Whether arms stand in one order in two places.

use crate::{Interval, check, summary};
use cloze_foundation::{Draw, Fault, Result, Stream};

/// What the means could be is drawn so often, and less often where there are very many pairs of arms.
const DRAWN: usize = 10_000;
const MOST_PAIRS_DRAWN: usize = 20_000_000;
const LEAST_DRAWN: usize = 400;

/// Kendall's tau-b (Kendall 1945): of the pairs of arms that are tied in neither place, those in the same order less those in
/// opposite orders, over the geometric mean of what each place tells apart. None where a place tells none apart.
///
/// # Errors
/// Lengths that differ, or a value that is not finite.
pub fn kendall(first: &[f64], second: &[f64]) -> Result<Option<f64>> {
    check::pairs(first, second)?;
    Ok(tau(first, second))
}

fn tau(first: &[f64], second: &[f64]) -> Option<f64> {
    let (mut agree, mut of_first, mut of_second) = (0.0, 0.0, 0.0);
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    for one in 0..first.len() {
        for other in 0..one {
            let (here, there) = (sign(first[one], first[other]), sign(second[one], second[other]));
            agree += here * there;
            of_first += here.abs();
            of_second += there.abs();
        }
    }
    (of_first > 0.0 && of_second > 0.0).then(|| agree / f64::sqrt(of_first * of_second))
}

/// The scores of some arms in one place, by arm and by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// By arm and by seed.
    pub arms: Vec<Vec<f64>>,
    /// Whether the arms have the same seeds in the same order: what a seed does to one it may do to all.
    pub are_paired: bool,
}

/// How far two places agree in the order of the arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Kendall's tau-b of the means.
    pub tau: f64,
    /// The middle of its values over what the means could be as far as the seeds say; none where an arm has one seed.
    pub interval: Option<Interval>,
    /// Of what the means could be, the share in which every pair of arms is in the same order in both places.
    pub same: Option<f64>,
}

/// Kendall's tau of the arms' means in two places, with what seeds leave open: the means of a place are drawn from the
/// multivariate t around those that were seen, with the covariance of the seeds. None where a place tells no arms apart.
///
/// # Errors
/// Fewer than two arms, other arms in one place than in the other, an arm without scores, a score that is not finite.
pub fn agreement(first: &Scores, second: &Scores, confidence: f64) -> Result<Option<Agreement>> {
    check::share("confidence", confidence)?;
    let count = first.arms.len();
    if count < 2 || count != second.arms.len() {
        return Err(Fault::run(format!(
            "{count} arms have no order beside {} others",
            second.arms.len()
        ))
        .allowed(["at least two arms, the same in both places"]));
    }
    let (one, other) = (Noise::of(first)?, Noise::of(second)?);
    let Some(tau_seen) = tau(&one.means, &other.means) else {
        return Ok(None);
    };
    let mut found = Agreement {
        tau: tau_seen,
        interval: None,
        same: None,
    };
    if one.least < 2 || other.least < 2 {
        return Ok(Some(found));
    }
    let drawn = (MOST_PAIRS_DRAWN / (count * count)).clamp(LEAST_DRAWN, DRAWN);
    let mut stream = Draw::new(0, "agreement").stream();
    let draw = |_| tau(&one.draw(&mut stream), &other.draw(&mut stream)).unwrap_or_default();
    let mut taus: Vec<f64> = (0..drawn).map(draw).collect();
    taus.sort_by(f64::total_cmp);
    let outside = (drawn as f64 * (1.0 - confidence) / 2.0) as usize;
    found.interval = Some(Interval {
        low: taus[outside],
        high: taus[drawn - 1 - outside],
    });
    found.same = Some(taus.iter().filter(|tau| **tau > 1.0 - 1e-9).count() as f64 / drawn as f64);
    Ok(Some(found))
}

/// Means, and how seeds move them.
struct Noise {
    means: Vec<f64>,
    /// Every seed's difference from its arm's mean, over the root of n (n - 1): their squares are the variance of the mean.
    moves: Vec<Vec<f64>>,
    are_paired: bool,
    /// The fewest seeds of an arm.
    least: usize,
}

impl Noise {
    fn of(scores: &Scores) -> Result<Self> {
        scores.arms.iter().try_for_each(|arm| check::finite("scores", arm))?;
        let means: Vec<f64> = scores.arms.iter().map(|arm| summary::mean(arm)).collect();
        let moves = scores.arms.iter().zip(&means).map(|(arm, mean)| {
            let n = arm.len() as f64;
            let scale = (n * (n - 1.0)).sqrt().max(1.0);
            arm.iter().map(|score| (score - mean) / scale).collect()
        });
        let counts = scores.arms.iter().map(Vec::len);
        Ok(Self {
            moves: moves.collect(),
            means,
            are_paired: scores.are_paired && counts.clone().all(|count| count == scores.arms[0].len()),
            least: counts.min().unwrap_or_default(),
        })
    }

    /// What the means could be.
    fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut weights = Vec::new();
        let each = self.means.iter().zip(&self.moves).map(|(mean, moves)| {
            if weights.is_empty() || !self.are_paired {
                weights = student(moves.len(), stream);
            }
            mean + moves
                .iter()
                .zip(&weights)
                .map(|(one, weight)| one * weight)
                .sum::<f64>()
        });
        each.collect()
    }
}

/// Normal numbers over the root of a chi-square over its degrees of freedom: with n seeds they make a sum of differences
/// Student's t with n - 1 degrees of freedom.
fn student(count: usize, stream: &mut Stream) -> Vec<f64> {
    let degrees = count.max(2) - 1;
    let chi_square: f64 = (0..degrees).map(|_| stream.normal().powi(2)).sum();
    let scale = (chi_square / degrees as f64).sqrt().max(f64::MIN_POSITIVE);
    (0..count).map(|_| stream.normal() / scale).collect()
}
