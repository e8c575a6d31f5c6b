//! Where words begin. A tokenizer says it that splits text before its model sees it, as BERT's and GPT-2's do; for those that
//! do not (SentencePiece's without a split at spaces), and inside what they leave together, Unicode does (UAX #29).
//!
//! Han ideographs are a word each, as in BERT. Unicode's own rules also separate the letters of Thai, Lao, Khmer, Burmese and
//! of kana, of which it says itself that they are no words; such runs stay together, and a text of long ones has no words.

use crate::WordCounts;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// A run of letters that Unicode would separate and that is longer is no word: so long are phrases of scripts that are
/// written without spaces.
const LONGEST_RUN: u64 = 16;
/// A text with more of its letters in such runs has no words.
const MOST_IN_RUNS: f64 = 0.05;

/// What is between two segments of Unicode in one word between spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boundary {
    /// Punctuation on one side, or digits.
    Other,
    /// Letters on both sides, an ideograph among them.
    Ideograph,
    /// Letters on both sides, of a script without rules of its own: no boundary of words.
    Glued,
}

/// BERT's ideographs (google-research/bert, `tokenization.py`, `_is_chinese_char`).
fn is_ideograph(character: char) -> bool {
    matches!(
        character as u32,
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B820..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

/// Unicode's boundaries inside a word between spaces.
fn inside(word: &str) -> impl Iterator<Item = (usize, Boundary)> {
    let mut before = None;
    word.split_word_bound_indices().filter_map(move |(at, segment)| {
        let first = segment.chars().next();
        let (left, right) = (std::mem::replace(&mut before, first)?, first?);
        let boundary = match left.is_alphabetic() && right.is_alphabetic() {
            true if is_ideograph(left) || is_ideograph(right) => Boundary::Ideograph,
            true => Boundary::Glued,
            false => Boundary::Other,
        };
        Some((at, boundary))
    })
}

/// Where a tokenizer's tokens lie in a line, and where it splits.
pub struct Tokens<'a> {
    /// The cleaned line.
    pub line: &'a str,
    /// The bytes of the line that each token stands for.
    pub offsets: &'a [(usize, usize)],
    /// The tokenizer's own word of each token.
    pub own: &'a [Option<u32>],
}

impl Tokens<'_> {
    /// true = a word begins at this token. `splits` says whether the tokenizer separates the words between spaces itself.
    pub fn word_starts(&self, splits: bool) -> Vec<bool> {
        let begins = |token: usize| token == 0 || self.own[token] != self.own[token - 1];
        if splits && self.line.is_ascii() {
            // Nothing here is written without spaces, and no mark follows a letter.
            return (0..self.own.len()).map(begins).collect();
        }
        let unicode = Segments::of(self.line);
        let mut starts = Vec::with_capacity(self.own.len());
        let mut before = 0;
        for (token, (from, _)) in self.offsets.iter().enumerate() {
            // A space belongs to the word after it. Offsets never go back; where a tokenizer says so, they stay.
            let place = before.max(unicode.after_spaces(*from));
            let crossed = unicode.between(before, place);
            before = place;
            starts.push(match (splits, begins(token)) {
                _ if token == 0 => true,
                (true, true) => !crossed.is_empty() || !unicode.is_within_letters(place),
                (true, false) => crossed.iter().any(|(_, kind)| *kind != Some(Boundary::Other)),
                (false, _) => !crossed.is_empty(),
            });
        }
        starts
    }
}

/// What Unicode says of a line, each word between spaces by itself.
struct Segments<'a> {
    line: &'a str,
    /// Where words may begin, ascending; `None` = after a space.
    boundaries: Vec<(usize, Option<Boundary>)>,
    /// The letters that have marks, ascending.
    marked: Vec<Range<usize>>,
}

impl<'a> Segments<'a> {
    fn of(line: &'a str) -> Self {
        let (mut boundaries, mut marked) = (Vec::new(), Vec::new());
        let mut from = 0;
        for word in line.split(' ') {
            boundaries.push((from, None));
            let real = inside(word).filter(|(_, kind)| *kind != Boundary::Glued);
            boundaries.extend(real.map(|(at, kind)| (from + at, Some(kind))));
            let letters = word.grapheme_indices(true);
            let with_marks = letters.filter(|(_, letter)| letter.chars().nth(1).is_some());
            marked.extend(with_marks.map(|(at, letter)| from + at..from + at + letter.len()));
            from += word.len() + 1;
        }
        Self {
            line,
            boundaries,
            marked,
        }
    }

    /// The first byte at or after this one that is no space.
    fn after_spaces(&self, place: usize) -> usize {
        let place = place.min(self.line.len());
        let spaces = self.line.as_bytes()[place..].iter().take_while(|byte| **byte == b' ');
        place + spaces.count()
    }

    /// The boundaries after one byte and up to another.
    fn between(&self, after: usize, to: usize) -> &[(usize, Option<Boundary>)] {
        let first = self.boundaries.partition_point(|(at, _)| *at <= after);
        let end = self.boundaries.partition_point(|(at, _)| *at <= to);
        &self.boundaries[first..end.max(first)]
    }

    /// Whether a split at this byte goes through a word: beside a letter with marks, where Unicode has no boundary. GPT-2's
    /// expression takes marks for punctuation, and so cuts Hindi at every vowel sign.
    fn is_within_letters(&self, place: usize) -> bool {
        let is_boundary = self.boundaries.binary_search_by_key(&place, |(at, _)| *at).is_ok();
        let next = self.marked.partition_point(|letter| letter.end < place);
        !is_boundary && self.marked.get(next).is_some_and(|letter| letter.start <= place)
    }
}

/// Whether the words of a text can be told: not where many of its letters stand in long runs without spaces, of scripts that
/// Unicode cannot divide into words either.
pub fn can_be_told(counts: &WordCounts) -> bool {
    let (mut letters, mut in_runs) = (0, 0);
    for (word, count) in counts.iter() {
        if word.is_ascii() {
            letters += count;
            continue;
        }
        let (own, long) = runs(word);
        letters += own * count;
        in_runs += long * count;
    }
    in_runs as f64 <= MOST_IN_RUNS * letters as f64
}

/// The segments of a word between spaces, and how many of them are in long runs that are no words.
fn runs(word: &str) -> (u64, u64) {
    let (mut all, mut long, mut run) = (1, 0, 1);
    let mut end = |run: u64| {
        if run > LONGEST_RUN {
            long += run;
        }
    };
    for (_, boundary) in inside(word) {
        all += 1;
        if boundary == Boundary::Glued {
            run += 1;
        } else {
            end(run);
            run = 1;
        }
    }
    end(run);
    (all, long)
}

#[cfg(test)]
mod tests;
