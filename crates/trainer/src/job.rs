//! What is to be trained, on what.

use crate::{Budget, OptimizerConfig};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::Prepared;
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Model, Objective};

/// Everything that decides the weights of a run.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Name in [`cloze_objectives::OBJECTIVES`].
    pub objective: &'a str,
    /// Its resolved options.
    pub options: &'a toml::Table,
    /// The encoder.
    pub encoder: &'a EncoderConfig,
    /// When it ends.
    pub budget: Budget,
    /// How it learns.
    pub optimizer: OptimizerConfig,
    /// At how many equally spaced shares of the budget it is judged, the end included.
    pub points: usize,
    /// Windows of held-out text for the validation loss.
    pub validation_windows: usize,
    /// Decides initialisation, data order, corruption, dropout.
    pub seed: u64,
    /// The text.
    pub corpus: &'a Prepared,
    /// Where, without autodiff.
    pub device: &'a Device,
}

impl Job<'_> {
    /// The objective with its options.
    ///
    /// # Errors
    /// An unknown name or option.
    pub fn configured(&self) -> Result<Box<dyn Objective>> {
        cloze_objectives::configure(self.objective, self.options)
    }

    /// A model with its initial values, with gradients.
    pub fn model(&self, objective: &dyn Objective) -> Box<dyn Model> {
        let init = Init::new(self.seed, &self.device.clone().autodiff()).with_precision(self.encoder.precision);
        objective.build(self.encoder, self.corpus.tokenizer.vocabulary(), &init)
    }
}

/// Checks that a corpus has at least one window of `length` positions for training and one for validation.
///
/// # Errors
/// A corpus that is too short, with its length.
pub fn check_corpus(length: usize, corpus: &Prepared) -> Result<()> {
    for (name, shard) in [("training", &corpus.train), ("held-out", &corpus.held_out)] {
        if shard.windows(length) == 0 {
            return Err(Fault::usage(format!(
                "the {name} text has {} tokens, too few for a window",
                shard.tokens()
            ))
            .at("corpus.source")
            .allowed([format!("at least {} tokens for encoder.window = {length}", length - 1)])
            .remedy("give more text, a larger corpus.held_out or a shorter encoder.window"));
        }
    }
    Ok(())
}
