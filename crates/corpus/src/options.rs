//! The `[corpus]` table as it is written.

use crate::fragment;
use crate::{CorpusConfig, TokenizerConfig};
use cloze_foundation::{Fault, Place, Result};
use cloze_options::range::from;
use cloze_options::{Count, options, words};
use std::path::PathBuf;

words! {
    /// How a text becomes tokens.
    pub enum TokenizerKind {
        /// WordPiece trained on the training text, lower-cased (BERT uncased).
        Wordpiece = "wordpiece",
        /// Byte-level BPE trained on the training text (GPT-2).
        Bpe = "bpe",
        /// A given `tokenizer.json` with `[PAD] [UNK] [CLS] [SEP] [MASK]` (or RoBERTa's names for them).
        File = "file",
    }
}

options! {
    /// How a text becomes tokens.
    pub struct TokenizerOptions {
        /// `wordpiece` or `bpe`, trained on the training text, or a given `file`.
        pub kind: Option<TokenizerKind> = None => "`file` where a path is given, else `wordpiece`";
        /// V, special tokens included, of a trained tokenizer; at least 261 for `bpe`.
        pub vocab: Option<usize> = None, from(64).to(1_000_000) => "2048";
        /// The tokenizer.json of `file`.
        pub path: Option<PathBuf> = None => "none";
    }
    check |options| options.resolve().map(drop)
}

impl TokenizerOptions {
    /// The tokenizer, every default filled in.
    ///
    /// # Errors
    /// An option that the kind has no use for, a file without a path, a vocabulary that does not hold the alphabet.
    pub fn resolve(&self) -> Result<TokenizerConfig> {
        use TokenizerKind::{Bpe, File, Wordpiece};
        let usual = if self.path.is_some() { File } else { Wordpiece };
        let kind = self.kind.unwrap_or(usual);
        let useless = |name: &str, allowed: &str| {
            Err(Fault::usage(format!("a {kind} tokenizer has no `{name}`"))
                .at(Place::key(name))
                .allowed(["kind", allowed]))
        };
        match (kind, self.vocab, &self.path) {
            (File, Some(_), _) => useless("vocab", "path"),
            (File, None, Some(path)) => Ok(TokenizerConfig::File { path: path.clone() }),
            (File, None, None) => Err(Fault::usage("a tokenizer of kind = \"file\" needs a `path`")
                .at(Place::key("path"))
                .remedy("name a tokenizer.json")),
            (Wordpiece | Bpe, _, Some(_)) => useless("path", "vocab"),
            (Wordpiece, vocab, None) => Ok(TokenizerConfig::Wordpiece {
                vocab: vocab.unwrap_or(2048),
            }),
            // Five special tokens and the 256 bytes have to fit.
            (Bpe, Some(vocab @ 0..261), None) => Err(Fault::usage(format!("vocab = {vocab} is out of range"))
                .at(Place::key("vocab"))
                .allowed([from(261).to(1_000_000).to_string()])),
            (Bpe, vocab, None) => Ok(TokenizerConfig::Bpe {
                vocab: vocab.unwrap_or(2048),
            }),
        }
    }
}

options! {
    /// The text to train on.
    pub struct CorpusOptions {
        /// `fragment` (the built-in language), a name from `cloze data list`, a path or a glob.
        pub source: String = fragment::NAME.to_owned();
        /// How text becomes tokens.
        pub tokenizer: TokenizerOptions = TokenizerOptions::default() => "{ kind = \"wordpiece\", vocab = 2048 }";
        /// The share of whole documents that is kept for validation.
        pub held_out: f64 = 0.05, above(0).below(1);
        /// Words to generate, for the built-in language only.
        pub words: Count = Count(1_500_000), from(1e3).to(1e12) => "\"1.5M\"";
    }
}

impl CorpusOptions {
    /// The corpus, every default filled in.
    ///
    /// # Errors
    /// As [`TokenizerOptions::resolve`].
    pub fn resolve(&self) -> Result<CorpusConfig> {
        Ok(CorpusConfig {
            source: self.source.clone(),
            tokenizer: self.tokenizer.resolve()?,
            held_out: self.held_out,
            words: self.words.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_options::{Options, tree};

    fn read(text: &str) -> Result<TokenizerConfig> {
        TokenizerOptions::read(&tree::parse("", text)?.top())?.resolve()
    }

    #[test]
    fn a_tokenizer_is_trained_or_given() {
        assert_eq!(read(""), Ok(TokenizerConfig::Wordpiece { vocab: 2048 }));
        assert_eq!(read("kind = \"bpe\""), Ok(TokenizerConfig::Bpe { vocab: 2048 }));
        assert_eq!(read("path = \"x\""), Ok(TokenizerConfig::File { path: "x".into() }));
        for (text, key) in [
            ("kind = \"wordpiece\"\npath = \"x\"", "path"),
            ("kind = \"file\"", "path"),
            ("path = \"x\"\nvocab = 100", "vocab"),
            ("kind = \"bpe\"\nvocab = 260", "vocab"),
            ("vocab = 63", "vocab"),
            ("kind = \"words\"", "kind"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.places[0].key.to_string(), key, "{fault}");
        }
    }
}
