//! Pairs of the built-in language to choose by, which no report is about.

use super::{SEED, TWOS};
use cloze_corpus::{MinimalPair, fragment};
use std::collections::{BTreeMap, HashSet};

/// The seed of these pairs.
const DEVELOPMENT: u64 = 0x6465_7670;
/// How many times as many as are wanted are drawn, one after the other until there are enough. Of a paradigm with few sentences
/// there may be fewer at the end.
const DRAWN: [usize; 3] = [2, 8, 32];

/// `count` pairs of every paradigm, in twos that mirror each other, as the test set has them. No sentence of them, good or bad, is
/// one of the test set of `apart` pairs of each paradigm: those that are go, whatever they were drawn from.
pub(super) fn pairs(count: usize, apart: usize) -> Vec<MinimalPair> {
    let test = fragment::minimal_pairs(SEED, apart);
    let known: HashSet<&str> = test.iter().flat_map(sentences).collect();
    let mut kept = Vec::new();
    for times in DRAWN {
        let drawn = fragment::minimal_pairs(DEVELOPMENT, count.saturating_mul(times));
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        kept = drawn
            .chunks_exact(TWOS as usize)
            .filter(|two| {
                let so_far = counts.entry(two[0].paradigm.clone()).or_default();
                let is_new = two.iter().flat_map(sentences).all(|sentence| !known.contains(sentence));
                let is_kept = is_new && *so_far < count;
                *so_far += if is_kept { TWOS as usize } else { 0 };
                is_kept
            })
            .flatten()
            .cloned()
            .collect();
        if counts.values().all(|found| *found >= count) {
            break;
        }
    }
    kept
}

fn sentences(pair: &MinimalPair) -> [&str; 2] {
    [&pair.good, &pair.bad]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_of_the_development_set_is_in_the_test_set() {
        for (count, apart) in [(20, 20), (10, 400)] {
            let found = pairs(count, apart);
            // A larger test set begins with a smaller one.
            let test = fragment::minimal_pairs(SEED, apart);
            let known: HashSet<&str> = test.iter().flat_map(sentences).collect();
            assert!(
                found
                    .iter()
                    .flat_map(sentences)
                    .all(|sentence| !known.contains(sentence))
            );
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for pair in &found {
                *counts.entry(&pair.paradigm).or_default() += 1;
            }
            let paradigms: HashSet<&str> = test.iter().map(|pair| pair.paradigm.as_str()).collect();
            assert_eq!(counts.len(), paradigms.len(), "every paradigm is there");
            assert!(counts.values().all(|found| *found == count), "{counts:?}");
        }
        // Drawn with another seed alone they would share some, so that there is something to leave out.
        let drawn = fragment::minimal_pairs(DEVELOPMENT, 400);
        let test = fragment::minimal_pairs(SEED, 400);
        let known: HashSet<&str> = test.iter().flat_map(sentences).collect();
        assert!(
            drawn
                .iter()
                .flat_map(sentences)
                .any(|sentence| known.contains(sentence))
        );
    }
}
