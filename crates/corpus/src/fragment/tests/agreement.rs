//! Pairs by attractors and distance.

use super::super::agreement::{AGREEMENT, agreement_pairs};
use super::read;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_kind_has_as_many_singular_as_plural_subjects_and_the_grammar_is_always_right() {
    let pairs = agreement_pairs(1, 20);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for found in &pairs {
        *counts.entry(&found.pair.paradigm).or_default() += 1;
        assert_eq!(found.ceiling, 1.0, "{:?}", found.pair);
        let [good, bad] = [&found.pair.good, &found.pair.bad].map(|text| read(text).remove(0));
        let differing = good.iter().zip(&bad).filter(|(a, b)| a != b).count();
        assert_eq!((differing, good.len()), (1, bad.len()), "{:?}", found.pair);
    }
    assert_eq!(
        (counts.len(), counts.values().all(|count| *count == 10)),
        (2 * AGREEMENT.len(), true),
        "{counts:?}"
    );
    // No sentence stands in two kinds.
    let texts: BTreeSet<&str> = pairs.iter().map(|found| found.pair.good.as_str()).collect();
    assert!(texts.len() > pairs.len() * 9 / 10);
    assert_eq!(agreement_pairs(1, 20), pairs);
    assert_ne!(agreement_pairs(2, 20), pairs);
}

#[test]
fn kinds_are_what_their_names_say() {
    for found in agreement_pairs(3, 30) {
        let [good, bad] = [&found.pair.good, &found.pair.bad].map(|text| text.split(' ').collect::<Vec<_>>());
        let verb = good.iter().zip(&bad).position(|(a, b)| a != b).unwrap();
        match found.pair.phenomenon.as_str() {
            // The verb follows the noun, name or pronoun, which cannot be a determiner.
            "distance-0" => assert!(verb >= 1 && !["the", "a", "no"].contains(&good[verb - 1]), "{good:?}"),
            "distance-7-or-more" => assert!(verb >= 8, "{good:?}"),
            "attractors-2-or-more" => assert!(verb >= 5, "{good:?}"),
            _ => {}
        }
    }
}
