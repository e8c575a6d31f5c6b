//! Tokenizers through the `tokenizers` crate: trained reproducibly, or read from a `tokenizer.json`.

mod accents;
mod alphabet;
mod charsmap;
mod config;
mod folder;
mod growth;
mod hub;
mod kind;
mod load;
mod merges;
mod train;

pub use config::TokenizerConfig;
pub(crate) use train::TOO_LONG;

use crate::words::Tokens;
use crate::{Vocabulary, WordCounts, clean};
use cloze_foundation::Result;
use std::ops::Range;
use std::path::Path;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};
use train::Trained;

/// What a text became.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Encoded {
    /// Token ids. Special tokens that begin and end a text are among them where a sentence was asked for.
    pub ids: Vec<u32>,
    /// true = a word begins at this token.
    pub word_starts: Vec<bool>,
}

impl Encoded {
    /// Adds what follows.
    pub fn extend(&mut self, next: &Encoded) {
        self.ids.extend_from_slice(&next.ids);
        self.word_starts.extend_from_slice(&next.word_starts);
    }

    /// Keeps the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.ids.truncate(length);
        self.word_starts.truncate(length);
    }
}

/// Tokens of which nobody says where words begin: each counts as one.
impl From<Vec<u32>> for Encoded {
    fn from(ids: Vec<u32>) -> Self {
        let word_starts = vec![true; ids.len()];
        Self { ids, word_starts }
    }
}

/// A tokenizer with the five special tokens.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocabulary: Vocabulary,
    json: String,
    /// Whether it separates the words between spaces before its model sees them.
    splits: bool,
    /// Whether a text is cleaned before it is read, as corpora are.
    cleans: bool,
}

impl Tokenizer {
    /// Learns a tokenizer from counted words, and says what was learnt.
    ///
    /// # Errors
    /// A vocabulary too small for the special tokens and the single characters, a text without a word to learn from.
    pub fn train(config: &TokenizerConfig, counts: &WordCounts) -> Result<(Self, Trained)> {
        let trained = train::train(config, counts)?;
        let tokenizer = load::from_json(trained.json.clone(), "the tokenizer trained just now")?;
        Ok((tokenizer, trained))
    }

    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// An unreadable file; a special token that is missing (the fault names it and what is there); a tokenizer that gives
    /// other tokens each time, or has none but the special ones.
    pub fn load(path: &Path) -> Result<Self> {
        load::from_json(load::read(path)?, &path.display().to_string())
    }

    /// The `tokenizer.json` itself.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Sizes and special ids.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Whether it separates the words between spaces itself; where words begin in a text is otherwise left to Unicode.
    pub fn splits_words(&self) -> bool {
        self.splits
    }

    /// Tokens of a text, without special tokens. The text is cleaned as corpora are, and encoded line by line: a line
    /// break leaves no token. What was read from [a folder](Self::of_folder) sees the text as it is.
    pub fn encode(&self, text: &str) -> Encoded {
        if !self.cleans {
            return self.encode_piece(text);
        }
        let mut encoded = Encoded::default();
        for piece in clean::clean(text).lines().flat_map(clean::pieces) {
            encoded.extend(&self.encode_piece(piece));
        }
        encoded
    }

    /// Tokens of a piece of a cleaned line. What the tokenizer refuses becomes one unknown token.
    pub(crate) fn encode_piece(&self, piece: &str) -> Encoded {
        self.encode_with(piece, &[]).0
    }

    /// [`encode_piece`](Self::encode_piece) with spans of its bytes, from left to right, as spans of tokens. A span has every token
    /// that stands for one of its bytes, but for those of the span before it; one that has none is left out.
    pub(crate) fn encode_with(&self, piece: &str, spans: &[Range<usize>]) -> (Encoded, Vec<Range<usize>>) {
        let Ok(encoding) = self.inner.encode(piece, false) else {
            let unknown = Encoded {
                ids: vec![self.vocabulary.special.unknown],
                word_starts: vec![true],
            };
            return (unknown, Vec::new());
        };
        let mut of_tokens: Vec<Range<usize>> = Vec::with_capacity(spans.len());
        for span in spans {
            let from = of_tokens.last().map_or(0, |last: &Range<usize>| last.end);
            let offsets = &encoding.get_offsets()[from..];
            let before = offsets.iter().take_while(|(_, end)| *end <= span.start).count();
            let within = offsets[before..]
                .iter()
                .take_while(|(begin, _)| *begin < span.end)
                .count();
            if within > 0 {
                of_tokens.push(from + before..from + before + within);
            }
        }
        let tokens = Tokens {
            line: piece,
            offsets: encoding.get_offsets(),
            own: encoding.get_word_ids(),
        };
        let encoded = Encoded {
            ids: encoding.get_ids().to_vec(),
            word_starts: tokens.word_starts(self.splits),
        };
        (encoded, of_tokens)
    }

    /// Tokens of a word without white space, each with the bytes of the word that it stands for: all of them where the tokenizer
    /// does not say it. A word that leaves nothing to be encoded has none.
    pub fn encode_word(&self, word: &str) -> Vec<(u32, Range<usize>)> {
        let whole = |ids: Vec<u32>| ids.into_iter().map(|id| (id, 0..word.len())).collect();
        if clean::clean(word) != word || word.len() > clean::LONGEST_PIECE {
            return whole(self.encode(word).ids);
        }
        let Ok(encoding) = self.inner.encode(word, false) else {
            return whole(vec![self.vocabulary.special.unknown]);
        };
        let known = |(from, to): (usize, usize)| match from < to && word.get(from..to).is_some() {
            true => from..to,
            false => 0..word.len(),
        };
        let tokens = encoding.get_ids().iter().zip(encoding.get_offsets());
        tokens.map(|(id, bytes)| (*id, known(*bytes))).collect()
    }

    /// Whether a text is cleaned as corpora are before it is read.
    pub(crate) fn cleans(&self) -> bool {
        self.cleans
    }

    /// Whether a cleaned line's tokens are those of its words between spaces, one after the other, so that each word
    /// need be encoded only once. True of what cloze trains and of files that split like BERT or GPT-2.
    pub(crate) fn is_word_wise(&self) -> bool {
        let normalizer = match self.inner.get_normalizer() {
            None | Some(NormalizerWrapper::BertNormalizer(_) | NormalizerWrapper::NFC(_)) => true,
            Some(_) => false,
        };
        let splits = match self.inner.get_pre_tokenizer() {
            Some(PreTokenizerWrapper::BertPreTokenizer(_)) => true,
            Some(PreTokenizerWrapper::ByteLevel(ByteLevel {
                add_prefix_space,
                use_regex,
                ..
            })) => *add_prefix_space && *use_regex,
            _ => false,
        };
        // Added tokens are matched before the text is split and may hold spaces.
        let only_special = self
            .inner
            .get_added_tokens_decoder()
            .values()
            .all(|token| token.special);
        normalizer && splits && only_special
    }

    /// `[CLS]` text `[SEP]`: a sentence as evaluations read it.
    pub fn sentence(&self, text: &str) -> Vec<u32> {
        self.sentence_with_words(text).ids
    }

    /// The same with its words, as rules score it.
    pub fn sentence_with_words(&self, text: &str) -> Encoded {
        self.between_ends(&self.encode(text))
    }

    /// A text between the tokens that begin and end one, which are a word each.
    pub(crate) fn between_ends(&self, text: &Encoded) -> Encoded {
        let special = self.vocabulary().special;
        let mut whole = Encoded::from(vec![special.start]);
        whole.extend(text);
        whole.extend(&Encoded::from(vec![special.end]));
        whole
    }

    /// Whether it knows the way from tokens back to text.
    pub fn has_decoder(&self) -> bool {
        self.inner.get_decoder().is_some()
    }

    /// The text of tokens, for people; special tokens are shown. Empty for ids that do not exist.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.inner.decode(ids, false).unwrap_or_default()
    }

    /// The piece with this id, as the vocabulary spells it.
    pub fn piece(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The id of a piece, as the vocabulary spells it.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.inner.token_to_id(piece)
    }
}

#[cfg(test)]
mod tests;
