//! Arms that were trained until they were decided.

use crate::made::Made;
use crate::{folder, says};
use cloze_report::Report;
use serde_json::{Value, json};
use std::path::Path;

/// The quickstart's arms until decided, of eight seeds; `missing` are (arm, seed).
fn report(name: &str, missing: Vec<(usize, u64)>, diverged: Vec<(usize, u64)>) -> Report {
    decided_by(name, missing, diverged, ["minimal-pairs", "accuracy"], 0.01)
}

/// The same by another task, with another margin.
fn decided_by(
    name: &str,
    missing: Vec<(usize, u64)>,
    diverged: Vec<(usize, u64)>,
    [task, metric]: [&str; 2],
    margin: f64,
) -> Report {
    let mut made = Made::quickstart(8);
    made.missing = missing;
    made.diverged = diverged;
    made.claims = vec![("electra wins", "better(minimal-pairs, electra, mlm)")];
    let folder = folder(name);
    made.write(&folder);
    let others = ["whole-word", "span", "electra", "autoregressive"];
    let design = json!({
        "looks": [4, 6, 8], "level": 0.05, "margin": margin, "task": task, "metric": metric,
        "comparisons": others.map(|arm| [arm, "mlm"]),
    });
    put(&folder.join("plan.json"), &|plan| plan["sequential"] = design.clone());
    put(&folder.join("plans/0001.json"), &|frozen| {
        frozen["plan"]["sequential"] = design.clone()
    });
    Report::read(&folder).unwrap()
}

fn put(path: &Path, change: &dyn Fn(&mut Value)) {
    let mut value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// The line of an arm in the table of decisions.
fn decision(report: &Report, arm: &str) -> String {
    let text = &report.markdown;
    let section = text
        .split("## Seeds until decided")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    section
        .lines()
        .find(|line| line.starts_with(&format!("| {arm} ")))
        .unwrap_or_else(|| panic!("{arm}: {section}"))
        .to_owned()
}

#[test]
fn what_came_after_a_decision_has_no_say_and_what_was_not_needed_is_not_missing() {
    let whole = report("decided-whole", Vec::new(), Vec::new());
    let line = decision(&whole, "electra");
    assert!(line.contains("different"), "{line}");
    let seeds: u64 = line.split('|').nth(3).unwrap().trim().parse().unwrap();
    assert!(seeds < 8, "{line}");
    // Without the seeds that were not needed, everything that is said of the comparison is the same.
    let spared: Vec<(usize, u64)> = (seeds + 1..=8).map(|seed| (3, seed)).collect();
    let stopped = report("decided-stopped", spared.clone(), Vec::new());
    assert_eq!(decision(&stopped, "electra"), line);
    let compared = |report: &Report| {
        let mut lines = report
            .csv
            .lines()
            .filter(|line| line.starts_with("minimal-pairs,accuracy,electra,"));
        let line = lines.next_back().unwrap().to_owned();
        // From the baseline to the verdict.
        line.split(',').skip(10).take(12).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(compared(&stopped), compared(&whole));
    says(&stopped.verdict, &format!("That saved {} runs, ", spared.len()));
    says(&stopped.runs, "not needed");
    assert!(
        !stopped.runs.contains("missing") && !stopped.verdict.contains("runs are done"),
        "{}",
        stopped.verdict
    );
    says(&stopped.markdown, "electra is better than mlm");
    says(&stopped.markdown, &format!("at the look after {seeds} seeds"));
    says(&stopped.markdown, "holds");
    // No p of a fixed number of seeds stands there.
    assert!(!stopped.markdown.contains("p exact, Holm |"), "{}", stopped.markdown);
}

#[test]
fn before_the_first_look_and_with_a_lost_seed_nothing_is_decided() {
    let early = report(
        "decided-early",
        (0..5).flat_map(|arm| (4..=8).map(move |seed| (arm, seed))).collect(),
        Vec::new(),
    );
    for arm in ["electra", "span"] {
        assert!(decision(&early, arm).contains("open"), "{}", decision(&early, arm));
    }
    says(&early.verdict, "15 of 40 runs are done");
    says(&early.markdown, "no look at both is complete");
    let lost = report("decided-lost", Vec::new(), vec![(3, 2)]);
    assert!(
        decision(&lost, "electra").contains("not decided"),
        "{}",
        decision(&lost, "electra")
    );
    says(&lost.markdown, "a seed is lost");
}

#[test]
fn arms_are_equivalent_in_the_verdict_whichever_task_decides() {
    // No loss differs by 10 nats.
    let found = decided_by("decided-by-loss", Vec::new(), Vec::new(), ["masked-loss", "loss"], 10.0);
    let equal = "equivalent within 10 nats, whole-word to mlm, span to mlm";
    says(&found.verdict, equal);
    assert!(
        !found.verdict.contains("autoregressive to mlm"),
        "it has no such loss: {}",
        found.verdict
    );
    // Within nothing none are.
    let none = decided_by(
        "decided-by-loss-alone",
        Vec::new(),
        Vec::new(),
        ["masked-loss", "loss"],
        1e-9,
    );
    assert!(!none.verdict.contains("equivalent"), "{}", none.verdict);
}

#[test]
fn claims_say_by_which_tests_they_are_answered() {
    let until = report("decided-claims", Vec::new(), Vec::new()).markdown;
    let lead = |text: &str| -> String {
        let section = text.split("## Claims").nth(1).unwrap();
        section
            .lines()
            .find(|line| line.starts_with("Written down"))
            .unwrap()
            .to_owned()
    };
    says(&lead(&until), "differ where t has reached its boundary at a look");
    assert!(!lead(&until).contains("t test or the exact test"), "{}", lead(&until));
    let mut fixed = Made::quickstart(8);
    fixed.claims = vec![("electra wins", "better(minimal-pairs, electra, mlm)")];
    let fixed = lead(&crate::markdown(&fixed));
    says(&fixed, "where the t test or the exact test says so");
    assert!(!fixed.contains("boundary"), "{fixed}");
}
