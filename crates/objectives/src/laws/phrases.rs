//! Phrases that are found in windows: runs of whole words that belong together.

use cloze_corpus::{Ngrams, Window, ngrams::token};
use cloze_foundation::Stream;
use std::collections::HashSet;
use std::ops::Range;

/// A set of phrases, each as its tokens with the word starts marked ([`token`]).
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    known: HashSet<Vec<u32>>,
    /// In words.
    longest: usize,
}

impl FromIterator<Vec<u32>> for Phrases {
    fn from_iter<I: IntoIterator<Item = Vec<u32>>>(phrases: I) -> Self {
        let known: HashSet<Vec<u32>> = phrases.into_iter().filter(|phrase| !phrase.is_empty()).collect();
        let longest = known.iter().map(|phrase| Ngrams::words(phrase).count()).max();
        Self {
            known,
            longest: longest.unwrap_or(0),
        }
    }
}

impl Phrases {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The phrases of a window, of the words that it has: a longer one goes before a shorter one, and of those as long a random
    /// one before the others that it overlaps (AI21Labs/pmi-masking, `README.md`). Ascending.
    pub fn find(&self, window: &Window, words: &[Range<usize>], stream: &mut Stream) -> Vec<Range<usize>> {
        let mut taken = vec![false; words.len()];
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut spelt = Vec::new();
        for n in (1..=self.longest.min(words.len())).rev() {
            let mut matches: Vec<usize> = Vec::new();
            for first in 0..=words.len() - n {
                let run = &words[first..first + n];
                let is_run = run.windows(2).all(|pair| pair[0].end == pair[1].start);
                if !is_run || taken[first..first + n].contains(&true) {
                    continue;
                }
                let positions = run[0].start..run[n - 1].end;
                spelt.clear();
                spelt.extend(positions.map(|at| token(window.ids[at], window.word_starts[at])));
                if self.known.contains(&spelt) {
                    matches.push(first);
                }
            }
            stream.shuffle(&mut matches);
            for first in matches {
                if !taken[first..first + n].contains(&true) {
                    taken[first..first + n].fill(true);
                    found.push(words[first].start..words[first + n - 1].end);
                }
            }
        }
        found.sort_unstable_by_key(|phrase| phrase.start);
        found
    }
}

/// The phrases, and the words that are in none of them, ascending. Both are ascending, and a phrase is whole words.
pub fn with_words(phrases: Vec<Range<usize>>, words: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = Vec::with_capacity(words.len());
    let mut phrases = phrases.into_iter().peekable();
    for word in words {
        while let Some(phrase) = phrases.next_if(|phrase| phrase.start <= word.start) {
            units.push(phrase);
        }
        if units.last().is_none_or(|unit| unit.end <= word.start) {
            units.push(word);
        }
    }
    units.extend(phrases);
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_foundation::Draw;

    /// Words of one piece but for 6, which has a second piece, 7.
    fn window(ids: &[u32]) -> (Window, Vec<Range<usize>>) {
        let window = Window::new(ids.to_vec(), ids.iter().map(|id| *id != 7).collect());
        let vocabulary = cloze_corpus::Vocabulary::new(20, cloze_corpus::SpecialTokens::FIRST);
        let words = window.words(&vocabulary);
        (window, words)
    }

    fn phrases(of: &[&[u32]]) -> Phrases {
        of.iter()
            .map(|phrase| phrase.iter().map(|id| token(*id, *id != 7)).collect())
            .collect()
    }

    #[test]
    fn the_longest_phrase_wins_and_a_random_one_of_those_as_long() {
        let (window, words) = window(&[2, 5, 6, 7, 8, 9, 3, 5, 6, 7]);
        let find = |phrases: &Phrases, seed| phrases.find(&window, &words, &mut Draw::new(seed, "x").stream());
        // "5 67" both times; "67 8 9" is longer where it is.
        assert_eq!(find(&phrases(&[&[5, 6, 7]]), 1), [1..4, 7..10]);
        assert_eq!(find(&phrases(&[&[5, 6, 7], &[6, 7, 8, 9]]), 1), [2..6, 7..10]);
        // A part of a word is no phrase, and none reaches over a document's end.
        assert!(find(&phrases(&[&[5, 6], &[9, 5]]), 1).is_empty());
        let equal = phrases(&[&[5, 6, 7], &[6, 7, 8]]);
        let first: Vec<_> = (0..100).map(|seed| find(&equal, seed)[0].clone()).collect();
        let left = first.iter().filter(|phrase| **phrase == (1..4)).count();
        assert!(
            (30..=70).contains(&left) && first.iter().all(|phrase| [1..4, 2..5].contains(phrase)),
            "{left}"
        );
    }

    #[test]
    fn words_in_no_phrase_are_units_of_their_own() {
        let words = vec![1..2, 2..4, 4..5, 5..6];
        assert_eq!(
            with_words(std::iter::once(2..5).collect(), words.clone()),
            [1..2, 2..5, 5..6]
        );
        assert_eq!(with_words(vec![1..4, 4..6], words.clone()), [1..4, 4..6]);
        assert_eq!(with_words(Vec::new(), words.clone()), words);
    }
}
