//! What is learnt when: the chart by phenomenon along training, and the first judgement above chance.

use crate::made::Made;
use crate::{folder, says};
use cloze_report::write;
use std::fs;

const CHART: &str = "phenomena-along-training";

/// Cells of `learnt.csv`: phenomenon, arm, whether it is above chance to the end, tokens and mean at the first judgement, and whether it
/// ever was.
fn learnt(folder: &std::path::Path) -> Vec<[String; 6]> {
    let csv = fs::read_to_string(folder.join("report/learnt.csv")).unwrap();
    let cells = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
    let mut lines = csv.lines().map(cells);
    assert_eq!(lines.next().unwrap().len(), 11);
    let of = |cells: Vec<String>| [0, 2, 6, 7, 9, 10].map(|place| cells[place].clone());
    lines.map(of).collect()
}

#[test]
fn the_judgement_from_which_on_an_arm_is_above_chance_is_told_by_phenomenon_and_drawn_where_it_is_asked_for() {
    let folder = folder("learnt");
    let mut made = Made::quickstart(5);
    made.items = true;
    made.charts = vec!["phenomena", CHART];
    made.write(&folder);
    let report = write(&folder).unwrap();
    let found = learnt(&folder);
    assert_eq!(found.len(), 5 * made.phenomena.len());
    let (mut reached, mut late) = (0, 0);
    let markdown = report.markdown.lines();
    let above: Vec<&str> = markdown.filter(|line| line.starts_with("| above chance")).collect();
    let of_arm = |arm: &str| found.iter().filter(|row| row[1] == arm && row[2] == "true").count();
    let counted: Vec<String> = made
        .arms
        .iter()
        .map(|arm| format!("{} of 8", of_arm(&arm.name)))
        .collect();
    // As many as the table of the last judgement says.
    assert!(
        counted.iter().all(|count| above[0].contains(count.as_str())),
        "{above:?} {counted:?}"
    );
    for [part, arm, is_above, tokens, mean, _] in &found {
        let Ok(tokens) = tokens.parse::<f64>() else {
            assert_eq!((is_above.as_str(), mean.as_str()), ("false", ""), "{part} {arm}");
            continue;
        };
        assert!(is_above == "true" && mean.parse::<f64>().unwrap() > 0.5, "{part} {arm}");
        // A judgement of the four.
        assert!((1..=4).any(|point| tokens == 249_856.0 * f64::from(point)), "{tokens}");
        reached += 1;
        late += usize::from(tokens > 249_856.0);
    }
    assert!(reached > 0 && reached < found.len() && late > 0, "{reached} {late}");
    // Whoever learns more is not later.
    let tokens = |arm: &str| -> Vec<f64> {
        let of = found.iter().filter(|row| row[1] == arm);
        of.map(|row| row[3].parse().unwrap_or(f64::INFINITY)).collect()
    };
    let pairs = tokens("electra").into_iter().zip(tokens("autoregressive"));
    assert!(pairs.clone().all(|(more, less)| more <= less) && pairs.clone().any(|(more, less)| more < less));
    says(
        &report.markdown,
        "## Minimal pairs: accuracy by phenomenon: what is learnt when",
    );
    says(&report.markdown, "not reached");
    says(&report.markdown, "that of as many items");
    let chart = fs::read_to_string(folder.join(format!("report/charts/{CHART}.svg"))).unwrap();
    assert!(
        made.phenomena
            .iter()
            .all(|name| chart.contains(&name.replace('_', " "))),
        "{chart}"
    );
    // One label of x for each column, and not one for each panel.
    assert_eq!(chart.matches("\ntokens seen\n").count(), 2, "{chart}");

    made.charts = vec!["phenomena"];
    made.write(&folder);
    let without = write(&folder).unwrap();
    assert!(!without.markdown.contains("learnt when") && !folder.join("report/learnt.csv").exists());
}

/// The gaps between judgements double, and so does the axis.
#[test]
fn judgements_on_a_log_scale_are_told_and_drawn_on_one() {
    let folder = folder("learnt-log");
    let mut made = Made::quickstart(5);
    (made.items, made.log) = (true, true);
    made.charts = vec![CHART, "learning-curves"];
    made.write(&folder);
    write(&folder).unwrap();
    let reached: Vec<f64> = learnt(&folder).iter().filter_map(|row| row[3].parse().ok()).collect();
    let judged: Vec<f64> = (0..4).map(|halved| 999_424.0 / f64::from(1 << halved)).collect();
    assert!(
        reached.len() > 3 && reached.iter().all(|tokens| judged.contains(tokens)),
        "{reached:?}"
    );
    assert!(reached.iter().any(|tokens| *tokens < judged[1]), "{reached:?}");
    for chart in [CHART, "learning-curves"] {
        let drawn = fs::read_to_string(folder.join(format!("report/charts/{chart}.svg"))).unwrap();
        // Of equal steps there would be a label at a round number in the middle.
        let ticks: Vec<&str> = drawn
            .lines()
            .map(str::trim)
            .filter(|line| ["100k", "200k", "500k", "1M"].contains(line))
            .collect();
        assert!(ticks.contains(&"200k") && ticks.contains(&"500k"), "{chart}: {ticks:?}");
    }
}

#[test]
fn of_two_seeds_nothing_is_said_of_when_something_was_learnt() {
    let folder = folder("learnt-two");
    let mut made = Made::quickstart(2);
    made.charts = vec![CHART];
    made.write(&folder);
    let report = write(&folder).unwrap();
    assert!(learnt(&folder).iter().all(|row| row[2..].iter().all(String::is_empty)));
    assert!(!report.markdown.contains("| not reached"));
}
