//! The resolved `[corpus] tokenizer` table.

use cloze_foundation::Result;
use cloze_foundation::files::is_there;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How text becomes tokens. What was added later is left out of what is hashed where it has its default, so that ids stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum TokenizerConfig {
    /// WordPiece trained on the training text (BERT).
    Wordpiece {
        /// V, special tokens included.
        vocab: usize,
        /// Whether letters keep their case.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cased: bool,
        /// Whether letters lose their accents; `None` where they lose their case and the text's marks are accents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strip_accents: Option<bool>,
        /// How many characters are pieces at most; `None` as many as there is room for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alphabet: Option<usize>,
    },
    /// Byte-level BPE trained on the training text (GPT-2).
    Bpe {
        /// V, special tokens included.
        vocab: usize,
    },
    /// A given `tokenizer.json` with `[PAD] [UNK] [CLS] [SEP] [MASK]` (or RoBERTa's names for them).
    File {
        /// The file.
        path: PathBuf,
    },
}

impl TokenizerConfig {
    /// The file of a given tokenizer: below the data root where there is one of that name, otherwise as it is written.
    ///
    /// # Errors
    /// A system that does not say whether there is one: it would be another tokenizer.
    pub fn file(&self, data_root: Option<&Path>) -> Result<Option<PathBuf>> {
        let Self::File { path } = self else { return Ok(None) };
        if let Some(under_root) = data_root.map(|root| root.join(path))
            && is_there(&under_root)?
        {
            return Ok(Some(under_root));
        }
        Ok(Some(path.clone()))
    }

    /// WordPiece as `bert-base-uncased` has it.
    pub fn wordpiece(vocab: usize) -> Self {
        Self::Wordpiece {
            vocab,
            cased: false,
            strip_accents: None,
            alphabet: None,
        }
    }
}
