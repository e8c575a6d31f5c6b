//! A model that is asked about a text: a run's, or that of a folder of Hugging Face.

use crate::found::find;
use burn::tensor::Device;
use cloze_backbone::hub::{self, HubModel};
use cloze_corpus::{Encoded, Tokenizer, Vocabulary};
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Model, configure, imported};
use std::path::Path;

/// A trained model with what it reads text with.
pub struct Loaded {
    /// What people call it.
    pub title: String,
    /// Without gradients.
    pub model: Model,
    /// Gives its ids.
    pub tokenizer: Tokenizer,
    /// The ids that it knows.
    pub vocabulary: Vocabulary,
    /// The seed that it was trained with; 0 where that is not known.
    pub seed: u64,
    /// Tensors of its folder that have no place in it.
    pub left_out: Vec<String>,
}

impl Loaded {
    /// The model that a place names: a folder of Hugging Face, or a run as [`find`] finds it.
    ///
    /// # Errors
    /// No such model, files that cannot be used, by name.
    pub fn of(place: &Path, words: &[String], results: &Path, device: &Device) -> Result<Self> {
        if hub::is_hub(place)? {
            if !words.is_empty() {
                return Err(Fault::usage(format!("`{}` is one model", place.display()))
                    .at("--arm, --seed")
                    .remedy("they choose among the runs of a results folder"));
            }
            return Self::of_hub(place, device);
        }
        let found = find(place, words, results)?;
        let objective = configure(&found.config.objective, &found.config.options)?;
        let tokenizer = found.tokenizer()?;
        Ok(Self {
            title: format!("run {}", found.id),
            model: found.model(&*objective, &tokenizer, device)?,
            vocabulary: tokenizer.vocabulary().clone(),
            tokenizer,
            seed: found.config.seed,
            left_out: Vec::new(),
        })
    }

    /// The model of a folder of Hugging Face.
    ///
    /// # Errors
    /// As [`HubModel::read`] and [`Tokenizer::of_folder`].
    pub fn of_hub(folder: &Path, device: &Device) -> Result<Self> {
        let hub = HubModel::read(folder)?;
        let tokenizer = Tokenizer::of_folder(folder)?;
        let at = |fault: Fault| fault.at(folder.display().to_string());
        let (model, vocabulary) = imported(&hub, tokenizer.vocabulary(), device).map_err(at)?;
        Ok(Self {
            title: format!("{} of `{}`", hub.network.architecture.class, folder.display()),
            model,
            tokenizer,
            vocabulary,
            seed: 0,
            left_out: hub.left_out,
        })
    }

    /// L, the most positions that it reads.
    pub fn window(&self) -> usize {
        self.model.config().window
    }

    /// A text between the tokens that begin and end one, cut to the window; and whether it was cut.
    pub fn sentence(&self, text: &str) -> (Encoded, bool) {
        let mut sentence = self.tokenizer.sentence_with_words(text);
        let is_cut = sentence.ids.len() > self.window();
        sentence.truncate(self.window());
        (sentence, is_cut)
    }
}
