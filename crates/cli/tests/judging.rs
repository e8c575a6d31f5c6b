//! `cloze eval`, `cloze score` and `cloze features` as a person types them.

use crate::common::text;
use crate::store::experiment::{STEPS, cloze, experiment, finished, says};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_finished_run_is_judged_again_and_the_report_shows_it() {
    let (workplace, run) = finished();
    let done = std::fs::read(run.path().join("DONE")).unwrap();
    let table = "{ task = \"masked-loss\", name = \"few windows\", windows = 2 }";
    let (status, said) = cloze(&workplace, &["eval", "results/x", "--tasks", table]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["1 judged, 0 judged before", "few windows"]);
    assert_eq!(std::fs::read(run.path().join("DONE")).unwrap(), done);
    let page = std::fs::read_to_string(workplace.path("results/x/report/index.html")).unwrap();
    says(&page, &["Judged after training", "few windows"]);
    // By the file and by the run's id it is the same run, which has been judged.
    for model in ["x.toml", run.id()] {
        let (status, said) = cloze(&workplace, &["eval", model, "--tasks", table]);
        assert_eq!(status, 0, "{said}");
        says(&said, &["0 judged, 1 judged before"]);
    }
    // Later calls keep what was added, and find nothing amiss.
    let (status, said) = cloze(&workplace, &["run", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["few windows"]);
    let (status, said) = cloze(&workplace, &["doctor", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    for (arguments, words) in [
        (
            vec!["eval", "results/x", "--tasks", "minimal-pair"],
            &["minimal-pairs", "did you mean"][..],
        ),
        (vec!["eval", "results/x"], &["--tasks"]),
        (vec!["eval", "results/y", "--tasks", "masked-loss"], &["results/y"]),
        (
            vec!["eval", "results/x", "--tasks", "masked-loss", "--only", "mml"],
            &["mlm"],
        ),
        (
            vec!["eval", "results/x", "--tasks", "masked-loss", "--source", "fragment"],
            &["--source"],
        ),
        (
            vec!["eval", "results/x", "--tasks", "masked-loss", "--jobs", "0"],
            &["--jobs", "from 1"],
        ),
        (
            vec![
                "eval",
                "results/x",
                "--tasks",
                "{ task = \"masked-loss\", name = \"few windows\", windows = 3 }",
            ],
            &["another `few windows`", "name = "],
        ),
    ] {
        let (status, said) = cloze(&workplace, &arguments);
        assert_eq!(status, 2, "{said}");
        says(&said, words);
    }
}

#[test]
fn lines_are_scored_and_their_states_are_written() {
    let (workplace, _) = finished();
    workplace.write(
        "lines.txt",
        "the farmer sees the dogs .\r\n\nthe farmer sees the dogs .\n\u{1b}[2J\u{202e}\n",
    );
    let (status, said) = cloze(&workplace, &["score", "results/x", "--text", "lines.txt"]);
    assert_eq!(status, 0, "{said}");
    says(
        &said,
        &["pseudo-log-likelihood: ", "1 of 4 lines are to the tokenizer the same"],
    );
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "nothing steers a terminal"
    );
    let scores: Vec<&str> = said.lines().filter(|line| line.ends_with("the dogs .")).collect();
    assert!(
        scores.len() == 2 && scores[0] == scores[1] && scores[0].starts_with('-'),
        "{said}"
    );
    // The same from a pipe, as JSON.
    let mut child = workplace
        .command(&[
            "score",
            "results/x",
            "--arm",
            "mlm",
            "--seed",
            "1",
            "--text",
            "-",
            "--json",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"the farmer sees the dogs .\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let line: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!((&line["line"], &line["cut"]), (&1.into(), &false.into()));
    assert_eq!(
        format!("{:.4}", line["score"].as_f64().unwrap()),
        scores[0].split('\t').next().unwrap()
    );
    // What steers a terminal is escaped, and it is still JSON of the line.
    let output = workplace.cloze(&["score", "results/x", "--text", "lines.txt", "--json"]);
    let said = text(&output.stdout);
    assert!(!said.contains('\u{202e}'));
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["text"], "\u{1b}[2J\u{202e}");
    for (out, pool) in [("states.parquet", "mean"), ("states.safetensors", "none")] {
        let arguments = [
            "features",
            "results/x",
            "--text",
            "lines.txt",
            "--out",
            out,
            "--pool",
            pool,
            "--layer",
            "all",
        ];
        let (status, said) = cloze(&workplace, &arguments);
        assert_eq!(status, 0, "{said}");
        says(&said, &[out, "states of 32 numbers"]);
        assert!(workplace.path(out).is_file());
    }
    workplace.write("empty.txt", "");
    workplace.write("bytes.txt", [0x66, 0xff, 0x0a]);
    for (arguments, words) in [
        (
            vec!["score", "results/x", "--text", "missing.txt"],
            &["missing.txt"][..],
        ),
        (vec!["score", "results/x", "--text", "empty.txt"], &["no line"]),
        (
            vec!["score", "results/x", "--text", "bytes.txt"],
            &["bytes.txt:1", "UTF-8"],
        ),
        (
            vec!["score", "results/x", "--text", "lines.txt", "--rule", "left"],
            &["pseudo-log-likelihood"],
        ),
        (vec!["score", "nowhere", "--text", "lines.txt"], &["nowhere"]),
        (
            vec!["features", "results/x", "--text", "lines.txt", "--out", "states.csv"],
            &[".parquet", ".safetensors"],
        ),
        (
            vec![
                "features",
                "results/x",
                "--text",
                "lines.txt",
                "--out",
                "s.parquet",
                "--layer",
                "9",
            ],
            &["no layer 9", "all"],
        ),
    ] {
        let (status, said) = cloze(&workplace, &arguments);
        assert_eq!(status, 2, "{said}");
        says(&said, words);
    }
}

#[test]
fn a_folder_that_others_trained_says_what_is_wrong_with_it() {
    let (workplace, _) = finished();
    std::fs::create_dir(workplace.path("theirs")).unwrap();
    workplace.write(
        "theirs/config.json",
        "{\"architectures\": [\"GPT2LMHeadModel\"], \"model_type\": \"gpt2\"}",
    );
    workplace.write("theirs/pytorch_model.bin", "pickle");
    workplace.write("lines.txt", "a\n");
    let score = ["score", "theirs", "--text", "lines.txt"];
    let (status, said) = cloze(&workplace, &score);
    assert_eq!(status, 2, "{said}");
    says(&said, &["pickle", "save_pretrained"]);
    std::fs::remove_file(workplace.path("theirs/pytorch_model.bin")).unwrap();
    workplace.write("theirs/model.safetensors", "\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{7f}");
    let (status, said) = cloze(&workplace, &score);
    assert_eq!(status, 2, "{said}");
    says(&said, &["GPT2LMHeadModel", "BertForMaskedLM"]);
    workplace.write(
        "theirs/config.json",
        "{\"architectures\": [\"BertModel\"], \"vocab_size\": 9}",
    );
    let (status, said) = cloze(&workplace, &["eval", "theirs", "--tasks", "minimal-pairs"]);
    assert_eq!(status, 2, "{said}");
    says(&said, &["config.json", "is missing"]);
    let (status, said) = cloze(
        &workplace,
        &["eval", "theirs", "--tasks", "minimal-pairs", "--only", "mlm"],
    );
    assert_eq!(status, 2, "{said}");
    says(&said, &["--only"]);
}

#[test]
fn an_encoder_without_a_head_is_told_and_is_no_success() {
    let (workplace, run) = finished();
    let (status, said) = cloze(&workplace, &["export", run.id(), "bare", "--to", "hf-encoder"]);
    assert_eq!(status, 0, "{said}");
    let (status, said) = cloze(&workplace, &["eval", "bare", "--tasks", "masked-loss"]);
    assert_eq!(status, 1, "{said}");
    says(&said, &["masked-loss", "has no head that it could ask"]);
    let tuned = "{ task = \"classification\", examples = 20, recipe = { epochs = 1, trials = [1e-3] } }";
    let (status, said) = cloze(&workplace, &["eval", "bare", "--tasks", tuned]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["classification\taccuracy\t"]);
}

#[test]
fn json_is_fit_for_a_terminal_and_stays_json_of_the_same_text() {
    let (workplace, _) = finished();
    let question = "Which \u{202e}one\u{9b}?";
    let whole = std::fs::read_to_string(workplace.path("x.toml")).unwrap();
    let asked: Vec<&str> = whole.lines().filter(|line| !line.starts_with("question")).collect();
    workplace.write("y.toml", format!("question = \"{question}\"\n{}", asked.join("\n")));
    let output = workplace.cloze(&["plan", "y.toml", "--json"]);
    let said = text(&output.stdout);
    assert!(!said.contains(['\u{202e}', '\u{9b}']), "{said}");
    let plan: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(plan["question"], question);
}

/// A set of pairs that can be read, one with a line that cannot, and one that is not there.
const SETS: &str = "[{ task = \"minimal-pairs\", name = \"fine\", path = \"fine.txt\" }, \
                    { task = \"minimal-pairs\", name = \"broken\", path = \"broken.tsv\", good = 1, bad = 2 }, \
                    { task = \"minimal-pairs\", name = \"gone\", path = \"gone.tsv\" }]";

fn write_sets(workplace: &crate::common::Workplace) {
    workplace.write("fine.txt", "the dog sees the cat\tthe dog see the cat\n".repeat(3));
    workplace.write("broken.tsv", "the dog sees\tthe dog see\nthe dog\n");
}

#[test]
fn a_set_that_cannot_be_read_is_named_and_the_others_judge() {
    let (workplace, _) = finished();
    write_sets(&workplace);
    let (status, said) = cloze(&workplace, &["eval", "results/x", "--tasks", SETS]);
    assert_eq!(status, 1, "{said}");
    says(
        &said,
        &[
            "1 judged, 0 judged before",
            "left out",
            "broken.tsv:2",
            "gone.tsv",
            "fine: accuracy",
        ],
    );
    // By the name of a set that was left out nothing was asked yet: mended, it judges.
    workplace.write("broken.tsv", "the dog sees\tthe dog see\n");
    workplace.write("gone.tsv", "sentence_good\tsentence_bad\nthe dog sees\tthe dog see\n");
    let (status, said) = cloze(&workplace, &["eval", "results/x", "--tasks", SETS]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["2 judged, 1 judged before"]);
    // Where none is left, that is an error, and it names them all.
    workplace.write("broken.tsv", "the dog\n");
    let none = SETS
        .replace("name = \"", "name = \"other ")
        .replace("fine.txt", "missing.txt")
        .replace("gone.tsv", "nowhere.tsv");
    let (status, said) = cloze(&workplace, &["eval", "results/x", "--tasks", &none]);
    assert_eq!(status, 2, "{said}");
    says(
        &said,
        &[
            "none of the tasks can judge",
            "broken.tsv:1",
            "missing.txt",
            "nowhere.tsv",
        ],
    );
}

#[test]
fn a_sweep_names_every_set_that_cannot_be_read_and_goes_on_without_them_where_it_is_told_to() {
    let workplace = crate::common::Workplace::new();
    write_sets(&workplace);
    let judged = format!("[evaluate]\ntasks = {SETS}\npoints = 1\n");
    workplace.write("x.toml", experiment("fragment", STEPS, &judged));
    for command in ["plan", "run"] {
        let (status, said) = cloze(&workplace, &[command, "x.toml"]);
        assert_eq!(status, 2, "{said}");
        says(&said, &["gone.tsv", "x.toml:", "--without-broken-sets"]);
    }
    assert!(!workplace.path("results/x/plan.json").exists(), "nothing was begun");
    let (status, said) = cloze(&workplace, &["run", "x.toml", "--without-broken-sets"]);
    assert_eq!(status, 1, "{said}");
    says(
        &said,
        &[
            "broken.tsv:2",
            "gone.tsv",
            "1 trained",
            "fine: accuracy",
            "left out: broken.",
            "cloze eval results/x --tasks x.toml",
        ],
    );
    // What is left out is told by the report and by `status`, for which nothing is missing.
    let table = std::fs::read_to_string(workplace.path("results/x/report/table.md")).unwrap();
    says(
        &table,
        &[
            "Not judged by \u{201c}gone\u{201d}",
            "Not judged by \u{201c}broken\u{201d}",
        ],
    );
    let (status, said) = cloze(&workplace, &["status", "x.toml"]);
    assert!(
        status == 0 && !said.contains("missing") && !said.contains("frozen plan"),
        "{said}"
    );
    says(&said, &["1 of 1 runs are done", "gone is left out"]);
    assert!(
        cloze(&workplace, &["status", "results/x"])
            .1
            .contains("gone is left out")
    );
    // The same again, with another place for data, is no other plan.
    let again = ["run", "x.toml", "--without-broken-sets", "--data-root", "results"];
    let (status, said) = cloze(&workplace, &again);
    assert!(
        status == 1 && !workplace.path("results/x/plans/0002.json").exists(),
        "{said}"
    );
    // The command that is said to judge by them later does.
    workplace.write("broken.tsv", "the dog sees\tthe dog see\n");
    workplace.write("gone.tsv", "sentence_good\tsentence_bad\nthe dog sees\tthe dog see\n");
    let (status, said) = cloze(&workplace, &["eval", "results/x", "--tasks", "x.toml"]);
    assert_eq!(status, 0, "{said}");
    says(&said, &["2 judged, 1 judged before"]);
    let table = std::fs::read_to_string(workplace.path("results/x/report/table.md")).unwrap();
    assert!(!table.contains("Not judged by"), "{table}");
    says(
        &table,
        &["Judged after training by what could not be read when the runs were planned"],
    );
    // Without a set that can be read nothing is trained.
    let none = judged
        .replace("fine.txt", "nowhere.txt")
        .replace("gone.tsv", "missing.tsv");
    workplace.write(
        "y.toml",
        experiment("fragment", STEPS, &none.replace("broken.tsv", "absent.tsv")),
    );
    let (status, said) = cloze(&workplace, &["run", "y.toml", "--without-broken-sets"]);
    assert_eq!(status, 2, "{said}");
    says(&said, &["nowhere.txt", "missing.tsv", "absent.tsv"]);
    assert!(!workplace.path("results/y/plan.json").exists());
}
