//! Snapshots of whole outputs. After a wanted change: `INSTA_UPDATE=always cargo test --workspace --test snapshots`, and read the
//! difference.

mod common;

use common::{Workplace, text};

const EXPERIMENT: &str = r#"question = "Which masking ratio?"
cites = "Wettig et al. 2023"

[encoder]
width = 64

[budget]
amount = "1M"

[sweep]
seeds = [1, 2]

[sweep.grid]
"encoder.layers" = [1, 2]

[[arm]]
objective = "mlm"
grid.rate = [0.15, 0.4]

[[arm]]
objective = "electra"

[[claim]]
says = "more is better"
check = "better(minimal-pairs, mlm rate=0.4 layers=2, mlm rate=0.15 layers=2)"
"#;

/// What a command printed, with what differs from machine to machine replaced.
fn said(workplace: &Workplace, arguments: &[&str]) -> String {
    let output = workplace.cloze(arguments);
    let folder = workplace.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let program = env!("CARGO_BIN_EXE_cloze");
    let clean = |bytes: &[u8]| text(bytes).replace(program, "CLOZE").replace(&folder, "FOLDER");
    let status = output.status.code().unwrap_or(-1);
    format!(
        "{}{}exit status {status}\n",
        clean(&output.stdout),
        clean(&output.stderr)
    )
}

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("ratio.toml", EXPERIMENT);
    workplace
}

#[test]
fn explain() {
    let workplace = workplace();
    for (name, topic) in [
        ("explain", None),
        ("explain-mlm", Some("mlm")),
        ("explain-electra", Some("electra")),
        ("explain-minimal-pairs", Some("minimal-pairs")),
        ("explain-budget-equalise", Some("budget.equalise")),
        ("explain-nothing", Some("mlmm")),
    ] {
        let arguments: Vec<&str> = std::iter::once("explain").chain(topic).collect();
        insta::assert_snapshot!(name, said(&workplace, &arguments));
    }
}

#[test]
fn plan() {
    insta::assert_snapshot!(said(&workplace(), &["plan", "ratio.toml"]));
}

#[test]
fn slurm() {
    let passed_on = [
        "--retry-diverged",
        "--fail-fast",
        "--stop-signal=USR2",
        "--checkpoint=500 steps",
    ];
    let arguments = [&["slurm", "ratio.toml"], &passed_on[..]].concat();
    let script = said(&workplace(), &arguments);
    for option in passed_on {
        assert!(
            script.contains(&format!("'{option}'")),
            "{option} was dropped:\n{script}"
        );
    }
    insta::assert_snapshot!(script);
}

#[test]
fn faults() {
    let workplace = workplace();
    let mut all = String::new();
    for (what, text) in [
        ("an unknown key", EXPERIMENT.replace("width = 64", "widht = 64")),
        ("a word that is none", EXPERIMENT.replace("\"electra\"", "\"eletcra\"")),
        (
            "a number out of range",
            EXPERIMENT.replace("[0.15, 0.4]", "[0.15, 1.4]"),
        ),
        (
            "another kind of value",
            EXPERIMENT.replace("seeds = [1, 2]", "seeds = 3"),
        ),
        ("no TOML", EXPERIMENT.replace("[sweep]", "[sweep")),
        ("no question", EXPERIMENT.replacen("question", "# question", 1)),
        (
            "a check that nobody can answer",
            EXPERIMENT.replace("better(minimal-pairs, ", "better("),
        ),
        (
            "heads that do not divide",
            EXPERIMENT.replace("width = 64", "width = 64\nheads = 3"),
        ),
    ] {
        assert_ne!(text, EXPERIMENT, "{what}");
        workplace.write("wrong.toml", text);
        all += &format!("--- {what}\n{}\n", said(&workplace, &["plan", "wrong.toml"]));
    }
    all += &format!(
        "--- on the command line\n{}",
        said(&workplace, &["plan", "ratio.toml", "--set", "encoder.width=63"])
    );
    insta::assert_snapshot!(all);
}
