//! What is to be trained, on what.

use crate::{Budget, OptimizerConfig, Spacing, audit};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters};
use cloze_corpus::Prepared;
use cloze_foundation::{Fault, Place, Result};
use cloze_objectives::{Model, Objective};
use std::collections::BTreeMap;

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
    /// At how many shares of the budget it is judged, the end included.
    pub points: usize,
    /// How these lie along the budget.
    pub spacing: Spacing,
    /// Windows of held-out text for the validation loss.
    pub validation_windows: usize,
    /// Decides initialisation, data order, corruption, dropout.
    pub seed: u64,
    /// The text.
    pub corpus: &'a Prepared,
    /// Where, without autodiff.
    pub device: &'a Device,
    /// The parameters with which it begins, by path and without gradients, where they are not all drawn.
    pub start: Option<&'a BTreeMap<String, Parameter>>,
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
    ///
    /// # Errors
    /// An encoder that is to begin with parameters which are not those of such an encoder.
    pub fn model(&self, objective: &dyn Objective) -> Result<Model> {
        let init = Init::new(self.seed, &self.device.clone().autodiff()).with_precision(self.encoder.precision);
        let mut model = objective.build(self.encoder, self.corpus.tokenizer.vocabulary(), &init);
        if let Some(start) = self.start {
            begin(&mut model, start)?;
        }
        Ok(model)
    }
}

/// Tables that may be longer than they have to be: more ids than the tokenizer has, more positions than the window.
const TABLES: [&str; 3] = ["encoder.tokens", "encoder.positions", "head.bias"];
/// The one part of an encoder that an objective may ask for where there was none.
const SEGMENTS: &str = "encoder.segments";

/// Puts the parameters that a model begins with in the place of those that were drawn: all of its encoder, and those of its heads
/// that are there in the same shape.
fn begin(model: &mut Model, start: &BTreeMap<String, Parameter>) -> Result<()> {
    let mut wrong = None;
    model.change_parameters(&mut |path, old| {
        let (found, shape) = (start.get(path), old.shape());
        let has = found.map(Parameter::shape);
        match (found, has) {
            (Some(found), Some(has)) if has == shape => found.clone(),
            (Some(found), Some(has)) if TABLES.contains(&path) && has[1..] == shape[1..] && has[0] > shape[0] => {
                found.first_rows(shape[0])
            }
            (_, has) if path.starts_with("encoder.") && path != SEGMENTS => {
                let what = match has {
                    Some(has) => {
                        format!("the weights that it begins with have `{path}` in the shape {has:?}, and not {shape:?}")
                    }
                    None => format!("the weights that it begins with have no `{path}`"),
                };
                wrong.get_or_insert(what);
                old.inner()
            }
            _ => old.inner(),
        }
    });
    wrong.map_or(Ok(()), |what| Err(Fault::usage(what).at(Place::key("encoder.from"))))
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
            .at(Place::key("corpus.source"))
            .allowed([format!("at least {} tokens for encoder.window = {length}", length - 1)])
            .remedy("give more text, a larger corpus.held_out or a shorter encoder.window"));
        }
    }
    Ok(())
}
