//! Pairs that say the same.

use super::super::{LANGUAGE, Paraphrase, paraphrases};
use super::read;
use std::collections::BTreeSet;

fn words(text: &str) -> Vec<u32> {
    let mut words = read(text).concat();
    words.sort_unstable();
    words
}

#[test]
fn every_pair_is_two_sentences_of_the_language_and_stands_beside_one_of_the_same_words() {
    let pairs = paraphrases(1, 160);
    assert_eq!(pairs.len(), 160, "the language has no lack of them");
    for pair in &pairs {
        for text in [&pair.first, &pair.second] {
            assert!(LANGUAGE.chart(&read(text)[0]).probability() > 0.0, "{pair:?}");
        }
    }
    for twins in pairs.chunks_exact(2) {
        assert_eq!(words(&twins[0].first), words(&twins[1].first), "{twins:?}");
        assert_eq!(words(&twins[0].second), words(&twins[1].second), "{twins:?}");
    }
    let texts: BTreeSet<&str> = pairs
        .iter()
        .flat_map(|pair| [pair.first.as_str(), pair.second.as_str()])
        .collect();
    assert_eq!(texts.len(), 320, "no sentence is right for two others");
    let constructions: BTreeSet<&str> = pairs.iter().map(|pair| pair.construction).collect();
    assert_eq!(constructions.len(), 8);
    assert_eq!(paraphrases(1, 160), pairs);
    assert_eq!(paraphrases(1, 9), pairs[..9]);
    assert_ne!(paraphrases(2, 160), pairs);
}

#[test]
fn what_is_said_twice_is_the_same_by_its_construction() {
    let pairs = paraphrases(3, 64);
    let of = |construction: &str| -> Vec<&Paraphrase> {
        pairs.iter().filter(|pair| pair.construction == construction).collect()
    };
    // Nothing but the order differs, or one word for another one that means the same there.
    for construction in ["coordinated-subjects", "coordinated-predicates", "adverb", "adjectives"] {
        for pair in of(construction) {
            assert_eq!(words(&pair.first), words(&pair.second), "{pair:?}");
        }
    }
    for (construction, one, other) in [
        ("subject-relative", " who ", " that "),
        ("object-relative", " who ", " that "),
        ("negated-object", " any ", " a "),
        ("indefinite", "Some ", "A "),
    ] {
        for pair in of(construction) {
            assert_eq!(pair.first.replacen(one, other, 1), pair.second);
        }
    }
}
