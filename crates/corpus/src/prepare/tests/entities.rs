//! Entities that stand beside a text, from its files to its windows.

use super::*;
use crate::annotations::ENTITIES;
use crate::sets::Column;
use crate::{Statistic, Statistics};

/// A text with two names in every line.
fn lines(kind: &str) -> String {
    let line = |number: usize| match kind {
        "jsonl" => format!(
            "{{\"text\": \"In {number} Ada  Lovelace saw Zürich, unnoticed.\", \"names\": [[{from}, {to}, \"PER\"], [{city}, {end}, \"LOC\"]]}}\n",
            from = 4 + number.to_string().len(),
            to = 17 + number.to_string().len(),
            city = 22 + number.to_string().len(),
            end = 28 + number.to_string().len(),
        ),
        _ => format!("In O\n{number} O\nAda I-PER\nLovelace I-PER\nsaw O\nZürich, I-LOC\nunnoticed. O\n\n"),
    };
    (0..60).map(line).collect()
}

#[test]
fn entities_are_in_the_windows_whatever_the_tokenizer() {
    for (tokenizer, city) in [
        (TokenizerConfig::wordpiece(150), "zurich"),
        (TokenizerConfig::Bpe { vocab: 400 }, "Zürich"),
    ] {
        for (kind, entities) in [("jsonl", Column::from("names")), ("conll", Column::Number(-1))] {
            let place = Place::new();
            let name = format!("text.{kind}");
            fs::write(place.data.path().join(&name), lines(kind)).unwrap();
            let config = CorpusConfig {
                tokenizer: tokenizer.clone(),
                entities: Some(entities),
                ..config(&name)
            };
            let prepared = place.prepare(&config).unwrap();
            let (train, held_out) = (prepared.manifest.train, prepared.manifest.held_out);
            assert_eq!(train.entities + held_out.entities, 120);
            assert!(held_out.entities > 0);
            assert!(Statistics::of(&prepared, &[Statistic::Names]).annotated());
            let window = prepared.train.window(0, 61, prepared.tokenizer.vocabulary());
            let spelt = |entity: &std::ops::Range<usize>| {
                let text = prepared.tokenizer.decode(&window.ids[entity.clone()]);
                text.trim().to_lowercase().replace(" ##", "")
            };
            let spans = window.annotations.spans(ENTITIES);
            let found: Vec<String> = spans.iter().map(spelt).collect();
            // In columns the comma is a part of the word.
            let city = city.to_lowercase() + if kind == "conll" { "," } else { "" };
            let place_of = |text: &String| text.replace(" ,", ",");
            assert_eq!(found[0], "ada lovelace");
            assert_eq!(place_of(&found[1]), city);
            assert!(found.len() >= 4, "{found:?}");
        }
    }
}

#[test]
fn the_tokens_are_those_of_the_text_without_entities() {
    for tokenizer in [TokenizerConfig::wordpiece(150), TokenizerConfig::Bpe { vocab: 400 }] {
        let place = Place::new();
        fs::write(place.data.path().join("text.jsonl"), lines("jsonl")).unwrap();
        let plain = CorpusConfig {
            tokenizer,
            ..config("text.jsonl")
        };
        let annotated = CorpusConfig {
            entities: Some(Column::from("names")),
            ..plain.clone()
        };
        let [plain, annotated] = [plain, annotated].map(|config| place.prepare(&config).unwrap());
        assert!(plain.train.pieces().eq(annotated.train.pieces()));
        assert!(plain.held_out.ids().eq(annotated.held_out.ids()));
        // Other data all the same.
        assert_ne!(plain.hash, annotated.hash);
        assert_ne!(plain.folder, annotated.folder);
        assert_eq!(plain.hashes().held_out, annotated.hashes().held_out);
        assert!(!Statistics::of(&plain, &[]).annotated());
    }
}

#[test]
fn a_line_break_in_an_entity_leaves_it_one_in_the_windows() {
    for tokenizer in [TokenizerConfig::wordpiece(150), TokenizerConfig::Bpe { vocab: 400 }] {
        let place = Place::new();
        let line = "{\"text\": \"Once Ada\\nLovelace saw Bo\", \"names\": [[5, 17], [22, 24]]}\n";
        fs::write(place.data.path().join("text.jsonl"), line.repeat(60)).unwrap();
        let config = CorpusConfig {
            tokenizer,
            entities: Some(Column::from("names")),
            ..config("text.jsonl")
        };
        let prepared = place.prepare(&config).unwrap();
        assert_eq!(
            prepared.manifest.train.entities + prepared.manifest.held_out.entities,
            120
        );
        let window = prepared.train.window(0, 61, prepared.tokenizer.vocabulary());
        let first = window.annotations.spans(ENTITIES)[0].clone();
        let text = prepared.tokenizer.decode(&window.ids[first]);
        // A byte-level tokenizer has no space there: the lines are encoded each by itself.
        assert_eq!(
            text.trim().to_lowercase().replace(" ##", "").replace(' ', ""),
            "adalovelace"
        );
    }
}
