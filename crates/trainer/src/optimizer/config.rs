//! `[optimizer]`: how weights are updated.

use super::forgetting::Forgetting;
use super::muon::Muon;
use super::normuon::NorMuon;
use super::rule::HiddenRule;
use cloze_foundation::{Fault, Place, Result};
use cloze_options::{options, words};
use serde::{Deserialize, Serialize};

/// The usual decay of the second moment.
const BETA_2: f64 = 0.98;

/// Makes of one line for each who moves the matrices between hidden states: the kind, its table of options, what is frozen of it
/// in a plan, and where the trainer finds it.
macro_rules! optimizers {
    ($($(#[doc = $meaning:literal])+ $rule:ident = $key:ident $word:literal;)+) => {
        words! {
            /// Who moves the matrices between hidden states.
            pub enum Kind {
                /// AdamW, as everything else (Loshchilov & Hutter 2019).
                AdamW = "adamw",
                $($(#[doc = $meaning])+ $rule = $word,)+
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
                /// The decay of the second moment, or `{ half_life }` in tokens, from which it follows by batch and window.
                pub beta_2: Forgetting = Forgetting::Decay(BETA_2), from(0).below(1);
                /// What is added to the root of the second moment.
                pub epsilon: f64 = 1e-6, above(0);
                /// The largest global gradient norm; 0 switches clipping off.
                pub clip: f64 = 1.0, from(0);
                $(
                    $(#[doc = $meaning])+
                    pub $key: Option<$rule> = None => "as published, where that is the kind";
                )+
            }
            check Self::uses_all
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
            $(
                $(#[doc = $meaning])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $key: Option<$rule>,
            )+
        }

        impl OptimizerOptions {
            /// Refuses options of an optimizer that is not used.
            fn uses_all(&self) -> Result<()> {
                $(
                    if self.kind != Kind::$rule && self.$key.is_some() {
                        return Err(Fault::usage(concat!(stringify!($rule), " has options and is not used"))
                            .at(Place::key(stringify!($key)))
                            .remedy(concat!("say kind = \"", $word, "\", or leave its options out")));
                    }
                )+
                Ok(())
            }

            /// The optimizer where a step reads that many tokens, every default filled in.
            ///
            /// # Errors
            /// Options of an optimizer that is not used; a half-life that does not fit such steps.
            pub fn resolve(&self, tokens_a_step: usize) -> Result<OptimizerConfig> {
                self.uses_all()?;
                let beta_2 = self.beta_2.decay(tokens_a_step)?;
                Ok(self.filled(beta_2))
            }

            fn filled(&self, beta_2: f64) -> OptimizerConfig {
                let Self { kind, peak_lr, warmup, weight_decay, beta_1, epsilon, clip, $($key,)+ .. } = *self;
                $(let $key = (kind == Kind::$rule).then(|| $key.unwrap_or_default());)+
                OptimizerConfig { peak_lr, warmup, weight_decay, beta_1, beta_2, epsilon, clip, $($key,)+ }
            }
        }

        impl OptimizerConfig {
            /// Who moves the matrices between hidden states, where it is not AdamW.
            pub fn hidden_rule(&self) -> Option<&dyn HiddenRule> {
                None$(.or(self.$key.as_ref().map(|rule| rule as &dyn HiddenRule)))+
            }

            fn hidden_rule_mut(&mut self) -> Option<&mut dyn HiddenRule> {
                None$(.or(self.$key.as_mut().map(|rule| rule as &mut dyn HiddenRule)))+
            }
        }
    };
}

optimizers! {
    /// Muon: momentum made orthogonal; everything else is AdamW's (Jordan et al. 2024).
    Muon = muon "muon";
    /// NorMuon: Muon whose neurons are made to move alike; everything else is AdamW's (Li et al. 2025).
    NorMuon = normuon "normuon";
}

impl OptimizerConfig {
    /// An optimizer with everything else as usual.
    pub fn of(kind: Kind) -> Self {
        let usual = OptimizerOptions::default();
        OptimizerOptions { kind, ..usual }.filled(BETA_2)
    }

    /// Changes every peak learning rate there is.
    #[must_use]
    pub fn with_rates(mut self, change: impl Fn(f64) -> f64) -> Self {
        self.peak_lr = change(self.peak_lr);
        if let Some(rule) = self.hidden_rule_mut() {
            let rate = rule.peak_lr_mut();
            *rate = change(*rate);
        }
        self
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerOptions::default().filled(BETA_2)
    }
}
