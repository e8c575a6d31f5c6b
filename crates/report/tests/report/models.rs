//! Models that others trained stand beside the arms, and nothing is tested against them.

use crate::made::Made;
use crate::says;
use cloze_report::{Report, write};
use cloze_schema::{AttemptRows, Label, Row, RunData, Spent, Split, parquet};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TINY: &str = "00000000000000aa";

fn data(weights: &str) -> RunData {
    let tasks = ["minimal-pairs", "masked-loss"].map(|task| (task.to_owned(), "pairs of fragment".to_owned()));
    RunData {
        corpus: "tokens of its own".to_owned(),
        tokenizer: "its own".to_owned(),
        held_out: "held out of fragment".to_owned(),
        tasks: BTreeMap::from(tasks),
        start: Some(weights.to_owned()),
    }
}

/// The quickstart with a model beside it that was judged so.
fn with_model(folder: &Path, card: Option<&str>, weights: &str, found: &[(&str, &str, f64)]) {
    let made = Made {
        tasks: vec!["minimal-pairs", "masked-loss"],
        ..Made::quickstart(3)
    };
    made.write(folder);
    let mut plan = made.plan();
    plan["models"] = json!([{
        "id": TINY, "arm": "tiny <b>", "folder": "models/tiny", "class": "BertForMaskedLM", "rule": "pseudo-log-likelihood",
        "card": card, "config": { "evaluate": [] }, "data": data("weights"),
    }]);
    fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
    fs::write(
        folder.join("plans/0001.json"),
        json!({ "frozen": 1_700_000_000, "ended": 0, "plan": plan }).to_string(),
    )
    .unwrap();
    let path = folder.join("metrics.parquet");
    let mut rows = parquet::from_bytes(&fs::read(&path).unwrap()).unwrap();
    let row = |(task, metric, value): &(&str, &str, f64)| Row {
        spent: Spent::default(),
        split: Split::Test,
        task: (*task).to_owned(),
        metric: (*metric).to_owned(),
        value: *value,
    };
    rows.push(AttemptRows {
        label: Label {
            run: TINY.to_owned(),
            arm: "tiny <b>".to_owned(),
            seed: 1,
            attempt: 1,
            data: cloze_schema::model::judged(&data(weights)),
        },
        rows: found.iter().map(row).collect(),
    });
    fs::write(path, parquet::to_bytes(&rows).unwrap()).unwrap();
}

const FOUND: [(&str, &str, f64); 3] = [
    ("minimal-pairs", "accuracy", 0.987),
    ("minimal-pairs/agreement", "accuracy", 0.5),
    ("masked-loss", "loss", 1.234),
];

#[test]
fn what_others_trained_stands_beside_the_arms_and_changes_nothing_of_them() {
    let place = tempfile::tempdir().unwrap();
    let [alone, beside] = ["alone", "beside"].map(|name| place.path().join(name));
    let made = Made {
        tasks: vec!["minimal-pairs", "masked-loss"],
        ..Made::quickstart(3)
    };
    made.write(&alone);
    with_model(&beside, Some("One million steps."), "weights", &FOUND);
    let (without, with) = (Report::read(&alone).unwrap(), write(&beside).unwrap());
    // Every number of every arm is what it is without it.
    assert_eq!(without.csv, with.csv);
    assert_eq!(without.runs, with.runs);
    let mut rows = with.markdown.lines().filter(|line| line.starts_with('|'));
    let row = rows.find(|line| line.contains("98.7")).unwrap();
    assert!(row.contains("§") && row.contains("pseudo-log-likelihood"), "{row}");
    says(&with.markdown, "§ marks models that others trained: one judgement each");
    says(&with.verdict, "tested against none: tiny");
    says(
        &with.verdict,
        "98.7 (its card says of its training: “One million steps.”)",
    );
    says(&with.markdown, "Models that others trained: 1, judged: 1.");
    // Its loss is over its own tokens: it stands in its own table alone.
    let section = with.markdown.split("## Models that others trained").nth(1).unwrap();
    assert_eq!(with.markdown.matches("1.234").count(), 1);
    assert!(section.split("\n## ").next().unwrap().contains("1.234"), "{section}");
    let models = fs::read_to_string(beside.join("report/models.csv")).unwrap();
    assert_eq!(models.lines().count(), 1 + FOUND.len(), "{models}");
    assert!(models.starts_with("arm,class,folder,weights,scored_by,"), "{models}");
    // Whose findings they are.
    assert!(
        models.contains(",models/tiny,weights,pseudo-log-likelihood,"),
        "{models}"
    );
    says(
        section,
        "BertForMaskedLM of models/tiny, as it was when it was judged (weights); its card says",
    );
    assert!(!alone.join("report/models.csv").exists());
    // Names are those of others.
    assert!(!with.page.contains("tiny <b>"));
}

#[test]
fn what_is_not_known_of_a_model_is_said() {
    let place = tempfile::tempdir().unwrap();
    let told = |card, weights: &str, found: &[(&str, &str, f64)]| {
        let folder = place.path().join("results");
        let _ = fs::remove_dir_all(&folder);
        with_model(&folder, card, weights, found);
        Report::read(&folder).unwrap()
    };
    let report = told(None, "weights", &FOUND);
    says(&report.verdict, "98.7 (its budget is unknown)");
    // Other weights than the plan's are not its.
    let report = told(None, "of another folder", &FOUND);
    says(&report.verdict, "not judged yet (its budget is unknown)");
    assert!(!report.markdown.contains("98.7"), "{}", report.markdown);
    says(&report.markdown, "judged on other data than the plan's: 1 of the runs");
    says(
        &report.markdown,
        "is not judged yet: the next run of the experiment does so, or says what keeps it",
    );
    assert!(!report.markdown.contains("when it was judged"), "{}", report.markdown);
    // One that an evaluation asks for a longer window.
    let short = [("minimal-pairs", "not_asked", 1.0), ("masked-loss", "loss", 1.5)];
    let report = told(None, "weights", &short);
    says(
        &report.markdown,
        "These evaluations ask for another window than that of tiny",
    );
    says(&report.markdown, "and found nothing of it: minimal-pairs.");
    says(&report.markdown, "has no head that these evaluations could ask: blimp.");
    // An encoder alone.
    let silent = [("minimal-pairs", "no_head", 1.0), ("masked-loss", "no_head", 1.0)];
    let report = told(None, "weights", &silent);
    says(
        &report.markdown,
        "has no head that these evaluations could ask: minimal-pairs, ",
    );
    says(&report.verdict, "nothing that compares (its budget is unknown)");
    let plan: Value =
        serde_json::from_str(&fs::read_to_string(place.path().join("results/plan.json")).unwrap()).unwrap();
    assert_eq!(plan["models"].as_array().unwrap().len(), 1);
}
