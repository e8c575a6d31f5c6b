//! When a seed leaves the plateau of word frequencies, as far as judgements see it.

use crate::curves::CONFIDENCE;
use crate::score::{LEAST_SEEDS, Score};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::metric::{LOSS, PRETRAINING};
use cloze_schema::{Axis, Spent};
use cloze_stats::{Interval, LogRank, Survival, Watched, holm, kaplan_meier, log_rank};
use std::collections::BTreeMap;

/// A seed has left with a loss so many nats below that of word frequencies.
pub(crate) const MARGIN: f64 = 0.1;

/// How far a seed came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving {
    /// Whether it has left.
    pub left: bool,
    /// At the first judgement that finds it gone, or at the last one, beyond which nobody looked.
    pub at: Spent,
}

/// The seeds of an arm and when they left.
#[derive(Clone, Debug)]
pub(crate) struct Onset {
    pub arm: usize,
    /// Who answered, where it was not the encoder itself.
    pub answerer: Option<String>,
    pub seeds: BTreeMap<u64, Leaving>,
}

impl Onset {
    /// How many have left.
    pub(crate) fn left(&self) -> usize {
        self.seeds.values().filter(|seed| seed.left).count()
    }

    /// Whether some seeds have left and others not. Another network of the arm answers for itself.
    pub(crate) fn is_mixed(&self) -> bool {
        self.answerer.is_none() && (1..self.seeds.len()).contains(&self.left())
    }

    /// `2 of 3`.
    pub(crate) fn share(&self) -> String {
        format!("{} of {}", self.left(), self.seeds.len())
    }

    /// The share of seeds on the plateau over tokens seen.
    ///
    /// # Errors
    /// What statistics refuse.
    pub(crate) fn curve(&self) -> Result<Vec<Survival>> {
        kaplan_meier(&self.watched(), CONFIDENCE)
    }

    fn watched(&self) -> Vec<Watched> {
        let one = |seed: &Leaving| Watched {
            time: seed.at[Axis::Tokens],
            happened: seed.left,
        };
        self.seeds.values().map(one).collect()
    }
}

/// What survival leaves of the share that has left: it goes the other way.
pub(crate) fn gone(step: &Survival) -> (f64, Option<Interval>) {
    let interval = step.interval.map(|interval| Interval {
        low: 1.0 - interval.high,
        high: 1.0 - interval.low,
    });
    (1.0 - step.share, interval)
}

impl View {
    /// When the seeds of an arm left the plateau; none where no loss of it says so.
    pub(crate) fn onset(&self, arm: usize) -> Option<Onset> {
        let (curves, unigram, answerer) = self.placed_curves(arm)?;
        let seeds = curves.iter().filter_map(|(seed, points)| {
            let first = points.iter().find(|point| point.value <= unigram - MARGIN);
            let leaving = Leaving {
                left: first.is_some(),
                at: first.or(points.last())?.spent,
            };
            Some((*seed, leaving))
        });
        Some(Onset {
            arm,
            answerer,
            seeds: seeds.collect(),
        })
    }

    /// That an arm's mean is over seeds of two kinds, where it is: some have left the plateau and others have not.
    pub(crate) fn mixture(&self, arm: usize) -> Option<String> {
        let onset = self.onset(arm).filter(Onset::is_mixed)?;
        Some(format!(
            "{} seeds have left the plateau of word frequencies",
            onset.share()
        ))
    }

    /// The score whose fields are those of onsets: a loss on held-out text.
    pub(crate) fn of_onset() -> Score {
        Score::new(PRETRAINING, LOSS, &[])
    }
}

/// An arm against its baseline.
pub(crate) struct Sooner {
    pub arm: usize,
    pub baseline: usize,
    pub by: LogRank,
    /// p after Holm's correction over the arms.
    pub holm: f64,
}

/// Log-rank tests among arms.
#[derive(Default)]
pub(crate) struct Tests {
    /// Of all together, where there are more than two.
    pub all: Option<LogRank>,
    pub against: Vec<Sooner>,
}

/// Tests the arms that have enough seeds; `baselines` by arm.
///
/// # Errors
/// What statistics refuse.
pub(crate) fn tests(onsets: &[&Onset], baselines: &[Option<usize>]) -> Result<Tests> {
    let enough: Vec<&&Onset> = onsets.iter().filter(|one| one.seeds.len() >= LEAST_SEEDS).collect();
    let groups: Vec<Vec<Watched>> = enough.iter().map(|one| one.watched()).collect();
    let mut found = Tests::default();
    if groups.len() > 2 {
        found.all = log_rank(&groups)?;
    }
    for (place, one) in enough.iter().enumerate() {
        let baseline = baselines[one.arm].filter(|baseline| *baseline != one.arm);
        let other = enough.iter().position(|other| Some(other.arm) == baseline);
        let Some(other) = other else { continue };
        if let Some(by) = log_rank(&[groups[place].clone(), groups[other].clone()])? {
            found.against.push(Sooner {
                arm: one.arm,
                baseline: enough[other].arm,
                holm: by.p,
                by,
            });
        }
    }
    let adjusted = holm(&found.against.iter().map(|one| one.by.p).collect::<Vec<_>>())?;
    found.against.iter_mut().zip(adjusted).for_each(|(one, p)| one.holm = p);
    Ok(found)
}
