//! Intervals over seeds and items.

use crate::curves::BySeed;
use crate::score::Score;
use crate::view::View;
use cloze_foundation::Result;
use cloze_stats::{Bootstrap, Judged};

/// The seed of every resampling, so that a report has the same bytes each time.
pub(crate) const SEED: u64 = 0;

impl View {
    /// An arm against a level, over seeds and items; none where its items are not there.
    ///
    /// # Errors
    /// What resampling refuses.
    pub(crate) fn against_level(
        &self,
        score: &Score,
        arm: usize,
        finals: &BySeed,
        level: f64,
    ) -> Result<Option<Bootstrap>> {
        let key = (score.clone(), arm);
        if let Some(found) = self.resampled.borrow().get(&key) {
            return Ok(*found);
        }
        let seeds: Vec<u64> = finals.keys().copied().collect();
        let found = match self.answers.judged(score, arm, &seeds) {
            Some((judged, _)) => Some(cloze_stats::level(&judged, level, SEED)?),
            None => None,
        };
        let found = found.filter(|found| is_mean_of(found, finals));
        self.resampled.borrow_mut().insert(key, found);
        Ok(found)
    }

    /// Two arms against each other over the seeds that both have and the items that both answered.
    ///
    /// # Errors
    /// What resampling refuses.
    pub(crate) fn over_items(
        &self,
        score: &Score,
        arms: [usize; 2],
        finals: [&BySeed; 2],
    ) -> Result<Option<Bootstrap>> {
        let [mine, theirs] = finals;
        let seeds: Vec<u64> = mine.keys().filter(|seed| theirs.contains_key(seed)).copied().collect();
        let [one, other] = arms.map(|arm| self.answers.judged(score, arm, &seeds));
        let (Some((one, names)), Some((other, others))) = (one, other) else {
            return Ok(None);
        };
        let sizes = |judged: &Judged| judged.seeds[0].iter().map(Vec::len).collect::<Vec<_>>();
        if names != others || sizes(&one) != sizes(&other) {
            return Ok(None);
        }
        cloze_stats::difference(&one, &other, SEED).map(Some)
    }
}

/// Whether items give the mean that the metrics have: otherwise they are not the items of this judgement.
fn is_mean_of(found: &Bootstrap, finals: &BySeed) -> bool {
    let mean = finals.values().sum::<f64>() / finals.len() as f64;
    (found.estimate - mean).abs() < 1e-3
}
