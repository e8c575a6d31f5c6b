//! What arms are compared with, and which of many stand in a report.

use crate::made::{Made, MadeArm};
use crate::{folder, markdown, says};
use cloze_report::write;
use std::fs;

#[test]
fn a_baseline_may_be_named_without_what_the_whole_experiment_sweeps() {
    let mut made = Made::quickstart(3);
    let arm = |stem: &str, width: f64, quality| {
        MadeArm::new(format!("{stem} width={width}"), "mlm", quality)
            .stem(stem)
            .with("encoder.width", width)
    };
    // Nothing is read out of names: these hold spaces, equals signs and each other.
    let (a, b) = ("a", "a width=64 rate= b");
    made.arms = vec![
        arm(a, 64.0, 0.3),
        arm(a, 128.0, 0.4),
        arm(b, 64.0, 0.5),
        arm(b, 128.0, 0.6),
    ];
    made.baseline = Some("a");
    let text = markdown(&made);
    says(&text, "| a width=64 rate= b width=64 against a width=64 ");
    says(&text, "| a width=64 rate= b width=128 against a width=128 ");
    assert!(!text.contains("b width=128 against a width=64"), "{text}");
    made.baseline = Some("a width=64 rate= b");
    says(&markdown(&made), "| a width=128 against a width=64 rate= b width=128 ");
}

#[test]
fn an_arm_is_compared_with_what_it_names_itself() {
    let mut made = Made::quickstart(8);
    made.tasks.truncate(1);
    made.baselines = vec![["electra", "whole-word"], ["autoregressive", "autoregressive"]];
    let text = markdown(&made);
    let verdict = text.split("## Verdict").nth(1).unwrap();
    let verdict = verdict.split("\n- ").next().unwrap();
    says(verdict, "electra against whole-word (+");
    says(verdict, "whole-word against mlm (+");
    let rows = |of: &str| {
        text.lines()
            .filter(|line| line.starts_with(&format!("| {of} against ")))
            .count()
    };
    let counts = ["whole-word", "span", "electra", "autoregressive"].map(rows);
    assert_eq!(counts, [1, 1, 1, 0], "an arm against itself is not compared");
    // Without a wish of the report the two others are compared with the first arm.
    made.baseline = None;
    says(
        &markdown(&made),
        "The experiment names no baseline for arms that name none: its first arm, mlm, is taken.",
    );
}

#[test]
fn more_arms_are_told_of_than_are_drawn_and_every_baseline_has_some() {
    let folder = folder("told");
    let mut made = Made::quickstart(3);
    made.phenomena.truncate(2);
    let arm = |family: &str, place: usize, quality: f64| {
        let name = format!("{family} {place}");
        MadeArm::new(name, "mlm", quality + 0.005 * place as f64)
    };
    // The worst of one family are better than the best of the other.
    made.arms = (0..20)
        .map(|place| arm("high", place, 0.6))
        .chain((0..10).map(|place| arm("low", place, 0.2)))
        .collect();
    made.baseline = Some("high 0");
    made.baselines = vec![
        ["low 0", "low 0"],
        ["low 1", "low 0"],
        ["low 8", "low 0"],
        ["low 9", "low 0"],
    ];
    made.write(&folder);
    let report = write(&folder).unwrap();
    let compared = |line: &&str| line.starts_with("| ") && line.contains(" against ");
    // All but the two baselines, in one score; the other has as many.
    assert_eq!(
        report.table.lines().filter(compared).count(),
        28 * 2,
        "{}",
        report.table
    );
    let curves = fs::read_to_string(folder.join("report/charts/learning-curves.svg")).unwrap();
    let drawn = |family: &str| {
        (0..20)
            .filter(|place| curves.contains(&format!("\n{family} {place}\n")))
            .count()
    };
    assert_eq!([drawn("high"), drawn("low")], [8, 4]);
    says(&curves, "12 of 30 arms are shown");
    assert!(!report.table.contains("arms are told of one by one"));
}

#[test]
fn of_many_baselines_the_best_arms_stand_with_theirs() {
    let folder = folder("pairs");
    let mut made = Made::quickstart(3);
    made.phenomena.truncate(2);
    made.tasks.truncate(1);
    let names: Vec<[&'static str; 2]> = (0..24)
        .map(|pair| ["base", "other"].map(|what| &*format!("{what} {pair:02}").leak()))
        .collect();
    // The later a pair, the better.
    let arm = |name: &&'static str, pair: usize| MadeArm::new(*name, "mlm", 0.2 + 0.03 * pair as f64);
    made.arms = names
        .iter()
        .enumerate()
        .flat_map(|(pair, [base, other])| [arm(base, pair), arm(other, pair)])
        .collect();
    made.baseline = None;
    made.baselines = names
        .iter()
        .flat_map(|[base, other]| [[*base, *base], [*other, *base]])
        .collect();
    made.write(&folder);
    let report = write(&folder).unwrap();
    let compared = |line: &&str| line.starts_with("| other ") && line.contains(" against base ");
    let rows: Vec<&str> = report
        .table
        .lines()
        .filter(compared)
        .map(|line| line[2..27].trim_end())
        .collect();
    let expected: Vec<String> = (4..24)
        .map(|pair| format!("other {pair:02} against base {pair:02}"))
        .collect();
    assert_eq!(rows, expected, "forty arms are twenty pairs");
    let curves = fs::read_to_string(folder.join("report/charts/learning-curves.svg")).unwrap();
    let drawn = |what: &str| -> Vec<usize> {
        (0..24)
            .filter(|pair| curves.contains(&format!("\n{what} {pair:02}\n")))
            .collect()
    };
    assert_eq!(
        [drawn("base"), drawn("other")],
        [(18..24).collect::<Vec<_>>(), (18..24).collect()]
    );
}
