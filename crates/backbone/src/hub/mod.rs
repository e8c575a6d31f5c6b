//! Models in the names and files of Hugging Face's transformers, both ways.
//!
//! What an architecture calls each of our parameters is said once, in `tables.rs`, and what its configuration says of an
//! encoder in `config.rs`; both are used to write and to read. What has no exact counterpart is refused by name.

mod bodies;
mod choose;
mod config;
mod header;
mod read;
mod rows;
mod tables;
mod write;

pub use choose::{left_out, of};
pub use header::is_whole;
pub use read::{check, is_hub};
pub use tables::{ARCHITECTURES, Architecture, GENERATOR, as_trained};

use crate::{Encoder, EncoderConfig, Init, Parameter, Parameters};
use burn::tensor::{Device, Shape, TensorData};
use cloze_foundation::{Fault, Result};
use rows::Pairing;
use std::collections::BTreeMap;

/// The file of the configuration.
pub const CONFIG: &str = "config.json";
/// The file of the tensors.
pub const TENSORS: &str = "model.safetensors";

/// The class of a folder's model, by its configuration alone.
///
/// # Errors
/// A configuration of another network than our encoder is, at its key.
pub fn architecture(text: &str) -> Result<&'static Architecture> {
    Ok(config::read(text)?.architecture)
}

/// What configurations say of a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// V.
    pub vocabulary: usize,
    /// `[PAD]`.
    pub pad: u32,
    /// `[CLS]`, which begins a text.
    pub start: u32,
    /// `[SEP]`, which ends one.
    pub end: u32,
}

/// A network as a configuration describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its class.
    pub architecture: &'static Architecture,
    /// Its blocks: those of the encoder, or of ELECTRA's generator, whose embeddings are the encoder's.
    pub blocks: EncoderConfig,
    /// E, columns of the table of tokens.
    pub embedding: usize,
    /// Of its tokenizer.
    pub tokens: Tokens,
}

impl Network {
    /// Rows of the table of positions that stand before the first position.
    fn unused_positions(&self) -> usize {
        self.architecture.family.unused_positions(self.tokens.pad)
    }

    /// Whether such networks can be of its class: their embeddings and layers are like those of the class, or layers are copies.
    pub fn is_of_its_class(&self) -> bool {
        let (family, config) = (self.architecture.family, self.encoder_config());
        family.holds(&config) || family.copies(&config)
    }

    /// Whether layers that share a block here have one each there.
    pub fn has_copies(&self) -> bool {
        self.architecture.family.blocks(&self.blocks).len() > self.blocks.blocks()
    }

    fn encoder_config(&self) -> EncoderConfig {
        EncoderConfig {
            embedding_width: Some(self.embedding).filter(|embedding| *embedding != self.blocks.width),
            ..self.blocks.clone()
        }
    }

    /// Its parameters, ours and theirs, one after the other.
    fn pairings(&self) -> Vec<Pairing> {
        let Architecture {
            body,
            root,
            blocks,
            heads,
            ..
        } = self.architecture;
        let mut all = Vec::new();
        let mut put = |rows: &[rows::Row], layer: usize, names: [&str; 2]| {
            rows.iter().for_each(|row| row.places(self, layer, names, &mut all));
        };
        put(body.before, 0, ["", root]);
        put(body.beside, 0, [&format!("{blocks}."), root]);
        let family = self.architecture.family;
        for (layer, block) in family.blocks(&self.blocks).into_iter().enumerate() {
            let ours = format!("{blocks}.blocks.{block}.");
            let theirs = format!("{root}{}.", body.layers.replace("{}", &layer.to_string()));
            put(body.block, layer, [&ours, &theirs]);
        }
        put(body.after, 0, ["", root]);
        put(heads, 0, ["", ""]);
        all
    }
}

/// The numbers of a vector or a matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// `[n]` or `[n, m]`.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Vec<f32>,
}

impl Numbers {
    fn of(parameter: &Parameter) -> Result<Self> {
        Ok(Self {
            shape: parameter.shape(),
            values: parameter.numbers()?,
        })
    }

    fn parameter(&self, device: &Device) -> Result<Parameter> {
        let data = TensorData::new(self.values.clone(), Shape::from(self.shape.clone()));
        Parameter::from_data(data, device)
    }
}

/// A model with its numbers, by our paths.
#[derive(Clone, Debug, PartialEq)]
pub struct HubModel {
    /// What it is.
    pub network: Network,
    /// Its parameters.
    pub numbers: BTreeMap<String, Numbers>,
    /// Tensors of the files that it was read from which have no place in it.
    pub left_out: Vec<String>,
}

impl HubModel {
    /// What a network has of a model's parameters.
    ///
    /// # Errors
    /// A parameter that the model does not have, or has in another shape; a device that cannot be read.
    pub fn of(network: Network, parameters: &BTreeMap<String, Parameter>) -> Result<Self> {
        let mut numbers = BTreeMap::new();
        for pairing in network.pairings() {
            let instead = network.architecture.instead(&pairing.ours);
            let instead = instead.and_then(|path| parameters.get(&path));
            let Some(parameter) = instead.or_else(|| parameters.get(&pairing.ours)) else {
                if pairing.how.is_optional() {
                    continue;
                }
                return Err(Fault::usage(format!("the model has no `{}`", pairing.ours)));
            };
            if parameter.shape() != pairing.shape {
                let (ours, found, wanted) = (&pairing.ours, parameter.shape(), &pairing.shape);
                return Err(Fault::usage(format!(
                    "`{ours}` has the shape {found:?}, and not {wanted:?}"
                )));
            }
            numbers.insert(pairing.ours, Numbers::of(parameter)?);
        }
        Ok(Self {
            network,
            numbers,
            left_out: Vec::new(),
        })
    }

    /// What the encoder is made of. ELECTRA's generator is one as well: its embeddings are projected to its blocks.
    pub fn encoder_config(&self) -> EncoderConfig {
        self.network.encoder_config()
    }

    /// Its numbers, by the paths of an encoder and of the heads on it.
    pub fn encoder_numbers(&self) -> impl Iterator<Item = (String, &Numbers)> {
        let named = |(path, numbers): (&String, _)| (self.network.architecture.in_encoder(path), numbers);
        self.numbers.iter().map(named)
    }

    /// The encoder, on a device.
    ///
    /// # Errors
    /// A parameter that there is no number for.
    pub fn encoder(&self, device: &Device) -> Result<Encoder> {
        let init = Init::new(0, device).at(ENCODER);
        let mut encoder = Encoder::new(&self.encoder_config(), self.network.tokens.vocabulary, &init);
        self.fill(ENCODER, &mut encoder, device)?;
        Ok(encoder)
    }

    /// The numbers of a parameter of an encoder or of the heads on it.
    fn numbers_of(&self, path: &str) -> Option<&Numbers> {
        let own = self.network.architecture.of_encoder(path);
        self.numbers.get(own.as_deref().unwrap_or(path))
    }

    /// Puts what is below `root` into a part of a model, all of whose parameters have some; with no `root` into a whole one.
    ///
    /// # Errors
    /// A parameter that there is no number for, or that has another shape.
    pub fn fill(&self, root: &str, part: &mut dyn Parameters, device: &Device) -> Result<()> {
        let inner = device.clone().inner();
        let mut wrong = None;
        part.change_parameters(&mut |path, old| {
            let name = match root {
                "" => path.to_owned(),
                root => format!("{root}.{path}"),
            };
            let numbers = self.numbers_of(&name).filter(|numbers| numbers.shape == old.shape());
            match numbers.map(|numbers| numbers.parameter(&inner)) {
                Some(Ok(new)) => new,
                found => {
                    let fault = found.and_then(Result::err);
                    wrong.get_or_insert(fault.unwrap_or_else(|| Fault::run(format!("there is no such `{name}`"))));
                    old.inner()
                }
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}

const ENCODER: &str = "encoder";

#[cfg(test)]
mod tests;
