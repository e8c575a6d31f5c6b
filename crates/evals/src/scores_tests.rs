//! Scores against scikit-learn, seqeval and SQuAD's evaluation: `tests/golden/make.py` says how the cases were made.

use super::*;
use crate::squad;
use cloze_corpus::sets::spans;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../tests/golden/scores.json")).unwrap();
    let cases = all[kind].as_array().unwrap().clone();
    assert!(cases.len() >= 4, "{kind}");
    cases
}

fn near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} and not {expected}"
    );
}

#[test]
fn classes_are_scored_as_scikit_learn_scores_them() {
    for case in cases("classes") {
        let numbers = |name: &str| -> Vec<u32> {
            let list = case[name].as_array().unwrap();
            list.iter().map(|number| number.as_u64().unwrap() as u32).collect()
        };
        let classes = case["classes"].as_u64().unwrap() as usize;
        let confusion = Confusion::of(classes, &numbers("truths"), &numbers("answers"));
        near(confusion.accuracy(), &case["accuracy"], 1e-12, "accuracy");
        near(confusion.accuracy(), &case["micro_f1"], 1e-12, "micro-averaged F1");
        near(confusion.macro_f1(), &case["macro_f1"], 1e-12, "macro-averaged F1");
        near(confusion.matthews(), &case["matthews"], 1e-12, "Matthews");
    }
}

#[test]
fn entities_are_counted_as_seqeval_counts_them() {
    for case in cases("entities") {
        let sentences = |name: &str| -> Vec<Vec<Span>> {
            let sentence = |tags: &Value| {
                let tags: Vec<&str> = tags.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                spans(&tags)
            };
            case[name].as_array().unwrap().iter().map(sentence).collect()
        };
        let (truths, answers) = (sentences("truths"), sentences("answers"));
        let all = SpanScores::of(&truths, &answers, None);
        near(all.precision, &case["precision"], 1e-12, "precision");
        near(all.recall, &case["recall"], 1e-12, "recall");
        near(all.f1, &case["f1"], 1e-12, "f1");
        for (kind, f1) in case["kinds"].as_object().unwrap() {
            near(SpanScores::of(&truths, &answers, Some(kind)).f1, f1, 1e-12, kind);
        }
    }
    // Nobody found anything.
    assert_eq!(
        SpanScores::of(&[Vec::new()], &[Vec::new()], None),
        SpanScores::default()
    );
}

#[test]
fn answers_are_compared_as_the_script_of_squad_compares_them() {
    for case in cases("answers") {
        let answer = case["answer"].as_str().unwrap();
        let truths: Vec<String> = case["truths"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let exact = f64::from(u8::from(squad::is_exact(answer, &truths)));
        near(exact, &case["exact_match"], 0.0, answer);
        // Theirs are 32-bit numbers.
        near(squad::f1(answer, &truths), &case["f1"], 1e-6, answer);
    }
}
