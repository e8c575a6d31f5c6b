//! What a tokenizer does to a text: which words do not come back when tokens are made text again, and what of them is lost.

use crate::{Tokenizer, WordCounts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Different words that are looked at, the most frequent ones.
const LOOKED_AT: usize = 1 << 16;
/// Lost characters that are named.
const NAMED: usize = 20;

/// What does not come back of a text's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Words that were looked at, as often as they occur.
    pub words: u64,
    /// Those that come back changed, spaces aside.
    pub changed: u64,
    /// Those of them that are only lower-cased.
    pub lower_cased: u64,
    /// Characters of the words that were looked at.
    pub characters: u64,
    /// Those of them that do not come back, in upper case or lower.
    pub lost: u64,
    /// The most frequent of these, with how often they were lost.
    pub named: Vec<(char, u64)>,
}

impl Loss {
    /// Encodes and decodes the most frequent words of a text; nothing where the tokenizer has no way back.
    pub fn of(tokenizer: &Tokenizer, counts: &WordCounts) -> Option<Self> {
        if !tokenizer.has_decoder() {
            return None;
        }
        let mut loss = Self::default();
        let mut named: BTreeMap<char, u64> = BTreeMap::new();
        for (word, count) in counts.frequent(LOOKED_AT) {
            let decoded = tokenizer.decode(&tokenizer.encode(word).ids);
            let back: String = decoded.chars().filter(|character| !character.is_whitespace()).collect();
            loss.words += count;
            loss.characters += count * word.chars().count() as u64;
            if back == word {
                continue;
            }
            loss.changed += count;
            if back == word.to_lowercase() {
                loss.lower_cased += count;
                continue;
            }
            let is_there = |character: char| {
                back.contains(character) || character.to_lowercase().all(|lower| back.contains(lower))
            };
            for character in word.chars().filter(|character| !is_there(*character)) {
                loss.lost += count;
                *named.entry(character).or_default() += count;
            }
        }
        let mut named: Vec<(char, u64)> = named.into_iter().collect();
        named.sort_by_key(|(character, count)| (std::cmp::Reverse(*count), *character));
        named.truncate(NAMED);
        loss.named = named;
        Some(loss)
    }
}
