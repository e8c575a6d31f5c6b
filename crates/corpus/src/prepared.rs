//! A corpus that is ready for training, and what identifies it.

use crate::manifest::Manifest;
use crate::{Shard, Tokenizer};
use std::path::PathBuf;

/// A corpus that is ready for training.
pub struct Prepared {
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// Training tokens.
    pub train: Shard,
    /// Held-out tokens.
    pub held_out: Shard,
    /// Hash of tokenizer and both shards: the identity of the data.
    pub hash: String,
    /// The cache folder that holds it.
    pub folder: PathBuf,
    /// What it is, in numbers.
    pub manifest: Manifest,
}

/// What a corpus is, whatever it is called (BLAKE3, hexadecimal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// Tokenizer, training and held-out tokens.
    pub corpus: String,
    /// The tokenizer.json.
    pub tokenizer: String,
    /// The held-out text, whatever the tokenizer.
    pub held_out: String,
}

impl Prepared {
    /// What identifies the data of a run that uses it.
    pub fn hashes(&self) -> Hashes {
        Hashes {
            corpus: self.hash.clone(),
            tokenizer: self.manifest.tokenizer_hash.clone(),
            held_out: self.manifest.held_out_hash.clone(),
        }
    }

    /// Whether it is text of the built-in language.
    pub fn is_built_in(&self) -> bool {
        self.manifest.files == 0
    }

    /// Whether it can be told where words begin, so that whole words can be hidden.
    pub fn has_words(&self) -> bool {
        self.manifest.has_words
    }
}
