//! Arms that others trained: what is known of a folder before it is judged.

use crate::identity::model_id;
use crate::{RunConfig, Start, TaskConfig, card};
use cloze_backbone::hub::{self, Architecture};
use cloze_corpus::{CorpusConfig, Tokenizer, TokenizerConfig};
use cloze_foundation::files::{hash, is_there, read_text};
use cloze_foundation::{Fault, Result};
use cloze_schema::{PlannedModel, RunData};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What decides what is found of a folder that others trained, beside its data. What is here is hashed into its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The folder, as it is written.
    pub model: PathBuf,
    /// The text of evaluations that judge on held-out text; its tokenizer is that of the folder, whichever file it has.
    pub corpus: CorpusConfig,
    /// What judges it.
    pub evaluate: Vec<TaskConfig>,
    /// Of what evaluations draw.
    pub seed: u64,
}

impl ModelConfig {
    /// The folder `model` judged by what judges a run, on its text.
    pub(crate) fn beside(run: &RunConfig, model: &Path) -> Self {
        Self {
            model: model.to_owned(),
            corpus: CorpusConfig {
                tokenizer: TokenizerConfig::File { path: model.to_owned() },
                ..run.corpus.clone()
            },
            evaluate: run.evaluate.clone(),
            seed: run.seed,
        }
    }

    /// That of a planned model.
    ///
    /// # Errors
    /// One that is none.
    pub fn of(model: &PlannedModel) -> Result<Self> {
        serde_json::from_value(model.config.clone()).map_err(|error| {
            Fault::usage(format!(
                "the plan says nothing that cloze knows of {}: {error}",
                model.arm
            ))
        })
    }

    /// Where the folder is: below the data root where there is one of that name, otherwise as it is written.
    ///
    /// # Errors
    /// A system that does not say whether it is there.
    pub fn place(&self, data_root: Option<&Path>) -> Result<PathBuf> {
        Start::place(&self.model, data_root)
    }

    /// Hash of the folder's configuration and weights, in hexadecimal digits.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn weights(&self, data_root: Option<&Path>) -> Result<String> {
        Start::of(&self.model, data_root)?.hash()
    }

    /// Whether the folder holds the model that these data are of: the same configuration, weights and tokenizer.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn holds(&self, data: &RunData, data_root: Option<&Path>) -> Result<bool> {
        let place = self.place(data_root)?;
        class(&place)?;
        let tokenizer = Tokenizer::of_folder(&place)?;
        let weights = self.weights(data_root)?;
        Ok(data.start.as_ref() == Some(&weights) && data.tokenizer == hash(tokenizer.json().as_bytes()))
    }

    /// The id of what is judged by what.
    pub(crate) fn id(&self) -> String {
        model_id(self)
    }

    /// As a plan has it, under a name. Its data are not looked at.
    ///
    /// # Errors
    /// A folder that is none, or whose model cloze does not read, as far as its configuration and the header of its weights say.
    pub fn planned(&self, arm: &str, data_root: Option<&Path>) -> Result<PlannedModel> {
        let place = self.place(data_root)?;
        let class = class(&place)?;
        hub::check(&place)?;
        let failed = |error: serde_json::Error| Fault::run(format!("cannot encode a configuration: {error}"));
        Ok(PlannedModel {
            id: self.id(),
            arm: arm.to_owned(),
            folder: self.model.clone(),
            class: class.class.to_owned(),
            rule: cloze_objectives::rule_of(class).map(|rule| rule.name.into_owned()),
            card: card::of_training(&place)?,
            config: serde_json::to_value(self).map_err(failed)?,
            data: None,
        })
    }
}

/// The class of a folder's model, by its configuration alone.
fn class(folder: &Path) -> Result<&'static Architecture> {
    if !folder.is_dir() {
        return Err(Fault::usage(format!("there is no folder `{}`", folder.display()))
            .remedy("name a folder of Hugging Face, below the data root or from here"));
    }
    if is_there(&folder.join("final").join(hub::CONFIG))? {
        let what = format!(
            "`{}` is a run's folder, and an arm that is not trained is one that others trained",
            folder.display()
        );
        return Err(Fault::usage(what).remedy("`cloze export` writes the run as a folder of Hugging Face"));
    }
    let path = folder.join(hub::CONFIG);
    hub::architecture(&read_text(&path)?).map_err(|fault| fault.at(path.display().to_string()))
}

/// Whether the files of a folder are there and fit together. Nothing large is read.
///
/// # Errors
/// A configuration, weights or a tokenizer that are missing or cannot be used, with what to do.
pub(crate) fn check(model: &Path, data_root: Option<&Path>) -> Result<()> {
    let place = Start::place(model, data_root)?;
    class(&place)?;
    hub::check(&place)?;
    Tokenizer::of_folder(&place).map(drop)
}
