//! Training a tokenizer from counted words: the same counts give the same bytes.

use super::accents;
use super::alphabet::{Alphabet, CONTINUES};
use super::config::TokenizerConfig;
use super::kind::{Kind, LONGEST_WORD};
use super::merges::{self, Word};
use crate::WordCounts;
use crate::vocabulary::SPECIAL_NAMES;
use cloze_foundation::{Fault, Place, Result};
use std::collections::BTreeMap;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{
    AddedToken, ModelWrapper, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer, decoders,
};

/// A tokenizer that was trained, and what to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trained {
    /// The tokenizer.json.
    pub json: String,
    /// What it does to a text, in words.
    pub described: String,
    /// Words of the text that were too long to be learnt from, as often as they occur.
    pub too_long: u64,
}

/// Learns a tokenizer.
///
/// WordPiece's vocabulary is learnt by pair merges too, as Hugging Face's trainer does (Google never published its own).
///
/// # Errors
/// A vocabulary too small for the special tokens and the single characters, a text without a word to learn from.
pub fn train(config: &TokenizerConfig, counts: &WordCounts) -> Result<Trained> {
    let (kind, vocab, described) = match config {
        TokenizerConfig::Wordpiece {
            vocab,
            cased,
            strip_accents,
            alphabet,
        } => {
            let accents = strip_accents.or_else(|| accents::kept(*cased, counts));
            let kind = Kind::WordPiece {
                cased: *cased,
                strip_accents: accents,
                alphabet: *alphabet,
            };
            let case = if *cased { "case kept" } else { "lower-cased" };
            let accents = match (accents.unwrap_or(!cased), strip_accents) {
                (true, _) => "accents stripped",
                (false, None) if !cased => "accents kept, because many are vowel signs and no accents",
                (false, _) => "accents kept",
            };
            (kind, *vocab, format!("WordPiece, {case}, {accents}"))
        }
        TokenizerConfig::Bpe { vocab } => (Kind::ByteLevel, *vocab, "byte-level BPE".to_owned()),
        TokenizerConfig::File { path } => {
            return Err(Fault::run(format!(
                "the tokenizer `{}` is given, not trained",
                path.display()
            )));
        }
    };
    let Words { words, too_long } = pre_tokens(kind, counts)?;
    if words.is_empty() {
        return Err(no_words(kind, too_long));
    }
    let json = learn(kind, vocab, words)?;
    Ok(Trained {
        json,
        described,
        too_long,
    })
}

fn no_words(kind: Kind, too_long: u64) -> Fault {
    Fault::usage(format!(
        "no word to learn from: {too_long} are longer than the {} characters that the tokenizer takes",
        kind.longest()
    ))
    .at(Place::key("corpus.tokenizer.kind"))
    .remedy(TOO_LONG)
}

/// What to do where words are longer than WordPiece takes.
pub const TOO_LONG: &str = "WordPiece needs spaces (or punctuation) between words: separate them first, or take \
                            tokenizer.kind = \"bpe\", which knows every text";

fn learn(kind: Kind, vocab: usize, words: BTreeMap<String, u64>) -> Result<String> {
    let mut pieces: Vec<String> = SPECIAL_NAMES.iter().map(|[name, _]| (*name).to_owned()).collect();
    let alphabet = Alphabet::of(kind, vocab.saturating_sub(pieces.len()), &words);
    pieces.extend(alphabet.pieces.iter().cloned());
    if pieces.len() >= vocab {
        return Err(
            Fault::usage(format!("a vocabulary of {vocab} has no room for a single merged piece"))
                .at(Place::key("corpus.tokenizer.vocab"))
                .allowed([format!(
                    "more than {} (5 special tokens and the single characters of this text)",
                    pieces.len()
                )]),
        );
    }
    let words: Vec<Word> = alphabet.spell(words, &pieces);
    let join = match kind {
        Kind::WordPiece { .. } => {
            |left: &str, right: &str| format!("{left}{}", right.strip_prefix(CONTINUES).unwrap_or(right))
        }
        Kind::ByteLevel => |left: &str, right: &str| format!("{left}{right}"),
    };
    let pairs = merges::learn(&mut pieces, words, vocab, join);
    // Where nothing repeats any more, the characters that there was no room for have some now.
    for forms in alphabet.rest {
        if pieces.len() + forms.len() <= vocab {
            pieces.extend(forms);
        }
    }
    let text = |id: u32| pieces[id as usize].clone();
    let merges = pairs
        .into_iter()
        .map(|(left, right)| (text(left), text(right)))
        .collect();
    assemble(kind, &pieces, merges).map_err(|error| Fault::run(format!("the tokenizer could not be built: {error}")))
}

/// The words as the model will see them, sorted, with their counts, and how many are longer than it takes.
struct Words {
    words: BTreeMap<String, u64>,
    too_long: u64,
}

fn pre_tokens(kind: Kind, counts: &WordCounts) -> Result<Words> {
    let (normalizer, pre_tokenizer) = (kind.normalizer(), kind.pre_tokenizer());
    let mut found = Words {
        words: BTreeMap::new(),
        too_long: 0,
    };
    for (word, count) in counts.iter() {
        let split = || -> tokenizers::Result<PreTokenizedString> {
            let mut normalized = NormalizedString::from(word);
            normalizer.normalize(&mut normalized)?;
            let mut split = PreTokenizedString::from(normalized);
            pre_tokenizer.pre_tokenize(&mut split)?;
            Ok(split)
        };
        let split = split().map_err(|error| {
            let shown: String = word.chars().take(40).collect();
            Fault::run(format!("`{shown}` could not be split: {error}"))
        })?;
        for (part, _, _) in split.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            if part.chars().nth(kind.longest()).is_some() {
                found.too_long += count;
            } else {
                *found.words.entry(part.to_owned()).or_default() += count;
            }
        }
    }
    Ok(found)
}

/// Puts the parts together with upstream's types and writes them in upstream's format, which lists pieces by id.
fn assemble(kind: Kind, pieces: &[String], merges: Vec<(String, String)>) -> tokenizers::Result<String> {
    let vocab: Vocab = pieces.iter().cloned().zip(0..).collect();
    let [_, [unknown, _], [start, _], [end, _], _] = SPECIAL_NAMES;
    let id = |name: &str| vocab[name];
    let frame = BertProcessing::new((end.to_owned(), id(end)), (start.to_owned(), id(start)));
    let model: ModelWrapper = match kind {
        Kind::WordPiece { .. } => WordPiece::builder()
            .vocab(vocab)
            .unk_token(unknown.to_owned())
            .max_input_chars_per_word(LONGEST_WORD)
            .build()?
            .into(),
        Kind::ByteLevel => BPE::builder()
            .vocab_and_merges(vocab, merges)
            .unk_token(unknown.to_owned())
            .build()?
            .into(),
    };
    let mut inner = tokenizers::Tokenizer::new(model);
    inner.with_normalizer(Some(kind.normalizer()))?;
    inner.with_pre_tokenizer(Some(kind.pre_tokenizer()));
    inner.with_post_processor(Some(frame));
    match kind {
        Kind::WordPiece { .. } => inner.with_decoder(Some(decoders::wordpiece::WordPiece::default())),
        Kind::ByteLevel => inner.with_decoder(Some(ByteLevel::default())),
    };
    inner.add_special_tokens(SPECIAL_NAMES.map(|[name, _]| AddedToken::from(name, true)))?;
    inner.to_string(true)
}

#[cfg(test)]
mod tests;
