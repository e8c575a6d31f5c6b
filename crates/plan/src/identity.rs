//! Run ids: a hash of everything that decides a run's result, and of nothing else.

#[cfg(test)]
mod tests;

use crate::RunConfig;
use crate::config::SEMANTICS_VERSION;
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
    let mut id = blake3::hash(canonical(config).as_bytes()).to_hex().to_string();
    id.truncate(DIGITS);
    id
}

/// The text that is hashed. The built-in language's version is part of it where its text or its pairs are used, that of the
/// encoder's preset, the law of dropout where there is dropout, that of FLOPs where they are the budget, and that of corpora
/// where files are read, so that results of other versions never pass for the same run.
fn canonical(config: &RunConfig) -> String {
    let asked = || config.evaluate.iter().map(|task| task.task.as_str());
    let language = config.corpus.source == fragment::NAME || asked().any(cloze_evals::uses_language);
    let mut text = format!("cloze run {SEMANTICS_VERSION}\n");
    if language {
        let _ = writeln!(text, "fragment {}", cloze_corpus::fragment::VERSION);
    }
    let preset = config.encoder.preset;
    if preset.version() > 1 {
        let _ = writeln!(text, "{preset} {}", preset.version());
    }
    if config.encoder.dropout > 0.0 {
        let _ = writeln!(text, "dropout {DROPOUT_LAW}");
    }
    if config.budget.equalise == Axis::Flops {
        let _ = writeln!(text, "flops {FLOP_LAW}");
    }
    if let Some((name, version)) = config.corpus.laws() {
        let _ = writeln!(text, "{name} {version}");
    }
    let laws = cloze_objectives::laws(&config.objective, &config.options);
    for (name, version) in laws.into_iter().chain(asked().flat_map(cloze_evals::laws)) {
        let _ = writeln!(text, "{name} {version}");
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
