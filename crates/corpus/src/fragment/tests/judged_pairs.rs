//! Minimal pairs: grammatical against ungrammatical, balanced, and out of reach of counting.

use super::super::{LANGUAGE, minimal_pairs, phenomena};
use super::read;
use crate::MinimalPair;
use std::collections::HashMap;

/// Phenomena and paradigms that adjacent words decide; all others are structural.
const LOCAL: &[&str] = &[
    "agreement/be",
    "agreement/have",
    "agreement/verb",
    "argument-structure/clause",
    "argument-structure/transitive",
    "case/pronoun",
];

fn name(pair: &MinimalPair) -> String {
    format!("{}/{}", pair.phenomenon, pair.paradigm)
}

#[test]
fn the_good_sentence_is_possible_and_the_bad_one_is_not() {
    let count = 40;
    let pairs = minimal_pairs(1, count);
    assert!(phenomena().len() >= 10);
    let mut by_paradigm: HashMap<String, usize> = HashMap::new();
    for pair in &pairs {
        *by_paradigm.entry(name(pair)).or_default() += 1;
        let (good, bad) = (read(&pair.good), read(&pair.bad));
        assert_eq!((good.len(), bad.len(), good[0].len()), (1, 1, bad[0].len()), "{pair:?}");
        assert!(LANGUAGE.chart(&good[0]).probability() > 0.0, "{pair:?}");
        assert_eq!(LANGUAGE.chart(&bad[0]).probability(), 0.0, "{pair:?}");
    }
    assert!(by_paradigm.values().all(|made| *made == count), "{by_paradigm:?}");
    assert!(
        phenomena()
            .iter()
            .all(|phenomenon| pairs.iter().any(|pair| pair.phenomenon == *phenomenon))
    );
    assert_eq!(pairs, minimal_pairs(1, count));
    assert_ne!(pairs, minimal_pairs(2, count));
}

#[test]
fn each_word_of_a_contrast_is_right_as_often_as_wrong() {
    let mut balance: HashMap<(String, u32), i32> = HashMap::new();
    for pair in minimal_pairs(1, 40) {
        for (text, sign) in [(&pair.good, 1), (&pair.bad, -1)] {
            for word in read(text).remove(0) {
                *balance.entry((name(&pair), word)).or_default() += sign;
            }
        }
    }
    for ((paradigm, word), balance) in balance {
        let word = &LANGUAGE.lexicon.words[word as usize];
        assert!(
            word.lexeme.is_some() || balance == 0,
            "{paradigm}: `{}` {balance}",
            word.text
        );
    }
}

/// Scores with counts of words and of adjacent words in text.
struct Counts {
    words: HashMap<u32, f64>,
    adjacent: HashMap<(u32, u32), f64>,
    total: f64,
}

impl Counts {
    fn new(documents: u64) -> Self {
        let mut counts = Self {
            words: HashMap::new(),
            adjacent: HashMap::new(),
            total: 0.0,
        };
        for sentence in (0..documents).flat_map(|index| LANGUAGE.document(7, index)) {
            let mut before = u32::MAX;
            for word in sentence {
                *counts.words.entry(word).or_default() += 1.0;
                *counts.adjacent.entry((before, word)).or_default() += 1.0;
                counts.total += 1.0;
                before = word;
            }
        }
        counts
    }

    fn unigram(&self, sentence: &[u32]) -> f64 {
        sentence
            .iter()
            .map(|word| (self.words.get(word).copied().unwrap_or(0.1) / self.total).ln())
            .sum()
    }

    /// Adjacent words, backed off to single ones.
    fn bigram(&self, sentence: &[u32]) -> f64 {
        let mut before = u32::MAX;
        let mut score = 0.0;
        for word in sentence {
            let single = self.words.get(word).copied().unwrap_or(0.1) / self.total;
            let both = self.adjacent.get(&(before, *word)).copied().unwrap_or(0.0);
            let context = self.words.get(&before).copied().unwrap_or(self.total / 8.6);
            score += ((both + 2.0 * single) / (context + 2.0)).ln();
            before = *word;
        }
        score
    }
}

#[test]
fn counting_does_not_solve_what_is_structural() {
    let counts = Counts::new(20_000);
    let mut scores: HashMap<String, [f64; 3]> = HashMap::new();
    let won = |good: f64, bad: f64| match good - bad {
        gap if gap.abs() < 1e-9 => 0.5,
        gap => f64::from(gap > 0.0),
    };
    for pair in minimal_pairs(8, 300) {
        let (good, bad) = (read(&pair.good).remove(0), read(&pair.bad).remove(0));
        let score = scores.entry(name(&pair)).or_default();
        score[0] += won(counts.unigram(&good), counts.unigram(&bad));
        score[1] += won(counts.bigram(&good), counts.bigram(&bad));
        score[2] += 1.0;
    }
    let mut names: Vec<&String> = scores.keys().collect();
    names.sort();
    for name in &names {
        let [unigram, bigram, total] = scores[*name];
        println!("{name}: unigram {:.3}, bigram {:.3}", unigram / total, bigram / total);
    }
    for name in names {
        let [unigram, bigram, total] = scores[name];
        let near = |won: f64| (0.35..=0.65).contains(&(won / total));
        assert!(near(unigram), "{name}: unigram {}", unigram / total);
        assert!(
            LOCAL.contains(&name.as_str()) || near(bigram),
            "{name}: bigram {}",
            bigram / total
        );
    }
}
