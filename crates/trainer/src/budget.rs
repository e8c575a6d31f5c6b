//! When a run ends: the axis that is equal for every arm, and how much of it there is.

use cloze_schema::{Axis, Spent};
use serde::{Deserialize, Serialize};

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The axis.
    pub equalise: Axis,
    /// How much of it; the learning-rate schedule ends there too.
    pub amount: f64,
    /// Windows in an optimizer step, B.
    pub batch: usize,
}

impl Budget {
    /// The share that is used, in [0, 1]. The step that reaches the amount is the last one, so a run exceeds its amount
    /// by less than one step and never falls short of it.
    pub fn used(&self, spent: &Spent) -> f64 {
        if self.amount > 0.0 {
            (spent[self.equalise] / self.amount).min(1.0)
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_schema::AXES;

    fn budget(equalise: Axis, amount: f64) -> Budget {
        Budget {
            equalise,
            amount,
            batch: 4,
        }
    }

    #[test]
    fn the_step_that_reaches_the_amount_is_the_last() {
        let budget = budget(Axis::Tokens, 1000.0);
        let mut spent = Spent::default();
        while budget.used(&spent) < 1.0 {
            spent[Axis::Steps] += 1.0;
            spent[Axis::Tokens] += 64.0;
        }
        assert_eq!((spent.steps(), spent[Axis::Tokens]), (16, 1024.0));
    }

    #[test]
    fn every_axis_can_be_the_one_that_ends_a_run() {
        for facts in AXES {
            let mut spent = Spent::default();
            spent[facts.axis] = 4.0;
            for other in AXES {
                let used = budget(other.axis, 16.0).used(&spent);
                assert_eq!(used, if other.axis == facts.axis { 0.25 } else { 0.0 });
            }
        }
    }

    #[test]
    fn an_empty_budget_is_used_up() {
        assert_eq!(budget(Axis::Steps, 0.0).used(&Spent::default()), 1.0);
    }
}
