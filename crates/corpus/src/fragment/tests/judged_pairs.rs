//! Minimal pairs: grammatical against ungrammatical, balanced, and out of reach of counting.

use super::super::{LANGUAGE, minimal_pairs, phenomena};
use super::{read, trained};
use crate::{MinimalPair, TokenizerConfig, WordCounts, fragment};
use std::collections::{BTreeMap, HashMap};

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

/// From a text to its tokens.
type Law<'a> = Box<dyn Fn(&str) -> Vec<u32> + 'a>;

/// How often each token is in the good sentence more than in the bad one, without those that are in both as often.
fn contrast(pair: &MinimalPair, tokens: &dyn Fn(&str) -> Vec<u32>) -> BTreeMap<u32, i32> {
    let mut surplus: BTreeMap<u32, i32> = BTreeMap::new();
    for (text, sign) in [(&pair.good, 1), (&pair.bad, -1)] {
        tokens(text)
            .into_iter()
            .for_each(|token| *surplus.entry(token).or_default() += sign);
    }
    surplus.retain(|_, surplus| *surplus != 0);
    surplus
}

/// The sizes that are shipped, usual or tested, odd ones among them.
const SIZES: [usize; 7] = [1, 2, 5, 7, 50, 51, 100];

/// What any sum over the tokens of a sentence is a sum of: where the surpluses of two pairs are each other's negatives, such
/// a score is right about one of them and wrong about the other, or ties on both. So in every paradigm of every set it is
/// right about exactly one half.
#[test]
fn pairs_mirror_each_other_in_words_and_in_the_pieces_of_words() {
    let mut counts = WordCounts::default();
    (0..2000).for_each(|index| counts.add(&fragment::document(1, index)));
    let tokenizers = [
        trained(&TokenizerConfig::wordpiece(400), &counts),
        trained(&TokenizerConfig::wordpiece(2048), &counts),
        // Cased, and with the space before a word in its piece.
        trained(&TokenizerConfig::Bpe { vocab: 500 }, &counts),
        trained(&TokenizerConfig::Bpe { vocab: 4096 }, &counts),
    ];
    let words = |text: &str| read(text).remove(0);
    let pieces = tokenizers
        .iter()
        .map(|tokenizer| move |text: &str| tokenizer.encode(text).ids);
    let mut laws: Vec<Law> = vec![Box::new(words)];
    laws.extend(pieces.map(|law| Box::new(law) as Law));
    for size in SIZES {
        let pairs = minimal_pairs(0x7061_6972, size);
        let mut paradigms: HashMap<String, usize> = HashMap::new();
        for twins in pairs.chunks(2) {
            let [one, other] = twins else {
                panic!("a pair without a twin: {twins:?}")
            };
            assert_eq!(name(one), name(other));
            *paradigms.entry(name(one)).or_default() += 2;
            for tokens in &laws {
                let mirrored = contrast(other, tokens)
                    .into_iter()
                    .map(|(token, surplus)| (token, -surplus));
                assert_eq!(contrast(one, tokens), mirrored.collect(), "{twins:?}");
            }
        }
        assert_eq!(paradigms.len(), 26);
        assert!(
            paradigms.values().all(|made| *made == size.next_multiple_of(2)),
            "{size}: {paradigms:?}"
        );
    }
}

/// Only what is divided by the number of tokens cannot be balanced so: where the contrast changes how many tokens a
/// sentence has, the rest of the sentence counts, and that is drawn.
#[test]
fn scores_per_token_are_balanced_where_the_contrast_keeps_the_number_of_tokens() {
    let mut counts = WordCounts::default();
    (0..2000).for_each(|index| counts.add(&fragment::document(1, index)));
    let tokenizer = trained(&TokenizerConfig::wordpiece(2048), &counts);
    let length = |text: &str| tokenizer.encode(text).ids.len();
    let of_paradigm = |paradigm: &str| -> Vec<[usize; 2]> {
        let pairs = minimal_pairs(1, 50).into_iter().filter(|pair| name(pair) == paradigm);
        pairs.map(|pair| [length(&pair.good), length(&pair.bad)]).collect()
    };
    let same = |paradigm: &str| of_paradigm(paradigm).iter().all(|[good, bad]| good == bad);
    assert!(same("agreement/be") && same("licensing/ever") && same("filler-gap/that-what"));
    assert!(
        !same("agreement/verb"),
        "a verb and its third person are not always one token each"
    );
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
        assert_eq!(unigram / total, 0.5, "{name}: unigram");
        assert!(
            LOCAL.contains(&name.as_str()) || near(bigram),
            "{name}: bigram {}",
            bigram / total
        );
    }
}
