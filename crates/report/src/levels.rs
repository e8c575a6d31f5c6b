//! What a loss is held against: that of word frequencies, and the best one that is possible.

use crate::score::Score;
use crate::view::{View, last, over_seeds};
use cloze_foundation::Result;
use cloze_schema::metric::{BEST_LOSS, LOSS, PRETRAINING, UNIGRAM_LOSS};
use std::collections::BTreeMap;

/// A loss within this share of that of word frequencies is on their plateau.
pub(crate) const PLATEAU: f64 = 0.02;

/// The two levels of a run on a task, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Levels {
    pub unigram: Option<f64>,
    pub best: Option<f64>,
}

/// Task, arm and seed to levels.
pub(crate) type LevelsOf = BTreeMap<(String, usize), BTreeMap<u64, Levels>>;

/// Notes a level; says whether the metric is one.
pub(crate) fn note(levels: &mut LevelsOf, (task, arm, seed): (&str, usize, u64), metric: &str, value: f64) -> bool {
    if ![UNIGRAM_LOSS, BEST_LOSS].contains(&metric) {
        return false;
    }
    let of = levels
        .entry((task.to_owned(), arm))
        .or_default()
        .entry(seed)
        .or_default();
    let value = value.is_finite().then_some(value);
    match metric {
        UNIGRAM_LOSS => of.unigram = value,
        _ => of.best = value,
    }
    true
}

/// An arm that has not been shown to know more than word frequencies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnPlateau {
    pub arm: usize,
    /// Who answered, where it was not the encoder itself.
    pub answerer: Option<String>,
    pub loss: f64,
    pub unigram: f64,
}

impl View {
    /// The levels of a task for some arms: the mean over all that have one, which is one number where arms were judged on
    /// the same tokens.
    pub(crate) fn levels(&self, task: &str, arms: &[usize]) -> Levels {
        let of = |arm: &usize| self.levels.get(&(task.to_owned(), *arm));
        let all: Vec<Levels> = arms.iter().filter_map(of).flat_map(BTreeMap::values).copied().collect();
        let mean = |take: fn(&Levels) -> Option<f64>| {
            let found: Vec<f64> = all.iter().filter_map(take).collect();
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        Levels {
            unigram: mean(|levels| levels.unigram),
            best: mean(|levels| levels.best),
        }
    }

    /// The arms that are not off the plateau of word frequencies, on the first loss that says so.
    ///
    /// # Errors
    /// Losses that statistics refuse; a view holds finite ones only.
    pub(crate) fn on_plateau(&self) -> Result<Vec<OnPlateau>> {
        let mut found = Vec::new();
        let losses: Vec<&Score> = self
            .curves
            .keys()
            .filter(|score| score.metric.split('[').next() == Some(LOSS))
            .collect();
        for arm in 0..self.arms.len() {
            let judged = losses.iter().find_map(|score| {
                let unigram = self.levels(&score.task, &[arm]).unigram?;
                let curves = &self.curves(score)[arm];
                (!curves.is_empty()).then(|| (last(curves), unigram, score.answerer()))
            });
            let own = || {
                let unigram = self.levels(PRETRAINING, &[arm]).unigram?;
                let losses = last(&self.own_loss[arm]);
                (self.arms[arm].is_token_loss() && !losses.is_empty()).then_some((losses, unigram, None))
            };
            let Some((losses, unigram, answerer)) = judged.or_else(own) else {
                continue;
            };
            let Some(summary) = over_seeds(&losses)? else { continue };
            let highest = summary.interval.map_or(summary.mean, |interval| interval.high);
            // Two seeds have an interval that says nothing either way.
            let loss = if summary.n > 2 { highest } else { summary.mean };
            if loss > (1.0 - PLATEAU) * unigram {
                found.push(OnPlateau {
                    arm,
                    answerer,
                    loss: summary.mean,
                    unigram,
                });
            }
        }
        Ok(found)
    }
}
