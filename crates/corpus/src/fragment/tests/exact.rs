//! Inference against enumeration.

use super::super::LANGUAGE;
use super::super::chart::Chart;
use super::super::grammar::{Grammar, Symbol};
use super::super::language::FAVOUR;
use super::super::latent::Evidence;
use super::super::lexicon::{LEAK, LexemeId};
use super::super::truth::{hidden_word, truth};
use super::super::words::TOPICS;
use cloze_foundation::Draw;
use std::collections::HashMap;

/// Ambiguous on purpose: prepositional phrases attach high or low.
const TINY: &str = "
    D = 0 1
    1 S -> Np[1] Vp
    2 Np[D] -> dog
    1 Np[D] -> cat
    1 Np[D] -> Np[D-1] near Np[D-1]
    3 Vp -> V
    2 Vp -> V Np[1]
    1 Vp -> V Np[1] near Np[0]
    1 V -> ran
    1 V -> saw";

/// Every string below `symbol` with its probability; one entry for each derivation.
fn strings(grammar: &Grammar, symbol: Symbol) -> Vec<(Vec<Symbol>, f64)> {
    let rules = grammar.expansions(symbol);
    if rules.is_empty() {
        return vec![(vec![symbol], 1.0)];
    }
    let mut all = Vec::new();
    for rule in rules {
        let ends = rule
            .right
            .map_or_else(|| vec![(Vec::new(), 1.0)], |right| strings(grammar, right));
        for (start, first) in strings(grammar, rule.left) {
            for (end, second) in &ends {
                all.push(([start.as_slice(), end].concat(), rule.probability * first * second));
            }
        }
    }
    all
}

fn chart<'g>(grammar: &'g Grammar, words: &[Symbol]) -> Chart<'g> {
    let tags: Vec<&[Symbol]> = words.iter().map(std::slice::from_ref).collect();
    Chart::new(grammar, &tags)
}

#[test]
fn the_chart_agrees_with_enumeration() {
    let grammar = Grammar::parse(TINY).unwrap();
    let derivations = strings(&grammar, grammar.root);
    let mut language: HashMap<Vec<Symbol>, f64> = HashMap::new();
    derivations
        .iter()
        .for_each(|(words, probability)| *language.entry(words.clone()).or_default() += probability);
    assert!(language.len() < derivations.len() && (language.values().sum::<f64>() - 1.0).abs() < 1e-12);
    let entropy: f64 = derivations.iter().map(|(_, p)| -p * p.ln()).sum();
    let words: f64 = derivations.iter().map(|(words, p)| p * words.len() as f64).sum();
    let expected = grammar.expectations()[usize::from(grammar.root)];
    assert!((expected.0 - words).abs() < 1e-12 && (expected.1 - entropy).abs() < 1e-12);
    for (words, probability) in &language {
        let chart = chart(&grammar, words);
        assert!((chart.probability() - probability).abs() < 1e-12);
        for (at, row) in chart.hidden().iter().enumerate() {
            for (symbol, joint) in row.iter().enumerate() {
                let mut other = words.clone();
                other[at] = symbol as Symbol;
                assert!((language.get(&other).copied().unwrap_or(0.0) - joint).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn surprisal_of_an_unambiguous_grammar_averages_to_the_closed_form() {
    let text = TINY.replace("1 Vp -> V Np[1] near Np[0]", "1 Vp -> V not");
    let grammar = Grammar::parse(&text).unwrap();
    let derivations = strings(&grammar, grammar.root);
    let weights: Vec<f64> = derivations.iter().map(|(_, probability)| *probability).collect();
    let mut stream = Draw::new(1, "surprisal").stream();
    let draws: Vec<f64> = (0..4000)
        .map(|_| {
            -chart(&grammar, &derivations[stream.weighted(&weights)].0)
                .probability()
                .ln()
        })
        .collect();
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    let error = (variance / draws.len() as f64).sqrt();
    let exact = grammar.expectations()[usize::from(grammar.root)].1;
    assert!((mean - exact).abs() < 4.0 * error, "{mean} +- {error} against {exact}");
}

#[test]
fn ambiguity_can_only_lower_the_entropy_of_the_whole_grammar() {
    let mut surprisals = Vec::new();
    for sentence in (0..150).flat_map(|index| LANGUAGE.document(9, index)) {
        surprisals.push(-LANGUAGE.chart(&sentence).probability().ln());
    }
    let count = surprisals.len() as f64;
    let mean = surprisals.iter().sum::<f64>() / count;
    let error = (surprisals.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count / count).sqrt();
    let derivations = LANGUAGE.grammar.expectations()[usize::from(LANGUAGE.grammar.root)].1;
    println!("structure: {mean:.3} +- {error:.3} nats a sentence; derivations: {derivations:.3}");
    assert!(
        mean < derivations + 3.0 * error && mean > 0.9 * derivations,
        "{mean} {derivations}"
    );
}

#[test]
fn evidence_is_the_sum_over_topics_and_favourites() {
    let class = LANGUAGE
        .lexicon
        .classes
        .iter()
        .position(|class| class.name == "name-f")
        .unwrap();
    let names: Vec<LexemeId> = LANGUAGE.lexicon.members(class).collect();
    let share = |lexeme: LexemeId| LANGUAGE.lexicon.lexemes[lexeme as usize].share;
    let things = LANGUAGE
        .lexicon
        .classes
        .iter()
        .position(|class| class.name == "t")
        .unwrap();
    let lists = &LANGUAGE.lexicon.classes[things].lists;
    let [common, ours, theirs] = [lists[0].start, lists[3].start + 1, lists[5].start];
    let seen = [names[0], names[7], names[7], common, ours, theirs];

    let favourites: f64 = names
        .iter()
        .map(|favourite| {
            let mention = |name: LexemeId| FAVOUR * f64::from(name == *favourite) + (1.0 - FAVOUR) * share(name);
            share(*favourite) * mention(names[0]) * mention(names[7]).powi(2)
        })
        .sum();
    let leak = LEAK / TOPICS.len() as f64;
    let topics: f64 = (0..TOPICS.len())
        .map(|topic| {
            let own = |list: usize| (1.0 - LEAK) * f64::from(list == topic + 1) + leak;
            0.5 * share(common) * 0.5 * share(ours) * own(3) * 0.5 * share(theirs) * own(5) / TOPICS.len() as f64
        })
        .sum();
    let evidence = Evidence::new(&LANGUAGE, seen.into_iter());
    assert!((evidence.log_probability() - (favourites * topics).ln()).abs() < 1e-10);

    let prediction = evidence.prediction();
    for class in 0..LANGUAGE.lexicon.classes.len() {
        let total: f64 = LANGUAGE
            .lexicon
            .members(class)
            .map(|lexeme| prediction.probability(lexeme))
            .sum();
        assert!((total - 1.0).abs() < 1e-9, "class {class}: {total}");
    }
    for next in [names[7], names[2], ours, theirs, common] {
        let both = Evidence::new(&LANGUAGE, seen.into_iter().chain([next]));
        let ratio = (both.log_probability() - evidence.log_probability()).exp();
        assert!((prediction.probability(next) / ratio - 1.0).abs() < 1e-9);
    }
    let more = Evidence::new(&LANGUAGE, seen.into_iter().chain([names[7]]));
    assert!((more.without(names[7]).log_probability() - evidence.log_probability()).abs() < 1e-9);
}

#[test]
fn a_hidden_word_is_distributed_as_whole_documents_say() {
    let mut document = LANGUAGE.document(10, 0);
    let (sentence, chart_of) = (document[1].clone(), |words: &[u32]| LANGUAGE.chart(words).probability());
    let lexeme = |word: &u32| LANGUAGE.lexicon.words[*word as usize].lexeme;
    let hidden = LANGUAGE.chart(&sentence).hidden();
    for at in [0, sentence.len() / 2, sentence.len() - 2] {
        let mut joint = vec![0.0; LANGUAGE.lexicon.words.len()];
        for word in 0..LANGUAGE.lexicon.words.len() as u32 {
            document[1][at] = word;
            let structure = chart_of(&document[1]);
            if structure > 0.0 {
                let evidence = Evidence::new(&LANGUAGE, document.iter().flatten().filter_map(lexeme));
                joint[word as usize] = structure * evidence.log_probability().exp();
            }
        }
        document[1] = sentence.clone();
        let total: f64 = joint.iter().sum();
        let all = Evidence::new(&LANGUAGE, document.iter().flatten().filter_map(lexeme));
        let others = lexeme(&sentence[at]).map_or_else(|| all.clone(), |lexeme| all.without(lexeme));
        let exact = hidden_word(&LANGUAGE, &hidden[at], &others);
        for (joint, exact) in joint.iter().zip(exact) {
            assert!((joint / total - exact).abs() < 1e-9, "{} {exact}", joint / total);
        }
    }
}

#[test]
fn no_two_sentences_with_a_word_between_them_make_one() {
    let clause = LANGUAGE.grammar.symbol("Clause[2]").unwrap();
    for sentence in (0..100).flat_map(|index| LANGUAGE.document(11, index)) {
        let chart = LANGUAGE.chart(&sentence);
        for at in 1..sentence.len().saturating_sub(2) {
            let apart = chart.inside(clause, 0, at) * chart.inside(clause, at + 1, sentence.len() - 1);
            assert_eq!(apart, 0.0, "{sentence:?}");
        }
    }
}

#[test]
fn truth_is_ordered_and_its_error_shrinks() {
    let (small, large) = (truth(20), truth(180));
    assert_eq!(large, truth(180));
    assert!(large.best_masked_loss < large.entropy_per_word && (0.2..0.8).contains(&large.best_masked_accuracy));
    for (few, many) in [
        (small.entropy_error, large.entropy_error),
        (small.accuracy_error, large.accuracy_error),
        (small.loss_error, large.loss_error),
    ] {
        assert!(many > 0.0 && many < 0.6 * few, "{few} {many}");
    }
    assert!((small.entropy_per_word - large.entropy_per_word).abs() < 4.0 * small.entropy_error);
}
