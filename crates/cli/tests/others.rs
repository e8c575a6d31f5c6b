//! An arm that others trained, through every command that a plan goes through.

use crate::common::{Tiny, Workplace, text};

const ARMS: &str = r#"
[sweep]
seeds = [1, 2]

[[arm]]
objective = "mlm"

[evaluate]
tasks  = [{ task = "minimal-pairs", pairs = 4 }, "masked-loss"]
points = 1
"#;

/// A run's own weights in the clothes of somebody else.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let tiny = Tiny {
        question: "Is it better than theirs?",
        encoder: "preset = \"bert\"",
        rest: ARMS,
        ..Tiny::default()
    };
    workplace.write("first.toml", tiny.toml());
    let run = workplace.cloze(&["run", "first.toml", "--set", "sweep.seeds=[9]"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let export = workplace.cloze(&["export", "results/first", "theirs"]);
    assert!(export.status.success(), "{}", text(&export.stderr));
    workplace.write(
        "beside.toml",
        format!("{}\n[[arm]]\nname = \"tiny\"\nmodel = \"theirs\"\n", tiny.toml()),
    );
    workplace
}

#[test]
fn a_model_of_others_is_planned_judged_told_and_reported_beside_what_is_trained() {
    let workplace = workplace();
    let said = |arguments: &[&str], success: bool| {
        let found = workplace.cloze(arguments);
        let all = text(&found.stdout) + &text(&found.stderr);
        assert_eq!(found.status.success(), success, "{arguments:?}: {all}");
        all
    };
    let plan = said(&["plan", "beside.toml"], true);
    assert!(
        plan.contains("BertForMaskedLM, judged as it is") && plan.contains("2 runs"),
        "{plan}"
    );
    let script = said(&["slurm", "beside.toml"], true);
    assert!(script.contains("--array=0-2"), "{script}");
    assert!(said(&["status", "beside.toml"], true).contains("of others  not judged yet"));

    let run = workplace.cloze(&["run", "beside.toml"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert!(
        text(&run.stderr).contains("models of others judged: 1"),
        "{}",
        text(&run.stderr)
    );
    let table = text(&run.stdout);
    assert!(
        table.contains("tiny§") && table.contains("Models that others trained"),
        "{table}"
    );
    assert!(
        table.contains("its card says of its training: “axis: used; optimizer steps: "),
        "{table}"
    );
    let again = workplace.cloze(&["run", "beside.toml"]);
    assert_eq!((again.status.success(), text(&again.stdout)), (true, table));
    assert!(said(&["doctor", "beside.toml"], true).contains("models of others: 1"));
    let status = said(&["status", "beside.toml"], true);
    let line = status.lines().find(|line| line.contains("of others")).unwrap();
    assert!(
        line.ends_with("of others  judged") && status.contains("2 of 2 runs are done"),
        "{status}"
    );

    let id = line.split_whitespace().next().unwrap();
    for export in [
        &["export", id, "out"][..],
        &["export", "results/beside", "out", "--arm", "tiny"],
    ] {
        assert!(said(export, false).contains("a model that others trained"));
    }
    assert!(said(&["slurm", "beside.toml"], false).contains("nothing to queue"));

    // Other weights are another model.
    let path = workplace.path("theirs/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&1.5f32.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let changed = said(&["status", "beside.toml"], false);
    assert!(
        changed.contains("its folder was changed") && !changed.contains("than the frozen plan"),
        "{changed}"
    );
    // Its card as well; what was found before is not shown as what this folder is.
    let config = text(&std::fs::read(workplace.path("theirs/config.json")).unwrap());
    workplace.write(
        "theirs/config.json",
        config.replace("BertForMaskedLM", "BertForPreTrained"),
    );
    workplace.write(
        "theirs/README.md",
        "# Others\n## Training\n\nA year of every language.\n",
    );
    let as_judged = |what: &str| {
        let report = said(&["report", what], true);
        assert!(
            report.contains("tiny: its folder was changed since it was judged")
                || report.contains("tiny: cannot be looked at"),
            "{report}"
        );
        assert!(
            report.contains("the report is about the model that was judged"),
            "{report}"
        );
        assert!(
            report.contains("BertForMaskedLM of theirs, as it was when it was judged (")
                && report.contains("axis: used; optimizer steps: ")
                && !report.contains("every language"),
            "{report}"
        );
    };
    as_judged("beside.toml");
    workplace.write("theirs/config.json", config);
    as_judged("beside.toml");
    as_judged("results/beside");
    assert!(said(&["slurm", "beside.toml"], true).contains("--array=0-0"));
    let dry = said(&["run", "beside.toml", "--only", "tiny", "--dry-run"], true);
    assert!(
        dry.contains("0 of 0 runs are done") && dry.contains("of others"),
        "{dry}"
    );
    assert!(said(&["run", "beside.toml", "--only", "tiny"], true).contains("models of others judged: 1"));
    let report = said(&["report", "beside.toml"], true);
    assert!(
        report.contains("tiny§") && report.contains("A year of every language."),
        "{report}"
    );
    assert!(!report.contains("tiny: "), "{report}");
    // A folder that is gone.
    std::fs::rename(workplace.path("theirs"), workplace.path("elsewhere")).unwrap();
    let status = said(&["status", "beside.toml"], false);
    assert!(
        status.contains("of others  cannot be looked at: there is no folder")
            && status.contains("2 of 2 runs are done"),
        "{status}"
    );
    let report = said(&["report", "beside.toml"], true);
    assert!(
        report.contains("tiny: cannot be looked at: ") && report.contains("A year of every language."),
        "{report}"
    );
    let run = said(&["run", "beside.toml"], true);
    assert!(
        run.contains("tiny cannot be looked at (there is no folder `theirs`)"),
        "{run}"
    );
    let other = said(&["run", "beside.toml", "--set", "corpus.words=\"30k\""], false);
    assert!(other.contains("there is no folder `theirs`"), "{other}");
    let unknown = said(&["run", "beside.toml", "--only", "tinny"], false);
    assert!(unknown.contains("did you mean `tiny`?"), "{unknown}");
}
