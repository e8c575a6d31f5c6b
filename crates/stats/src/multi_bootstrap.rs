//! Intervals over seeds and items at once: would it hold for other seeds, and for other items of the same kind?
//!
//! The multi-bootstrap (Sellam et al. 2022, The MultiBERTs) resamples seeds and items, the same seeds and items for both
//! arms. With few seeds its seeds' part is too narrow: three seeds have ten different resamples, and an interval from them
//! covers 74 % where it says 95 %. Here the items are resampled, within each paradigm, and what the seeds add is drawn from
//! Student's t with the spread of the seeds' scores: with many seeds it is the multi-bootstrap, without a difference between
//! items the t interval, and with seeds that do not differ the bootstrap of the items.
//!
//! A seed's score on the very items that were judged varies with how seeds and items go together. That part is in the
//! spread of the seeds and in that of the items; it is taken out of the latter.

use crate::{check, student, summary};
use cloze_foundation::{Draw, Fault, Result, Stream};

/// Resamples of the items; each is a replicate with what the seeds add, and one with what they take away.
const RESAMPLES: usize = 5_000;
/// The least p is about one in so many.
const REPLICATES: usize = 2 * RESAMPLES;
/// Replicates outside the 95 % interval on either side.
const OUTSIDE: usize = REPLICATES / 40;

/// What every seed got for every item.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Credits by seed, paradigm and item: 0, one half or 1. Every seed has the same paradigms with the same items.
    pub seeds: Vec<Vec<Vec<f64>>>,
    /// The group of each paradigm: means are over items, then over the paradigms of a group, then over groups. A paradigm
    /// with a group of its own counts for itself.
    pub groups: Vec<usize>,
}

/// What resampling says of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// The mean itself.
    pub estimate: f64,
    /// Lower end of the 95 % interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Two-sided, of the mean being the chance level (or 0, for a difference).
    pub p: f64,
    /// Standard error of the mean from the items alone: what it would keep if there were seeds without end.
    pub of_items: f64,
    /// The chance level, or 0.
    pub null: f64,
}

impl Bootstrap {
    /// How many times as many items it takes to tell this mean from the chance level, at a level of significance, if there
    /// were seeds without end; none where these are enough. Where they are not, more seeds alone are of no use.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn more_items(&self, level: f64) -> Result<Option<u64>> {
        // So many degrees of freedom are the normal distribution.
        let z = student::two_sided_quantile(1_000_000, 1.0 - level)?;
        let times = (z * self.of_items / (self.estimate - self.null).abs()).powi(2);
        Ok((times >= 1.0).then(|| times.ceil().max(2.0) as u64))
    }
}

/// The mean credit of one arm against a chance level.
///
/// # Errors
/// Fewer than two seeds, seeds with other items, a paradigm without items or a group, a value that is not finite.
pub fn level(judged: &Judged, chance: f64, seed: u64) -> Result<Bootstrap> {
    check::finite("chance", &[chance])?;
    judged.check()?;
    let weights = judged.weights();
    let scores: Vec<f64> = judged.seeds.iter().map(|seed| score(seed, &weights)).collect();
    let estimate = summary::mean(&scores);
    let seeds = scores.len();
    let of_seeds = summary::standard_deviation(&scores, estimate) / (seeds as f64).sqrt();
    let paradigms: Vec<Paradigm> = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| Paradigm::of(&judged.seeds, index, *weight))
        .collect();
    let shrunk = shrinkage(&paradigms, of_seeds * of_seeds);
    let quantiles = student::quantiles(seeds - 1, RESAMPLES)?;
    let mut items = Draw::new(seed, "multi-bootstrap").stream();
    let mut replicates = Vec::with_capacity(REPLICATES);
    // Evenly spread over the upper half of the law, and so over the lower one.
    for quantile in &*quantiles {
        let items: f64 = paradigms.iter().map(|paradigm| paradigm.resample(&mut items)).sum();
        let seeds = of_seeds * quantile;
        replicates.extend([seeds, -seeds].map(|seeds| estimate + (items * shrunk + seeds)));
    }
    replicates.sort_by(f64::total_cmp);
    let below = replicates.partition_point(|replicate| *replicate <= chance);
    let above = REPLICATES - replicates.partition_point(|replicate| *replicate < chance);
    let found = Bootstrap {
        estimate,
        lo: replicates[OUTSIDE],
        hi: replicates[REPLICATES - 1 - OUTSIDE],
        p: ((2 * below.min(above) + 1) as f64 / (REPLICATES + 1) as f64).min(1.0),
        of_items: shrunk * paradigms.iter().map(|paradigm| paradigm.variance).sum::<f64>().sqrt(),
        null: chance,
    };
    let items = paradigms.iter().map(|paradigm| paradigm.items).sum();
    let alike = paradigms.iter().all(|paradigm| paradigm.variance == 0.0);
    Ok(if alike { unanimous(found, items) } else { found })
}

/// Items that all say the same show no spread, and resampling them gives none. They say no more than as many throws of a coin
/// that fall alike: p is that of the sign test, and the interval that of Clopper and Pearson (1934) around it.
fn unanimous(found: Bootstrap, items: usize) -> Bootstrap {
    let throws = i32::try_from(items).unwrap_or(i32::MAX);
    let least = 0.025_f64.powf(1.0 / items as f64);
    let half = 2.0 * (1.0 - least) * (found.estimate - found.null).abs();
    Bootstrap {
        lo: found.lo.min(found.estimate - half),
        hi: found.hi.max(found.estimate + half),
        p: found.p.max(0.5_f64.powi(throws - 1)).min(1.0),
        of_items: half / 1.96,
        ..found
    }
}

/// The first arm minus the second, paired by seed and by item.
///
/// # Errors
/// As [`level`], and arms that were not judged by the same items in as many seeds.
pub fn difference(a: &Judged, b: &Judged, seed: u64) -> Result<Bootstrap> {
    let sizes = |judged: &Judged| -> Vec<Vec<usize>> {
        let of_seed = |seed: &Vec<Vec<f64>>| seed.iter().map(Vec::len).collect();
        judged.seeds.iter().map(of_seed).collect()
    };
    if a.groups != b.groups || sizes(a) != sizes(b) {
        return Err(
            Fault::run("two arms were not judged by the same items in as many seeds")
                .remedy("keep only the seeds that both arms have"),
        );
    }
    let minus = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| a - b).collect();
    let seeds = a.seeds.iter().zip(&b.seeds);
    let differences = Judged {
        seeds: seeds
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| minus(a, b)).collect())
            .collect(),
        groups: a.groups.clone(),
    };
    level(&differences, 0.0, seed)
}

impl Judged {
    fn check(&self) -> Result<()> {
        let [first, _, ..] = &self.seeds[..] else {
            return Err(
                Fault::run(format!("{} seed(s) say nothing of others", self.seeds.len()))
                    .allowed(["at least two seeds"]),
            );
        };
        if first.len() != self.groups.len() || first.is_empty() {
            return Err(Fault::run(format!(
                "{} paradigms have {} groups",
                first.len(),
                self.groups.len()
            )));
        }
        for (index, seed) in self.seeds.iter().enumerate() {
            if seed.len() != first.len() || seed.iter().zip(first).any(|(a, b)| a.len() != b.len()) {
                return Err(Fault::run(format!(
                    "seed {} was judged by other items than seed 1",
                    index + 1
                )));
            }
            seed.iter().try_for_each(|items| check::finite("credits", items))?;
        }
        Ok(())
    }

    /// What each paradigm counts in the mean.
    fn weights(&self) -> Vec<f64> {
        let mut groups = self.groups.clone();
        groups.sort_unstable();
        let members = |group: usize| {
            groups.partition_point(|other| *other <= group) - groups.partition_point(|other| *other < group)
        };
        let sizes: Vec<usize> = self.groups.iter().map(|group| members(*group)).collect();
        groups.dedup();
        sizes.iter().map(|size| 1.0 / (groups.len() * size) as f64).collect()
    }
}

/// A seed's mean.
fn score(seed: &[Vec<f64>], weights: &[f64]) -> f64 {
    seed.iter()
        .zip(weights)
        .map(|(items, weight)| weight * summary::mean(items))
        .sum()
}

/// The items of a paradigm.
struct Paradigm {
    /// How many are drawn.
    items: usize,
    /// From these: each item's mean over the seeds less the paradigm's mean, times its weight over the number of items,
    /// widened for there being few.
    deviations: Vec<f64>,
    /// Variance of the weighted mean from the items, and the part of it from how items and seeds go together.
    variance: f64,
    together: f64,
}

impl Paradigm {
    fn of(seeds: &[Vec<Vec<f64>>], index: usize, weight: f64) -> Self {
        let credits: Vec<&[f64]> = seeds.iter().map(|seed| seed[index].as_slice()).collect();
        let (count, items) = (credits.len() as f64, credits[0].len());
        if items == 1 {
            // One item shows no spread: the most that there can be between two arms is taken.
            return Self {
                items,
                deviations: vec![-weight, weight],
                variance: weight * weight,
                together: 0.0,
            };
        }
        let of_item: Vec<f64> = (0..items)
            .map(|item| credits.iter().map(|seed| seed[item]).sum::<f64>() / count)
            .collect();
        let mean = summary::mean(&of_item);
        let squares: f64 = of_item.iter().map(|item| (item - mean).powi(2)).sum();
        let residuals: f64 = credits
            .iter()
            .map(|seed| {
                let of_seed = summary::mean(seed) - mean;
                let residual = |(credit, item): (&f64, &f64)| (credit - item - of_seed).powi(2);
                seed.iter().zip(&of_item).map(residual).sum::<f64>()
            })
            .sum();
        let (n, rest) = (items as f64, items as f64 - 1.0);
        let widened = weight / n * (n / rest).sqrt();
        Self {
            items,
            deviations: of_item.iter().map(|item| (item - mean) * widened).collect(),
            variance: weight * weight * squares / rest / n,
            together: weight * weight * residuals / ((count - 1.0) * rest) / (count * n),
        }
    }

    /// What other items would add to the mean of all.
    fn resample(&self, stream: &mut Stream) -> f64 {
        if self.variance == 0.0 {
            return 0.0;
        }
        let drawn = (0..self.items).map(|_| self.deviations[stream.below(self.deviations.len())]);
        drawn.sum()
    }
}

/// What the items' deviations are multiplied by, so that what seeds and items do together is counted once: it is taken out of
/// the items as far as it is in the spread of the seeds. Seeds whose means are equal by chance have none of it.
fn shrinkage(paradigms: &[Paradigm], of_seeds: f64) -> f64 {
    let sum = |of: fn(&Paradigm) -> f64| paradigms.iter().map(of).sum::<f64>();
    let (all, together) = (sum(|paradigm| paradigm.variance), sum(|paradigm| paradigm.together));
    if all > 0.0 {
        (1.0 - together.min(of_seeds) / all).max(0.0).sqrt()
    } else {
        0.0
    }
}
