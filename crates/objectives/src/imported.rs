//! Models that others trained, as evaluations know them: what cloze's own objective with the same heads would be.

use crate::objective::Objective;
use crate::scoring::Rule;
use crate::tensors::tensor_weights;
use crate::{Batch, Example, Heads, Loss, Model, configure, rules};
use burn::tensor::Device;
use cloze_backbone::hub::{Architecture, HubModel};
use cloze_backbone::{Encoder, Init, Parameter, Parameters};
use cloze_corpus::Vocabulary;
use cloze_foundation::{Draw, Fault, Result};
use cloze_kernels::Visibility;

/// A model of a folder of Hugging Face, which reads with a tokenizer that has `tokens` ids, without gradients, and the ids that it
/// knows.
///
/// # Errors
/// A tokenizer with more ids than the model has; heads that are not those of an objective.
pub fn imported(hub: &HubModel, tokens: &Vocabulary, device: &Device) -> Result<(Model, Vocabulary)> {
    let rows = hub.network.tokens.vocabulary;
    if tokens.size > rows {
        let what = format!("the tokenizer has {} ids, and the model has {rows}", tokens.size);
        return Err(Fault::usage(what).remedy("a model is read with the tokenizer that it was trained with"));
    }
    // Models have more rows than their tokenizers have ids, so that tables are of handy sizes.
    let vocabulary = Vocabulary::new(rows, tokens.special);
    let config = hub.encoder_config();
    let init = Init::new(0, device);
    let heads = match objective(hub)? {
        Some(objective) => objective.heads(&config, &vocabulary, &init),
        None => Box::new(Alone::of(hub)),
    };
    let mut model = Model::new(Encoder::new(&config, vocabulary.size, &init), heads);
    hub.fill("", &mut model, device)?;
    Ok((model, vocabulary))
}

/// How the model of such a class scores sentences of its own accord; `None` for an encoder alone.
pub fn rule_of(architecture: &Architecture) -> Option<Rule> {
    let (name, options) = like(architecture)?;
    let rules = rules(name, &options.parse().ok()?).ok()?;
    rules.into_iter().next()
}

/// The objective whose heads a class has, with its options; `None` for an encoder alone.
fn like(architecture: &Architecture) -> Option<(&'static str, &'static str)> {
    Some(if architecture.has("discriminator_output") {
        // Its generator is another network, in another folder.
        ("electra", "generator = \"uniform\"")
    } else if architecture.has("head") && architecture.causal {
        ("autoregressive", "")
    } else if architecture.has("verdict") {
        // Both questions have the same heads.
        ("mlm", "pairs = \"order\"")
    } else if architecture.has("head") {
        ("mlm", "")
    } else {
        return None;
    })
}

/// The objective whose heads these are; `None` for an encoder alone.
fn objective(hub: &HubModel) -> Result<Option<Box<dyn Objective>>> {
    let Some((name, options)) = like(hub.network.architecture) else {
        return Ok(None);
    };
    let options: toml::Table = options
        .parse()
        .map_err(|error| Fault::run(format!("the options of {name}: {error}")))?;
    configure(name, &options).map(Some)
}

/// No heads at all: such a model has states and scores nothing.
#[derive(Clone, Debug)]
struct Alone {
    visibility: Visibility,
}

impl Alone {
    fn of(hub: &HubModel) -> Self {
        let visibility = match hub.network.architecture.causal {
            true => Visibility::Causal,
            false => Visibility::Bidirectional,
        };
        Self { visibility }
    }
}

impl Parameters for Alone {
    fn each_parameter(&self, _see: &mut dyn FnMut(&str, &Parameter)) {}

    fn change_parameters(&mut self, _change: &mut dyn FnMut(&str, Parameter) -> Parameter) {}
}

impl Heads for Alone {
    fn loss(&self, encoder: &Encoder, _batch: &Batch, _draw: Draw, _training: bool) -> Loss {
        Loss::new(tensor_weights(&[0.0], &encoder.device()))
    }

    fn reading(&self, ids: &[u32]) -> Example {
        Example {
            visibility: self.visibility.clone(),
            ..Example::reading(ids)
        }
    }

    fn rules(&self) -> &[Rule] {
        &[]
    }

    fn losses(&self, _encoder: &Encoder, _rule: &Rule, _batch: &Batch) -> Vec<f32> {
        Vec::new()
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone())
    }
}
