//! The single characters that are pieces.

use super::kind::Kind;
use super::merges::Word;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// What WordPiece writes before a piece that continues a word.
pub const CONTINUES: &str = "##";
/// The share of a text's characters that has room before merged pieces have (SentencePiece's `character_coverage` has the
/// same default).
const COVERAGE: f64 = 0.9995;

/// The single characters of a text as pieces.
pub struct Alphabet {
    kind: Kind,
    /// Those that words are spelt with.
    pub pieces: BTreeSet<String>,
    /// The forms of each further character, the most frequent first.
    pub rest: Vec<Vec<String>>,
}

impl Alphabet {
    /// Every byte; or, for WordPiece, characters by their frequency, each in the forms in which it occurs: first in a word,
    /// later, or both. They may take half of the room, and beyond that, up to fifteen sixteenths, what covers the text.
    pub fn of(kind: Kind, room: usize, words: &BTreeMap<String, u64>) -> Self {
        let Kind::WordPiece { alphabet: most, .. } = kind else {
            let pieces = ByteLevel::alphabet().into_iter().map(String::from).collect();
            return Self {
                kind,
                pieces,
                rest: Vec::new(),
            };
        };
        let mut found: BTreeMap<char, (u64, BTreeSet<String>)> = BTreeMap::new();
        for (word, count) in words {
            for (place, character) in word.chars().enumerate() {
                let (frequency, forms) = found.entry(character).or_default();
                *frequency += count;
                // Of the two forms, each is made once.
                if forms.len() < 2 {
                    forms.insert(spelling(kind, place, character));
                }
            }
        }
        let total: u64 = found.values().map(|(count, _)| count).sum();
        let mut ranked: Vec<(char, (u64, BTreeSet<String>))> = found.into_iter().collect();
        ranked.sort_by_key(|(character, (count, _))| (Reverse(*count), *character));
        let mut own = Self {
            kind,
            pieces: BTreeSet::new(),
            rest: Vec::new(),
        };
        let mut covered = 0;
        for (rank, (_, (count, forms))) in ranked.into_iter().enumerate() {
            let taken = own.pieces.len() + forms.len();
            let has_room =
                taken <= room / 2 || (taken <= room - room.div_ceil(16) && (covered as f64) < COVERAGE * total as f64);
            if most.is_some_and(|most| rank >= most) {
                break;
            } else if has_room && own.rest.is_empty() {
                own.pieces.extend(forms);
                covered += count;
            } else {
                own.rest.push(forms.into_iter().collect());
            }
        }
        own
    }

    /// Words as ids of single-character pieces. Words with characters outside the alphabet teach nothing.
    pub fn spell(&self, words: BTreeMap<String, u64>, pieces: &[String]) -> Vec<Word> {
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
        Kind::WordPiece { .. } if place > 0 => format!("{CONTINUES}{character}"),
        _ => character.to_string(),
    }
}
