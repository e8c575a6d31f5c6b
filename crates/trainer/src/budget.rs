//! What a run has used, on every axis at once, and how much of its budget that is.

use crate::{Budget, Equalise};
use serde::{Deserialize, Serialize};

/// What a run has used so far. Every metric row carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Optimizer steps.
    pub steps: u64,
    /// Tokens that the encoder read.
    pub tokens_seen: u64,
    /// Tokens with a loss.
    pub tokens_predicted: u64,
    /// Training FLOPs, heads and helpers included.
    pub flops: f64,
    /// Seconds of training, evaluation excluded.
    pub seconds: f64,
}

impl Spent {
    /// How much was used of one axis.
    pub fn on(&self, axis: Equalise) -> f64 {
        match axis {
            Equalise::Tokens => self.tokens_seen as f64,
            Equalise::Predictions => self.tokens_predicted as f64,
            Equalise::Steps => self.steps as f64,
            Equalise::Flops => self.flops,
            Equalise::Seconds => self.seconds,
        }
    }

    /// The share of the budget that is used, in [0, 1]. The step that reaches the amount is the last one, so a run
    /// exceeds its amount by less than one step and never falls short of it.
    pub fn share(&self, budget: &Budget) -> f64 {
        if budget.amount > 0.0 {
            (self.on(budget.equalise) / budget.amount).min(1.0)
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_that_reaches_the_amount_is_the_last() {
        let budget = Budget {
            equalise: Equalise::Tokens,
            amount: 1000.0,
            batch: 4,
        };
        let mut spent = Spent::default();
        while spent.share(&budget) < 1.0 {
            spent.steps += 1;
            spent.tokens_seen += 64;
        }
        assert_eq!((spent.steps, spent.tokens_seen), (16, 1024));
    }

    #[test]
    fn every_axis_is_its_own_counter() {
        let spent = Spent {
            steps: 1,
            tokens_seen: 2,
            tokens_predicted: 3,
            flops: 4.0,
            seconds: 5.0,
        };
        let axes = [
            Equalise::Steps,
            Equalise::Tokens,
            Equalise::Predictions,
            Equalise::Flops,
            Equalise::Seconds,
        ];
        assert_eq!(axes.map(|axis| spent.on(axis)), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(
            spent.share(&Budget {
                equalise: Equalise::Flops,
                amount: 16.0,
                batch: 1
            }),
            0.25
        );
    }

    #[test]
    fn an_empty_budget_is_used_up() {
        assert_eq!(
            Spent::default().share(&Budget {
                equalise: Equalise::Steps,
                amount: 0.0,
                batch: 1
            }),
            1.0
        );
    }
}
