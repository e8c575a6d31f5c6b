//! The n-grams of words that a text repeats, and how often it has them.

use crate::{Shard, Vocabulary};
use std::collections::{BTreeMap, HashMap};

/// The longest n-gram that is counted, in words.
pub const LONGEST: usize = 5;
/// Bit 31 of a token: a word begins here, as in a shard.
const WORD_START: u32 = 1 << 31;

/// A token as n-grams have it: two n-grams are the same if they have the same tokens and the same words.
pub fn token(id: u32, starts: bool) -> u32 {
    if starts { id | WORD_START } else { id }
}

/// Counts of the n-grams of 1 to [`LONGEST`] words that occur more often than some number. They lie within a document, and
/// hold no special token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ngrams {
    /// How many places for n-grams of 1, 2, .. words the text has, whatever stands there.
    places: [u64; LONGEST],
    counts: BTreeMap<Vec<u32>, u64>,
}

/// What is read of a text, word by word.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// The tokens of one.
    Word(&'a [u32]),
    /// What no n-gram reaches over.
    Break,
}

/// Gives `visit` a text's words, and the breaks between them.
pub(crate) fn walk(tokens: impl Iterator<Item = (u32, bool)>, vocabulary: &Vocabulary, mut visit: impl FnMut(Step)) {
    let mut word: Vec<u32> = Vec::new();
    for (id, starts) in tokens {
        let is_break = vocabulary.is_special(id);
        if (starts || is_break) && !word.is_empty() {
            visit(Step::Word(&word));
            word.clear();
        }
        match is_break {
            true => visit(Step::Break),
            false => word.push(token(id, starts || word.is_empty())),
        }
    }
    if !word.is_empty() {
        visit(Step::Word(&word));
    }
}

impl Ngrams {
    /// Counts the n-grams of a text that occur more than `above` times.
    pub fn of(text: &Shard, vocabulary: &Vocabulary, above: u64) -> Self {
        Self::count(|| text.pieces(), vocabulary, above)
    }

    /// The same of tokens that can be read several times: once for every length, so that what is in memory are n-grams of one
    /// length, and of those only the ones whose parts occur often enough.
    pub fn count<I>(tokens: impl Fn() -> I, vocabulary: &Vocabulary, above: u64) -> Self
    where
        I: Iterator<Item = (u32, bool)>,
    {
        let mut found = Self::default();
        let mut words: HashMap<Vec<u32>, u64> = HashMap::new();
        walk(tokens(), vocabulary, |step| {
            if let Step::Word(word) = step {
                found.places[0] += 1;
                match words.get_mut(word) {
                    Some(count) => *count += 1,
                    None => _ = words.insert(word.to_vec(), 1),
                }
            }
        });
        words.retain(|_, count| *count > above);
        let mut spelt: Vec<Vec<u32>> = words.keys().cloned().collect();
        spelt.sort_unstable();
        // Numbers of the words that are frequent enough, from 1; 0 is every other word.
        let numbers: HashMap<&[u32], u32> = spelt.iter().map(Vec::as_slice).zip(1..).collect();
        let mut shorter: HashMap<Vec<u32>, u64> = (1..=spelt.len() as u32)
            .map(|number| (vec![number], words[&spelt[number as usize - 1]]))
            .collect();
        for n in 1..=LONGEST {
            if n > 1 {
                let mut longer: HashMap<Vec<u32>, u64> = HashMap::new();
                let mut last: Vec<u32> = Vec::with_capacity(n + 1);
                walk(tokens(), vocabulary, |step| match step {
                    Step::Break => last.clear(),
                    Step::Word(word) => {
                        last.push(numbers.get(word).copied().unwrap_or(0));
                        if last.len() > n {
                            last.remove(0);
                        }
                        if last.len() < n {
                            return;
                        }
                        found.places[n - 1] += 1;
                        if shorter.contains_key(&last[1..]) && shorter.contains_key(&last[..n - 1]) {
                            match longer.get_mut(&last) {
                                Some(count) => *count += 1,
                                None => _ = longer.insert(last.clone(), 1),
                            }
                        }
                    }
                });
                longer.retain(|_, count| *count > above);
                shorter = longer;
            }
            let spell = |ngram: &[u32]| {
                let words = ngram.iter().map(|number| spelt[*number as usize - 1].as_slice());
                words.collect::<Vec<_>>().concat()
            };
            found
                .counts
                .extend(shorter.iter().map(|(ngram, count)| (spell(ngram), *count)));
        }
        found
    }

    /// The n-grams in a fixed order, each as its tokens.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], u64)> {
        self.counts.iter().map(|(ngram, count)| (ngram.as_slice(), *count))
    }

    /// The words of an n-gram.
    pub fn words(ngram: &[u32]) -> impl Iterator<Item = &[u32]> {
        ngram.chunk_by(|_, next| next & WORD_START == 0)
    }

    /// The share of the places for n-grams of so many words that have this one; `None` if it does not occur often enough to be
    /// counted.
    pub fn probability(&self, ngram: &[u32]) -> Option<f64> {
        let count = self.counts.get(ngram)?;
        let places = self.places.get(Self::words(ngram).count().checked_sub(1)?)?;
        Some(*count as f64 / (*places).max(1) as f64)
    }

    /// As it is kept: the places, then of every n-gram its count, the number of its tokens, and these.
    pub(crate) fn to_numbers(&self) -> Vec<u64> {
        let mut numbers = self.places.to_vec();
        for (ngram, count) in self.iter() {
            numbers.extend([count, ngram.len() as u64]);
            numbers.extend(ngram.iter().copied().map(u64::from));
        }
        numbers
    }

    /// What [`to_numbers`](Self::to_numbers) gave.
    pub(crate) fn from_numbers(numbers: &[u64]) -> Option<Self> {
        let (places, mut rest) = numbers.split_at_checked(LONGEST)?;
        let mut found = Self {
            places: places.try_into().ok()?,
            ..Self::default()
        };
        while let [count, length, tokens @ ..] = rest {
            let (ngram, others) = tokens.split_at_checked(usize::try_from(*length).ok()?)?;
            let ngram: Result<Vec<u32>, _> = ngram.iter().copied().map(u32::try_from).collect();
            found.counts.insert(ngram.ok()?, *count);
            rest = others;
        }
        rest.is_empty().then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpecialTokens;
    use proptest::prelude::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(20, SpecialTokens::FIRST)
    }

    fn ngrams(text: &[(u32, bool)], above: u64) -> Ngrams {
        Ngrams::count(|| text.iter().copied(), &vocabulary(), above)
    }

    const END: (u32, bool) = (3, true);

    #[test]
    fn ngrams_are_those_of_a_count_by_hand() {
        // Words: 5, 6+7, 8. "5 67 5 67 8", end, "5 67", [UNK], "8".
        let (a, [b, c], d) = ((5, true), [(6, true), (7, false)], (8, true));
        let text = [a, b, c, a, b, c, d, END, a, b, c, (1, true), d];
        let found = ngrams(&text, 1);
        let [a, b, c, d] = [token(5, true), token(6, true), token(7, false), token(8, true)];
        let counted: Vec<(Vec<u32>, u64)> = found.iter().map(|(ngram, count)| (ngram.to_vec(), count)).collect();
        assert_eq!(
            counted,
            [(vec![a], 3), (vec![a, b, c], 3), (vec![b, c], 3), (vec![d], 2)]
        );
        // 8 words; 4 + 1 places for two, 3 for three, 2 for four, 1 for five.
        assert_eq!(found.places, [8, 5, 3, 2, 1]);
        assert_eq!(found.probability(&[a, b, c]), Some(3.0 / 5.0));
        assert_eq!(found.probability(&[a]), Some(3.0 / 8.0));
        assert_eq!(found.probability(&[b, c, a]), None);
        assert_eq!(
            Ngrams::words(&[a, b, c, d]).collect::<Vec<_>>(),
            [&[a][..], &[b, c], &[d]]
        );
        assert_eq!(ngrams(&text, 3).iter().count(), 0);
    }

    proptest! {
        #[test]
        fn every_ngram_that_is_repeated_is_counted(
            text in prop::collection::vec((3u32..8, prop::bool::weighted(0.8)), 0..80), above in 0u64..4,
        ) {
            // Words by documents, then every run of them.
            let mut documents: Vec<Vec<Vec<u32>>> = vec![Vec::new()];
            let mut is_open = false;
            for (id, starts) in &text {
                let words = documents.last_mut().unwrap();
                if vocabulary().is_special(*id) {
                    documents.push(Vec::new());
                    is_open = false;
                } else if *starts || !is_open {
                    words.push(vec![token(*id, true)]);
                    is_open = true;
                } else {
                    words.last_mut().unwrap().push(token(*id, false));
                }
            }
            let mut expected: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
            for n in 1..=LONGEST {
                for ngram in documents.iter().flat_map(|words| words.windows(n)) {
                    *expected.entry(ngram.concat()).or_default() += 1;
                }
            }
            expected.retain(|_, count| *count > above);
            let found = ngrams(&text, above);
            prop_assert_eq!(&found.counts, &expected);
            prop_assert_eq!(Ngrams::from_numbers(&found.to_numbers()), Some(found));
        }

        #[test]
        fn other_numbers_are_refused_and_not_read_beyond_their_end(numbers in prop::collection::vec(0u64..6, 0..20)) {
            let read = Ngrams::from_numbers(&numbers);
            prop_assert!(numbers.len() >= LONGEST || read.is_none());
        }
    }
}
