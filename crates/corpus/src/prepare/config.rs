//! The resolved `[corpus]` table.

use crate::sets::Column;
use crate::source::FIELD;
use crate::{TokenizerConfig, fragment};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Part of every prepared corpus' key: raised when cleaning, training, splitting or the files' format change. In the ids of
/// runs there is `LAW`, which is raised only when tokens may change.
pub const FORMAT: u32 = 2;
/// The version of the law by which files become tokens, training text, held-out text and windows of validation: raised when
/// the same files may give others. What the built-in language gives with a tokenizer that is trained on it has its own version.
const LAW: u32 = 2;

/// The resolved `[corpus]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusConfig {
    /// `"fragment"` (the built-in language), or a path or glob, relative to the data root or the working directory.
    pub source: String,
    /// Where objects of JSON and rows of parquet have their text. Left out of ids where it is `text`.
    #[serde(default = "usual_field", skip_serializing_if = "is_usual_field")]
    pub field: String,
    /// Where entities stand beside the text. Left out of ids where none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<Column>,
    /// How text becomes tokens.
    pub tokenizer: TokenizerConfig,
    /// About the share of the text that is held out for validation.
    pub held_out: f64,
    /// Words to generate, for the built-in language only.
    pub words: u64,
    /// A file of phrases that are known of the text, relative to the data root or the working directory. Left out of ids where
    /// there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gazetteer: Option<PathBuf>,
}

fn usual_field() -> String {
    FIELD.to_owned()
}

fn is_usual_field(field: &str) -> bool {
    field == FIELD
}

impl Default for CorpusConfig {
    fn default() -> Self {
        Self {
            source: fragment::NAME.to_owned(),
            field: usual_field(),
            entities: None,
            tokenizer: TokenizerConfig::wordpiece(2048),
            held_out: 0.05,
            words: 1_500_000,
            gazetteer: None,
        }
    }
}

impl CorpusConfig {
    /// The law of corpora that a run with this one uses, by name and version, if it is no longer in its first version.
    pub fn laws(&self) -> Option<(&'static str, u32)> {
        let is_built_in = self.source == fragment::NAME && !matches!(self.tokenizer, TokenizerConfig::File { .. });
        (!is_built_in).then_some(("corpus", LAW))
    }
}
