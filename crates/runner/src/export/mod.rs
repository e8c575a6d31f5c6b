//! A trained run as a folder that Hugging Face's libraries load.

mod card;
mod check;
mod generator;

pub use crate::found::{Found, chosen, find};

use burn::tensor::Device;
use cloze_backbone::hub::{self, Architecture, HubModel, Network, Tokens};
use cloze_backbone::{EncoderConfig, Parameter, Parameters};
use cloze_corpus::Tokenizer;
use cloze_foundation::files::{is_there, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Objective, configure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// For which of the libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A model of transformers with its heads.
    Model,
    /// The encoder alone, for hidden states.
    Encoder,
    /// The encoder with mean pooling, for sentence-transformers.
    Sentences,
}

/// One of the networks of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// What transformers has it as.
    pub class: &'static Architecture,
    /// Where it is, below the folder of the model.
    pub folder: Option<&'static str>,
    /// Whether layers that share a block have one each there.
    pub has_copies: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The networks, the first one in the folder itself.
    pub parts: Vec<Part>,
    /// Parts of the model that are not in it, and why.
    pub left_out: Vec<(String, String)>,
}

/// Objectives whose heads answer as the classes do, each measured (docs/hugging-face.md, scripts/parity.sh). Heads of the same parameters may answer
/// elsewhere: a head that predicts a token from the position before it is not BERT's.
const SHOWN: [&str; 14] = [
    "mlm",
    "whole-word",
    "n-gram",
    "entity",
    "pmi",
    "frequency",
    "adaptive",
    "span",
    "diffusion",
    "mpnet",
    "replace-mlm",
    "electra",
    "rtd",
    "autoregressive",
];
/// Objectives whose answers no class gives, and why.
const OTHERWISE: [(&str, &str); 4] = [
    (
        "all-tokens-mlm",
        "what it says of a token is mixed with a copy of the token that it reads, by a gate that no class has",
    ),
    (
        "mntp",
        "it predicts a token from the position before it, where the classes predict it in its place",
    ),
    (
        "permutation",
        "XLNet's relative positions are not those of this encoder",
    ),
    (
        "prefix",
        "no class of such an encoder sees the beginning of a text both ways and the rest from left to right",
    ),
];
const ENCODER_ALONE: &str = "`--to hf-encoder` exports the encoder alone, which AutoModel loads";

/// Why a part of a mixture is left out.
const OF_OTHERS: &str = "heads of another objective of the mixture, whose first one is exported";
/// What the parameters of the encoder are below.
const ENCODER: &str = "encoder.";

/// Positions of the text that says who sees whom.
const PROBE: usize = 3;

/// Writes a run into a folder that is not there yet, which appears whole. With `lines`, a file says what cloze itself makes of
/// each of them, so that whoever loads the folder can compare.
///
/// # Errors
/// A run that is not done, or whose weights or tokenizer are not what it ended with; a model that has no counterpart, by the
/// name of what has none; a folder that is there.
pub fn export(run: &Found, form: Form, into: &Path, lines: Option<&[String]>) -> Result<Exported> {
    if is_there(into)? {
        return Err(Fault::usage(format!("`{}` is there already", into.display())).remedy("name a folder that is not"));
    }
    let whole = configure(&run.config.objective, &run.config.options)?;
    let answering = Answering::of(&run.config.objective, &*whole);
    if form == Form::Model {
        answering.check()?;
    }
    let objective = answering.objective;
    let device = Device::flex();
    let tokenizer = run.tokenizer()?;
    let model = run.model(&*whole, &tokenizer, &device)?;
    let mut parameters: BTreeMap<String, Parameter> = BTreeMap::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    model.each_parameter(&mut |path, parameter| match answering.own(path) {
        Some(own) => _ = parameters.insert(own.to_owned(), parameter.clone()),
        None => others.extend(path.split('.').next().map(str::to_owned)),
    });
    let generator = generator::taken_out(&mut parameters);
    let own: Vec<String> = parameters.keys().cloned().collect();
    // Heads may hold a part of the tables with which the model reads.
    model.reader().each_parameter(&mut |path, parameter| {
        let path = format!("encoder.{path}");
        let trained = parameters.insert(path.clone(), parameter.clone());
        parameters.extend(trained.map(|trained| (hub::as_trained(&path), trained)));
    });
    let paths = || own.iter().map(String::as_str);
    let example = model.reading(&[tokenizer.vocabulary().special.unknown; PROBE]);
    let encoder = model.config().clone();
    let located = |fault: Fault| {
        let fault = fault.at(format!("run {}", run.id));
        match fault.remedy {
            None if form == Form::Model => fault.remedy(ENCODER_ALONE),
            _ => fault,
        }
    };
    let is_alone = form != Form::Model;
    let classes = hub::of(&encoder, &example.visibility, paths(), is_alone).map_err(located)?;
    let helper = objective.helpers(&encoder).into_iter().next();
    let mut networks = Vec::new();
    for class in &classes {
        let blocks = match (class.folder, &helper) {
            (Some(_), Some(helper)) => helper,
            _ => &encoder,
        };
        networks.push((
            class.folder,
            network(class, blocks, encoder.table_width(), &tokenizer),
            &parameters,
        ));
    }
    if let Some(own) = generator.as_ref().filter(|_| !is_alone) {
        let blocks = helper.as_ref().unwrap_or(&encoder);
        let paths = own.keys().map(String::as_str);
        let classes = hub::of(blocks, &example.visibility, paths, false).map_err(located)?;
        for class in classes {
            let network = network(class, blocks, blocks.table_width(), &tokenizer);
            networks.push((Some(hub::GENERATOR), network, own));
        }
    }
    let mut exported = Exported {
        parts: Vec::new(),
        left_out: Vec::new(),
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (folder, network, parameters) in networks {
        let class = network.architecture;
        if !network.is_of_its_class() {
            let what = format!(
                "a {} that is narrower than the embeddings that it shares has no counterpart in transformers: `{}` projects them before \
                 their norm",
                folder.unwrap_or("model"),
                class.class
            );
            return Err(located(Fault::usage(what)));
        }
        if let Some(folder) = folder {
            let card = card::of_generator(run, class.class);
            files.push((format!("{folder}/README.md"), card.into_bytes()));
        }
        exported.parts.push(Part {
            class,
            folder,
            has_copies: network.has_copies(),
        });
        let pairs = encoder.preset == cloze_backbone::Preset::Bert;
        let below = |name: &str| folder.map_or(name.to_owned(), |folder| format!("{folder}/{name}"));
        for (name, text) in tokenizer.for_transformers(network.blocks.window, pairs)? {
            files.push((below(name), text.into_bytes()));
        }
        for (name, bytes) in HubModel::of(network, parameters)?.files()? {
            files.push((below(name), bytes));
        }
    }
    if form == Form::Sentences {
        files.extend(pooling(&encoder).map(|(name, text)| (name.to_owned(), text.into_bytes())));
    }
    let left_out = hub::left_out(&classes, paths()).into_iter();
    let left_out = left_out.map(|(part, why)| (part.to_owned(), why.to_owned()));
    let others = others.into_iter().map(|part| (part, OF_OTHERS.to_owned()));
    exported.left_out = left_out.chain(others).collect();
    files.push(("README.md".to_owned(), card::card(run, form, &exported)?.into_bytes()));
    if let Some(lines) = lines {
        let text = check::check(&model, &answering, &tokenizer, lines)?;
        files.push((check::FILE.to_owned(), text.into_bytes()));
    }
    let is_new = write_folder(into, |scratch| {
        for (name, bytes) in &files {
            let path = scratch.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|error| Fault::file("write", parent, &error))?;
            }
            write_whole(&path, bytes)?;
        }
        Ok(())
    })?;
    match is_new {
        true => Ok(exported),
        false => Err(Fault::usage(format!("`{}` is there already", into.display()))),
    }
}

/// The objective whose heads are exported: that of the run, or the first of a mixture.
struct Answering<'a> {
    /// What its heads are below, if there are others beside them.
    below: Option<&'a str>,
    name: &'a str,
    objective: &'a dyn Objective,
}

impl<'a> Answering<'a> {
    fn of(name: &'a str, whole: &'a dyn Objective) -> Self {
        match whole.first() {
            Some((below, name, objective)) => Self {
                below: Some(below),
                name,
                objective,
            },
            None => Self {
                below: None,
                name,
                objective: whole,
            },
        }
    }

    /// What a parameter of the whole model, or one of its rules, is called without those beside it; `None` for one of theirs.
    fn own<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self.below {
            Some(below) if !path.starts_with(ENCODER) => path.strip_prefix(below)?.strip_prefix('.'),
            _ => Some(path),
        }
    }

    fn check(&self) -> Result<()> {
        let Self { name, below, .. } = self;
        if SHOWN.contains(name) {
            return Ok(());
        }
        let first = below.map_or("", |_| ", the first part of this mixture,");
        let what = match OTHERWISE.iter().find(|(known, _)| known == name) {
            Some((_, why)) => format!("`{name}`{first} has no counterpart in transformers: {why}"),
            None => format!("the heads of `{name}`{first} have not been compared with those of transformers"),
        };
        Err(Fault::usage(what).allowed(SHOWN).remedy(ENCODER_ALONE))
    }
}

/// Blocks of a model on a table of tokens of this width, as a class has them.
fn network(class: &'static Architecture, blocks: &EncoderConfig, embedding: usize, tokenizer: &Tokenizer) -> Network {
    let vocabulary = tokenizer.vocabulary();
    Network {
        architecture: class,
        blocks: blocks.clone(),
        embedding,
        tokens: Tokens {
            vocabulary: vocabulary.size,
            pad: vocabulary.special.pad,
            start: vocabulary.special.start,
            end: vocabulary.special.end,
        },
    }
}

/// What sentence-transformers reads beside an encoder.
fn pooling(encoder: &EncoderConfig) -> [(&'static str, String); 3] {
    let modules = serde_json::json!([
        { "idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer" },
        { "idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling" },
    ]);
    let pooling = serde_json::json!({ "word_embedding_dimension": encoder.width, "pooling_mode_mean_tokens": true });
    let text = serde_json::json!({ "max_seq_length": encoder.window, "do_lower_case": false });
    [
        ("modules.json", format!("{modules:#}\n")),
        ("1_Pooling/config.json", format!("{pooling:#}\n")),
        ("sentence_bert_config.json", format!("{text:#}\n")),
    ]
}

#[cfg(test)]
mod tests {
    use super::{OTHERWISE, SHOWN};

    #[test]
    fn every_objective_is_exported_or_refused_with_a_reason() {
        for entry in cloze_objectives::OBJECTIVES {
            let refused = OTHERWISE.iter().any(|(name, _)| *name == entry.name);
            assert!(SHOWN.contains(&entry.name) != refused, "{}", entry.name);
        }
    }
}
