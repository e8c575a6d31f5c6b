//! How sentences of pairs are scored: what is said of it, both accuracies beside each other, and paradigm by paradigm.

use crate::made::Made;
use crate::{folder, markdown, says};
use cloze_report::write;
use std::fs;

/// The cells of a Markdown row.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The table below a heading, its first line the columns.
fn table<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let below = text.split_once(&format!("## {heading}\n")).unwrap().1;
    let below = below.split("\n## ").next().unwrap();
    let lines = below
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("| -"));
    lines.map(cells).collect()
}

/// The number that a cell begins with.
fn number(cell: &str) -> f64 {
    let is_of_number = |letter: &char| letter.is_ascii_digit() || *letter == '.';
    let digits: String = cell.trim_matches('*').chars().take_while(is_of_number).collect();
    digits.parse().unwrap()
}

const POLICY: &str = "One policy for all: an arm is scored by the first rule of its objective (pseudo-log-likelihood), of a pair the \
                      higher sum over the tokens decides; beside it (per token) the sum divided by their number decides; equal scores \
                      are ties and count one half; special tokens, unknown ones included, are not scored.";

#[test]
fn both_accuracies_stand_beside_each_other_and_the_policy_below() {
    let mut made = Made::quickstart(3);
    made.per_token = true;
    let text = markdown(&made);
    let whole = table(&text, "Minimal pairs: accuracy");
    let mean = whole[0].iter().position(|column| *column == "mean").unwrap();
    assert_eq!(whole[0][mean + 1], "per token");
    for row in &whole[1..] {
        let [sum, each] = [mean, mean + 1].map(|place| number(row[place]));
        assert!((each - 0.9 * sum).abs() < 0.11, "{row:?}");
    }
    let parts = table(&text, "Minimal pairs: accuracy by phenomenon");
    assert_eq!(
        parts[0][..5],
        [
            "phenomenon",
            "mlm",
            "mlm, per token",
            "whole-word",
            "whole-word, per token"
        ]
    );
    let (totals, parts) = parts[1..].split_last().unwrap();
    assert_eq!((totals[0], totals[2]), ("above chance", "–"));
    assert_eq!(parts.len(), made.phenomena.len());
    for row in parts {
        let [sum, each] = [1, 2].map(|place| number(row[place]));
        assert!((each - 0.9 * sum).abs() < 0.11, "{row:?}");
    }
    // It is not told again among other scores.
    let others = table(&text, "Other scores (%)");
    let has = |name: &str| others.iter().any(|row| row[0] == name);
    assert!(
        has("Minimal pairs: ties") && !has("Minimal pairs: accuracy.per_token"),
        "{others:?}"
    );
    // Below both tables, and below no table of losses.
    assert_eq!(text.matches(&format!("- {POLICY}\n")).count(), 2);
    // Where nobody told the other accuracy there is no column of it.
    made.per_token = false;
    let text = markdown(&made);
    assert!(!text.contains("per token |") && !table(&text, "Minimal pairs: accuracy").is_empty());
    says(
        &text,
        "of a pair the higher sum over the tokens decides; equal scores are ties",
    );
}

#[test]
fn what_arms_are_right_about_is_told_by_paradigm() {
    let folder = folder("paradigms");
    let mut made = Made::quickstart(3);
    made.items = true;
    made.diverged = vec![(1, 2)];
    made.write(&folder);
    write(&folder).unwrap();
    let path = folder.join("report/paradigms.csv");
    let csv = fs::read_to_string(&path).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows[0],
        [
            "task",
            "metric",
            "phenomenon",
            "paradigm",
            "arm",
            "pairs",
            "seeds",
            "mean",
            "sd",
            "low",
            "high"
        ]
    );
    assert_eq!(rows.len(), 1 + made.phenomena.len() * made.arms.len());
    // Each phenomenon has one paradigm here, so that both have the same mean.
    let whole = fs::read_to_string(folder.join("report/table.csv")).unwrap();
    for row in &rows[1..] {
        assert_eq!((row[0], row[1], row[2]), ("minimal-pairs", "accuracy", row[3]));
        assert_eq!((row[5], row[6]), ("50", if row[4] == "whole-word" { "2" } else { "3" }));
        let start = format!("minimal-pairs/{},accuracy,{},", row[2], row[4]);
        let line = whole.lines().find(|line| line.starts_with(&start)).unwrap();
        let mean: f64 = line.split(',').nth(6).unwrap().parse().unwrap();
        assert!((row[7].parse::<f64>().unwrap() - mean).abs() < 1e-9, "{row:?} {line}");
    }
    // Without items there is none, and an older one goes.
    fs::remove_file(folder.join("items.parquet")).unwrap();
    write(&folder).unwrap();
    assert!(!path.exists());
}
