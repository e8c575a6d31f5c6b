//! Run ids: a hash of everything that decides a run's result, and of nothing else.

#[cfg(test)]
mod tests;

use crate::config::SEMANTICS_VERSION;
use crate::{ModelConfig, RunConfig, TaskConfig};
use cloze_corpus::fragment;
use cloze_schema::Axis;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Which elements a seed drops: raised when they are drawn in another way. Part of the ids of runs with dropout.
const DROPOUT_LAW: u32 = 3;
/// What counts as a FLOP: raised when it changes. Part of the ids of runs that are given a number of them.
const FLOP_LAW: u32 = 2;
/// Hexadecimal digits of a run id.
const DIGITS: usize = 16;

/// The id of a run: the first 16 hexadecimal digits of BLAKE3 over the canonical text of its configuration.
pub fn run_id(config: &RunConfig) -> String {
    hashed(&canonical(config))
}

/// The id of a folder that others trained, judged by what its configuration says: made as that of a run is.
pub fn model_id(config: &ModelConfig) -> String {
    let ModelConfig { corpus, evaluate, .. } = config;
    let mut text = format!("cloze model {SEMANTICS_VERSION}\n");
    if uses_language(&corpus.source, evaluate) {
        let _ = writeln!(text, "fragment {}", fragment::VERSION);
    }
    let evaluations = evaluate.iter().flat_map(|task| cloze_evals::laws(&task.task));
    for (name, version) in corpus.laws().into_iter().chain(evaluations) {
        let _ = writeln!(text, "{name} {version}");
    }
    let value = serde_json::to_value(config)
        .expect("a configuration holds strings, numbers, lists and tables with string keys");
    encode(&value, &mut text);
    hashed(&text)
}

/// Whether a text is that of the built-in language, or somebody judges by it.
fn uses_language(source: &str, evaluate: &[TaskConfig]) -> bool {
    let mut asked = evaluate.iter().map(|task| task.task.as_str());
    source == fragment::NAME || asked.any(cloze_evals::uses_language)
}

/// Whether a run has this id, or had it under earlier versions of laws that have changed since: what was trained then is
/// still read, and never passes for what would be trained now.
pub fn had_id(config: &RunConfig, id: &str) -> bool {
    let changed = changed(config);
    // A law's first version is not in the text, and there are few laws.
    (0..1_u32 << changed.len()).any(|kept| {
        let kept: Vec<&String> = (0..)
            .zip(&changed)
            .filter(|(law, _)| kept >> law & 1 == 1)
            .map(|(_, line)| line)
            .collect();
        hashed(&text(config, &kept)) == id
    })
}

fn hashed(text: &str) -> String {
    let mut id = blake3::hash(text.as_bytes()).to_hex().to_string();
    id.truncate(DIGITS);
    id
}

/// The laws that a run follows and that are no longer in their first version, a line each.
fn changed(config: &RunConfig) -> Vec<String> {
    let preset = config.encoder.preset;
    let preset = (preset.version() > 1).then(|| (preset.to_string(), preset.version()));
    let named = |(name, version): (&'static str, u32)| (name.to_owned(), version);
    let objective = cloze_objectives::laws(&config.objective, &config.options);
    let evaluations = config.evaluate.iter().flat_map(|task| cloze_evals::laws(&task.task));
    let others = config
        .corpus
        .laws()
        .into_iter()
        .chain(objective)
        .chain(evaluations)
        .map(named);
    let lines = preset.into_iter().chain(others);
    lines.map(|(name, version)| format!("{name} {version}")).collect()
}

/// The text that is hashed. The built-in language's version is part of it where its text or its pairs are used, the law of
/// dropout where there is dropout, that of FLOPs where they are the budget, and every law that has changed where it is
/// followed, so that results of other versions never pass for the same run.
fn canonical(config: &RunConfig) -> String {
    text(config, &changed(config).iter().collect::<Vec<_>>())
}

fn text(config: &RunConfig, laws: &[&String]) -> String {
    let mut text = format!("cloze run {SEMANTICS_VERSION}\n");
    if uses_language(&config.corpus.source, &config.evaluate) {
        let _ = writeln!(text, "fragment {}", fragment::VERSION);
    }
    if config.encoder.dropout > 0.0 {
        let _ = writeln!(text, "dropout {DROPOUT_LAW}");
    }
    if config.budget.equalise == Axis::Flops {
        let _ = writeln!(text, "flops {FLOP_LAW}");
    }
    for law in laws {
        let _ = writeln!(text, "{law}");
    }
    let value = serde_json::to_value(config)
        .expect("a configuration holds strings, numbers, lists and tables with string keys");
    encode(&value, &mut text);
    text
}

/// Keys sorted whatever order the map keeps, floats in their shortest exact form, integers apart from floats.
fn encode(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => _ = write!(text, "{float:e}"),
            None => _ = write!(text, "{number}"),
        },
        Value::Array(list) => {
            text.push('[');
            for item in list {
                encode(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(table) => {
            text.push('{');
            for (key, item) in table.iter().collect::<BTreeMap<_, _>>() {
                let _ = write!(text, "{key:?}:");
                encode(item, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::String(string) => _ = write!(text, "{string:?}"),
        Value::Bool(_) | Value::Null => _ = write!(text, "{value}"),
    }
}
