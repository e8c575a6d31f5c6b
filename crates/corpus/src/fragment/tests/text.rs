//! The text: what it is made of and how often.

use super::super::grammar::Grammar;
use super::super::language::FAVOUR;
use super::super::words::{COMMON, NAMES, TOPICS};
use super::super::{LANGUAGE, document};
use super::read;
use std::collections::HashMap;

#[test]
fn the_same_seed_gives_the_same_text_for_ever() {
    // Golden: a change here needs a new VERSION.
    let text: Vec<String> = (0..20).map(|index| document(1, index)).collect();
    assert_eq!(
        &blake3::hash(text.join("\n").as_bytes()).to_hex()[..16],
        "83dab56cddb76969"
    );
    assert_ne!(document(1, 0), document(2, 0));
}

#[test]
fn every_sentence_is_in_the_grammar_and_reads_back() {
    for index in 0..60 {
        let sentences = LANGUAGE.document(3, index);
        assert!((4..=10).contains(&sentences.len()));
        assert_eq!(read(&document(3, index)), sentences);
        for sentence in &sentences {
            assert!(LANGUAGE.chart(sentence).probability() > 0.0);
        }
    }
    let reversed: Vec<_> = LANGUAGE.document(3, 0)[0].iter().rev().copied().collect();
    assert_eq!(LANGUAGE.chart(&reversed).probability(), 0.0);
}

#[test]
fn sentences_and_numbers_are_as_intended() {
    let mut counts: HashMap<&str, f64> = HashMap::new();
    for word in (0..4000).flat_map(|index| LANGUAGE.document(4, index)).flatten() {
        *counts.entry(&LANGUAGE.lexicon.words[word as usize].text).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    let mean = total / counts["."];
    let expected = LANGUAGE.grammar.expectations()[usize::from(LANGUAGE.grammar.root)].0;
    assert!(
        (8.0..12.0).contains(&mean) && (mean - expected).abs() < 0.1,
        "{mean} {expected}"
    );
    let singular = counts["is"] + counts["was"] + counts["has"] + counts["does"];
    let plural = counts["are"] + counts["were"] + counts["have"] + counts["do"];
    assert!((singular / plural - 1.0).abs() < 0.08, "{singular} {plural}");
}

#[test]
fn word_forms_are_thousands_and_follow_zipf() {
    let mut counts = vec![0usize; LANGUAGE.lexicon.words.len()];
    (0..20_000)
        .flat_map(|index| LANGUAGE.document(5, index))
        .flatten()
        .for_each(|word| counts[word as usize] += 1);
    counts.sort_unstable_by(|a, b| b.cmp(a));
    assert!(counts.iter().filter(|count| **count > 0).count() > 3000);
    let total: usize = counts.iter().sum();
    let covered = counts[..1500].iter().sum::<usize>() as f64 / total as f64;
    assert!(covered > 0.93, "the 1500 most frequent forms cover {covered}");
    let points: Vec<(f64, f64)> = (10..2000)
        .map(|rank| ((rank as f64).ln(), (counts[rank - 1] as f64).ln()))
        .collect();
    let slope = slope(&points);
    assert!((-1.5..-0.8).contains(&slope), "{slope}");
}

fn slope(points: &[(f64, f64)]) -> f64 {
    // Ranks are weighted by 1/rank, so that the slope is that of the whole curve and not of its tail.
    let weights: Vec<f64> = points.iter().map(|(x, _)| (-x).exp()).collect();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| {
        points
            .iter()
            .zip(&weights)
            .map(|(point, weight)| of(point) * weight)
            .sum::<f64>()
            / weights.iter().sum::<f64>()
    };
    let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
    mean(&|point| (point.0 - x) * (point.1 - y)) / mean(&|point| (point.0 - x).powi(2))
}

#[test]
fn every_listed_word_is_in_its_class_and_begins_as_a_wants() {
    for (class, words) in COMMON.iter().chain(NAMES).chain(TOPICS.iter().copied().flatten()) {
        for word in words.split(' ') {
            let lexeme = LANGUAGE
                .lexicon
                .id(word)
                .and_then(|id| LANGUAGE.lexicon.words[id as usize].lexeme);
            let known = lexeme.map(|lexeme| LANGUAGE.lexicon.class_of(lexeme).name);
            assert_eq!(known, Some(*class), "{word}");
        }
    }
    for lexeme in &LANGUAGE.lexicon.lexemes {
        let word = &LANGUAGE.lexicon.words[lexeme.forms[0] as usize].text;
        let class = LANGUAGE.lexicon.classes[lexeme.class].name;
        assert!(
            !["m", "f", "e", "t", "adjective"].contains(&class) || !word.starts_with(['a', 'e', 'i', 'o', 'u']),
            "{word}"
        );
    }
}

#[test]
fn documents_keep_to_a_topic_and_return_to_names() {
    let (mut own, mut topical, mut same, mut pairs) = (0, 0, 0, 0);
    for index in 0..400 {
        let mut lists: HashMap<usize, usize> = HashMap::new();
        let mut last_name: HashMap<usize, u32> = HashMap::new();
        for word in LANGUAGE.document(6, index).into_iter().flatten() {
            let Some(lexeme) = LANGUAGE.lexicon.words[word as usize].lexeme else {
                continue;
            };
            let entry = &LANGUAGE.lexicon.lexemes[lexeme as usize];
            if entry.list > 0 {
                *lists.entry(entry.list).or_default() += 1;
            }
            if LANGUAGE.lexicon.class_of(lexeme).proper
                && let Some(before) = last_name.insert(entry.class, lexeme)
            {
                pairs += 1;
                same += usize::from(before == lexeme);
            }
        }
        own += lists.values().max().unwrap_or(&0);
        topical += lists.values().sum::<usize>();
    }
    assert!(own as f64 / topical as f64 > 0.85, "{own} of {topical}");
    // Two mentions of a class are both the favourite with probability FAVOUR^2.
    let share = same as f64 / f64::from(pairs);
    assert!(
        pairs > 300 && (FAVOUR * FAVOUR..FAVOUR * FAVOUR + 0.1).contains(&(share + 0.02)),
        "{share} of {pairs}"
    );
}

#[test]
fn a_faulty_grammar_is_refused() {
    for text in ["S -> a", "1 S ->", "1 S -> a S", "1 S -> T", ""] {
        assert!(Grammar::parse(text).is_err(), "{text}");
    }
}
