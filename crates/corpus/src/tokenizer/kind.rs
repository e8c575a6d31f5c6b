//! The kinds of tokenizer that are trained.

use tokenizers::normalizers::{BertNormalizer, unicode::NFC};
use tokenizers::pre_tokenizers::{bert::BertPreTokenizer, byte_level::ByteLevel};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

/// Characters of a word that WordPiece takes; a longer one is unknown whatever its pieces (google-research/bert,
/// `tokenization.py`, and upstream's default).
pub const LONGEST_WORD: usize = 100;
/// Characters of a word that byte-level BPE learns from. It takes longer ones, but what repeats in them is no language.
const LONGEST_BYTES: usize = 10_000;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// BERT's: punctuation apart, `##` before what continues a word (Devlin et al. 2019).
    WordPiece {
        /// Whether letters keep their case.
        cased: bool,
        /// Whether letters lose their accents; `None` as BERT: where they lose their case.
        strip_accents: Option<bool>,
        /// How many characters are pieces at most; `None` as many as there is room for.
        alphabet: Option<usize>,
    },
    /// GPT-2's: bytes, a space belongs to the word after it (Radford et al. 2019).
    ByteLevel,
}

impl Kind {
    /// The words as the model will see them.
    pub(super) fn normalizer(self) -> NormalizerWrapper {
        match self {
            Self::WordPiece {
                cased, strip_accents, ..
            } => BertNormalizer::new(true, true, strip_accents, !cased).into(),
            Self::ByteLevel => NFC.into(),
        }
    }

    /// How the words between spaces are taken apart.
    pub(super) fn pre_tokenizer(self) -> PreTokenizerWrapper {
        match self {
            Self::WordPiece { .. } => BertPreTokenizer.into(),
            Self::ByteLevel => ByteLevel::default().into(),
        }
    }

    /// Characters of a word that it takes.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::WordPiece { .. } => LONGEST_WORD,
            Self::ByteLevel => LONGEST_BYTES,
        }
    }
}
