//! What is to be trained, on what.

use crate::{Budget, OptimizerConfig, audit};
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
    pub budget: &'a Budget,
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
    /// The objective with its options, told what it wants to know of the text.
    ///
    /// # Errors
    /// An unknown name or option, a text that it can do nothing with.
    pub fn configured(&self) -> Result<Box<dyn Objective>> {
        cloze_objectives::prepared(self.objective, self.options, self.corpus)
    }

    /// A model with its initial values, with gradients.
    pub fn model(&self, objective: &dyn Objective) -> Model {
        let init = Init::new(self.seed, &self.device.clone().autodiff()).with_precision(self.encoder.precision);
        objective.build(self.encoder, self.corpus.tokenizer.vocabulary(), &init)
    }
}

/// Checks, before anything is trained, that a text is long enough, and what an objective would predict in it
/// ([`audit::check`]).
///
/// # Errors
/// What is missing, with what to do.
pub fn check(objective: &str, options: &toml::Table, length: usize, corpus: &Prepared) -> Result<()> {
    check_length(length, corpus)?;
    audit::check(objective, options, length, corpus).map(drop)
}

/// Checks that a text has a window of `length` positions for training and one for validation.
///
/// # Errors
/// Too little text, with what to do.
pub fn check_length(length: usize, corpus: &Prepared) -> Result<()> {
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
