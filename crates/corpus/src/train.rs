//! Training a tokenizer from counted words: the same counts give the same bytes.

use crate::merges::{self, Word};
use crate::vocabulary::SPECIAL_NAMES;
use cloze_foundation::{Fault, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::{BertNormalizer, unicode::NFC};
use tokenizers::pre_tokenizers::{bert::BertPreTokenizer, byte_level::ByteLevel};
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{
    AddedToken, ModelWrapper, NormalizedString, Normalizer, NormalizerWrapper, OffsetReferential, OffsetType,
    PreTokenizedString, PreTokenizer, PreTokenizerWrapper, decoders,
};

/// How often each word between spaces occurs in a cleaned text.
#[derive(Clone, Debug, Default)]
pub struct WordCounts {
    counts: HashMap<String, u64>,
    total: u64,
}

impl WordCounts {
    /// Counts the words of a cleaned text.
    pub fn add(&mut self, text: &str) {
        for word in text.split_ascii_whitespace() {
            self.total += 1;
            match self.counts.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    self.counts.insert(word.to_owned(), 1);
                }
            }
        }
    }

    /// Words counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Different words.
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }
}

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// BERT's: lower-cased, punctuation apart, `##` before what continues a word (Devlin et al. 2019).
    WordPiece,
    /// GPT-2's: bytes, a space belongs to the word after it (Radford et al. 2019).
    ByteLevel,
}

const CONTINUES: &str = "##";

/// Learns at most `vocab` pieces and returns the tokenizer.json.
///
/// WordPiece's vocabulary is learnt by pair merges too, as Hugging Face's trainer does (Google never published its own).
pub(crate) fn train(kind: Kind, vocab: usize, counts: &WordCounts) -> Result<String> {
    let words = pre_tokens(kind, counts)?;
    let alphabet = Alphabet::of(kind, vocab, &words);
    let mut pieces: Vec<String> = SPECIAL_NAMES.iter().map(|[name, _]| (*name).to_owned()).collect();
    pieces.extend(alphabet.pieces.iter().cloned());
    if pieces.len() >= vocab {
        return Err(
            Fault::usage(format!("a vocabulary of {vocab} has no room for a single merged piece"))
                .at("corpus.tokenizer.vocab")
                .allowed([format!(
                    "more than {} (5 special tokens and the single characters of this text)",
                    pieces.len()
                )]),
        );
    }
    let words = alphabet.spell(words, &pieces);
    let join = match kind {
        Kind::WordPiece => {
            |left: &str, right: &str| format!("{left}{}", right.strip_prefix(CONTINUES).unwrap_or(right))
        }
        Kind::ByteLevel => |left: &str, right: &str| format!("{left}{right}"),
    };
    let pairs = merges::learn(&mut pieces, words, vocab, join);
    let text = |id: u32| pieces[id as usize].clone();
    let merges = pairs
        .into_iter()
        .map(|(left, right)| (text(left), text(right)))
        .collect();
    assemble(kind, &pieces, merges).map_err(|error| Fault::run(format!("the tokenizer could not be built: {error}")))
}

fn normalizer(kind: Kind) -> NormalizerWrapper {
    match kind {
        Kind::WordPiece => BertNormalizer::default().into(),
        Kind::ByteLevel => NFC.into(),
    }
}

fn pre_tokenizer(kind: Kind) -> PreTokenizerWrapper {
    match kind {
        Kind::WordPiece => BertPreTokenizer.into(),
        Kind::ByteLevel => ByteLevel::default().into(),
    }
}

/// The words as the model will see them, sorted, with their counts.
fn pre_tokens(kind: Kind, counts: &WordCounts) -> Result<BTreeMap<String, u64>> {
    let (normalizer, pre_tokenizer) = (normalizer(kind), pre_tokenizer(kind));
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for (word, count) in &counts.counts {
        let split = || -> tokenizers::Result<PreTokenizedString> {
            let mut normalized = NormalizedString::from(word.as_str());
            normalizer.normalize(&mut normalized)?;
            let mut split = PreTokenizedString::from(normalized);
            pre_tokenizer.pre_tokenize(&mut split)?;
            Ok(split)
        };
        let split = split().map_err(|error| Fault::run(format!("`{word}` could not be split: {error}")))?;
        for (part, _, _) in split.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            *words.entry(part.to_owned()).or_default() += count;
        }
    }
    Ok(words)
}

/// The single characters that are pieces.
struct Alphabet {
    kind: Kind,
    pieces: BTreeSet<String>,
}

impl Alphabet {
    /// Every byte; or, for WordPiece, the most frequent characters (at least 100, at most 1000 as in Hugging Face's
    /// trainer, or an eighth of the vocabulary), each as it occurs: first in a word, later, or both.
    fn of(kind: Kind, vocab: usize, words: &BTreeMap<String, u64>) -> Self {
        if kind == Kind::ByteLevel {
            let pieces = ByteLevel::alphabet().into_iter().map(String::from).collect();
            return Self { kind, pieces };
        }
        let mut frequency: BTreeMap<char, u64> = BTreeMap::new();
        for (word, count) in words {
            for character in word.chars() {
                *frequency.entry(character).or_default() += count;
            }
        }
        let mut ranked: Vec<(char, u64)> = frequency.into_iter().collect();
        ranked.sort_by_key(|(character, count)| (std::cmp::Reverse(*count), *character));
        let kept: BTreeSet<char> = ranked
            .into_iter()
            .take((vocab / 8).clamp(100, 1000))
            .map(|(character, _)| character)
            .collect();
        let spelled = words.keys().flat_map(|word| word.chars().enumerate());
        let pieces = spelled
            .filter(|(_, character)| kept.contains(character))
            .map(|(place, character)| spelling(kind, place, character))
            .collect();
        Self { kind, pieces }
    }

    /// Words as ids of single-character pieces. Words with characters outside the alphabet teach nothing.
    fn spell(&self, words: BTreeMap<String, u64>, pieces: &[String]) -> Vec<Word> {
        let ids: HashMap<&str, u32> = pieces.iter().map(String::as_str).zip(0..).collect();
        let spell = |word: &str| -> Option<Vec<u32>> {
            let spelled = word.chars().enumerate();
            spelled
                .map(|(place, c)| ids.get(spelling(self.kind, place, c).as_str()).copied())
                .collect()
        };
        words
            .into_iter()
            .filter_map(|(word, count)| {
                Some(Word {
                    pieces: spell(&word)?,
                    count,
                })
            })
            .collect()
    }
}

fn spelling(kind: Kind, place: usize, character: char) -> String {
    match kind {
        Kind::WordPiece if place > 0 => format!("{CONTINUES}{character}"),
        _ => character.to_string(),
    }
}

/// Puts the parts together with upstream's types and writes them in upstream's format, which lists pieces by id.
fn assemble(kind: Kind, pieces: &[String], merges: Vec<(String, String)>) -> tokenizers::Result<String> {
    let vocab: Vocab = pieces.iter().cloned().zip(0..).collect();
    let [_, [unknown, _], [start, _], [end, _], _] = SPECIAL_NAMES;
    let id = |name: &str| vocab[name];
    let frame = BertProcessing::new((end.to_owned(), id(end)), (start.to_owned(), id(start)));
    let model: ModelWrapper = match kind {
        Kind::WordPiece => WordPiece::builder()
            .vocab(vocab)
            .unk_token(unknown.to_owned())
            .build()?
            .into(),
        Kind::ByteLevel => BPE::builder()
            .vocab_and_merges(vocab, merges)
            .unk_token(unknown.to_owned())
            .build()?
            .into(),
    };
    let mut inner = tokenizers::Tokenizer::new(model);
    inner.with_normalizer(Some(normalizer(kind)))?;
    inner.with_pre_tokenizer(Some(pre_tokenizer(kind)));
    inner.with_post_processor(Some(frame));
    match kind {
        Kind::WordPiece => inner.with_decoder(Some(decoders::wordpiece::WordPiece::default())),
        Kind::ByteLevel => inner.with_decoder(Some(ByteLevel::default())),
    };
    inner.add_special_tokens(SPECIAL_NAMES.map(|[name, _]| AddedToken::from(name, true)))?;
    inner.to_string(true)
}
