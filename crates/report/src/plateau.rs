//! Which arms have learnt no more than word frequencies.

use crate::curves::{BySeed, Curves, last, over_seeds};
use crate::levels::Levels;
use crate::score::{LEAST_SEEDS, Score};
use crate::view::View;
use cloze_foundation::Result;
use cloze_schema::metric::{CEILING, LOSS, PRETRAINING};
use cloze_stats::{Interval, Summary};
use std::collections::BTreeMap;

/// A loss within this share of that of word frequencies is on their plateau.
pub(crate) const PLATEAU: f64 = 0.02;

/// An arm whose loss is that of word frequencies, or may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plateau {
    pub arm: usize,
    /// Who answered, where it was not the encoder itself.
    pub answerer: Option<String>,
    pub loss: f64,
    /// Of the loss over seeds, from three of them on.
    pub interval: Option<Interval>,
    pub unigram: f64,
    pub place: Place,
}

/// Where a loss lies beside that of word frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is worse: not even frequencies have been learnt.
    Above,
    /// It is theirs.
    On,
    /// It may be theirs, and may be better.
    Open,
}

impl Plateau {
    /// What the seeds say of a loss beside that of word frequencies; none where it is shown to be better. It is on the
    /// plateau where all of its interval is; two seeds have an interval that says nothing either way, so that their mean
    /// decides.
    fn of(arm: usize, answerer: Option<String>, found: &Summary, unigram: f64) -> Option<Self> {
        let least = (1.0 - PLATEAU) * unigram;
        let interval = found.interval.filter(|_| found.n >= LEAST_SEEDS);
        let [low, high] = interval.map_or([found.mean; 2], |interval| [interval.low, interval.high]);
        (high > least).then_some(Self {
            arm,
            answerer,
            loss: found.mean,
            interval,
            unigram,
            place: match () {
                () if low > (1.0 + PLATEAU) * unigram => Place::Above,
                () if low > least => Place::On,
                () => Place::Open,
            },
        })
    }

    /// Whether it says of the arm itself that nothing else was learnt: another network of the arm answers for itself.
    pub(crate) fn is_of_encoder(&self) -> bool {
        self.place != Place::Open && self.answerer.is_none()
    }

    /// A sentence with its numbers.
    pub(crate) fn sentence(&self, name: &str) -> String {
        let digits = |value: f64| format!("{value:.3}");
        let who = self
            .answerer
            .as_ref()
            .map(|who| format!(" (its {who})"))
            .unwrap_or_default();
        let (loss, unigram, share) = (digits(self.loss), digits(self.unigram), 100.0 * PLATEAU);
        match (self.place, self.interval) {
            (Place::Above, _) => {
                format!("{name}{who} has not learnt word frequencies yet: {loss} where they have {unigram}.")
            }
            (Place::On, _) => format!(
                "{name}{who} is on the plateau of word frequencies: {loss}, and they have {unigram}; it would be off it with a \
                 loss that is lower by {share} %."
            ),
            (Place::Open, interval) => {
                let interval = interval.map_or_else(String::new, |interval| {
                    format!(", 95 % interval [{}, {}]", digits(interval.low), digits(interval.high))
                });
                format!(
                    "{name}{who} may be on the plateau of word frequencies: {loss}{interval}, and they have {unigram}; it would \
                     be off it with all of the interval more than {share} % below them."
                )
            }
        }
    }
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

    /// The best possible score of a headline for some arms, where the law is known that made the questions: the mean over all that
    /// have one, as [`levels`](Self::levels).
    pub(crate) fn ceiling(&self, score: &Score, arms: &[usize]) -> Option<f64> {
        if !score.is_headline() {
            return None;
        }
        let ceiling = Score::new(&score.task, CEILING, &self.plan.tasks);
        let curves = self.curves(&ceiling);
        let of = |arm: &usize| curves.get(*arm).map(last);
        let found: Vec<f64> = arms.iter().filter_map(of).flat_map(BySeed::into_values).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    }

    /// The arms that are not shown to be off the plateau of word frequencies, on the first loss that says so.
    ///
    /// # Errors
    /// Losses that statistics refuse; a view holds finite ones only.
    pub(crate) fn plateaus(&self) -> Result<Vec<Plateau>> {
        let mut found = Vec::new();
        for arm in 0..self.arms.len() {
            let Some((losses, unigram, answerer)) = self.placed(arm) else {
                continue;
            };
            let Some(summary) = over_seeds(&losses)? else { continue };
            found.extend(Plateau::of(arm, answerer, &summary, unigram));
        }
        Ok(found)
    }

    /// The arms with a loss of their own beside which nothing says where they are; none where nothing says it of any arm.
    pub(crate) fn unplaced(&self) -> Vec<usize> {
        let has_loss = |arm: &usize| !last(&self.own_loss[*arm]).is_empty();
        let arms = (0..self.arms.len()).filter(has_loss);
        let (placed, unplaced): (Vec<usize>, Vec<usize>) = arms.partition(|arm| self.placed(*arm).is_some());
        let is_known = |arm: &usize| self.levels(PRETRAINING, &[*arm]).unigram.is_some();
        let any = !placed.is_empty() || unplaced.iter().any(is_known);
        if any { unplaced } else { Vec::new() }
    }

    /// The losses by seed that say where an arm is, what word frequencies have there, and who answered.
    fn placed(&self, arm: usize) -> Option<(BySeed, f64, Option<String>)> {
        let (curves, unigram, answerer) = self.placed_curves(arm)?;
        let losses = last(curves);
        (!losses.is_empty()).then_some((losses, unigram, answerer))
    }

    /// The same with every judgement.
    pub(crate) fn placed_curves(&self, arm: usize) -> Option<(&Curves, f64, Option<String>)> {
        let of_masked = |score: &&Score| score.metric.split('[').next() == Some(LOSS);
        let judged = self.curves.keys().filter(of_masked).find_map(|score| {
            let unigram = self.levels(&score.task, &[arm]).unigram?;
            let curves = &self.curves(score)[arm];
            (!curves.is_empty()).then(|| (curves, unigram, score.answerer()))
        });
        judged.or_else(|| {
            let unigram = self.levels(PRETRAINING, &[arm]).unigram?;
            let curves = &self.own_loss[arm];
            (self.arms[arm].is_token_loss() && !curves.is_empty()).then_some((curves, unigram, None))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_stats::summarise;

    fn of(losses: &[f64], answerer: Option<&str>) -> Option<Plateau> {
        let found = summarise(losses, 0.95).unwrap();
        Plateau::of(0, answerer.map(str::to_owned), &found, 5.0)
    }

    #[test]
    fn above_it_on_it_off_it_and_neither_are_four_things() {
        // Two per cent less than 5.0 are 4.9.
        assert_eq!(of(&[4.0, 4.1, 4.05], None), None);
        assert_eq!(of(&[5.01, 5.02, 5.0], None).unwrap().place, Place::On);
        let worse = of(&[6.0, 6.1, 6.05], None).unwrap();
        assert!(worse.place == Place::Above && worse.is_of_encoder());
        assert_eq!(
            worse.sentence("mlm"),
            "mlm has not learnt word frequencies yet: 6.050 where they have 5.000."
        );
        let open = of(&[4.4, 4.8, 4.85], None).unwrap();
        assert!(open.place == Place::Open && !open.is_of_encoder());
        let sentence = open.sentence("span");
        assert!(
            sentence.starts_with("span may be on the plateau of word frequencies: 4.683, 95 % interval [4.07"),
            "{sentence}"
        );
        // Seeds that agree to the last bit, and two of them.
        for losses in [&[5.0; 3][..], &[5.0, 5.1]] {
            assert_eq!(of(losses, None).unwrap().place, Place::On);
        }
        assert_eq!(of(&[4.0, 4.8], None), None);
    }

    #[test]
    fn a_helper_answers_for_itself() {
        let generator = of(&[5.0, 5.01, 5.02], Some("generator")).unwrap();
        assert!(generator.place == Place::On && !generator.is_of_encoder());
        assert!(
            generator
                .sentence("electra")
                .starts_with("electra (its generator) is on")
        );
    }
}
