//! What a prepared corpus is, in numbers: `manifest.json` beside the shards. Whole numbers only, so that what was read is
//! what was written, to the letter.

use crate::loss::Loss;
use cloze_foundation::files;
use serde::{Deserialize, Serialize};

/// Counts of one side of the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Documents with at least one word.
    pub documents: u64,
    /// Words between spaces.
    pub words: u64,
    /// Bytes of cleaned text.
    pub bytes: u64,
    /// Tokens in the shard, one `[SEP]` per document included.
    pub tokens: u64,
    /// Tokens that are `[UNK]`.
    pub unknown: u64,
    /// Entities that stand beside the text; 0 where none are read.
    #[serde(default, skip_serializing_if = "is_none")]
    pub entities: u64,
}

impl Counts {
    /// The share of the tokens that are unknown, `[SEP]`s left out.
    pub fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.tokens.saturating_sub(self.documents).max(1) as f64
    }
}

/// The description of a prepared corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name in the cache: a hash of what it holds and how it became tokens. Older manifests have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// `corpus.source` as it was written.
    pub source: String,
    /// Hash of tokenizer and both shards: the identity of the data.
    pub hash: String,
    /// Hash of the tokenizer.json.
    pub tokenizer_hash: String,
    /// Hash of the held-out text, whatever the tokenizer.
    pub held_out_hash: String,
    /// V: pieces in the tokenizer, special tokens included.
    pub vocabulary: usize,
    /// What the tokenizer is, in words.
    pub tokenizer: String,
    /// Files read; 0 for the built-in language.
    pub files: usize,
    /// Files left out, because another one has the same bytes.
    pub copies: usize,
    /// What was held out, in words.
    pub split: String,
    /// Whether it can be told where words begin, so that whole words can be hidden.
    pub has_words: bool,
    /// Words too long for the trained tokenizer, as often as they occur in the training text: it learnt nothing from them.
    pub too_long: u64,
    /// What does not come back of the training text's words, if the tokenizer has a way back.
    pub loss: Option<Loss>,
    /// Phrases of the gazetteer; 0 where there is none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub phrases: u64,
    /// The training side.
    pub train: Counts,
    /// The held-out side.
    pub held_out: Counts,
    /// Hash of all of this but itself.
    pub sum: String,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Manifest {
    /// As it is written.
    ///
    /// # Errors
    /// What serde says.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let sealed = Self {
            sum: self.sum()?,
            ..self.clone()
        };
        serde_json::to_string_pretty(&sealed)
    }

    /// A manifest that is exactly what was written.
    ///
    /// # Errors
    /// Why it is not.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(text).map_err(|error| format!("it is no manifest: {error}"))?;
        match manifest.sum() {
            Ok(sum) if sum == manifest.sum => Ok(manifest),
            _ => Err("it was changed after it was written".to_owned()),
        }
    }

    fn sum(&self) -> serde_json::Result<String> {
        let open = Self {
            sum: String::new(),
            ..self.clone()
        };
        Ok(files::hash(serde_json::to_string(&open)?.as_bytes()))
    }
}
