//! What a prepared corpus is, in numbers: `manifest.json` beside the shards.

use serde::{Deserialize, Serialize};

/// Counts of one side of the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents with at least one word.
    pub documents: u64,
    /// Words between spaces.
    pub words: u64,
    /// Tokens in the shard, one `[SEP]` per document included.
    pub tokens: u64,
    /// Share of tokens that are `[UNK]`.
    pub unknown: f64,
}

/// The description of a prepared corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `corpus.source` as it was written.
    pub source: String,
    /// Hash of tokenizer and both shards: the identity of the data.
    pub hash: String,
    /// V: pieces in the tokenizer, special tokens included.
    pub vocabulary: usize,
    /// Files read; 0 for the built-in language.
    pub files: usize,
    /// What was held out, in words.
    pub split: String,
    /// The training side.
    pub train: Counts,
    /// The held-out side.
    pub held_out: Counts,
}
