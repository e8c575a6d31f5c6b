//! What bad input gets: one error that says what, where, what is allowed, the nearest match; exit 2; nothing written.

use crate::common::{Workplace, text};

const GOOD: &str = r#"
question = "Does bad input get a good answer?"

[corpus]
source    = "text.txt"
tokenizer = { kind = "wordpiece", vocab = 64 }
held_out  = 0.2

[encoder]
width  = 16
layers = 1
window = 8

[budget]
amount = "1k"

[sweep]
seeds = [1]

[[arm]]
objective = "mlm"

[evaluate]
tasks = []
"#;

/// Runs an experiment that differs from the good one by a replacement; gives the error text.
fn fault(workplace: &Workplace, from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the good experiment has no `{from}`");
    workplace.write("x.toml", GOOD.replace(from, to));
    let before = workplace.names();
    let output = workplace.cloze(&["run", "x.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty(), "data on stdout");
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let after: Vec<String> = workplace
        .names()
        .into_iter()
        .filter(|name| !before.contains(name))
        .collect();
    // The cache's folder may be there; what it holds is tested below.
    for name in after {
        assert_eq!(
            crate::common::files(&workplace.path(&name)),
            Vec::<std::path::PathBuf>::new(),
            "{name} was written"
        );
    }
    said
}

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let paragraphs: String = (0..40)
        .map(|n| format!("The cat number {n} sat on the mat and saw the dogs.\n\n"))
        .collect();
    workplace.write("text.txt", paragraphs);
    workplace
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is missing in:\n{said}");
    }
}

#[test]
fn a_misspelt_key() {
    let said = fault(&workplace(), "layers = 1", "layesr = 1");
    says(&said, &["layesr", "x.toml:11:1", "allowed:", "did you mean `layers`?"]);
}

#[test]
fn an_unknown_objective() {
    let said = fault(&workplace(), "\"mlm\"", "\"eletcra\"");
    says(
        &said,
        &[
            "eletcra",
            "x.toml:21:",
            "autoregressive",
            "did you mean `electra`?",
            "cloze explain",
        ],
    );
}

#[test]
fn a_rate_of_one_and_a_half() {
    let said = fault(&workplace(), "objective = \"mlm\"", "objective = \"mlm\"\nrate = 1.5");
    says(&said, &["1.5", "rate", "x.toml:22:", "below 1"]);
}

#[test]
fn a_missing_file() {
    let said = fault(&workplace(), "text.txt", "novel.txt");
    says(&said, &["novel.txt", "x.toml:5:", "corpus.source"]);
}

/// What `cloze plan` and `cloze slurm` say of data that are not there: and no table of what cannot be run.
#[test]
fn data_that_are_missing_are_told_at_the_line_that_asks_for_them() {
    let workplace = workplace();
    let tokenizer = "{ kind = \"file\", path = \"given.json\" }";
    let with_tokenizer = GOOD.replace("{ kind = \"wordpiece\", vocab = 64 }", tokenizer);
    let swept = GOOD.replace(
        "seeds = [1]",
        "seeds = [1]\ngrid.corpus.source = [\"text.txt\", \"verse.txt\"]",
    );
    for (text, parts) in [
        (GOOD.to_owned(), None),
        (
            GOOD.replace("text.txt", "novel.txt"),
            Some(["novel.txt", "x.toml:5:", "corpus.source"]),
        ),
        (swept, Some(["verse.txt", "x.toml:19:", "corpus.source"])),
        (with_tokenizer, Some(["given.json", "x.toml:", "tokenizer"])),
        (
            GOOD.replace("tasks = []", "tasks = [{ task = \"blimp\", path = \"pairs\" }]"),
            Some(["`pairs`", "x.toml:24:", "--data-root"]),
        ),
    ] {
        workplace.write("x.toml", &text);
        let output = workplace.cloze(&["plan", "x.toml"]);
        let (said, planned) = (crate::common::text(&output.stderr), crate::common::text(&output.stdout));
        assert_eq!(
            output.status.code(),
            Some(if parts.is_some() { 2 } else { 0 }),
            "{text}\n{said}"
        );
        assert_eq!(planned.contains("1 runs"), parts.is_none(), "{planned}");
        let script = workplace.cloze(&["slurm", "x.toml"]);
        assert_eq!(script.status.code(), output.status.code(), "{text}");
        if let Some(parts) = parts {
            says(&said, &parts);
            says(&crate::common::text(&script.stderr), &parts);
        }
    }
    // Below the data root a given tokenizer is found by every command that plans.
    std::fs::create_dir(workplace.path("data")).unwrap();
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat"];
    let vocab: Vec<String> = pieces
        .iter()
        .zip(0..)
        .map(|(piece, id)| format!("\"{piece}\":{id}"))
        .collect();
    workplace.write(
        "data/given.json",
        format!(
            r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
                "pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,
                "model":{{"type":"WordLevel","vocab":{{{}}},"unk_token":"[UNK]"}}}}"#,
            vocab.join(",")
        ),
    );
    workplace.write(
        "x.toml",
        GOOD.replace("{ kind = \"wordpiece\", vocab = 64 }", tokenizer),
    );
    // One that does not know the text is refused before anything is queued.
    for command in ["plan", "slurm"] {
        let output = workplace.cloze(&[command, "x.toml", "--data-root", "data"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        says(&crate::common::text(&output.stderr), &["unknown to the tokenizer"]);
    }
    workplace.write("text.txt", "the cat sat the cat\n\n".repeat(200));
    for command in ["plan", "slurm", "status"] {
        let output = workplace.cloze(&[command, "x.toml", "--data-root", "data"]);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
    }
}

#[test]
fn an_empty_corpus() {
    let workplace = workplace();
    workplace.write("text.txt", "\n  \n\n");
    says(&fault(&workplace, "1k", "2k"), &["text.txt"]);
}

#[test]
fn a_window_longer_than_the_positions() {
    let said = fault(&workplace(), "window = 8", "window = 1000\npreset = \"bert\"");
    says(&said, &["1000", "encoder.window", "512"]);
}

#[test]
fn a_tokenizer_without_a_mask() {
    let workplace = workplace();
    workplace.write(
        "tokenizer.json",
        r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
            "pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
            "model":{"type":"WordLevel","vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"the":4},"unk_token":"[UNK]"}}"#,
    );
    let said = fault(
        &workplace,
        "{ kind = \"wordpiece\", vocab = 64 }",
        "{ kind = \"file\", path = \"tokenizer.json\" }",
    );
    says(&said, &["tokenizer.json", "[MASK]"]);
}

#[test]
fn a_corrupt_gzip() {
    let workplace = workplace();
    workplace.write("text.txt.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5]);
    says(&fault(&workplace, "text.txt", "text.txt.gz"), &["text.txt.gz"]);
}

#[test]
fn a_missing_data_root_is_named_before_anything_runs() {
    let said = fault(&workplace(), "tasks = []", "tasks = [\"blimp\"]");
    says(&said, &["blimp", "--data-root"]);
}

#[test]
fn an_unknown_device_and_an_unbuilt_one() {
    let workplace = workplace();
    workplace.write("x.toml", GOOD);
    for (device, expected) in [("flexx", "did you mean `flex`?"), ("cuda", "--features cuda")] {
        let output = workplace.cloze(&["run", "x.toml", "--device", device]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        // With the feature built in, `cuda` is known and fails otherwise.
        if device != "cuda" || !cfg!(feature = "cuda") {
            says(&said, &[device, expected]);
        }
    }
}

#[test]
fn an_override_is_named_when_it_is_wrong() {
    let workplace = workplace();
    workplace.write("x.toml", GOOD);
    let output = workplace.cloze(&["plan", "x.toml", "--set", "budget.amuont=3"]);
    assert_eq!(output.status.code(), Some(2));
    says(&text(&output.stderr), &["--set", "amuont", "did you mean `amount`?"]);
}

#[test]
fn an_unknown_topic() {
    let output = Workplace::new().cloze(&["explain", "elektra"]);
    assert_eq!(output.status.code(), Some(2));
    says(&text(&output.stderr), &["elektra", "did you mean `electra`?"]);
}

#[test]
fn planning_needs_no_folder_for_a_moment() {
    let workplace = workplace();
    workplace.write("x.toml", GOOD);
    let mut command = workplace.command(&["plan", "x.toml"]);
    let output = command.env("TMPDIR", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    says(&text(&output.stderr), &["looked at when it is prepared"]);
}

/// What an arm cannot do with its text is known when that is read, and told at the arm's line all the same, whichever command asks.
#[test]
fn what_an_arm_cannot_do_with_its_text_is_told_at_its_line() {
    let workplace = workplace();
    // Thai without spaces, of which it cannot be told where words begin.
    let letters: Vec<char> = ('ก'..='ฮ').collect();
    let phrase = |number: usize| -> String {
        (0..140)
            .map(|at| letters[(number * 7 + at * at * 3 + at) % letters.len()])
            .collect()
    };
    workplace.write(
        "thai.txt",
        (0..40).map(|number| phrase(number) + "\n").collect::<String>(),
    );
    let arm = |lines: &str| GOOD.replace("objective = \"mlm\"", lines);
    let thai = |lines: &str| {
        let tokenizer = "{ kind = \"bpe\", vocab = 300 }";
        arm(lines)
            .replace("text.txt", "thai.txt")
            .replace("{ kind = \"wordpiece\", vocab = 64 }", tokenizer)
    };
    const ALL: &[&str] = &["plan", "run", "slurm", "audit"];
    // An audit shows what is predicted, however little.
    const NOT_SHOWN: &[&str] = &["plan", "run", "slurm"];
    for (text, commands, parts) in [
        (
            arm("objective = \"pmi\"\noccurrences = 1000"),
            ALL,
            [
                "PMI masking has no n-gram",
                "arm `pmi`",
                "x.toml:22:15 (arm[0].occurrences)",
            ],
        ),
        (
            arm("objective = \"entity\""),
            ALL,
            [
                "none are known of this text",
                "arm `entity`",
                "x.toml:21:13 (arm[0].objective)",
            ],
        ),
        (
            thai("objective = \"whole-word\""),
            ALL,
            [
                "where words begin",
                "arm `whole-word`",
                "x.toml:21:13 (arm[0].objective)",
            ],
        ),
        (
            thai("mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"span\" }]"),
            ALL,
            [
                "`span` hides whole words",
                "arm `mixture`",
                "x.toml:21:62 (arm[0].mixture[1].objective)",
            ],
        ),
        (
            arm("objective = \"mlm\"\nrate = 0.01"),
            NOT_SHOWN,
            [
                "its rate asks for 1.0 %",
                "arm `mlm`, windows of 8: ",
                "x.toml:22:8 (arm[0].rate)",
            ],
        ),
        (
            GOOD.replace("window = 8", "window = 3"),
            NOT_SHOWN,
            [
                "its rate asks for 15.0 %",
                "arm `mlm`, windows of 3: ",
                "x.toml:20:1 (arm[0].rate)",
            ],
        ),
        (
            GOOD.replace("window = 8", "window = 400"),
            ALL,
            ["too few for a window", "arm `mlm`", "x.toml:5:13 (corpus.source)"],
        ),
    ] {
        workplace.write("x.toml", &text);
        for &command in commands {
            let output = workplace.cloze(&[command, "x.toml"]);
            let said = crate::common::text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{command}: {said}");
            says(&said, &parts);
        }
    }
}
