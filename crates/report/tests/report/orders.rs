//! When seeds leave the plateau, whether orders hold along sizes, and where the best rate lies.

use crate::made::Made;
use crate::{folder, markdown, says};
use cloze_report::write;
use std::fs;

fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let from = text.split(&format!("## {heading}")).nth(1);
    let from = from.unwrap_or_else(|| panic!("no `{heading}` in:\n{text}"));
    from.split("\n## ").next().unwrap()
}

fn row<'a>(section: &'a str, name: &str) -> Vec<&'a str> {
    let line = section.lines().find(|line| line.starts_with(&format!("| {name} ")));
    let line = line.unwrap_or_else(|| panic!("no `{name}` in:\n{section}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

const LEAVING: &str = "Leaving the plateau of word frequencies";

/// Four arms: the first leaves at once, the second in two of five seeds, the third never; the fourth has a generator.
fn leaving(seeds: u64) -> Made {
    let mut made = Made::quickstart(seeds);
    made.arms.truncate(4);
    made.arms[3].answerer = Some("generator");
    made.levels = Some((6.0, 3.25));
    made.leaves = Some(|arm, seed| match arm {
        0 => 1,
        1 if seed <= 2 => 2 + seed as u32,
        1 | 2 => 5,
        _ if seed == 1 => 2,
        _ => 5,
    });
    made
}

#[test]
fn seeds_leave_at_the_first_judgement_that_finds_them_gone_and_others_are_censored() {
    let folder = folder("onset");
    leaving(5).write(&folder);
    let report = write(&folder).unwrap();
    let found = section(&report.markdown, LEAVING);
    // Judgements are at 244, 488, 732 and 976 steps.
    assert_eq!(row(found, "mlm")[1..4], ["5 of 5", "250k", "244 244 244 244 244"]);
    assert_eq!(row(found, "whole-word‡")[1..4], ["2 of 5", "–", "732 976 – – –"]);
    assert_eq!(row(found, "span")[1..4], ["0 of 5", "–", "– – – – –"]);
    assert_eq!(row(found, "electra (its generator)")[1], "1 of 5");
    // Those that left and those that did not have scores of their own, and what goes on within stands beside them.
    let mixed = row(found, "whole-word‡");
    assert!(mixed[4] != "–" && mixed[5] != "–" && mixed[4] != mixed[5], "{mixed:?}");
    assert_eq!((row(found, "mlm")[5], row(found, "span")[4]), ("–", "–"));
    assert_eq!(row(found, "mlm")[6..], ["0.50", "95"]);
    // 2 of the 252 ways to deal out five and five: Holm's correction over three arms.
    says(found, "span leaves later than mlm (p = 0.024)");
    says(found, "whole-word leaves later than mlm");
    says(found, "All of these arms together, exact log-rank test");
    let chart = fs::read_to_string(folder.join("report/charts/onset.svg")).unwrap();
    says(&chart, "seeds that have left (%)");
    says(report.csv.lines().next().unwrap(), ",left_plateau");
}

#[test]
fn an_interval_over_a_mixture_of_seeds_says_so_wherever_it_is_printed() {
    let folder = folder("mixture");
    let mut made = leaving(5);
    made.claims = vec![("it learns", "above_chance(minimal-pairs, whole-word)")];
    made.write(&folder);
    let report = write(&folder).unwrap();
    let mixture = "2 of 5 seeds have left the plateau of word frequencies";
    for heading in ["Minimal pairs: accuracy\n", "Claims"] {
        says(section(&report.markdown, heading), mixture);
    }
    says(
        section(&report.markdown, "Minimal pairs: accuracy against mlm"),
        "whole-word (2 of 5)",
    );
    says(&report.verdict, "whole-word (2 of 5)");
    for file in ["charts/forest.svg", "charts/learning-curves.svg", "index.html"] {
        let text = fs::read_to_string(folder.join("report").join(file)).unwrap();
        assert!(text.contains('‡'), "{file}");
    }
    let tex = fs::read_to_string(folder.join("report/table.tex")).unwrap();
    assert!(tex.contains("$\\ddagger$") && !tex.contains('‡'));
    // Where all have left, or none has, nothing is said.
    let mut all = leaving(5);
    all.leaves = Some(|arm, _| if arm == 2 { 5 } else { 1 });
    assert!(!markdown(&all).contains('‡'));
}

#[test]
fn few_seeds_have_a_curve_and_no_test() {
    let found = markdown(&leaving(2));
    let found = section(&found, LEAVING);
    assert!(!found.contains("log-rank"), "{found}");
    assert!(!markdown(&Made::quickstart(3)).contains(LEAVING));
}

const HOLDS: &str = "Minimal pairs: accuracy: does the order hold along width?";

#[test]
fn an_order_along_widths_is_stable_crosses_or_is_open() {
    let found = |quality| {
        let folder = folder("ladder");
        Made::widths(5, quality).write(&folder);
        let text = write(&folder).unwrap().markdown;
        let found = section(&text, HOLDS).to_owned();
        assert!(folder.join("report/charts/ladder.svg").exists());
        found
    };
    let stable = found(|arm, _| [0.3, 0.6, 0.9][arm]);
    says(&stable, "The order is stable over width 64 to 256");
    assert_eq!(row(&stable, "mlm less span").last(), Some(&"stable"));
    let crossed = found(|arm, rung| {
        if arm == 2 {
            [0.3, 0.6, 0.9][rung]
        } else {
            [0.5, 0.7][arm]
        }
    });
    says(&crossed, "The order crosses over width 64 to 256");
    assert_eq!(row(&crossed, "mlm less electra").last(), Some(&"crosses"));
    let closing = found(|arm, rung| if arm == 2 { [0.95, 0.8, 0.65][rung] } else { 0.5 });
    assert_eq!(row(&closing, "mlm less electra").last(), Some(&"may cross beyond"));
    assert_eq!(row(&closing, "mlm less span").last(), Some(&"open"));
    says(&closing, "no score is extrapolated");
}

#[test]
fn two_widths_are_no_ladder() {
    let mut made = Made::widths(3, |arm, _| [0.3, 0.6, 0.9][arm]);
    made.arms.truncate(6);
    assert!(!markdown(&made).contains("does the order hold"));
}

const BEST: &str = "Minimal pairs: accuracy: the best masking rate";

#[test]
fn the_best_rate_of_every_corpus_has_an_interval_and_moves_or_does_not() {
    let same = markdown(&Made::corpora(5, [0.45, 0.45]));
    let found = section(&same, BEST);
    assert_eq!(row(found, "mlm source=fiction")[3], "45");
    says(found, "No evidence that the best masking rate moves with source");
    says(found, "fiction 45 % [");
    let moved = markdown(&Made::corpora(8, [0.3, 0.6]));
    says(section(&moved, BEST), "The best masking rate moves with source (p ");
    // Of one corpus there is nothing to move.
    says(section(&markdown(&Made::ratios(3)), BEST), "Bonferroni");
    // Two seeds say nothing.
    assert!(!markdown(&Made::corpora(2, [0.3, 0.6])).contains("the best masking rate"));
}
