//! Results folders beside each other.

use crate::made::{Made, MadeArm};
use crate::says;
use cloze_report::Across;
use serde_json::Value;
use std::path::PathBuf;

/// Writes experiments that never ran into folders of their own.
fn folders(all: &[Made]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let root = tempfile::tempdir().unwrap();
    let write = |(place, made): (usize, &Made)| {
        let folder = root.path().join(format!("made-{place}"));
        made.write(&folder);
        folder
    };
    let folders = all.iter().enumerate().map(write).collect();
    (root, folders)
}

fn made(seeds: u64) -> Made {
    Made {
        data: true,
        ..Made::quickstart(seeds)
    }
}

fn across(all: &[Made]) -> Across {
    let (_root, folders) = folders(all);
    Across::read(&folders).unwrap()
}

fn refusal(all: &[Made]) -> String {
    let (_root, folders) = folders(all);
    match Across::read(&folders) {
        Ok(across) => panic!("that is compared:\n{}", across.text),
        Err(fault) => fault.to_string(),
    }
}

/// The same arms with twice the budget, some of them better by that.
fn longer(seeds: u64) -> Made {
    let mut longer = made(seeds);
    for arm in &mut longer.arms {
        arm.amount = 2e6;
    }
    longer.arms[2].quality = 1.2;
    longer.first_id = 100;
    longer
}

#[test]
fn arms_of_both_are_compared_and_their_orders_beside_each_other() {
    let across = across(&[made(5), longer(5)]);
    says(&across.text, "budget.amount is 1000000 and 2000000");
    says(&across.text, "Kendall's tau");
    let json: Value = serde_json::from_str(&across.json).unwrap();
    let pairs = &json["comparisons"][0]["scores"][0];
    assert_eq!(pairs["task"], "minimal-pairs");
    let arms = pairs["arms"].as_array().unwrap();
    assert_eq!(arms.len(), 5);
    let span = arms.iter().find(|arm| arm["arm"] == "span").unwrap();
    assert!(
        span["delta"].as_f64().unwrap() > 0.05 && span["established"] == true,
        "{span}"
    );
    let mlm = arms.iter().find(|arm| arm["arm"] == "mlm").unwrap();
    assert!(mlm["established"] == false && mlm["paired"] == true, "{mlm}");
    // span was the fourth of five and is the first now: three of ten pairs have changed.
    let agreement = &pairs["agreement"];
    assert_eq!(agreement["first"][0], "electra");
    let tau = agreement["tau"].as_f64().unwrap();
    assert!((tau - 0.4).abs() < 1e-9, "{agreement}");
    assert!(agreement["low"].as_f64().unwrap() <= tau && tau <= agreement["high"].as_f64().unwrap());
}

#[test]
fn what_is_not_comparable_is_refused_with_the_reason() {
    let of = |change: fn(&mut Made)| {
        let mut other = longer(3);
        change(&mut other);
        refusal(&[made(3), other])
    };
    let data = of(|made| made.arms.iter_mut().for_each(|arm| arm.corpus = "legal"));
    says(&data, "other data: the tokenizer and the held-out text");
    says(
        &of(|made| made.tasks = vec!["blimp"]),
        "the second folder does not have it",
    );
    says(
        &of(|made| made.arms.iter_mut().for_each(|arm| arm.name += " too")),
        "no arm has the same name in both (mlm, whole-word",
    );
    let (_root, folders) = folders(&[made(3)]);
    assert!(
        Across::read(&folders)
            .unwrap_err()
            .to_string()
            .contains("1 results folders")
    );
    assert!(Across::read(&vec![folders[0].clone(); 9]).is_err());
}

#[test]
fn a_part_that_is_not_comparable_is_left_out_by_name() {
    let mut other = longer(3);
    other.arms[0].corpus = "legal";
    other.arms[1] = MadeArm::new("whole-word", "mlm", 0.5);
    let text = across(&[made(3), other]).text;
    says(&text, "## Not compared between");
    says(&text, "it trains whole-word in the first folder and mlm in the second");
    says(&text, "other data: the tokenizer");
    says(&text, "Their 3 arms stand");
}

#[test]
fn the_same_runs_are_no_comparison_and_few_seeds_no_test() {
    let same = across(&[made(3), made(3)]).text;
    says(&same, "both hold the same runs, and nothing is compared");
    let few = across(&[made(2), longer(2)]);
    assert!(few.text.contains("no interval from fewer than 3 seeds"), "{}", few.text);
    let json: Value = serde_json::from_str(&few.json).unwrap();
    assert!(json["comparisons"][0]["scores"][0]["arms"][2]["p_t"].is_null());
    // Three folders are three pairs.
    let three = across(&[made(3), longer(3), longer(3)]).json;
    let json: Value = serde_json::from_str(&three).unwrap();
    assert_eq!(json["comparisons"].as_array().unwrap().len(), 3);
}
