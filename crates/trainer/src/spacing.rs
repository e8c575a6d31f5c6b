//! Where along its budget a run is judged.

use cloze_options::words;

words! {
    /// How the judgements of a run lie along its budget.
    pub enum Spacing {
        /// At equal shares of the budget.
        Even = "even",
        /// At the whole budget, half of it, a quarter, an eighth, and so on.
        Log = "log",
    }
}

impl Spacing {
    /// So many judgements lie apart at most where each is at half of the next: a thousand millionth of a budget is less than a step.
    pub const MOST_HALVED: usize = 30;

    /// How many of `points` judgements lie at or before a share of the budget.
    fn passed(self, share: f64, points: usize) -> usize {
        match self {
            Self::Even => (share * points as f64).floor() as usize,
            Self::Log => {
                // Powers of two, without rounding.
                let halved = |times: usize| 0.5_f64.powi(i32::try_from(times).unwrap_or(i32::MAX));
                (0..points)
                    .take_while(|times| halved(points - 1 - times) <= share)
                    .count()
            }
        }
    }

    /// Whether a judgement lies after one share of the budget and at or before another. The end of the budget always counts.
    pub fn crossed(self, before: f64, after: f64, points: usize) -> bool {
        after >= 1.0 || self.passed(after, points) > self.passed(before, points)
    }

    /// How many of `points` judgements there are over so many steps: those that lie in one step are one.
    pub fn judgements(self, points: usize, steps: f64) -> usize {
        let steps = steps.max(1.0);
        match self {
            Self::Even => points.min(steps.ceil() as usize),
            Self::Log => {
                let at = |times: usize| (steps * 0.5_f64.powi(i32::try_from(times).unwrap_or(i32::MAX))).ceil();
                let apart = (1..points).filter(|times| at(*times) < at(times - 1)).count();
                points.min(apart + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spacing::{Even, Log};

    /// The steps after which a run of so many steps is judged.
    fn judged(spacing: super::Spacing, points: usize, steps: u32) -> Vec<u32> {
        let share = |step: u32| f64::from(step) / f64::from(steps);
        let is_judged = |step: &u32| spacing.crossed(share(step - 1), share(*step), points);
        (1..=steps).filter(is_judged).collect()
    }

    #[test]
    fn every_judgement_on_a_log_scale_is_at_half_of_the_next() {
        assert_eq!(judged(Even, 4, 64), [16, 32, 48, 64]);
        assert_eq!(judged(Log, 4, 64), [8, 16, 32, 64]);
        assert_eq!(judged(Log, 1, 64), judged(Even, 1, 64));
        // Where a share is within a step, at the end of it.
        assert_eq!(judged(Log, 4, 100), [13, 25, 50, 100]);
        // Those of one step are one.
        assert_eq!(judged(Log, 9, 6), [1, 2, 3, 6]);
        assert_eq!(judged(Even, 9, 3), [1, 2, 3]);
    }

    #[test]
    fn as_many_judgements_are_counted_as_there_are() {
        for (spacing, points, steps) in [
            (Even, 4, 64),
            (Log, 4, 64),
            (Log, 4, 100),
            (Log, 9, 6),
            (Even, 9, 3),
            (Log, 30, 1),
        ] {
            let counted = spacing.judgements(points, f64::from(steps));
            assert_eq!(
                counted,
                judged(spacing, points, steps).len(),
                "{spacing}, {points} of {steps}"
            );
        }
    }

    #[test]
    fn every_part_ends_once_whatever_the_step_size() {
        for steps in [3usize, 7, 100, 1000] {
            let shares: Vec<f64> = (0..=steps).map(|step| (step as f64 / steps as f64).min(1.0)).collect();
            let ends = shares
                .windows(2)
                .filter(|pair| Even.crossed(pair[0], pair[1], 4))
                .count();
            assert_eq!(ends, steps.min(4), "{steps} steps");
        }
    }
}
