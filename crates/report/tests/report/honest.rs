//! What a report says is derived from configurations, rows and items, and what it cannot derive it does not say.

use crate::made::{Made, MadeArm};
use crate::{folder, markdown, says};
use cloze_report::{Report, write};
use serde_json::json;
use std::fs;

/// The verdict, and whether the text says something.
fn verdict(made: &Made) -> String {
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    Report::read(folder.path()).unwrap().verdict
}

fn never(text: &str, words: &str) {
    assert!(!text.contains(words), "`{words}` is in:\n{text}");
}

/// Two objectives on two corpora; on the second one they change places.
fn corpora() -> Made {
    let mut made = Made::quickstart(9);
    let arm = |name: &str, corpus: &'static str, quality: f64| {
        let mut arm = MadeArm::new(format!("{name} source={corpus}"), "mlm", quality).stem(name);
        arm.corpus = corpus;
        arm
    };
    made.arms = vec![
        arm("mlm", "novels", 0.3),
        arm("span", "novels", 0.8),
        arm("mlm", "laws", 0.8),
        arm("span", "laws", 0.3),
    ];
    made.baseline = Some("mlm");
    made
}

#[test]
fn arms_on_different_texts_are_compared_within_each_and_the_order_is_told() {
    for with_hashes in [false, true] {
        let mut made = corpora();
        made.data = with_hashes;
        made.claims = vec![(
            "one corpus is better",
            "better(minimal-pairs, mlm source=laws, mlm source=novels)",
        )];
        let text = markdown(&made);
        says(&text, "span source=novels is better than mlm source=novels: +");
        says(&text, "span source=laws is worse than mlm source=laws: -");
        for line in text
            .lines()
            .filter(|line| line.starts_with("- ") && line.contains(" than "))
        {
            assert!(!(line.contains("novels") && line.contains("laws")), "{line}");
        }
        says(
            &text,
            "“one corpus is better” cannot be said yet: mlm source=laws and mlm source=novels were trained or judged on different texts",
        );
        says(
            &text,
            "The order of the means changes. source novels: span, then mlm; source laws: mlm, then span.",
        );
        // Bold in each field: the best of its own.
        let bold: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains("**"))
            .collect();
        assert!(
            bold.iter().any(|line| line.starts_with("| span source=novels")),
            "{bold:?}"
        );
        assert!(
            bold.iter().any(|line| line.starts_with("| mlm source=laws")),
            "{bold:?}"
        );
        never(&text, "read the same text in the same order, to the same end");
    }
}

#[test]
fn arms_with_one_mean_have_no_order() {
    let mut made = corpora();
    made.noise = 0.0;
    made.arms.iter_mut().for_each(|arm| arm.quality = 0.5);
    let text = markdown(&made);
    says(
        &text,
        "The order of the means is the same on each (source novels, source laws): mlm and span (equal).",
    );
    never(&verdict(&made), ", then ");
}

#[test]
fn generators_alone_are_neither_ranked_nor_tested() {
    let mut made = Made::quickstart(9);
    made.tasks = vec!["masked-loss"];
    made.arms = vec![
        MadeArm::new("small", "electra", 0.3),
        MadeArm::new("whole", "electra", 0.8),
    ];
    made.arms.iter_mut().for_each(|arm| arm.answerer = Some("generator"));
    made.baseline = None;
    let text = markdown(&made);
    says(&text, "no score of an encoder is there to compare");
    says(&text, "loss[generator]");
    for never_said in [
        "highest mean first",
        "lowest mean first",
        "more seeds for",
        "whole is ",
        "**",
    ] {
        never(&text, never_said);
    }
}

#[test]
fn where_one_arm_alone_has_the_first_score_the_next_one_says_what_to_do() {
    let mut made = Made::quickstart(3);
    made.tasks = vec!["masked-loss", "minimal-pairs"];
    made.arms.truncate(1);
    made.arms.push(MadeArm::new("electra", "electra", 0.56));
    made.arms[1].answerer = Some("generator");
    made.baseline = Some("mlm");
    let text = markdown(&made);
    says(&text, "Next, if it matters: electra against mlm:");
    never(&text, "name a second arm");
}

#[test]
fn what_a_generator_answers_is_no_score_of_an_encoder() {
    let mut made = Made::quickstart(9);
    made.arms[3].answerer = Some("generator");
    let text = markdown(&made);
    says(&text, "Masked-token loss: loss[generator]");
    let compared = |line: &&str| line.contains("electra is") && line.contains("-0.");
    assert_eq!(text.lines().find(compared), None);
    let table = text.split("## Masked-token loss\n").nth(1).unwrap();
    let row = table.lines().find(|line| line.starts_with("| electra")).unwrap();
    assert!(row.contains("–") && !row.contains("**"), "{row}");
}

#[test]
fn pairs_are_made_only_of_seeds_that_read_the_same() {
    let text = markdown(&Made::quickstart(5));
    says(
        &text,
        "Arms with the same seed read the same text in the same order, and are paired by seed. They start from the same weights",
    );
    says(&text, "Equal for every arm: tokens (1.00M).");
    let mut other = Made::quickstart(5);
    other.arms[1].window = 128;
    other.arms[2].batch = 32;
    other.arms[4].amount = 2e6;
    let text = markdown(&other);
    never(&text, "Equal for every arm");
    says(
        &text,
        "The budgets are not equal in amount: tokens (1.00M) for mlm, whole-word, span and 1 more; tokens (2.00M) for autoregressive.",
    );
    says(&text, "Others are not pairs");
    for (arm, pairs) in [
        ("whole-word", "5, unpaired"),
        ("span", "5, unpaired"),
        ("electra", "5 |"),
    ] {
        let row = text.lines().find(|line| {
            line.starts_with(&format!("| {arm} "))
                && line.contains("unpaired") == pairs.contains("unpaired")
                && line.matches('|').count() > 9
        });
        assert!(row.is_some_and(|row| row.contains(pairs)), "{arm}:\n{text}");
    }
    // Losses over windows of other lengths are other losses.
    let loss = text.split("## Masked-token loss against").nth(1).unwrap();
    never(loss.split("\n## ").next().unwrap(), "| whole-word");
    let mut longer = Made::quickstart(5);
    longer
        .arms
        .iter_mut()
        .zip([1e6, 2e6, 1e6, 1e6, 1e6])
        .for_each(|(arm, amount)| arm.amount = amount);
    says(
        &markdown(&longer),
        "in the same order, each as far as its budget reaches, and are paired by seed",
    );
}

#[test]
fn an_arm_on_the_plateau_of_word_frequencies_is_named_and_is_not_told_to_take_more_seeds() {
    let mut made = Made::quickstart(4);
    made.arms.truncate(2);
    made.arms[1].quality = made.arms[0].quality + 0.001;
    made.levels = Some((6.0, 3.25));
    let folder = folder("plateau");
    made.write(&folder);
    let report = write(&folder).unwrap();
    says(&report.verdict, "On the plateau of word frequencies: mlm, whole-word.");
    says(&report.verdict, "Next: a larger budget");
    never(&report.markdown, "more seeds for 80 %");
    says(&report.markdown, "neither has learnt more than word frequencies");
    says(&report.page, "On the plateau of word frequencies: mlm, whole-word.");
    // In every table and chart of losses.
    let row = |name: &str| {
        report
            .markdown
            .lines()
            .find(|line| line.starts_with(&format!("| {name}")))
            .unwrap()
            .to_owned()
    };
    says(&row("word frequencies (unigram)"), " 6.000 ");
    says(&row("best possible"), " 3.250 ");
    let own = report.markdown.split("## Held-out losses").nth(1).unwrap();
    says(own, "|            6.000 |         3.250 |");
    let chart = fs::read_to_string(folder.join("report/charts/held-out-loss.svg")).unwrap();
    assert_eq!(
        (
            chart.matches("\nword frequencies\n").count(),
            chart.matches("\nbest possible\n").count()
        ),
        (2, 2)
    );
    // One that is worse than frequencies has not come to their plateau.
    made.levels = Some((5.0, 3.25));
    says(
        &verdict(&made),
        "Word frequencies are not learnt yet by: mlm, whole-word.",
    );
    // An arm that has left it is not named; a sum is not held against it.
    made.levels = Some((7.5, 3.25));
    made.arms[0].parts = vec!["mlm", "boundary"];
    never(&verdict(&made), "plateau");
    let text = markdown(&made);
    says(
        &text,
        "The loss of these arms is a sum, so it cannot be held against that of word frequencies: mlm (boundary + mlm).",
    );
}

#[test]
fn items_decide_what_is_above_chance_where_seeds_do_not_differ() {
    let mut made = Made::quickstart(3);
    (made.noise, made.items) = (0.0, true);
    made.claims = vec![
        ("electra learns", "above_chance(minimal-pairs, electra)"),
        (
            "agreement is learnt",
            "above_chance(minimal-pairs/irregular_forms, mlm)",
        ),
    ];
    let text = markdown(&made);
    says(&text, "“electra learns” holds: electra: mean ");
    says(&text, "over seeds and items");
    says(&text, "resampling of seeds and items decides");
    // Without items equal seeds say nothing, however far they are from chance.
    made.items = false;
    let text = markdown(&made);
    says(&text, "“electra learns” cannot be said yet");
    never(&text, "↑\u{20}|");
    // 26 of 50 right in every seed is no knowledge: the items say that it may be luck.
    let mut even = Made::quickstart(3);
    (even.noise, even.items) = (0.0, true);
    even.arms = vec![MadeArm::new("a", "mlm", 0.25), MadeArm::new("b", "mlm", 0.25)];
    even.baseline = Some("a");
    even.phenomena = vec!["filler-gap".to_owned()];
    let text = markdown(&even);
    let row = text.lines().find(|line| line.starts_with("| filler-gap")).unwrap();
    assert!(!row.contains('±') && !row.contains('↑') && !row.contains('↓'), "{row}");
}

#[test]
fn holm_is_paid_over_the_phenomena_of_an_arm() {
    let mut made = Made::quickstart(3);
    made.items = true;
    made.arms.truncate(1);
    made.arms[0].quality = 0.3;
    made.phenomena = (0..40).map(|index| format!("p{index}")).collect();
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    let csv = Report::read(folder.path()).unwrap().csv;
    let mut lines = csv.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let (mut marked, mut spared) = (0, 0);
    for line in lines.filter(|line| line.starts_with("minimal-pairs/")) {
        let cells: Vec<&str> = line.split(',').collect();
        let low: f64 = cells[place("items_low")].parse().unwrap();
        let p: f64 = cells[place("p_chance_holm")].parse().unwrap();
        assert_eq!(!cells[place("side_of_chance")].is_empty(), p < 0.05, "{line}");
        // Clear of chance by itself, and not among forty.
        marked += usize::from(p < 0.05);
        spared += usize::from(low > 0.5 && p >= 0.05);
    }
    assert!(marked > 0 && spared > 0, "{marked} {spared}");
}

#[test]
fn nothing_is_claimed_from_two_seeds() {
    let mut made = Made::quickstart(2);
    made.items = true;
    let text = markdown(&made);
    never(&text, " is better than");
    never(&text, " is ahead of");
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        assert!(
            !line.contains('↑') && !line.contains('↓') && !line.contains("**"),
            "{line}"
        );
    }
    says(&verdict(&made), "since nothing is said from fewer than 3 seeds");
    says(&verdict(&made), "Next: at least 3 seeds for every arm.");
}

#[test]
fn a_mean_over_those_that_are_left_says_so() {
    let mut made = Made::quickstart(4);
    made.diverged = vec![(1, 2)];
    made.broken = vec![(2, 3)];
    let text = markdown(&made);
    says(
        &text,
        "whole-word: the mean is over the 3 seeds that are left, since 1 of its 4 seeds diverged.",
    );
    says(
        &text,
        "span: the mean is over the 3 seeds that are left, since 1 of its seeds gave no number.",
    );
    let row = text
        .lines()
        .find(|line| line.starts_with("| whole-word") && line.contains("0.003"))
        .unwrap();
    says(row, "3 of 4");
    says(&verdict(&made), " (the seeds that are left)");
}

#[test]
fn a_changed_plan_says_when_it_changed_and_which_claims_came_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Made::quickstart(3);
    let first = Made {
        claims: vec![("mlm is worse", "better(minimal-pairs, electra, mlm)")],
        ..Made::quickstart(2)
    };
    made.claims = vec![
        ("mlm is worse", "better(minimal-pairs, electra, mlm)"),
        ("spans are bad", "better(minimal-pairs, mlm, span)"),
    ];
    made.write(folder.path());
    fs::create_dir_all(folder.path().join("plans")).unwrap();
    for (number, (plan, ended)) in [(first.plan(), 0), (made.plan(), 7)].into_iter().enumerate() {
        let frozen = json!({ "frozen": 1_700_000_000, "ended": ended, "plan": plan });
        fs::write(
            folder.path().join(format!("plans/{:04}.json", number + 1)),
            frozen.to_string(),
        )
        .unwrap();
    }
    let report = Report::read(folder.path()).unwrap();
    says(
        &report.markdown,
        "The plan changed after 7 runs had ended: 5 runs added, ",
    );
    says(&report.verdict, "The plan changed after 7 runs had ended");
    let before = report
        .markdown
        .split("\n## Claims\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    says(before, "mlm is worse");
    never(before, "spans are bad");
    let later = report
        .markdown
        .split("\n## Claims that were added\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    says(later, "spans are bad");
    // Runs that the present plan dropped.
    let last = json!({ "frozen": 1, "ended": 15, "plan": first.plan() });
    fs::write(folder.path().join("plans/0003.json"), last.to_string()).unwrap();
    fs::write(folder.path().join("plan.json"), first.plan().to_string()).unwrap();
    let text = Report::read(folder.path()).unwrap().markdown;
    says(&text, "The plan changed after 15 runs had ended: 5 runs dropped");
    says(
        &text,
        "5 runs of earlier plans are outside the present plan, and nothing here is about them: mlm seed 3, ",
    );
    let verdict = Report::read(folder.path()).unwrap().verdict;
    says(&verdict, "5 runs of earlier plans are outside the present plan");
    let runs = Report::read(folder.path()).unwrap();
    let outside = runs.runs.lines().filter(|line| line.contains(",outside the plan,"));
    assert_eq!(outside.count(), 5, "{}", runs.runs);
    // So is a claim that was taken back; it is answered all the same.
    let dropped = text
        .split("\n## Claims that were dropped\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    says(dropped, "spans are bad");
    never(dropped, "mlm is worse");
    // A first plan that is gone may have held anything: no claim was surely made before the first run.
    fs::write(folder.path().join("plan.json"), made.plan().to_string()).unwrap();
    fs::remove_file(folder.path().join("plans/0003.json")).unwrap();
    fs::remove_file(folder.path().join("plans/0001.json")).unwrap();
    let report = Report::read(folder.path()).unwrap();
    says(
        &report.verdict,
        "plans/0001.json is missing: what was planned and claimed then is not known",
    );
    never(&report.markdown, "\n## Claims\n");
    says(
        &report.markdown,
        "The first plan is lost, so nobody can say that these stood in it",
    );
    fs::write(folder.path().join("plans/0001.json"), "{").unwrap();
    says(
        &Report::read(folder.path()).unwrap().markdown,
        "plans/0001.json is damaged",
    );
}

#[test]
fn a_run_that_ended_and_whose_numbers_are_gone_is_not_gathered_and_not_missing() {
    let (folder, mut made) = (tempfile::tempdir().unwrap(), Made::quickstart(4));
    made.data = true;
    made.foreign = vec![(3, 2), (2, 1)];
    made.write(folder.path());
    let run = &made.plan()["runs"];
    let of = |arm: &str, seed: u64| {
        let run = run.as_array().unwrap().iter();
        let mut run = run.filter(|run| run["arm"] == arm && run["config"]["seed"] == seed);
        run.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let place = folder.path().join("runs").join(of("electra", 2));
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("DONE"), "{}").unwrap();
    says(
        &Report::read(folder.path()).unwrap().markdown,
        "20 runs planned: 18 done, 0 diverged, 0 failed, 1 not gathered, 1 missing.",
    );
}

#[test]
fn rows_of_other_data_are_left_out_and_it_is_said() {
    let mut made = Made::quickstart(4);
    made.data = true;
    made.foreign = vec![(3, 2)];
    let text = markdown(&made);
    says(
        &text,
        "Left out, since they were trained or judged on other data than the plan's: 1 of the runs (electra, seed 2).",
    );
    says(&text, "20 runs planned: 19 done, 0 diverged, 0 failed, 1 missing.");
    // Nobody planned the data: those of an arm's first run are taken.
    let folder = tempfile::tempdir().unwrap();
    made.write(folder.path());
    let mut plan = made.plan();
    for run in plan["runs"].as_array_mut().unwrap() {
        run.as_object_mut().unwrap().remove("data");
    }
    fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
    says(
        &Report::read(folder.path()).unwrap().markdown,
        "1 of the runs (electra, seed 2).",
    );
}

#[test]
fn more_seeds_are_a_range_at_the_level_of_the_verdict() {
    let mut made = Made::quickstart(4);
    made.arms.truncate(3);
    made.arms[1].quality = made.arms[0].quality + 0.005;
    let text = markdown(&made);
    let line = text
        .lines()
        .find(|line| line.starts_with("- whole-word against mlm: no evidence"))
        .unwrap();
    assert!(line.contains(" more seeds for 80 % power at Holm's level"), "{line}");
    assert!(
        line.contains(" to ") || line.contains("if the difference is at the large end"),
        "{line}"
    );
}
