//! A whole experiment through the binary: plan, run, run again, status, report.

use crate::common::{Tiny, Workplace, files, text};

const ARMS: &str = r#"
[sweep]
seeds = [1, 2]

[[arm]]
objective = "mlm"
grid.rate = [0.15, 0.4]

[[arm]]
objective = "autoregressive"

[evaluate]
tasks  = [{ task = "minimal-pairs", pairs = 4 }, "masked-loss"]
points = 2

[report]
baseline = "mlm rate=0.15"
charts   = ["learning-curves", "phenomena", "ratio", "budgets"]
"#;

#[test]
fn an_experiment_is_planned_run_once_and_reported() {
    let workplace = Workplace::new();
    let tiny = Tiny {
        question: "Does the whole way work?",
        rest: ARMS,
        ..Tiny::default()
    };
    workplace.write("tiny.toml", tiny.toml());

    let plan = workplace.cloze(&["plan", "tiny.toml"]);
    assert!(plan.status.success());
    assert!(text(&plan.stdout).contains("6 runs"), "{}", text(&plan.stdout));
    assert_eq!(workplace.names(), ["tiny.toml"], "planning writes nothing");

    let run = workplace.cloze(&["run", "tiny.toml"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let table = text(&run.stdout);
    for part in [
        "mlm rate=0.15",
        "mlm rate=0.4",
        "autoregressive",
        "Minimal pairs",
        "95 % interval",
    ] {
        assert!(table.contains(part), "`{part}` is missing in:\n{table}");
    }
    assert!(!text(&run.stderr).contains('\u{1b}'), "escape codes in a log");

    let folder = workplace.path("results/tiny");
    for name in [
        "plan.json",
        "metrics.parquet",
        "report/index.html",
        "report/table.md",
        "report/table.csv",
        "report/table.tex",
    ] {
        assert!(folder.join(name).is_file(), "{name} is missing");
    }
    for chart in ["learning-curves", "phenomena", "ratio", "budgets"] {
        for kind in ["svg", "png"] {
            assert!(
                folder.join(format!("report/charts/{chart}.{kind}")).is_file(),
                "{chart}.{kind} is missing"
            );
        }
    }

    let weights = || {
        let mut all: Vec<_> = files(&folder.join("runs"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
            .collect();
        all.sort();
        all.into_iter()
            .map(|path| (std::fs::metadata(&path).unwrap().modified().unwrap(), path))
            .collect::<Vec<_>>()
    };
    let before = weights();
    assert_eq!(before.len(), 6);
    let again = workplace.cloze(&["run", "tiny.toml"]);
    assert!(again.status.success());
    assert!(
        text(&again.stderr).contains("0 trained, 6 done before"),
        "{}",
        text(&again.stderr)
    );
    assert_eq!(text(&again.stdout), table, "the same runs give the same table");
    assert_eq!(weights(), before, "a finished run was touched");

    let more = workplace.cloze(&["run", "tiny.toml", "--set", "sweep.seeds=[1, 2, 3]"]);
    assert!(
        text(&more.stderr).contains("3 trained, 6 done before"),
        "{}",
        text(&more.stderr)
    );

    let status = workplace.cloze(&["status", "tiny.toml"]);
    assert!(status.status.success());
    assert!(text(&status.stdout).contains("6 of 6 runs are done"));

    let latex = workplace.cloze(&["report", "results/tiny", "--format", "tex"]);
    assert!(text(&latex.stdout).contains("\\toprule"));
}

#[test]
fn every_objective_and_evaluation_is_explained_and_completions_are_printed() {
    let workplace = Workplace::new();
    let index = text(&workplace.cloze(&["explain"]).stdout);
    for entry in cloze_objectives::OBJECTIVES {
        assert!(index.contains(entry.name));
        let page = text(&workplace.cloze(&["explain", entry.name]).stdout);
        assert!(
            page.contains(entry.citation) && (entry.options)().iter().all(|field| page.contains(&field.meaning)),
            "{page}"
        );
    }
    for entry in cloze_evals::EVALUATIONS {
        assert!(text(&workplace.cloze(&["explain", entry.name]).stdout).contains(entry.summary));
    }
    assert_eq!(
        text(&workplace.cloze(&["explain", "encoder.precision"]).stdout),
        "encoder.precision\n  What the operands of dense layers' products are rounded to.\n  \
         allowed: `float32` or `bfloat16`\n    float32: Nothing is rounded.\n    bfloat16: To the 8 significant bits of bfloat16, \
         in the products of both passes, as in mixed-precision training (Kalamkar et al. 2019).\n  default: \"float32\"\n"
    );
    // An option of one objective or evaluation, and what the literature calls an option's value.
    let explained = |topic: &str| text(&workplace.cloze(&["explain", topic]).stdout);
    let rate = explained("mlm.rate");
    assert!(
        rate.starts_with("An option of mlm:\n\nrate\n") && rate.contains("rate.shape"),
        "{rate}"
    );
    assert!(explained("masked-loss.windows").contains("held-out"));
    assert!(explained("NSP").contains("next sentence prediction") && explained("sop") == explained("nsp"));
    let unknown = workplace.cloze(&["explain", "mlm.raet"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        text(&workplace.cloze(&["explain", "--schema"]).stdout),
        include_str!("../../../experiments/schema.json")
    );
    for shell in ["bash", "fish", "zsh", "powershell", "elvish"] {
        let script = text(&workplace.cloze(&["completions", shell]).stdout);
        for word in ["explain", "data-root"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let script = text(&workplace.cloze(&["completions", "zsh"]).stdout);
    assert!(
        cloze_objectives::OBJECTIVES
            .iter()
            .all(|entry| script.contains(entry.name)),
        "topics are completed"
    );
}

#[test]
fn known_sources_are_listed_and_the_built_in_one_is_described() {
    let workplace = Workplace::new();
    let list = text(&workplace.cloze(&["data", "list"]).stdout);
    for source in cloze_corpus::registry::sources() {
        assert!(list.contains(source.name) && list.contains(source.licence));
        assert!(source.path.is_none() || list.contains(source.address));
    }
    std::fs::create_dir_all(workplace.path("data/corpora/fiction_eltec")).unwrap();
    let listed = || text(&workplace.cloze(&["data", "list", "--data-root", "data"]).stdout);
    let empty = listed();
    assert!(empty.contains("there, but not usable (the folder"), "{empty}");
    workplace.write("data/corpora/fiction_eltec/a.txt", "A novel.");
    let here = listed();
    let line = |name: &str| {
        let lines: Vec<&str> = here
            .lines()
            .skip_while(|line| !line.starts_with(name))
            .take(3)
            .collect();
        lines.join(" ")
    };
    assert!(line("fiction").contains(" here: data/corpora/fiction_eltec"), "{here}");
    assert!(line("legal").contains("not here: get it from https://"), "{here}");
    assert!(
        line("squad").contains("`cloze data fetch squad` puts it at data/qa/squad_v1.1 (35.14 MB from https://"),
        "{here}"
    );
    workplace.write(
        "small.txt",
        (0..50)
            .map(|n| format!("Paragraph {n} is short.\n\n"))
            .collect::<String>(),
    );
    let description = workplace.cloze(&["data", "describe", "small.txt", "--vocab", "64"]);
    assert!(description.status.success(), "{}", text(&description.stderr));
    let said = text(&description.stdout);
    for what in [
        "held out by",
        "unknown",
        "come back changed",
        "lower-cased, accents stripped",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let cased = workplace.cloze(&[
        "data",
        "describe",
        "small.txt",
        "--vocab",
        "64",
        "--set",
        "corpus.tokenizer.cased=true",
    ]);
    assert!(
        text(&cased.stdout).contains("case kept, accents kept"),
        "{}",
        text(&cased.stderr)
    );
}
