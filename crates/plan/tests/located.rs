//! What is known of an arm only when its text is read is told at the line that says it.

use cloze_foundation::{Fault, Key, Place};
use cloze_plan::{Experiment, Plan, PlannedRun, at_run, expand, located};

const TEXT: &str = r#"question = "Where?"
[corpus]
words = 20000
[encoder]
window = 32
[sweep]
seeds = [1, 2]
[sweep.grid]
encoder.layers = [
  1,
  2,
]
[[arm]]
objective = "mlm"
copies = 4
[[arm]]
name = "swept"
objective = "pmi"
grid.mode = ["corrected",
  "reference"]
[[arm]]
name = "both"
set."encoder.window" = 16
mixture = [
  { objective = "mlm", share = 0.5 },
  { objective = "entity" },
]
"#;

fn planned(text: &str) -> (Experiment, Plan) {
    let experiment = Experiment::parse("x", "x.toml", text, &[]).unwrap();
    let plan = expand(&experiment).unwrap_or_else(|fault| panic!("{fault}"));
    (experiment, plan)
}

fn place((experiment, plan): &(Experiment, Plan), run: &PlannedRun, fault: Fault) -> String {
    let fault = located(experiment, plan, at_run(run, "arm `a`", fault));
    assert_eq!(fault.what, "no");
    fault.place().unwrap()
}

#[test]
fn a_fault_of_a_run_is_at_the_line_of_its_key_or_of_its_arm() {
    let planned = planned(TEXT);
    let part = |key: &str| Key::from("mixture").index(1).join(key);
    for (arm, key, expected) in [
        ("mlm layers=1", "copies".into(), "x.toml:15:10 (arm[0].copies)"),
        ("mlm layers=1", "objective".into(), "x.toml:14:13 (arm[0].objective)"),
        ("mlm layers=1", "rate".into(), "x.toml:13:1 (arm[0].rate)"),
        ("mlm layers=1", "corpus.words".into(), "x.toml:3:9 (corpus.words)"),
        (
            "mlm layers=1",
            "corpus.tokenizer".into(),
            "x.toml:2:1 (corpus.tokenizer)",
        ),
        ("mlm layers=2", "encoder.layers".into(), "x.toml:11:3 (encoder.layers)"),
        (
            "swept mode=corrected layers=2",
            "mode".into(),
            "x.toml:19:14 (arm[1].mode)",
        ),
        (
            "swept mode=reference layers=2",
            "mode".into(),
            "x.toml:20:3 (arm[1].mode)",
        ),
        ("mlm layers=1", "encoder.window".into(), "x.toml:5:10 (encoder.window)"),
        (
            "both layers=1",
            "encoder.window".into(),
            "x.toml:23:24 (encoder.window)",
        ),
        (
            "both layers=1",
            part("objective"),
            "x.toml:26:17 (arm[2].mixture[1].objective)",
        ),
        ("both layers=1", part("rate"), "x.toml:26:3 (arm[2].mixture[1].rate)"),
    ] {
        let run = planned.1.runs.iter().find(|run| run.arm == arm).unwrap();
        let fault = Fault::usage("no").at(Place::key(&key));
        assert_eq!(place(&planned, run, fault), format!("arm `a`: {expected}"), "{key}");
    }
    let run = &planned.1.runs[0];
    assert_eq!(
        place(&planned, run, Fault::usage("no")),
        "arm `a`: x.toml:13:1 (arm[0])"
    );
    // What has its place already keeps it, and what is about no run is left alone.
    let elsewhere = Fault::usage("no").at("text.txt:3");
    assert_eq!(place(&planned, run, elsewhere.clone()), "arm `a`: text.txt:3");
    let (experiment, plan) = &planned;
    assert_eq!(located(experiment, plan, elsewhere.clone()), elsewhere);
}

#[test]
fn a_trial_is_at_the_value_that_it_tries() {
    let planned = planned(
        "question = \"Where?\"\n[tune]\nseeds = [8]\n[tune.grid]\n\"options.rate\" = [0.2, 0.3]\n[[arm]]\nobjective = \"mlm\"\n",
    );
    let at = |rate| move |run: &&PlannedRun| run.config.options["rate"].as_float() == Some(rate);
    for (rate, column) in [(0.2, 19), (0.3, 24)] {
        let runs: Vec<&PlannedRun> = planned.1.runs.iter().filter(at(rate)).collect();
        assert!(runs.len() > 3, "seeds and a trial");
        for run in runs {
            let fault = Fault::usage("no").at(Place::key("rate"));
            let expected = format!("arm `a`: x.toml:5:{column} (arm[0].rate)");
            assert_eq!(place(&planned, run, fault), expected, "{}", run.arm);
        }
    }
}
