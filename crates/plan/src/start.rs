//! Where the weights of a run begin, if they are not drawn: with those of a folder of Hugging Face, or of a run.

use crate::RunConfig;
use burn::tensor::{Device, Shape, TensorData};
use cloze_backbone::hub::{self, HubModel};
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, tensors};
use cloze_corpus::{Tokenizer, TokenizerConfig};
use cloze_foundation::files::{hash, is_there, read, read_text};
use cloze_foundation::{Fault, Result};
use cloze_objectives::configure;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file of the tokenizer.
const TOKENIZER: &str = "tokenizer.json";
/// Below the folder of a run, its weights.
const WEIGHTS: &str = "final";

/// A folder with a model.
pub struct Start {
    /// As it was written, and `final` behind the folder of a run.
    written: PathBuf,
    folder: PathBuf,
    of: Of,
}

enum Of {
    /// A model of transformers.
    Hub(EncoderConfig),
    Run(Box<RunConfig>),
}

impl Start {
    /// Where a folder is: below the data root where there is one of that name, otherwise as it is written.
    pub(crate) fn place(written: &Path, data_root: Option<&Path>) -> Result<PathBuf> {
        Ok(match data_root.map(|root| root.join(written)) {
            Some(below) if is_there(&below)? => below,
            _ => written.to_owned(),
        })
    }

    /// Looks at a folder: its configuration, what the header of its weights says, and whether it has segments. Nothing large is read.
    ///
    /// # Errors
    /// A folder without a configuration, or with that of another network than cloze's encoder; weights that are missing, pickled,
    /// shorter than they say, or not those of the configuration.
    pub fn of(place: &Path, data_root: Option<&Path>) -> Result<Self> {
        let found = Self::place(place, data_root)?;
        let inner = match is_there(&found.join(WEIGHTS).join(hub::CONFIG))? {
            true => WEIGHTS,
            false => "",
        };
        let (written, folder) = match inner {
            "" => (place.to_owned(), found),
            inner => (place.join(inner), found.join(inner)),
        };
        let path = folder.join(hub::CONFIG);
        let text = read_text(&path)?;
        let at = |fault: Fault| fault.at(path.display().to_string());
        let value: Value =
            serde_json::from_str(&text).map_err(|error| at(Fault::usage(format!("it is not JSON: {error}"))))?;
        let of = match value.get("objective") {
            None => Of::Hub(hub::check(&folder)?),
            Some(_) => Of::Run(
                serde_json::from_value(value)
                    .map_err(|error| at(Fault::usage(format!("it is no configuration of a run: {error}"))))?,
            ),
        };
        let start = Self { written, folder, of };
        let weights = start.folder.join(hub::TENSORS);
        match start.of {
            Of::Run(_) if !hub::is_whole(&weights)? => Err(missing(&weights)),
            _ => Ok(start),
        }
    }

    /// What the encoder is made of.
    pub fn encoder(&self) -> &EncoderConfig {
        match &self.of {
            Of::Hub(encoder) => encoder,
            Of::Run(config) => &config.encoder,
        }
    }

    /// The tokenizer that its weights read with.
    ///
    /// # Errors
    /// A folder without a tokenizer.json.
    pub fn tokenizer(&self) -> Result<TokenizerConfig> {
        let path = self.folder.join(TOKENIZER);
        if !is_there(&path)? {
            let place = self.folder.display();
            return Err(Fault::usage(format!("`{place}` has no {TOKENIZER}")).remedy(format!(
                "save it: `AutoTokenizer.from_pretrained(\"{place}\").save_pretrained(\"{place}\")`"
            )));
        }
        Ok(TokenizerConfig::File {
            path: self.written.join(TOKENIZER),
        })
    }

    /// Whether a tokenizer is its own.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn reads_with(&self, tokenizer: &TokenizerConfig, data_root: Option<&Path>) -> Result<bool> {
        let Some(file) = tokenizer.file(data_root)? else {
            return Ok(false);
        };
        let own = read(&self.folder.join(TOKENIZER))?;
        Ok(own.is_some() && own == read(&file)?)
    }

    /// Hash of its configuration and its weights, in hexadecimal digits.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn hash(&self) -> Result<String> {
        let mut text = String::new();
        for name in [hub::CONFIG, hub::TENSORS] {
            let path = self.folder.join(name);
            text += &hash(&read(&path)?.ok_or_else(|| missing(&path))?);
        }
        Ok(hash(text.as_bytes()))
    }

    /// Its parameters by path, without gradients: those of the encoder as its model reads a text, and of its heads.
    ///
    /// # Errors
    /// Files that are missing or damaged, or are of another model than their configuration says.
    pub fn parameters(&self, device: &Device) -> Result<BTreeMap<String, Parameter>> {
        match &self.of {
            Of::Hub(_) => of_hub(&HubModel::read(&self.folder)?, device),
            Of::Run(config) => self.of_run(config, device),
        }
    }

    fn of_run(&self, config: &RunConfig, device: &Device) -> Result<BTreeMap<String, Parameter>> {
        let tokenizer = Tokenizer::load(&self.folder.join(TOKENIZER))?;
        let objective = configure(&config.objective, &config.options)?;
        let init = Init::new(config.seed, device).with_precision(config.encoder.precision);
        let mut model = objective.build(&config.encoder, tokenizer.vocabulary(), &init);
        let path = self.folder.join(hub::TENSORS);
        let bytes = read(&path)?.ok_or_else(|| missing(&path))?;
        tensors::from_bytes(&bytes, &mut model, device).map_err(|fault| fault.at(path.display().to_string()))?;
        let mut found = BTreeMap::new();
        model.each_parameter(&mut |path, parameter| _ = found.insert(path.to_owned(), parameter.clone()));
        // Heads may hold a part of the tables with which the model reads.
        model.reader().each_parameter(&mut |path, parameter| {
            found.insert(format!("encoder.{path}"), parameter.clone());
        });
        Ok(found)
    }
}

fn missing(path: &Path) -> Fault {
    Fault::usage(format!("`{}` is missing", path.display()))
}

fn of_hub(model: &HubModel, device: &Device) -> Result<BTreeMap<String, Parameter>> {
    let mut found = BTreeMap::new();
    for (path, numbers) in model.encoder_numbers() {
        let data = TensorData::new(numbers.values.clone(), Shape::from(numbers.shape.clone()));
        found.insert(path, Parameter::from_data(data, device)?);
    }
    Ok(found)
}
