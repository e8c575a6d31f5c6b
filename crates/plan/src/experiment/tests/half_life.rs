//! A decay of the second moment that follows from a half-life in tokens.

use super::{MLM, fault, plan};

#[test]
fn a_half_life_in_tokens_follows_the_batch_and_the_window() {
    let of = |set: &[&str]| {
        let runs = plan(MLM, set).unwrap().runs;
        (runs[0].config.optimizer.beta_2, runs[0].id.clone())
    };
    let half_life = "optimizer.beta_2={ half_life = \"35k\" }";
    let at = |batch: &'static str| of(&["encoder.window=64", batch, half_life]);
    assert_eq!(at("budget.batch=16").0, 0.9799247);
    assert_eq!(at("budget.batch=4").0, 0.99494295);
    assert_eq!(of(&["encoder.window=128", "budget.batch=8", half_life]).0, 0.9799247);
    // Stages leave the tokens of a step as they are.
    let stages = "budget.stages=[{ until = 0.5, window = 16 }]";
    assert_eq!(
        of(&["encoder.window=64", "budget.batch=16", stages, half_life]).0,
        0.9799247
    );
    // What is written in several ways is one run.
    for way in [
        "optimizer.beta_2=0.9799247",
        "optimizer.beta_2.half_life=35000",
        "optimizer.beta_2={ half_life = 35e3 }",
    ] {
        assert_eq!(
            of(&["encoder.window=64", "budget.batch=16", way]),
            at("budget.batch=16"),
            "{way}"
        );
    }
    let grid = format!("[sweep.grid]\n\"optimizer.beta_2\" = [0.98, {{ half_life = \"35k\" }}]\n{MLM}");
    let swept = plan(&grid, &["encoder.window=64", "budget.batch=4", "sweep.seeds=[1]"]).unwrap();
    let found: Vec<f64> = swept.runs.iter().map(|run| run.config.optimizer.beta_2).collect();
    assert_eq!(found, [0.98, 0.99494295]);
}

#[test]
fn a_half_life_that_does_not_fit_is_refused_with_what_does() {
    for (set, parts) in [
        (
            "optimizer.beta_2={ half_life = 0 }",
            ["half_life = 0 is out of range", "optimizer.beta_2.half_life"],
        ),
        (
            "optimizer.beta_2={ half_life = 4000.5 }",
            ["is not a whole number", "optimizer.beta_2.half_life"],
        ),
        (
            "optimizer.beta_2={ half_life = 35 }",
            ["35 tokens does not fit steps of 1024", "allowed: 1024 to 1024000000"],
        ),
        (
            "optimizer.beta_2={ half_life = \"2G\" }",
            ["does not fit steps of 1024", "optimizer.beta_2.half_life"],
        ),
        (
            "optimizer.beta_2={ halflife = 5 }",
            ["`halflife`", "did you mean `half_life`?"],
        ),
        (
            "optimizer.beta_2=\"slow\"",
            ["a number, or { half_life }", "optimizer.beta_2"],
        ),
    ] {
        let said = fault(MLM, &["encoder.window=64", "budget.batch=16", set]);
        assert!(parts.iter().all(|part| said.contains(part)), "{set}: {said}");
    }
    let said = fault(MLM, &["optimizer.beta_2=0.9", "optimizer.beta_2.half_life=35000"]);
    assert!(
        said.contains("give the whole value, as in { half_life = .. }"),
        "{said}"
    );
}
