//! Seeds until it is sure, as they are planned and refused.

use cloze_foundation::Result;
use cloze_plan::{Experiment, Plan, expand};

const ARMS: &str = "[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.15, 0.4]\n[[arm]]\nobjective = \"span\"\n";

fn plan(seeds: &str, rest: &str) -> Result<Plan> {
    let text = format!("question = \"Which?\"\n[sweep]\nseeds = {seeds}\n{rest}");
    expand(&Experiment::parse("x", "x.toml", &text, &[])?)
}

#[test]
fn all_seeds_are_planned_and_looks_judge_and_comparisons_are_fixed() {
    let until = plan("{ from = 3, most = 7, until = \"decided\", effect = 1.0 }", ARMS).unwrap();
    let listed = plan("[3, 4, 5, 6, 7, 8, 9]", ARMS).unwrap();
    assert!(until.ids().eq(listed.ids()), "they are the same runs");
    assert!(!until.shows_the_same(&listed) && until.runs_the_same(&listed));
    let design = until.sequential.unwrap();
    assert_eq!(
        (design.looks.as_slice(), design.margin),
        ([4, 6, 7].as_slice(), Some(0.01))
    );
    assert_eq!(design.margin_in_words().unwrap(), "1 percentage points");
    assert_eq!(
        (design.task.as_str(), design.metric.as_str()),
        ("minimal-pairs", "accuracy")
    );
    let against = |arm: &str| [arm.to_owned(), "mlm rate=0.15".to_owned()];
    assert_eq!(design.comparisons, [against("mlm rate=0.4"), against("span")]);
    assert_eq!(design.level_of_one(), 0.025);
    let chosen = "{ most = 8, effect = 0.5, looks = [3, 8], judge = \"masked-loss\" }";
    let rest = format!("[report]\nbaseline = \"span\"\n{ARMS}");
    let design = plan(chosen, &rest).unwrap().sequential.unwrap();
    assert_eq!(
        (design.looks.as_slice(), design.metric.as_str()),
        ([3, 8].as_slice(), "loss")
    );
    assert_eq!(design.margin_in_words().unwrap(), "0.5 nats", "a loss is no share");
    assert!(design.comparisons.iter().all(|[_, baseline]| baseline == "span"));
    // Or what an arm names itself.
    let design = plan(chosen, &format!("{ARMS}baseline = \"mlm rate=0.4\"\n")).unwrap();
    let expected = [against("mlm rate=0.4"), ["span", "mlm rate=0.4"].map(str::to_owned)];
    assert_eq!(design.sequential.unwrap().comparisons, expected);
    // Every point of a sweep has its own baseline.
    let rest = format!("[sweep.grid]\n\"budget.batch\" = [8, 16]\n[report]\nbaseline = \"span\"\n{ARMS}");
    let design = plan(chosen, &rest).unwrap().sequential.unwrap();
    assert_eq!(design.comparisons.len(), 4);
    assert_eq!(
        design.comparisons[1],
        ["mlm rate=0.15 batch=16", "span batch=16"].map(str::to_owned)
    );
}

#[test]
fn what_cannot_be_decided_is_refused_with_its_place() {
    let one = "[[arm]]\nobjective = \"mlm\"\n";
    let none = format!("[evaluate]\ntasks = []\n{ARMS}");
    let blind = format!("{ARMS}[[arm]]\nobjective = \"autoregressive\"\n");
    let replaced = format!("{ARMS}[[arm]]\nobjective = \"electra\"\n");
    let shown = format!("[evaluate]\ntasks = [\"samples\", \"probing\"]\n{ARMS}");
    let unpaired = format!("[[arm]]\nname = \"short\"\nobjective = \"mlm\"\nset.\"encoder.window\" = 32\n{ARMS}");
    let alone = format!("{ARMS}baseline = \"span\"\n");
    for (seeds, rest, words) in [
        (
            "{ most = 8, effect = 1.0 }",
            alone.as_str(),
            "`span` is compared with none and none with it",
        ),
        ("{ most = 2, effect = 1.0 }", ARMS, "most"),
        ("{ most = 8 }", ARMS, "effect"),
        ("{ most = 8, effect = 1.0, until = \"sure\" }", ARMS, "decided"),
        ("{ most = 8, effect = 1.0, looks = [4, 6] }", ARMS, "the last of them 8"),
        (
            "{ most = 8, effect = 1.0, judge = \"minimal-pair\" }",
            ARMS,
            "minimal-pairs",
        ),
        ("{ most = 8, effect = 1.0 }", one, "a second arm"),
        ("{ most = 8, effect = 1.0 }", &none, "nothing judges"),
        ("{ most = 8, effect = 1.0 }", &unpaired, "no pairs"),
        // What an arm can never be asked decides nothing.
        (
            "{ most = 8, effect = 1.0, judge = \"masked-loss\" }",
            &blind,
            "`autoregressive` can never be asked for loss of `masked-loss`",
        ),
        (
            "{ most = 8, effect = 1.0, judge = \"masked-loss\" }",
            &replaced,
            "no head on its encoder predicts masked tokens",
        ),
        ("{ most = 8, effect = 1.0 }", &shown, "nothing is measured there"),
    ] {
        let fault = plan(seeds, rest).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains("seeds"), "{seeds}: {fault}");
    }
}
