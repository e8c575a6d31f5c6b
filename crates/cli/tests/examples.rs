//! The programs in examples/ do what they say. `cargo test` builds them beside this test.

use crate::common::text;
use std::path::Path;
use std::process::Command;

fn run(name: &str, arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_cloze")).parent().unwrap();
    let program = folder
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "`cargo test` builds the examples; before `cargo test --test examples`, run `cargo build --examples`"
    );
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(&program)
        .args(arguments)
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_sentence_is_corrupted_and_printed() {
    let printed = run("corrupt", &["span", "the old farmer who sees the cats sleeps"]);
    assert_eq!(printed.matches("reads ").count(), 3, "{printed}");
    assert!(printed.contains("[MASK]") && printed.contains("[CLS]"), "{printed}");
}

#[test]
fn twenty_steps_make_the_loss_fall() {
    let printed = run("train", &["autoregressive"]);
    let losses: Vec<f64> = printed
        .lines()
        .map(|line| line.split_whitespace().nth(3).unwrap().parse().unwrap())
        .collect();
    assert_eq!(losses.len(), 20, "{printed}");
    assert!(losses[19] < losses[0], "{printed}");
}

#[test]
fn two_sentences_are_scored_by_every_rule() {
    let printed = run("score", &["electra", "the cats sleep", "the cats sleeps"]);
    for rule in ["discriminator", "generator"] {
        assert!(printed.contains(&format!("{rule}: ")), "{printed}");
    }
    assert_eq!(printed.matches("the cats sleep").count(), 4, "{printed}");
}
