//! What stands over and beside the numbers: by what and from what they were made, what they are held against, what is missing.

use crate::made::{Made, MadeArm, id};
use crate::{folder, markdown, says};
use cloze_report::{Report, write};
use cloze_schema::{Items, items};
use serde_json::json;
use std::fs;
use std::path::Path;

fn never(text: &str, words: &str) {
    assert!(!text.contains(words), "`{words}` is in:\n{text}");
}

#[test]
fn a_key_that_some_arms_lack_differs_and_the_rates_of_all_optimizers_are_told() {
    let mut made = Made::quickstart(2);
    made.arms[1].muon = Some(0.02);
    let text = markdown(&made);
    says(&text, "muon.peak_lr unset or 0.02 (differs)");
    says(&text, "peak_lr 0.003\n");
    let row = |name: &str| {
        let lines = text.lines().filter(|line| line.starts_with(&format!("| {name} ")));
        lines.map(str::to_owned).find(|line| line.contains(" 0.003")).unwrap()
    };
    says(&row("whole-word"), " 0.003, muon 0.02 ");
    never(&row("mlm"), "muon");
}

/// Writes what is known of how each run was made.
fn provenance(made: &Made, folder: &Path, of: impl Fn(usize, u64) -> serde_json::Value) {
    for arm in 0..made.arms.len() {
        for seed in 1..=made.seeds {
            let attempt = folder.join("runs").join(id(arm, seed)).join("attempts/00001");
            fs::create_dir_all(&attempt).unwrap();
            fs::write(attempt.join("provenance.json"), of(arm, seed).to_string()).unwrap();
        }
    }
}

#[test]
fn the_page_says_by_what_runs_were_made_and_how_they_are_made_again() {
    let made = Made::quickstart(2);
    let folder = folder("provenance");
    made.write(&folder);
    let header = |page: &str, word: &str| {
        let from = page
            .find(&format!("<dt>{word}</dt>"))
            .unwrap_or_else(|| panic!("no {word}"));
        page[from..].lines().take(2).collect::<String>()
    };
    // Runs of before: their command is guessed.
    says(
        &header(&Report::read(&folder).unwrap().page, "command"),
        "cloze run made.toml",
    );
    provenance(&made, &folder, |_, _| {
        json!({
            "cloze": "0.1.0", "built_from": "0123abc", "git": "4567def+", "device": "flex", "threads": 2,
            "command": "cloze run mine/made.toml --set budget.amount=1M", "processor": "some", "started": 1, "ended": 2,
        })
    });
    let page = write(&folder).unwrap().page;
    says(&header(&page, "revision"), "4567def+");
    says(&header(&page, "built from"), "0123abc");
    says(
        &header(&page, "command"),
        "cloze run mine/made.toml --set budget.amount=1M",
    );
    for word in ["corpus", "encoder", "optimizer", "data", "machine"] {
        header(&page, word);
    }
    // What was kept is found again when the runs are gone.
    fs::remove_dir_all(folder.join("runs")).unwrap();
    says(&header(&Report::read(&folder).unwrap().page, "revision"), "4567def+");
}

#[test]
fn what_else_ran_is_told_as_far_as_it_is_known() {
    let mut made = Made::quickstart(2);
    made.elsewhere = Some(0.7);
    says(
        &markdown(&made),
        "While a run trained, 0.7 to 0.7 cores of its machine were busy with something else.",
    );
    made.elsewhere = None;
    for (at_once, told) in [
        (true, "10 of 10 runs trained while another run of this experiment did"),
        (false, "No two runs of this experiment trained at one time"),
    ] {
        let folder = folder(if at_once { "at-once" } else { "in-turn" });
        made.write(&folder);
        provenance(&made, &folder, |arm, seed| {
            let started = if at_once { 0 } else { 100 * (10 * arm as u64 + seed) };
            json!({ "processor": "some", "started": started, "ended": started + 50 })
        });
        says(&Report::read(&folder).unwrap().markdown, told);
    }
}

#[test]
fn every_table_and_chart_of_losses_shows_what_losses_are_held_against() {
    let mut made = Made::ratios(3);
    made.tasks = vec!["masked-loss"];
    made.phenomena.clear();
    made.levels = Some((6.0, 3.25));
    made.arms.push(MadeArm {
        answerer: Some("generator"),
        ..MadeArm::new("electra", "electra", 0.5)
    });
    let folder = folder("levels");
    made.write(&folder);
    let report = write(&folder).unwrap();
    for chart in ["ratio", "learning-curves", "budgets", "held-out-loss"] {
        let text = fs::read_to_string(folder.join(format!("report/charts/{chart}.svg"))).unwrap();
        assert!(text.contains("word frequencies"), "{chart}");
    }
    let other = report
        .markdown
        .split("## Other scores (nats per token)")
        .nth(1)
        .unwrap();
    let row = other.lines().find(|line| line.contains("generator")).unwrap();
    says(row, "word frequencies (unigram) 6.000, best possible 3.250");
    let mut lines = report.csv.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    for line in lines.filter(|line| line.starts_with("masked-loss,")) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(
            (cells[place("unigram_loss")], cells[place("best_loss")]),
            ("6", "3.25"),
            "{line}"
        );
        assert_eq!(cells[place("planned")], "3", "{line}");
    }
}

#[test]
fn of_an_arm_whose_loss_is_a_sum_the_plateau_is_not_known() {
    let mut made = Made::quickstart(3);
    made.tasks = vec!["minimal-pairs"];
    made.levels = Some((9.0, 3.25));
    made.arms[2].parts = vec!["mlm", "boundary"];
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    let verdict = Report::read(folder.path()).unwrap().verdict;
    says(
        &verdict,
        "Whether the plateau of word frequencies was left is not known of span: their own loss is a sum",
    );
    made.tasks.push("masked-loss");
    made.write(folder.path());
    never(&Report::read(folder.path()).unwrap().verdict, "is not known of");
}

#[test]
fn arms_of_unknown_data_are_not_pooled_with_those_of_two_texts() {
    // Planned without a look at the data, and the rows of one arm are of another text; one arm never ran.
    let mut made = Made::quickstart(4);
    made.arms.truncate(3);
    made.data = true;
    made.foreign = (1..=4).map(|seed| (1, seed)).collect();
    made.missing = (1..=4).map(|seed| (2, seed)).collect();
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    let mut plan = made.plan();
    for run in plan["runs"].as_array_mut().unwrap() {
        run.as_object_mut().unwrap().remove("data");
    }
    fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
    let text = Report::read(folder.path()).unwrap().markdown;
    for line in text.lines().filter(|line| line.starts_with("- ")) {
        assert!(
            !(line.contains("whole-word") && line.contains(" mlm") && line.contains("better")),
            "{line}"
        );
    }
    says(&text, "## Masked-token loss (data other da)");
}

#[test]
fn the_measure_that_tells_arms_apart_best_stands_first() {
    let made = Made::quickstart(5);
    let text = markdown(&made);
    let section = text.split("## Reliability of the measures\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    says(section, "use other seeds to choose");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| M"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let single: Vec<f64> = rows.iter().map(|row| row[4].parse().unwrap()).collect();
    assert!(single.len() > 2 && single.is_sorted_by(|a, b| a >= b), "{section}");
    // The fabricated arms differ by far more than the seeds.
    let accuracy = rows.iter().find(|row| row[1] == "Minimal pairs: accuracy").unwrap();
    assert_eq!((accuracy[2], accuracy[3]), ("5", "5"));
    assert!(accuracy[4].parse::<f64>().unwrap() > 0.8, "{section}");
    // Ties describe, and judge nobody.
    never(section, "ties");
    // Two seeds or two arms say nothing.
    never(&markdown(&Made::quickstart(2)), "Reliability of the measures");
    let mut two = Made::quickstart(5);
    two.arms.truncate(2);
    never(&markdown(&two), "Reliability of the measures");
}

#[test]
fn of_a_loss_the_share_of_what_can_be_known_is_told_where_the_best_one_is_known() {
    let mut made = Made::quickstart(3);
    made.levels = Some((6.0, 3.0));
    let text = markdown(&made);
    let table = text.split("## Masked-token loss\n").nth(1).unwrap();
    let head = table.lines().find(|line| line.starts_with("| arm ")).unwrap();
    says(head, "of the knowable (%)");
    let cells = |name: &str| -> Vec<f64> {
        let row = table
            .lines()
            .find(|line| line.starts_with(&format!("| {name} ")))
            .unwrap();
        let cells = row.split('|').map(|cell| cell.replace('*', ""));
        cells.filter_map(|cell| cell.trim().parse().ok()).collect()
    };
    // Rate, seeds, mean, deviation, share.
    let [_, _, mean, _, share] = cells("mlm")[..] else {
        panic!("{table}")
    };
    assert!((share - 100.0 * (6.0 - mean) / 3.0).abs() < 0.06, "{mean} {share}");
    made.levels = None;
    never(&markdown(&made), "of the knowable");
}

#[test]
fn a_claim_is_of_before_the_first_run_only_where_that_is_written_down() {
    let mut made = Made::quickstart(3);
    made.claims = vec![("mlm is worse", "better(minimal-pairs, electra, mlm)")];
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    says(
        &Report::read(folder.path()).unwrap().markdown,
        "Written down before the first run",
    );
    let frozen = json!({ "frozen": 1, "ended": 7, "plan": made.plan() });
    fs::write(folder.path().join("plans/0001.json"), frozen.to_string()).unwrap();
    let text = Report::read(folder.path()).unwrap().markdown;
    says(
        &text,
        "The first plan was frozen after 7 of its runs had ended: they may have been made in",
    );
    never(&text, "Written down before the first run");
    fs::remove_dir_all(folder.path().join("plans")).unwrap();
    let text = Report::read(folder.path()).unwrap().markdown;
    says(
        &text,
        "The first plan is lost, so nobody can say that these stood in it: they may have been made in",
    );
    never(&text, "Written down before the first run");
}

#[test]
fn what_diverged_is_not_missing_and_what_has_too_few_pairs_is_not_tested() {
    let mut made = Made::quickstart(3);
    made.diverged = vec![(0, 1), (0, 2)];
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    let report = Report::read(folder.path()).unwrap();
    says(&report.verdict, "13 of 15 runs are done, 2 diverged.");
    never(&report.verdict, "trains what is missing");
    says(
        &report.verdict,
        "Masked-token loss (nats per token): not tested, since no two arms have 3 seeds.",
    );
    says(&report.verdict, " (the seeds that are left)");
    made.missing = vec![(1, 1)];
    made.write(folder.path());
    says(&Report::read(folder.path()).unwrap().verdict, "trains what is missing");
}

#[test]
fn the_mark_of_survivors_stands_in_every_table_and_chart() {
    let mut made = Made::quickstart(3);
    made.diverged = vec![(0, 1)];
    let folder = folder("survivors");
    made.write(&folder);
    let report = write(&folder).unwrap();
    // The mark stands in every table of the arm, and every chart says what it is.
    for heading in ["## Budgets", "## Held-out losses", "## Minimal pairs: accuracy\n"] {
        let section = report.markdown.split(heading).nth(1).unwrap();
        says(section.split("\n## ").next().unwrap(), "| mlm†");
    }
    let charts = fs::read_dir(folder.join("report/charts")).unwrap();
    for chart in charts.map(|entry| entry.unwrap().path()) {
        if chart.extension().is_some_and(|end| end == "svg") && !chart.ends_with("ratio.svg") {
            let text = fs::read_to_string(&chart).unwrap();
            assert!(text.contains('†') && text.contains("diverged"), "{}", chart.display());
        }
    }
}

#[test]
fn samples_are_shown_as_they_were_written_and_never_as_a_page() {
    let folder = folder("samples");
    let mut made = Made::quickstart(2);
    made.items = true;
    made.write(&folder);
    let path = folder.join("items.parquet");
    let mut runs = items::from_bytes(&fs::read(&path).unwrap()).unwrap();
    for run in runs.iter_mut().filter(|run| run.label.arm == "mlm") {
        let answer = format!("<b>queen</b> {} %", run.label.seed);
        run.items
            .push(Items::sample("samples", "fill-in", 1, "the ____ | sleeps", &answer));
    }
    fs::write(&path, items::to_bytes(&runs).unwrap()).unwrap();
    let report = write(&folder).unwrap();
    let heading = report.page.split("Samples: fill-in").nth(1).unwrap();
    says(heading, "&lt;b&gt;queen&lt;/b&gt; 1");
    // The first seed's alone.
    never(&report.page, "queen&lt;/b&gt; 2");
    never(&report.page, "<b>queen");
    says(&report.page, "the ____ | sleeps");
}
