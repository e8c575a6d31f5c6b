//! What a `tokenizer.json` has to be before it is used.

use super::{Tokenizer, charsmap, growth};
use crate::reader;
use crate::vocabulary::SPECIAL_NAMES;
use crate::{SpecialTokens, Vocabulary};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result, files};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;
use tokenizers::ModelWrapper;

/// Ids end here: models have a row for each, the unused ones included, so that one huge id would fill the memory.
const MOST_IDS: usize = 1 << 24;
/// Ids may have gaps, as for tokens that were kept free, but no more than this many ids a token, and a few to spare.
const MOST_ROWS_A_TOKEN: usize = 2;
const SPARE_ROWS: usize = 1000;
/// Words that a tokenizer has to separate, if it separates any: letters that every alphabet of Latin has.
const PROBE: [&str; 3] = ["aaa", "eee", "aaa"];

/// The text of a file that has an end.
///
/// # Errors
/// As [`reader::open`], and text that is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    reader::open(path)?;
    files::read_text(path)
}

/// The part of a `tokenizer.json` that changes a text before it is cut.
#[derive(Deserialize)]
struct Normalizing {
    #[serde(default)]
    normalizer: Value,
}

/// A tokenizer from its JSON; `place` says where that is.
///
/// # Errors
/// As [`Tokenizer::load`].
pub fn from_json(json: String, place: &str) -> Result<Tokenizer> {
    let refused = |why: String| {
        Fault::usage(format!("not a tokenizer.json: {why}"))
            .at(place)
            .remedy("save it with Hugging Face `tokenizers`")
    };
    let text: Normalizing = serde_json::from_str(&json).map_err(|error| refused(error.to_string()))?;
    charsmap::check(&text.normalizer).map_err(refused)?;
    growth::check(&text.normalizer).map_err(refused)?;
    let mut inner = caught(|| json.parse::<tokenizers::Tokenizer>())
        .ok_or_else(|| refused("the `tokenizers` library gave up on it".to_owned()))?
        .map_err(|error| refused(error.to_string()))?;
    let special = special_tokens(&inner).map_err(|fault| fault.at(place))?;
    if is_random(&inner) {
        return Err(
            Fault::usage("the tokenizer has BPE dropout, which gives other tokens each time")
                .at(place)
                .remedy("set `model.dropout` to null in it"),
        );
    }
    // What people write is text: "[MASK]" in a corpus is five letters and two brackets.
    inner.set_encode_special_tokens(true);
    inner.with_padding(None);
    let failed = |error: tokenizers::Error| Fault::usage(format!("the tokenizer does not work: {error}")).at(place);
    inner.with_truncation(None).map_err(failed)?;
    // A model without an unknown token fails on the first unknown character; better here than in a run.
    caught(|| inner.encode("a \u{10FFFD}", false))
        .unwrap_or_else(|| Err("it panics".into()))
        .map_err(failed)?;
    let size = inner
        .get_vocab(true)
        .into_values()
        .max()
        .map_or(0, |id| id as usize + 1);
    if size > MOST_IDS {
        return Err(
            Fault::usage(format!("the tokenizer has a token with the id {}", size - 1))
                .at(place)
                .allowed([format!("ids below {MOST_IDS}")])
                .remedy("number its tokens from 0, without gaps"),
        );
    }
    let ids: HashSet<u32> = inner.get_vocab(true).into_values().collect();
    if ids.len() < inner.get_vocab_size(true) {
        return Err(
            Fault::usage("the tokenizer has two tokens of one id, which no model can tell apart")
                .at(place)
                .remedy("give each token an id of its own"),
        );
    }
    let used = ids.len();
    if size > used.saturating_mul(MOST_ROWS_A_TOKEN) + SPARE_ROWS {
        return Err(Fault::usage(format!(
            "the tokenizer has {used} tokens and ids up to {}, so that most rows of a model would stand for nothing",
            size - 1
        ))
        .at(place)
        .allowed([format!("ids below {}", used * MOST_ROWS_A_TOKEN + SPARE_ROWS)])
        .remedy("number its tokens from 0, without gaps"));
    }
    let vocabulary = Vocabulary::new(size, special);
    if vocabulary.ordinary().is_empty() {
        return Err(Fault::usage("the tokenizer has no tokens but the special ones")
            .at(place)
            .remedy("give one that was trained on text like the corpus, or leave `tokenizer` out to train one"));
    }
    Ok(Tokenizer {
        splits: splits(&inner),
        inner,
        vocabulary,
        json,
        cleans: true,
    })
}

/// Whether every word between spaces is exactly one of the tokenizer's own words. One that cuts them further, into letters
/// say, tells nothing about words.
fn splits(inner: &tokenizers::Tokenizer) -> bool {
    let Some(Ok(encoding)) = caught(|| inner.encode(PROBE.join(" "), false)) else {
        return false;
    };
    let mut words = encoding.get_word_ids().to_vec();
    words.dedup();
    words.len() == PROBE.len()
}

/// Whether it draws: one run id would give another result each time.
fn is_random(inner: &tokenizers::Tokenizer) -> bool {
    matches!(inner.get_model(), ModelWrapper::BPE(model) if model.dropout.is_some_and(|dropout| dropout > 0.0))
}

fn special_tokens(inner: &tokenizers::Tokenizer) -> Result<SpecialTokens> {
    let find = |names: [&str; 2]| {
        names
            .into_iter()
            .find_map(|name| inner.token_to_id(name))
            .ok_or_else(|| {
                let mut there: Vec<(u32, String)> = inner
                    .get_added_tokens_decoder()
                    .iter()
                    .map(|(id, token)| (*id, token.content.clone()))
                    .collect();
                there.sort();
                let there: Vec<String> = there.into_iter().map(|(_, name)| name).collect();
                Fault::usage(format!("the tokenizer has no {} (nor {})", names[0], names[1]))
                    .nearest(names[0], &there)
                    .remedy(format!(
                        "cloze needs [PAD] [UNK] [CLS] [SEP] [MASK] or <pad> <unk> <s> </s> <mask>; \
                     the special tokens there are: {}",
                        if there.is_empty() {
                            "none".to_owned()
                        } else {
                            there.join(" ")
                        }
                    ))
            })
    };
    let [pad, unknown, start, end, mask] = SPECIAL_NAMES;
    Ok(SpecialTokens {
        pad: find(pad)?,
        unknown: find(unknown)?,
        start: find(start)?,
        end: find(end)?,
        mask: find(mask)?,
    })
}
