//! When a run ends: the axis that is equal for every arm, and how much of it there is.

use crate::{Shape, Stage};
use cloze_foundation::{Fault, Place, Result};
use cloze_objectives::{Objective, Sizes};
use cloze_options::{Amount, options};
use cloze_schema::{Axis, Spent};
use serde::{Deserialize, Serialize};

/// When a run ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The axis.
    pub equalise: Axis,
    /// How much of it; the learning-rate schedule ends there too.
    pub amount: f64,
    /// Windows in an optimizer step, B.
    pub batch: usize,
    /// When its windows are shorter than the encoder's. Without a stage a run's id is what it was before there were stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

options! {
    /// When a run ends.
    pub struct BudgetOptions {
        /// The axis that is equal for every arm.
        pub equalise: Axis = Axis::Tokens;
        /// How much of it; the learning-rate schedule ends there too.
        pub amount: Option<Amount> = None => "\"2M\" of tokens; on another axis it has to be given";
        /// B, windows in an optimizer step.
        pub batch: usize = 16, from(1).to(1_000_000);
        /// Shorter windows at first, each until a share of the budget is used; then those of the encoder.
        pub stages: Vec<Stage> = Vec::new() => "none";
    }
    check |options| options.resolve().map(drop)
}

impl BudgetOptions {
    /// The budget, every default filled in.
    ///
    /// # Errors
    /// An amount that is none of the axis' quantity, or missing where it has no default.
    pub fn resolve(&self) -> Result<Budget> {
        let quantity = self.equalise.facts().quantity;
        let refuse = |what: String| {
            Fault::usage(what)
                .at(Place::key("amount"))
                .allowed([quantity.allowed()])
        };
        let amount = match &self.amount {
            Some(amount) => amount
                .of(quantity)
                .ok_or_else(|| refuse(format!("amount = {amount} is not an amount")))?,
            None if self.equalise == Axis::Tokens => 2e6,
            // The default is a number of tokens; on another axis it would be a guess.
            None => return Err(refuse("`budget.amount` is missing".to_owned())),
        };
        if self.equalise.facts().is_count && amount < 1.0 {
            return Err(refuse(format!(
                "amount = {amount} is less than one of the {}",
                self.equalise.facts().word
            )));
        }
        Ok(Budget {
            equalise: self.equalise,
            amount,
            batch: self.batch,
            stages: self.stages.clone(),
        })
    }
}

/// What an optimizer step on a batch of these sizes uses, on every axis that no clock measures.
pub fn step(objective: &dyn Objective, sizes: &Sizes, flops: f64) -> Spent {
    let mut used = Spent::default();
    used[Axis::Steps] = 1.0;
    used[Axis::Tokens] = (sizes.windows * sizes.length) as f64;
    used[Axis::Predictions] = objective.predictions(sizes) as f64;
    used[Axis::Flops] = flops;
    used
}

impl Budget {
    /// What windows a step reads once all stages are over, in an encoder of this window.
    pub fn shape(&self, length: usize) -> Shape {
        let windows = self.batch;
        Shape { length, windows }
    }

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
            stages: Vec::new(),
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
