//! From a `[corpus]` table to a tokenizer and two shards, once, in a cache that is keyed by content.

use crate::{Shard, Tokenizer, TokenizerConfig};
use cloze_foundation::Result;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The resolved `[corpus]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusConfig {
    /// `"fragment"` (the built-in language), or a path or glob, relative to the data root or the working directory.
    pub source: String,
    /// How text becomes tokens.
    pub tokenizer: TokenizerConfig,
    /// Share of whole documents (files, for a folder of files) held out for validation.
    pub held_out: f64,
    /// Words to generate, for the built-in language only.
    pub words: u64,
}

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
}

impl Prepared {
    /// Opens what [`prepare`] left in `folder`.
    ///
    /// # Errors
    /// A missing or damaged folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let _ = folder;
        todo!("helper A")
    }
}

/// Reads, cleans, splits by whole documents, trains or loads the tokenizer, tokenises and writes
/// `cache/<key>/{tokenizer.json, train.ids, held_out.ids, manifest.json}`; does nothing when that is already there.
/// `say` is told what is going on, one line per stage.
///
/// # Errors
/// A missing source, an empty corpus, a damaged gzip, bad JSONL, a tokenizer without `[MASK]`: usage faults; nothing is
/// left behind.
pub fn prepare(config: &CorpusConfig, data_root: Option<&Path>, cache: &Path, say: &mut dyn FnMut(&str)) -> Result<Prepared> {
    let _ = (config, data_root, cache, say);
    todo!("helper A")
}
