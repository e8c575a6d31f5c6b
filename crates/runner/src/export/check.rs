//! What cloze itself makes of some lines, beside an exported model: whoever loads the folder elsewhere can hold the numbers
//! against each other (`crates/backbone/tests/parity/exported.py` does).

use super::Answering;
use cloze_backbone::EncoderConfig;
use cloze_corpus::Tokenizer;
use cloze_foundation::{Fault, Result};
use cloze_objectives::{Batch, Example, Model};
use serde_json::{Value, json};

/// The file.
pub(super) const FILE: &str = "cloze_check.json";
/// Lines of which states and scores are written; of the others there are ids.
const WITH_NUMBERS: usize = 16;

/// The ids of every line with `[CLS]` and `[SEP]`; of the first ones, as far as a window holds them, the states of the last
/// layer, position by position, and the score by every rule of the heads that are exported. Of a model that was asked about pairs, what it says of
/// the first lines that follow each other and find a place in a window together.
pub(super) fn check(model: &Model, answering: &Answering, tokenizer: &Tokenizer, lines: &[String]) -> Result<String> {
    let encoder = model.config();
    let mut all = Vec::new();
    let mut with_numbers = 0;
    let mut pairs = Vec::new();
    for line in lines {
        let sentence = tokenizer.sentence_with_words(line);
        let ids = &sentence.ids;
        let mut entry = json!({ "text": line, "ids": ids });
        if ids.len() > 2 && ids.len() <= encoder.window && with_numbers < WITH_NUMBERS {
            with_numbers += 1;
            entry["states"] = states(model, ids, encoder.width);
            for rule in model.rules() {
                if let Some(name) = answering.own(&rule.name) {
                    let score = model.score(rule, std::slice::from_ref(&sentence), tokenizer.vocabulary())?;
                    entry["scores"][name] = json!(score.first());
                }
            }
        }
        all.push(entry);
    }
    for lines in lines.windows(2) {
        if pairs.len() < WITH_NUMBERS
            && let [first, second] = lines
            && let Some(entry) = pair(model, tokenizer, encoder, [first, second])
        {
            pairs.push(entry);
        }
    }
    let text = serde_json::to_string(&json!({ "lines": all, "pairs": pairs }));
    text.map(|text| text + "\n")
        .map_err(|error| Fault::run(format!("cannot write {FILE}: {error}")))
}

fn states(model: &Model, ids: &[u32], width: usize) -> Value {
    let last = model.states(&[ids.to_vec()]).pop();
    let numbers: Vec<f32> = last
        .map(|last| last.into_data().iter::<f32>().collect())
        .unwrap_or_default();
    numbers.chunks(width).map(|row| json!(row)).collect()
}

/// Two lines as the segments of a window, and the two numbers of the model's verdict on them.
fn pair(model: &Model, tokenizer: &Tokenizer, encoder: &EncoderConfig, lines: [&String; 2]) -> Option<Value> {
    let special = tokenizer.vocabulary().special;
    let [first, second] = lines.map(|line| tokenizer.encode(line).ids);
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let segments = [vec![0; first.len() + 2], vec![1; second.len() + 1]].concat();
    let ids = [vec![special.start], first, vec![special.end], second, vec![special.end]].concat();
    if ids.len() > encoder.window {
        return None;
    }
    let example = Example {
        segment_ids: Some(segments.clone()),
        ..model.reading(&ids)
    };
    let verdict = model.verdicts(&Batch::of(&[example]))?;
    let verdict: Vec<f32> = verdict.into_data().iter::<f32>().collect();
    Some(json!({ "texts": lines, "ids": ids, "segments": segments, "verdict": verdict }))
}
