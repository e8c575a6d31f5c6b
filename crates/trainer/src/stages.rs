//! A schedule of window length: short windows first, which cost less and hold fewer dependencies, and long ones later (Charpentier
//! & Samuel 2024, GPT or BERT: 128 positions, 256 after 70 % of the budget, 512 after 90 %).
//!
//! Windows of each length have an order of their own: around a change some text of the epoch comes again and some is left out,
//! so that arms with other stages do not read the same text in the same order, and are not paired.

use cloze_foundation::{Fault, Key, Place, Result};
use cloze_options::{options, range};
use serde::{Deserialize, Serialize};

options! {
    /// A part of the budget in which windows are shorter than the encoder's.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Stage {
        /// The share of the budget at which it ends.
        pub until: f64, range::above(0).below(1) => "say when it ends, as a share of the budget";
        /// Positions in its windows. A step reads as many tokens as ever, in more windows.
        pub window: usize, range::from(2) => "say how long its windows are";
    }
}

/// What windows a step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// L.
    pub length: usize,
    /// B.
    pub windows: usize,
}

impl Shape {
    /// The shape at a moment, if this is the one after all stages.
    pub fn at(self, stages: &[Stage], progress: f64) -> Self {
        match stages.iter().find(|stage| progress < stage.until) {
            Some(stage) => self.of(stage.window),
            None => self,
        }
    }

    /// As many positions in windows of another length.
    fn of(self, length: usize) -> Self {
        let windows = self.length * self.windows / length.max(1);
        Self { length, windows }
    }

    /// Every shape of a run with the share of the budget that it has, in their order.
    pub fn shares(self, stages: &[Stage]) -> Vec<(Self, f64)> {
        let ends = stages.iter().map(|stage| (self.of(stage.window), stage.until));
        let mut from = 0.0;
        ends.chain([(self, 1.0)])
            .map(|(shape, until)| (shape, until - std::mem::replace(&mut from, until)))
            .collect()
    }

    /// Refuses stages out of order, and windows of which a step would not hold a whole number.
    ///
    /// # Errors
    /// The first stage that does not fit, at its key below `stages`.
    pub fn check(self, stages: &[Stage]) -> Result<()> {
        let positions = self.length * self.windows;
        for (index, stage) in stages.iter().enumerate() {
            let key = Key::from("stages").index(index);
            if index > 0 && stage.until <= stages[index - 1].until {
                return Err(Fault::usage("a stage ends before the one ahead of it")
                    .at(Place::key(key.join("until")))
                    .allowed([format!("above {}", stages[index - 1].until)]));
            }
            if stage.window >= self.length || !positions.is_multiple_of(stage.window) {
                let what = format!(
                    "windows of {} are no stage on the way to {} windows of {}",
                    stage.window, self.windows, self.length
                );
                let near = (2..self.length)
                    .rev()
                    .filter(|length| positions.is_multiple_of(*length));
                return Err(Fault::usage(what)
                    .at(Place::key(key.join("window")))
                    .allowed(near.take(8).map(|length| length.to_string()))
                    .remedy("a step reads as many tokens in whole windows of every stage, and the last ones are the longest"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Shape = Shape { length: 64, windows: 6 };

    fn stage(until: f64, window: usize) -> Stage {
        Stage { until, window }
    }

    #[test]
    fn windows_grow_and_a_step_reads_as_many_tokens_all_along() {
        let stages = [stage(0.5, 16), stage(0.75, 32)];
        assert_eq!(LAST.check(&stages), Ok(()));
        let at = |progress| LAST.at(&stages, progress);
        assert_eq!(
            [at(0.0), at(0.49)],
            [Shape {
                length: 16,
                windows: 24
            }; 2]
        );
        assert_eq!(
            [at(0.5), at(0.74)],
            [Shape {
                length: 32,
                windows: 12
            }; 2]
        );
        assert_eq!([at(0.75), at(1.0)], [LAST; 2]);
        let shares = LAST.shares(&stages);
        assert_eq!(
            shares.iter().map(|(_, share)| *share).collect::<Vec<_>>(),
            [0.5, 0.25, 0.25]
        );
        assert!(shares.iter().all(|(shape, _)| shape.length * shape.windows == 384));
        assert_eq!(LAST.shares(&[]), [(LAST, 1.0)]);
    }

    #[test]
    fn what_is_no_way_to_longer_windows_is_refused_at_its_key() {
        for (stages, place) in [
            (vec![stage(0.5, 64)], "stages[0].window"),
            (vec![stage(0.5, 80)], "stages[0].window"),
            (vec![stage(0.5, 20)], "stages[0].window"),
            (vec![stage(0.5, 16), stage(0.5, 32)], "stages[1].until"),
        ] {
            let fault = LAST.check(&stages).unwrap_err();
            assert_eq!(fault.place().as_deref(), Some(place), "{fault}");
        }
    }
}
