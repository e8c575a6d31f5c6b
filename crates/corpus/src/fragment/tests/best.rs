//! The best losses of tokens against enumeration over whole documents.

use super::super::best::{Known, best_loss};
use super::super::language::LANGUAGE;
use super::super::latent::Evidence;
use super::super::truth::judge;
use super::trained;
use crate::{Tokenizer, TokenizerConfig, WordCounts, fragment};

const END: u32 = 3;

fn tokenizers() -> [Tokenizer; 2] {
    let mut counts = WordCounts::default();
    (0..300).for_each(|index| counts.add(&fragment::document(3, index)));
    [
        trained(&TokenizerConfig::wordpiece(500), &counts),
        trained(&TokenizerConfig::Bpe { vocab: 500 }, &counts),
    ]
}

/// The document's words as text.
fn text(document: &[Vec<u32>]) -> String {
    let mut text = String::new();
    for sentence in document {
        if !text.is_empty() {
            text.push(' ');
        }
        LANGUAGE.write(sentence, &mut text);
    }
    text
}

#[test]
fn a_hidden_piece_is_as_likely_as_whole_documents_say() {
    let lexeme = |word: &u32| LANGUAGE.lexicon.words[*word as usize].lexeme;
    for tokenizer in tokenizers() {
        let mut document = LANGUAGE.document(10, 0);
        let encoded = tokenizer.encode(&text(&document));
        let (ids, starts) = (
            [encoded.ids.clone(), vec![END]].concat(),
            [encoded.word_starts, vec![true]].concat(),
        );
        let sentence = document[1].clone();
        let words: Vec<usize> = (0..starts.len()).filter(|token| starts[*token]).collect();
        let mut pieces = 0;
        // The first word of a sentence has a capital; others may be of several pieces.
        for at in [0, sentence.len() / 2, sentence.len() - 2] {
            let mut possible: Vec<(Vec<u32>, f64)> = Vec::new();
            for word in 0..LANGUAGE.lexicon.words.len() as u32 {
                document[1][at] = word;
                let structure = LANGUAGE.chart(&document[1]).probability();
                if structure > 0.0 {
                    let evidence = Evidence::new(&LANGUAGE, document.iter().flatten().filter_map(lexeme));
                    let probability = structure * evidence.log_probability().exp();
                    possible.push((tokenizer.encode(&text(&document)).ids, probability));
                }
            }
            document[1] = sentence.clone();
            let (first, next) = (words[document[0].len() + at], words[document[0].len() + at + 1]);
            for token in first..next {
                pieces += 1;
                let wanted = |place: usize| place == token;
                let found = best_loss((&ids, &starts), END, &tokenizer, Known::Everything, &wanted).unwrap();
                let likely = |fits: &dyn Fn(&[u32]) -> bool| -> f64 {
                    let fitting = possible.iter().filter(|(other, _)| fits(other));
                    fitting.map(|(_, probability)| probability).sum()
                };
                let hidden = likely(&|other| {
                    let mut others = encoded.ids.iter().zip(other).enumerate();
                    other.len() == encoded.ids.len() && others.all(|(at, (a, b))| at == token || a == b)
                });
                let expected = (hidden / likely(&|other| other == encoded.ids)).ln();
                assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
        assert!(pieces > 3, "no word of several pieces");
    }
}

#[test]
fn in_order_all_tokens_cost_what_the_document_costs() {
    let [tokenizer, _] = tokenizers();
    for index in 0..5 {
        let document = LANGUAGE.document(11, index);
        let encoded = tokenizer.encode(&text(&document));
        let stream = (
            [encoded.ids.clone(), vec![END]].concat(),
            [encoded.word_starts, vec![true]].concat(),
        );
        let wanted = |place: usize| place == 0;
        let found = best_loss((&stream.0, &stream.1), END, &tokenizer, Known::WhatPrecedes, &wanted).unwrap();
        // Of n sentences up to ten: that it ends here and not later.
        let end = ((11 - document.len()) as f64).ln();
        let expected = (judge(&LANGUAGE, &document).surprisal - end) / encoded.ids.len() as f64;
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn what_is_not_of_the_language_has_no_best_loss() {
    let [tokenizer, _] = tokenizers();
    let encoded = tokenizer.encode("The doctor of the house is old.");
    let everything = |_| true;
    let read = |ids: &[u32], starts: &[bool]| best_loss((ids, starts), END, &tokenizer, Known::Everything, &everything);
    assert_eq!(read(&encoded.ids, &encoded.word_starts), None);
    assert_eq!(read(&[], &[]), None);
}
