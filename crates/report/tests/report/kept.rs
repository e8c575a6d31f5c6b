//! Results that are kept are read as they were when their tables were made.

use crate::{rounded, says};
use cloze_report::Report;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn kept_results_have_the_numbers_of_their_tables() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/shipped");
    let mut read = 0;
    let within = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    };
    // An experiment's own, or those of it with other values, one folder below.
    for folder in within(&results)
        .into_iter()
        .flat_map(|folder| [vec![folder.clone()], within(&folder)].concat())
    {
        let Ok(table) = fs::read_to_string(folder.join("report/table.csv")) else {
            continue;
        };
        // `CLOZE_BLESS=1` draws the reports again, after a change of what they say.
        if std::env::var_os("CLOZE_BLESS").is_some() {
            cloze_report::write(&folder).unwrap();
            continue;
        }
        let report = Report::read(&folder).unwrap();
        assert_eq!(rounded(&report.csv), rounded(&table), "{}", folder.display());
        read += 1;
    }
    assert!(read > 3 || std::env::var_os("CLOZE_BLESS").is_some(), "{read} folders");
}

#[test]
fn a_claim_of_kept_results_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/shipped/masking-ratio");
    let table = Report::read(&folder).unwrap().table;
    says(
        &table,
        "- “the best rate lies strictly inside the range tried” holds: mlm: the best mean, 68.1, is at 0.4; ",
    );
}

/// A frozen corpus says how many words are generated, whether any are.
#[test]
fn words_are_told_where_they_are_generated() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/shipped");
    let corpus = |name: &str| {
        let text = Report::read(&shipped.join(name)).unwrap().markdown;
        text.lines()
            .find(|line| line.starts_with("- corpus: "))
            .unwrap()
            .to_owned()
    };
    assert!(corpus("quickstart").contains("words 700000"));
    assert!(!corpus("fiction").contains("words"), "{}", corpus("fiction"));
}

/// The table of the README is put together from two of the report's: nobody copies numbers from one run and not the next.
#[test]
fn the_readmes_numbers_are_those_of_the_quickstart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let report = Report::read(&root.join("results/shipped/quickstart")).unwrap().markdown;
    let cells = |line: &str| -> Vec<String> {
        let plain = line.replace(['*', '↑', '↓'], "");
        plain
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let section = |heading: &str| {
        let text = report.split(&format!("\n## {heading}\n")).nth(1).unwrap();
        text.split("\n## ").next().unwrap().to_owned()
    };
    let scores = section("Minimal pairs: accuracy");
    let phenomena = section("Minimal pairs: accuracy by phenomenon");
    let row = |text: &str, first: &str| text.lines().map(cells).find(|row| row[0] == first).unwrap();
    let (arms, above) = (row(&phenomena, "phenomenon"), row(&phenomena, "above chance"));
    let headings = row(&scores, "arm");
    let columns = ["seeds", "mean", "SD", "95 % interval", "over seeds and items"];
    let mut checked = 0;
    let table = readme
        .lines()
        .skip_while(|line| !line.contains("phenomena above chance"))
        .skip(2);
    for line in table.take_while(|line| line.starts_with('|')) {
        let said = cells(line);
        let found = row(&scores, &said[0]);
        let places = columns
            .iter()
            .map(|column| headings.iter().position(|heading| heading == column));
        let found: Vec<&String> = places.map(|place| &found[place.unwrap()]).collect();
        let place = arms.iter().position(|arm| *arm == said[0]).unwrap();
        assert_eq!(said[1..6].iter().collect::<Vec<_>>(), found, "{line}");
        assert_eq!(said[6], above[place], "{line}");
        checked += 1;
    }
    assert_eq!(checked, 5, "rows of the README's table");
    for sentence in readme
        .lines()
        .filter(|line| line.starts_with("> "))
        .flat_map(|line| line[2..].split('…'))
    {
        says(&report.replace('\n', " "), sentence.trim());
    }
}
