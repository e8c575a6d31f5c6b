//! Snapshots of whole outputs. After a wanted change: `scripts/anew.sh`, and read the
//! difference.

use crate::common::{Workplace, text};

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

/// Every kind of arm, a share of whose windows is another objective's.
const AUDITED: &str = r#"question = "What is hidden?"

[corpus]
words = "40k"

[encoder]
width  = 32
layers = 1
window = 32

[budget]
amount = "200k"

[sweep]
seeds = [7, 8]

[[arm]]
objective = "mlm"
rate = { from = 0.4, to = 0.2 }

[[arm]]
objective = "whole-word"
mode = "reference"

[[arm]]
objective = "electra"

[[arm]]
name = "both"
mixture = [{ objective = "autoregressive", share = 0.5 }, { objective = "span", rate = 0.3 }]
"#;

#[test]
fn audit() {
    let workplace = Workplace::new();
    workplace.write("audited.toml", AUDITED);
    let arguments = ["audit", "audited.toml", "--tokens", "20k", "--examples", "1"];
    insta::assert_snapshot!(said(&workplace, &arguments));
    let refused = said(&workplace, &["audit", "audited.toml", "--chart", "masks.gif"]);
    insta::assert_snapshot!("audit-gif", refused);

    let asked = [
        "audit",
        "audited.toml",
        "--tokens",
        "5k",
        "--json",
        "--chart",
        "masks.svg",
    ];
    let output = workplace.cloze(&asked);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let arms = found["arms"].as_array().unwrap();
    assert_eq!(arms.len(), 4);
    for arm in arms {
        let tokens = arm["audit"]["tokens"].as_u64().unwrap();
        assert!((5_000..=6_100).contains(&tokens), "{arm}");
        assert_eq!(arm["examples"].as_array().unwrap().len(), 5, "{arm}");
    }
    let chart = std::fs::read_to_string(workplace.path("masks.svg")).unwrap();
    assert!(
        chart.starts_with("<svg") && chart.contains("tenth of the window"),
        "{chart}"
    );
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
