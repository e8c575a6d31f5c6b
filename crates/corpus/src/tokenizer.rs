//! Tokenizers through the `tokenizers` crate: trained reproducibly, or read from a `tokenizer.json`.

use crate::train::{self, Kind, WordCounts};
use crate::vocabulary::SPECIAL_NAMES;
use crate::{SpecialTokens, Vocabulary, clean};
use cloze_foundation::panics::caught;
use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

/// The `[corpus] tokenizer` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum TokenizerConfig {
    /// WordPiece trained on the training text, lower-cased (BERT uncased).
    Wordpiece {
        /// V, special tokens included.
        vocab: usize,
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

/// What a text became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids, without special tokens.
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
}

/// Ids end here: models have a row for each, the unused ones included, so that one huge id would fill the memory.
const MOST_IDS: usize = 1 << 24;

/// A tokenizer with the five special tokens.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocabulary: Vocabulary,
    json: String,
}

impl Tokenizer {
    /// Learns a WordPiece vocabulary (lower-cased) of at most `vocab` pieces from counted words.
    ///
    /// # Errors
    /// A vocabulary too small for the special tokens and the single characters.
    pub fn train_wordpiece(vocab: usize, counts: &WordCounts) -> Result<Self> {
        Self::from_json(
            train::train(Kind::WordPiece, vocab, counts)?,
            "the tokenizer trained just now",
        )
    }

    /// Learns a byte-level BPE of at most `vocab` pieces from counted words.
    ///
    /// # Errors
    /// A vocabulary too small for the special tokens and the 256 bytes.
    pub fn train_bpe(vocab: usize, counts: &WordCounts) -> Result<Self> {
        Self::from_json(
            train::train(Kind::ByteLevel, vocab, counts)?,
            "the tokenizer trained just now",
        )
    }

    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// An unreadable file; a special token that is missing (the fault names it and what is there).
    pub fn load(path: &Path) -> Result<Self> {
        Self::from_json(cloze_foundation::files::read_text(path)?, &path.display().to_string())
    }

    fn from_json(json: String, place: &str) -> Result<Self> {
        let refused = |why: String| {
            Fault::usage(format!("not a tokenizer.json: {why}"))
                .at(place)
                .remedy("save it with Hugging Face `tokenizers`")
        };
        let mut inner = caught(|| json.parse::<tokenizers::Tokenizer>())
            .ok_or_else(|| refused("the `tokenizers` library gave up on it".to_owned()))?
            .map_err(|error| refused(error.to_string()))?;
        let special = special_tokens(&inner).map_err(|fault| fault.at(place))?;
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
        Ok(Self {
            inner,
            vocabulary: Vocabulary::new(size, special),
            json,
        })
    }

    /// The `tokenizer.json` itself.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Sizes and special ids.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Tokens of a text, without special tokens. The text is cleaned as corpora are, and encoded line by line: a line
    /// break leaves no token.
    pub fn encode(&self, text: &str) -> Encoded {
        let mut encoded = Encoded::default();
        for line in clean::clean(text).lines() {
            encoded.extend(&self.encode_line(line));
        }
        encoded
    }

    /// Tokens of a cleaned line. What the tokenizer refuses becomes one unknown token.
    pub(crate) fn encode_line(&self, line: &str) -> Encoded {
        let Ok(encoding) = self.inner.encode(line, false) else {
            return Encoded {
                ids: vec![self.vocabulary.special.unknown],
                word_starts: vec![true],
            };
        };
        let words = encoding.get_word_ids();
        let starts = |position: usize| position == 0 || words[position] != words[position - 1];
        Encoded {
            ids: encoding.get_ids().to_vec(),
            word_starts: (0..words.len()).map(starts).collect(),
        }
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

    /// `[CLS]` text `[SEP]`: a sentence as evaluations score it.
    pub fn sentence(&self, text: &str) -> Vec<u32> {
        let special = self.vocabulary().special;
        let mut ids = vec![special.start];
        ids.extend(self.encode(text).ids);
        ids.push(special.end);
        ids
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "The lowest of the low tokens are lower than the token; don't they know it's newer, \
                        the newest widest token of them all? (The token.) ";

    fn counts() -> WordCounts {
        let mut counts = WordCounts::default();
        counts.add(&TEXT.repeat(20));
        counts
    }

    static BOTH: std::sync::LazyLock<[Tokenizer; 2]> = std::sync::LazyLock::new(both);

    fn both() -> [Tokenizer; 2] {
        [
            Tokenizer::train_wordpiece(120, &counts()).unwrap(),
            Tokenizer::train_bpe(330, &counts()).unwrap(),
        ]
    }

    fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
        tokenizer
            .encode(text)
            .ids
            .into_iter()
            .map(|id| tokenizer.piece(id).unwrap())
            .collect()
    }

    #[test]
    fn two_trainings_give_the_same_bytes() {
        for [first, second] in [both(), both()].map(|pair| pair.map(|tokenizer| tokenizer.json)) {
            assert_ne!(first, second);
        }
        for (first, second) in both().iter().zip(&both()) {
            assert_eq!(first.json(), second.json());
        }
    }

    #[test]
    fn upstream_reads_the_file_and_gives_the_same_tokens() {
        let folder = tempfile::tempdir().unwrap();
        for tokenizer in both() {
            let path = folder.path().join("tokenizer.json");
            std::fs::write(&path, tokenizer.json()).unwrap();
            let upstream = tokenizers::Tokenizer::from_file(&path).unwrap();
            let ids = upstream.encode(TEXT.trim(), false).unwrap().get_ids().to_vec();
            assert_eq!(tokenizer.encode(TEXT).ids, ids);
            assert_eq!(
                tokenizer.sentence(TEXT),
                upstream.encode(TEXT.trim(), true).unwrap().get_ids()
            );
            let SpecialTokens {
                pad,
                unknown,
                start,
                end,
                mask,
            } = tokenizer.vocabulary().special;
            assert_eq!([pad, unknown, start, end, mask], [0, 1, 2, 3, 4]);
            assert_eq!(Tokenizer::load(&path).unwrap().vocabulary(), tokenizer.vocabulary());
            // Saved by upstream again, it is the same file.
            assert_eq!(upstream.to_string(true).unwrap(), tokenizer.json());
        }
    }

    #[test]
    fn words_begin_where_people_say_they_do() {
        let [wordpiece, bpe] = both();
        let encoded = wordpiece.encode("LOWEST  lowx\nDon't");
        let [x, ..] = wordpiece.encode("lowx").ids[..] else {
            panic!("no tokens")
        };
        assert_eq!(wordpiece.piece(x).as_deref(), Some("[UNK]"), "x was never seen");
        assert_eq!(
            pieces(&wordpiece, "lowest token; don't"),
            ["lowest", "token", ";", "don", "'", "t"]
        );
        assert_eq!(encoded.word_starts.first(), Some(&true));
        let long = wordpiece.encode("tokenlower lowtoken");
        let starts: Vec<usize> = (0..long.ids.len()).filter(|place| long.word_starts[*place]).collect();
        assert_eq!(starts.len(), 2);
        assert!(long.ids.len() > 2 && pieces(&wordpiece, "tokenlower")[1].starts_with("##"));
        assert_eq!(pieces(&bpe, "the token"), ["Ġthe", "Ġtoken"]);
        let encoded = bpe.encode("xyz don't");
        // x y z are single bytes of one word; then the word don and, GPT-2's way, the word 't.
        assert_eq!(encoded.word_starts.iter().filter(|starts| **starts).count(), 3);
        assert!(encoded.ids.len() > 4);
    }

    #[test]
    fn special_names_in_a_text_are_only_text() {
        for tokenizer in both() {
            let special = tokenizer.vocabulary().special;
            let ids = tokenizer.encode("[MASK] the [SEP]").ids;
            assert!(ids.len() > 3 && !ids.contains(&special.mask) && !ids.contains(&special.end));
        }
    }

    #[test]
    fn robertas_names_will_do_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let [_, bpe] = both();
        let mut json = bpe.json().to_owned();
        for [bert, roberta] in SPECIAL_NAMES {
            json = json.replace(bert, roberta);
        }
        std::fs::write(&path, &json).unwrap();
        assert_eq!(Tokenizer::load(&path).unwrap().vocabulary(), bpe.vocabulary());
        std::fs::write(&path, json.replace("<mask>", "<mast>")).unwrap();
        let fault = Tokenizer::load(&path).err().unwrap();
        assert!(
            fault.what.contains("no [MASK] (nor <mask>)") && fault.remedy.unwrap().contains("<mast>"),
            "{}",
            fault.what
        );
        std::fs::write(&path, "{\"model\": 1}").unwrap();
        assert!(
            Tokenizer::load(&path)
                .err()
                .unwrap()
                .what
                .contains("not a tokenizer.json")
        );
    }

    #[test]
    fn a_file_is_stripped_of_padding_and_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let [wordpiece, _] = both();
        let mut upstream: tokenizers::Tokenizer = wordpiece.json().parse().unwrap();
        let short = tokenizers::TruncationParams {
            max_length: 3,
            ..Default::default()
        };
        upstream.with_truncation(Some(short)).unwrap();
        upstream.with_padding(Some(tokenizers::PaddingParams::default()));
        upstream.save(&path, false).unwrap();
        assert_eq!(Tokenizer::load(&path).unwrap().encode(TEXT), wordpiece.encode(TEXT));
    }

    #[test]
    fn merges_stop_where_nothing_repeats() {
        let mut counts = WordCounts::default();
        counts.add("abc abd");
        let tokenizer = Tokenizer::train_wordpiece(1000, &counts).unwrap();
        // Special tokens, a ##b ##c ##d, and ab, the only pair that occurs twice.
        assert_eq!(tokenizer.vocabulary().size, 5 + 4 + 1);
        assert_eq!(pieces(&tokenizer, "abc"), ["ab", "##c"]);
    }

    proptest! {
        #[test]
        fn bytes_survive(text in "[ -~éß漢🎈]{0,40}") {
            let [_, bpe] = &*BOTH;
            let decoded = bpe.decode(&bpe.encode(&text).ids);
            let expected = clean::clean(&text);
            prop_assert_eq!(decoded.trim(), expected);
        }
    }
}
