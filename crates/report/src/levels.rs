//! What a loss is held against: that of word frequencies, and the best one that is possible.

use cloze_schema::metric::{BEST_LOSS, UNIGRAM_LOSS};
use std::collections::BTreeMap;

/// The two levels of a run on a task, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Levels {
    pub unigram: Option<f64>,
    pub best: Option<f64>,
}

impl Levels {
    /// Those that are known, with their names.
    pub(crate) fn named(self) -> impl Iterator<Item = (&'static str, f64)> {
        let named = [
            ("word frequencies (unigram)", self.unigram),
            ("best possible", self.best),
        ];
        named.into_iter().filter_map(|(name, level)| Some((name, level?)))
    }
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
