//! A tiny experiment through the binary, and what was said.
#![allow(dead_code)] // each test binary uses its own part of this

use crate::common::{Workplace, text};
use cloze_foundation::files::list;
use cloze_runner::store::{RunFolder, Store};
use std::path::PathBuf;

pub fn experiment(source: &str, steps: &str, rest: &str) -> String {
    let words = if source == "fragment" { "words = \"10k\"\n" } else { "" };
    format!(
        "question = \"Is it true?\"\n[corpus]\nsource = \"{source}\"\n{words}\
         tokenizer = {{ kind = \"wordpiece\", vocab = 128 }}\nheld_out = 0.2\n\
         [encoder]\nwidth = 32\nlayers = 1\nwindow = 16\n[budget]\n{steps}\nbatch = 4\n\
         [sweep]\nseeds = [1]\n[[arm]]\nobjective = \"mlm\"\n{rest}"
    )
}

pub const STEPS: &str = "equalise = \"steps\"\namount = 6";
pub const JUDGED: &str = "[evaluate]\ntasks = [\"masked-loss\"]\npoints = 3\n";

pub fn paragraphs(animal: &str) -> String {
    (0..200)
        .map(|n| format!("the {animal} number {} sees a red dog and {} cats\n\n", n % 7, n % 5))
        .collect()
}

/// Status and what was said on stderr and stdout.
pub fn cloze(workplace: &Workplace, arguments: &[&str]) -> (i32, String) {
    let output = workplace.cloze(arguments);
    let said = text(&output.stderr) + &text(&output.stdout);
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    (output.status.code().unwrap(), said)
}

#[track_caller]
pub fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in:\n{said}");
    }
}

pub fn runs(workplace: &Workplace) -> Vec<RunFolder> {
    let store = Store::new(workplace.path("results/x"));
    let all = list(&workplace.path("results/x/runs")).unwrap();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    all.iter().map(|path| store.run(&name(path))).collect()
}

/// A workplace with one finished run over the built-in language.
pub fn finished() -> (Workplace, RunFolder) {
    let workplace = Workplace::new();
    workplace.write("x.toml", experiment("fragment", STEPS, JUDGED));
    let (status, said) = cloze(&workplace, &["run", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    let run = runs(&workplace).remove(0);
    (workplace, run)
}

pub fn doctor(workplace: &Workplace) -> (i32, String) {
    cloze(workplace, &["doctor", "x.toml", "--lease", "0.2"])
}
