//! What was claimed, and what a report answers.

use crate::made::Made;
use crate::{markdown, says};

/// The answer to one claim, with its reason.
fn answer(mut made: Made, check: &'static str) -> String {
    made.claims = vec![("so it is", check)];
    let text = markdown(&made);
    let point = text.lines().find(|line| line.starts_with("- “so it is” ")).unwrap();
    point.replacen("- “so it is” ", "", 1)
}

#[test]
fn better_is_the_verdict_of_the_paired_tests_without_correction() {
    let found = answer(Made::quickstart(9), "better(minimal-pairs, electra, mlm)");
    assert!(found.starts_with("holds: electra against mlm: +"), "{found}");
    says(
        &found,
        "over 9 seeds (exact sign-flip test p = 0.004; paired t test p < 0.001)",
    );
    let found = answer(Made::quickstart(9), "better(minimal-pairs, mlm, electra)");
    assert!(found.starts_with("does not hold: mlm against electra: -"), "{found}");
    // For a loss, less is better; a part of a task has scores of its own.
    let found = answer(Made::quickstart(9), "better(masked-loss, electra, mlm)");
    assert!(found.starts_with("holds: electra against mlm: -"), "{found}");
    says(
        &answer(Made::quickstart(9), "better(minimal-pairs/anaphora, electra, mlm)"),
        "over 9 seeds",
    );

    let mut alike = Made::quickstart(4);
    alike.arms[1].quality = alike.arms[0].quality + 0.001;
    let found = answer(alike, "better(minimal-pairs, whole-word, mlm)");
    assert!(
        found.starts_with("cannot be said yet: whole-word against mlm: "),
        "{found}"
    );
    // Three seeds are too few for the exact test, and the report does not hide it.
    let found = answer(Made::quickstart(3), "better(minimal-pairs, electra, mlm)");
    assert!(found.starts_with("holds: "), "{found}");
    says(&found, "(exact sign-flip test p = 0.250; paired t test p ");
    says(&found, "which the exact test does not confirm");
}

#[test]
fn above_chance_is_an_interval_clear_of_chance() {
    let found = answer(
        Made::quickstart(5),
        "above_chance(minimal-pairs/agreement_over_attractor, electra)",
    );
    assert!(found.starts_with("holds: electra: mean "), "{found}");
    says(&found, "over 5 seeds, chance 50.0");
    let mut poor = Made::quickstart(5);
    poor.arms[0].quality = -0.5;
    let found = answer(poor, "above_chance(minimal-pairs, mlm)");
    assert!(found.starts_with("does not hold: mlm: mean "), "{found}");
    let found = answer(Made::quickstart(5), "above_chance(masked-loss, mlm)");
    assert_eq!(found, "cannot be said yet: masked-loss has no chance level.");
    let mut alike = Made::quickstart(5);
    (alike.tasks, alike.phenomena) = (vec!["blimp"], Vec::new());
    says(&answer(alike, "above_chance(blimp, mlm)"), "over 5 seeds, chance 50.0");
}

#[test]
fn an_interior_optimum_has_the_best_mean_inside_and_both_ends_worse() {
    let found = answer(Made::ratios(9), "interior_optimum(minimal-pairs, rate, 0.2, 0.6)");
    assert!(found.starts_with("holds: mlm: the best mean, "), "{found}");
    says(&found, "against mlm rate=0.1: +");
    says(&found, "against mlm rate=0.8: +");
    // Named in full, and the best value outside.
    let found = answer(
        Made::ratios(9),
        "interior_optimum(minimal-pairs, options.rate, 0.11, 0.16)",
    );
    assert!(found.starts_with("does not hold: mlm: the best mean, "), "{found}");
    says(&found, "against mlm rate=0.15: +");
    // Every series has to have its optimum inside.
    let mut two = Made::ratios(9);
    let of_width = |width: f64, turned: bool| {
        Made::ratios(9).arms.into_iter().map(move |mut arm| {
            (arm.name, arm.stem) = (format!("{} width={width}", arm.name), Some(arm.name));
            arm.quality = if turned { 1.0 - arm.quality } else { arm.quality };
            arm.with("encoder.width", width)
        })
    };
    two.arms = of_width(64.0, false).chain(of_width(128.0, true)).collect();
    let found = answer(two, "interior_optimum(minimal-pairs, rate, 0.2, 0.6)");
    assert!(
        found.starts_with("does not hold: mlm width=64: the best mean, "),
        "{found}"
    );
    says(&found, ". mlm width=128: the best mean, ");
    // The best is at an end, but no test says so.
    let mut flat = Made::ratios(3);
    flat.arms.iter_mut().for_each(|arm| arm.quality = 0.5);
    let found = answer(flat, "interior_optimum(minimal-pairs, rate, 0.1, 0.8)");
    assert!(found.starts_with("cannot be said yet: mlm: the best mean, "), "{found}");
    let found = answer(Made::ratios(3), "interior_optimum(minimal-pairs, rate, 0.81, 0.9)");
    says(&found, "no value between the ends of the sweep lies inside the bounds");
}

#[test]
fn fewer_than_three_seeds_say_nothing() {
    for (check, why) in [
        (
            "better(minimal-pairs, electra, mlm)",
            "electra and mlm share 2 of the at least 3 finished seeds that it takes.",
        ),
        (
            "above_chance(minimal-pairs, electra)",
            "electra has 2 of the at least 3 finished seeds that it takes.",
        ),
    ] {
        assert_eq!(answer(Made::quickstart(2), check), format!("cannot be said yet: {why}"));
    }
    let mut made = Made::ratios(3);
    made.missing = vec![(4, 2)];
    assert_eq!(
        answer(made, "interior_optimum(minimal-pairs, rate, 0.1, 0.8)"),
        "cannot be said yet: mlm rate=0.4 has 2 of the at least 3 finished seeds that it takes."
    );
}

#[test]
fn what_does_not_exist_is_answered_with_what_does() {
    for (check, why) in [
        (
            "better(minimal-pairs, electro, mlm)",
            "no arm is called electro; there are: mlm, whole-word, span, electra, autoregressive.",
        ),
        (
            "better(minimal-pairs, mlm, mlm)",
            "an arm cannot be compared with itself.",
        ),
        (
            "above_chance(blimp, mlm)",
            "no task with scores is called blimp; there are: minimal-pairs, masked-loss, minimal-pairs/",
        ),
        (
            "interior_optimum(minimal-pairs, rate, 0.1, 0.2)",
            "no swept factor is called rate; there are: none.",
        ),
    ] {
        says(
            &answer(Made::quickstart(3), check),
            &format!("cannot be said yet: {why}"),
        );
    }
    let wrong = "interior_optimum(minimal-pairs, ratio, 0.1, 0.2)";
    says(
        &answer(Made::ratios(3), wrong),
        "no swept factor is called ratio; there are: options.rate.",
    );
}

#[test]
fn a_plan_without_claims_has_no_such_section() {
    assert!(!markdown(&Made::quickstart(3)).contains("## Claims"));
}
