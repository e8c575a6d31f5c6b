//! `[optimizer]`: how weights are updated.

use super::muon::Muon;
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{options, words};
use serde::{Deserialize, Serialize};

words! {
    /// Who moves the matrices between hidden states.
    pub enum Kind {
        /// AdamW, as everything else (Loshchilov & Hutter 2019).
        AdamW = "adamw",
        /// Muon; everything else is AdamW's (Jordan et al. 2024).
        Muon = "muon",
    }
}

options! {
    /// Who updates the weights, with warm-up and linear decay to zero at the end of the budget.
    #[derive(Copy)]
    pub struct OptimizerOptions {
        /// Who moves the matrices between hidden states.
        pub kind: Kind = Kind::AdamW;
        /// The highest learning rate.
        pub peak_lr: f64 = 1e-3, above(0);
        /// The share of the budget over which the learning rate rises from 0.
        pub warmup: f64 = 0.06, from(0).below(1);
        /// Decoupled weight decay, on matrices only (not on biases, gains and learned vectors).
        pub weight_decay: f64 = 0.01, from(0);
        /// The decay of the first moment.
        pub beta_1: f64 = 0.9, from(0).below(1);
        /// The decay of the second moment.
        pub beta_2: f64 = 0.98, from(0).below(1);
        /// What is added to the root of the second moment.
        pub epsilon: f64 = 1e-6, above(0);
        /// The largest global gradient norm; 0 switches clipping off.
        pub clip: f64 = 1.0, from(0);
        /// Muon's own options.
        pub muon: Option<Muon> = None => "as published, where kind = \"muon\"";
    }
    check |options| options.resolve().map(drop)
}

/// The resolved `[optimizer]` table. What was added later is left out of what is hashed where it is not used, so that ids stay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The highest learning rate.
    pub peak_lr: f64,
    /// The share of the budget over which the learning rate rises from 0.
    pub warmup: f64,
    /// Decoupled weight decay, on matrices only.
    pub weight_decay: f64,
    /// The decay of the first moment.
    pub beta_1: f64,
    /// The decay of the second moment.
    pub beta_2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: f64,
    /// The largest global gradient norm; 0 switches clipping off.
    pub clip: f64,
    /// Who moves the matrices between hidden states, where it is not AdamW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muon: Option<Muon>,
}

impl OptimizerOptions {
    /// The optimizer, every default filled in.
    ///
    /// # Errors
    /// Options of an optimizer that is not used.
    pub fn resolve(&self) -> Result<OptimizerConfig> {
        if self.kind == Kind::AdamW && self.muon.is_some() {
            return Err(Fault::usage("Muon has options and is not used")
                .at(Place::key("muon"))
                .remedy("say kind = \"muon\", or leave its options out"));
        }
        Ok(self.filled())
    }

    fn filled(&self) -> OptimizerConfig {
        let Self {
            kind,
            peak_lr,
            warmup,
            weight_decay,
            beta_1,
            beta_2,
            epsilon,
            clip,
            muon,
        } = *self;
        OptimizerConfig {
            peak_lr,
            warmup,
            weight_decay,
            beta_1,
            beta_2,
            epsilon,
            clip,
            muon: (kind == Kind::Muon).then(|| muon.unwrap_or_default()),
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerOptions::default().filled()
    }
}
