//! A trained run as a folder that Hugging Face's libraries load.

mod card;
mod check;

pub use crate::found::{Found, chosen, find};

use burn::tensor::Device;
use cloze_backbone::hub::{self, Architecture, HubModel, Network, Tokens};
use cloze_backbone::{EncoderConfig, Parameter, Parameters};
use cloze_corpus::Tokenizer;
use cloze_foundation::files::{is_there, write_folder, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Objective, configure};
use std::collections::BTreeMap;
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

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The classes, the first one in the folder itself.
    pub classes: Vec<&'static Architecture>,
    /// Parts of the model that are not in it, and why.
    pub left_out: Vec<(&'static str, &'static str)>,
}

/// Objectives whose heads answer as the classes do, each measured (docs/hugging-face.md, scripts/parity.sh). Heads of the same parameters may answer
/// elsewhere: a head that predicts a token from the position before it is not BERT's.
const SHOWN: [&str; 11] = [
    "mlm",
    "whole-word",
    "n-gram",
    "entity",
    "pmi",
    "frequency",
    "adaptive",
    "span",
    "electra",
    "rtd",
    "autoregressive",
];
/// Objectives whose answers no class gives, and why.
const OTHERWISE: [(&str, &str); 4] = [
    (
        "mntp",
        "it predicts a token from the position before it, where the classes predict it in its place",
    ),
    ("mpnet", "it predicts from slots behind the text, which no class has"),
    (
        "permutation",
        "XLNet's relative positions are not those of this encoder",
    ),
    (
        "prefix",
        "no class sees the beginning of a text both ways and the rest from left to right",
    ),
];
const ENCODER_ALONE: &str = "`--to hf-encoder` exports the encoder alone, which AutoModel loads";

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
    if form == Form::Model && !SHOWN.contains(&run.config.objective.as_str()) {
        let objective = &run.config.objective;
        let what = match OTHERWISE.iter().find(|(name, _)| name == objective) {
            Some((_, why)) => format!("`{objective}` has no counterpart in transformers: {why}"),
            None => format!("the heads of `{objective}` have not been compared with those of transformers"),
        };
        return Err(Fault::usage(what).allowed(SHOWN).remedy(ENCODER_ALONE));
    }
    let device = Device::flex();
    let tokenizer = run.tokenizer()?;
    let objective = configure(&run.config.objective, &run.config.options)?;
    let model = run.model(&*objective, &tokenizer, &device)?;
    let mut parameters: BTreeMap<String, Parameter> = BTreeMap::new();
    model.each_parameter(&mut |path, parameter| _ = parameters.insert(path.to_owned(), parameter.clone()));
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
    let classes = hub::of(&encoder, &example.visibility, paths(), form != Form::Model).map_err(|fault| {
        let fault = fault.at(format!("run {}", run.id));
        match fault.remedy {
            None if form == Form::Model => fault.remedy(ENCODER_ALONE),
            None => fault,
            Some(_) => fault,
        }
    })?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for class in &classes {
        let network = network(class, &encoder, &*objective, &tokenizer)?;
        let pairs = encoder.preset == cloze_backbone::Preset::Bert;
        let below = |name: &str| {
            class
                .folder
                .map_or(name.to_owned(), |folder| format!("{folder}/{name}"))
        };
        for (name, text) in tokenizer.for_transformers(network.blocks.window, pairs)? {
            files.push((below(name), text.into_bytes()));
        }
        for (name, bytes) in HubModel::of(network, &parameters)?.files()? {
            files.push((below(name), bytes));
        }
    }
    if form == Form::Sentences {
        files.extend(pooling(&encoder).map(|(name, text)| (name.to_owned(), text.into_bytes())));
    }
    let exported = Exported {
        left_out: hub::left_out(&classes, paths()),
        classes,
    };
    files.push(("README.md".to_owned(), card::card(run, form, &exported)?.into_bytes()));
    if let Some(lines) = lines {
        let text = check::check(&model, &tokenizer, &encoder, lines)?;
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

/// The encoder as a class has it, or the helper that the class is of.
fn network(
    class: &'static Architecture,
    encoder: &EncoderConfig,
    objective: &dyn Objective,
    tokenizer: &Tokenizer,
) -> Result<Network> {
    let vocabulary = tokenizer.vocabulary();
    let blocks = match class.folder {
        None => encoder.clone(),
        Some(folder) => {
            let helper = objective.helpers(encoder).into_iter().next();
            helper.ok_or_else(|| Fault::run(format!("the objective has no {folder}")))?
        }
    };
    Ok(Network {
        architecture: class,
        blocks,
        embedding: encoder.table_width(),
        tokens: Tokens {
            vocabulary: vocabulary.size,
            pad: vocabulary.special.pad,
            start: vocabulary.special.start,
            end: vocabulary.special.end,
        },
    })
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
