//! Fair tuning, as it is planned and refused.

use cloze_foundation::Result;
use cloze_plan::{Experiment, Plan, expand, title};
use cloze_schema::Tuning;

const ARMS: &str = "[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"autoregressive\"\n";
const RATES: &str = "[tune.grid]\n\"optimizer.peak_lr\" = [1e-3, 2e-3, 4e-3]\n";
const BOTH: &str = "[tune.grid]\n\"optimizer.peak_lr\" = [1e-3, 2e-3, 4e-3]\n\"options.rate\" = [0.15, 0.3]\n";

fn plan(text: &str) -> Result<Plan> {
    expand(&Experiment::parse(
        "x",
        "x.toml",
        &format!("question = \"Which?\"\n{text}"),
        &[],
    )?)
}

/// How many points each arm has.
fn points(design: &Tuning) -> Vec<(&str, usize)> {
    design
        .arms
        .iter()
        .map(|arm| (arm.arm.as_str(), arm.points.len()))
        .collect()
}

#[test]
fn every_point_of_every_arm_is_planned_with_its_trials_and_no_other_id_changes() {
    let plain = plan(ARMS).unwrap();
    let tuned = plan(&format!(
        "[sweep]\nseeds = [1, 2, 3]\n[tune]\nshare = 0.5\nseeds = [7, 8]\n{RATES}{ARMS}"
    ))
    .unwrap();
    let design = tuned.tuning.clone().unwrap();
    assert_eq!(points(&design), [("mlm", 3), ("autoregressive", 3)]);
    assert_eq!(tuned.runs.len(), 2 * 3 * (3 + 2));
    // The point that is as the arm would be anyway has the same runs.
    let as_ever: Vec<&str> = plain.ids().collect();
    let first: Vec<&String> = design.arms.iter().flat_map(|arm| &arm.points[0].runs).collect();
    assert!(first.iter().eq(&as_ever), "{first:?}");
    for (arm, name) in design.arms.iter().zip(["mlm", "autoregressive"]) {
        for point in &arm.points {
            let rate = point.at["optimizer.peak_lr"].as_float().unwrap();
            let run = tuned.run(&point.runs[1]).unwrap();
            assert_eq!(
                (run.arm.as_str(), run.config.optimizer.peak_lr, run.config.seed),
                (name, rate, 2)
            );
            assert_eq!(title(run), format!("{name} at peak_lr={rate} seed=2"));
            let trial = tuned.run(&point.trials[1]).unwrap();
            assert_eq!((trial.config.optimizer.peak_lr, trial.config.seed), (rate, 8));
            assert_eq!(trial.config.budget.amount, run.config.budget.amount / 2.0);
            assert_eq!(trial.arm, format!("{name} peak_lr={rate} trial"));
            // A judge that no run has.
            let judges: Vec<&str> = trial.config.evaluate.iter().map(|task| task.name()).collect();
            assert_eq!(judges, ["development"]);
            let options = &trial.config.evaluate[0].options;
            assert_eq!(options["set"].as_str(), Some("development"));
            assert_eq!(options["apart_from"], run.config.evaluate[0].options["pairs"]);
        }
    }
    assert_eq!(design.judge.headline, "accuracy");
    assert!(tuned.tasks.iter().all(|facts| facts.task != "development"));
    assert_eq!(tuned.expected().count(), 2 * (3 + 3 * 2));
}

#[test]
fn on_another_text_trials_are_judged_by_later_pairs_of_the_same_files() {
    let evaluate = "[corpus]\nsource = \"a.txt\"\n[evaluate]\ntasks = [\"masked-loss\", { task = \"blimp\", pairs = 30, path = \"mine\" }]\n";
    let tuned = plan(&format!("[tune]\n{RATES}{evaluate}{ARMS}")).unwrap();
    let design = tuned.tuning.clone().unwrap();
    let judge = &tuned.run(&design.arms[0].points[0].trials[0]).unwrap().config.evaluate[0];
    assert_eq!((judge.task.as_str(), judge.name()), ("blimp", "development"));
    let option = |key: &str| judge.options[key].clone();
    assert_eq!((option("set"), option("path")), ("development".into(), "mine".into()));
    assert_eq!((option("pairs"), option("apart_from")), (30.into(), 30.into()));
    for (judge, words) in [
        ("{ task = \"blimp\", name = \"d\", path = \"mine\" }", "asks the same"),
        (
            "{ task = \"blimp\", name = \"d\", path = \"mine\", set = \"development\", apart_from = 29 }",
            "asks 30 minimal pairs",
        ),
        (
            "{ task = \"blimp\", name = \"d\", path = \"mine\", apart_from = 30 }",
            "development set",
        ),
    ] {
        let fault = plan(&format!("[tune]\njudge = {judge}\n{RATES}{evaluate}{ARMS}"))
            .unwrap_err()
            .to_string();
        assert!(fault.contains(words), "{judge}: {fault}");
    }
    // However the folder is written, and whichever of the two is the development set.
    for (path, rest) in [
        ("./mine", ", set = \"development\", apart_from = 29"),
        ("mine/", ", pairs = 40"),
        ("./mine/.", ""),
    ] {
        let judge = format!("{{ task = \"blimp\", name = \"d\", path = \"{path}\"{rest} }}");
        let fault = plan(&format!("[tune]\njudge = {judge}\n{RATES}{evaluate}{ARMS}"))
            .unwrap_err()
            .to_string();
        assert!(fault.contains("judges the runs too"), "{judge}: {fault}");
    }
    let swapped = evaluate.replace(
        "path = \"mine\"",
        "path = \"mine\", set = \"development\", apart_from = 10",
    );
    let test = |pairs: usize| {
        let judge = format!("{{ task = \"blimp\", name = \"d\", path = \"mine\", pairs = {pairs} }}");
        plan(&format!("[tune]\njudge = {judge}\n{RATES}{swapped}{ARMS}"))
    };
    assert!(test(10).is_ok() && test(11).is_err());
    let other = "{ task = \"blimp\", name = \"d\", path = \"others\" }";
    plan(&format!("[tune]\njudge = {other}\n{RATES}{evaluate}{ARMS}")).unwrap();
}

#[test]
fn a_point_may_be_chosen_by_the_loss_of_the_own_objective_where_nothing_is_tried_that_changes_it() {
    let own = "[tune]\njudge = \"held-out-loss\"\n";
    let tuned = plan(&format!("{own}{RATES}{ARMS}")).unwrap();
    let design = tuned.tuning.clone().unwrap();
    assert!(!design.compares_arms() && !design.judge.higher_is_better);
    let trial = tuned.run(&design.arms[1].points[2].trials[0]).unwrap();
    assert_eq!(trial.config.evaluate, [], "no evaluation is asked");
    // Runs are judged as ever, and have the ids that they have anyway.
    let by_pairs = plan(&format!("[tune]\n{RATES}{ARMS}")).unwrap().tuning.unwrap();
    let runs = |design: &Tuning| {
        design
            .arms
            .iter()
            .flat_map(|arm| arm.points.clone())
            .flat_map(|point| point.runs)
            .collect::<Vec<_>>()
    };
    assert_eq!(runs(&design), runs(&by_pairs));
    for (tune, words) in [
        (format!("{own}{BOTH}"), "losses at other values of `options.rate`"),
        (format!("{own}sensitivity = [0.3, 1]\n{RATES}"), "order of arms"),
        (
            format!("{own}{RATES}[[arm]]\nobjective = \"electra\"\n"),
            "a generator that is trained beside it",
        ),
        (own.replace("loss", "los") + RATES, "held-out-loss"),
    ] {
        let fault = plan(&format!("{tune}{ARMS}")).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains("x.toml:"), "{fault}");
    }
}

#[test]
fn an_arm_without_an_option_has_fewer_points_of_the_grid_and_as_many_drawn_ones() {
    let whole = plan(&format!("{BOTH}{ARMS}")).unwrap().tuning.unwrap();
    assert_eq!(points(&whole), [("mlm", 6), ("autoregressive", 3)]);
    assert!(whole.arms[1].points.iter().all(|point| point.at.len() == 1));
    let drawn = |trials: usize| {
        let arms = format!("{ARMS}[[arm]]\nobjective = \"span\"\n");
        plan(&format!("[tune]\ntrials = {trials}\n{BOTH}{arms}"))
            .unwrap()
            .tuning
            .unwrap()
    };
    let three = drawn(3);
    assert_eq!(points(&three), [("mlm", 3), ("autoregressive", 3), ("span", 3)]);
    let at = |design: &Tuning, arm: usize| -> Vec<toml::Table> {
        design.arms[arm].points.iter().map(|point| point.at.clone()).collect()
    };
    assert_eq!(at(&three, 0), at(&three, 2), "the same keys, the same points");
    assert!(
        at(&three, 0).iter().all(|point| at(&drawn(4), 0).contains(point)),
        "more keep those before"
    );
    assert_eq!((three.drawn, drawn(6).drawn), (Some(3), None));
}

#[test]
fn rates_beside_a_point_are_trials_and_one_that_is_there_is_the_same() {
    let text = format!("[tune]\nsensitivity = [0.1, 1, 2]\n{RATES}{ARMS}");
    let plan = plan(&text).unwrap();
    let design = plan.tuning.clone().unwrap();
    let points = &design.arms[0].points;
    assert_eq!(points[0].beside[1], points[0].trials);
    assert_eq!(points[0].beside[2], points[1].trials, "2 times 0.001 is a point");
    assert_eq!(
        plan.run(&points[1].trials[0]).unwrap().arm,
        "mlm peak_lr=0.002 trial",
        "and has its name"
    );
    let low = plan.run(&points[0].beside[0][0]).unwrap();
    assert_eq!(low.config.optimizer.peak_lr, 1e-4);
    // 0.1 of each of three, and 2 times the last.
    assert_eq!(design.trials().len(), 2 * (3 + 3 + 1));
    let muon = format!("[optimizer]\nkind = \"muon\"\n[tune]\nsensitivity = [3]\n{ARMS}");
    let plan = self::plan(&muon).unwrap();
    let point = &plan.tuning.as_ref().unwrap().arms[0].points[0];
    assert!(point.at.is_empty() && plan.runs[0].point.is_none());
    let high = plan.run(&point.beside[0][0]).unwrap().config.optimizer;
    assert_eq!(
        (high.peak_lr, high.muon.unwrap().peak_lr),
        (3e-3, 6e-2),
        "all rates of learning"
    );
}

#[test]
fn what_is_not_fair_is_refused_with_its_place() {
    let pairs = "judge = { task = \"minimal-pairs\", name = \"mine\"";
    for (tune, rest, words) in [
        ("seeds = [3, 9]", ARMS, "seed 3 is one of the sweep's"),
        ("seeds = [9, 9]", ARMS, "seed 9 is given twice"),
        ("seeds = []", ARMS, "no seeds"),
        ("share = 1.5", ARMS, "share"),
        ("share = 1e-9", ARMS, "leaves none of the tokens"),
        ("sensitivity = [0]", ARMS, "sensitivity"),
        ("sensitivity = [3, 3]", ARMS, "factor 3 is given twice"),
        ("judge = \"masked-loss\"", ARMS, "judges the runs too"),
        ("judge = \"minimal-pairs\"", ARMS, "judges the runs too"),
        (&format!("{pairs} }}"), ARMS, "judges the runs too"),
        (&format!("{pairs}, pairs = 60 }}"), ARMS, "judges the runs too"),
        ("judge = \"samples\"", ARMS, "can never be asked"),
        (
            &format!("{pairs}, set = \"development\", apart_from = 50 }}"),
            ARMS,
            "asks 100 minimal pairs",
        ),
        ("judge = \"minimal-pear\"", ARMS, "minimal-pairs"),
        (
            "share = 0.5",
            "[corpus]\nsource = \"a.txt\"\n[[arm]]\nobjective = \"mlm\"\n",
            "nobody judges",
        ),
        ("trials = 0", ARMS, "trials"),
        ("shares = 0.5", ARMS, "share"),
    ] {
        let fault = plan(&format!("[tune]\n{tune}\n{RATES}{rest}")).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains("tune"), "{tune}: {fault}");
    }
    for (grid, words) in [
        ("\"encoder.width\" = [64, 128]", "the same for every arm"),
        ("\"budget.batch\" = [8]", "the same for every arm"),
        ("\"optimizer.peak\" = [1e-3]", "optimizer.peak_lr"),
        ("\"options.raet\" = [0.3]", "rate"),
        ("\"optimizer.peak_lr\" = [1e-3, 1e-3]", "the same run"),
        ("\"optimizer.peak_lr\" = [-1.0]", "peak_lr"),
        ("\"optimizer.peak_lr\" = []", "no values"),
        ("", "nothing is tuned"),
    ] {
        let fault = plan(&format!("[tune.grid]\n{grid}\n{ARMS}")).unwrap_err().to_string();
        assert!(fault.contains(words), "{grid}: {fault}");
    }
    let swept = format!("[sweep.grid]\n\"optimizer.peak_lr\" = [1e-3, 2e-3]\n{RATES}{ARMS}");
    assert!(plan(&swept).unwrap_err().to_string().contains("change the same key"));
    let given = format!("{BOTH}[[arm]]\nobjective = \"mlm\"\nrate = 0.2\n");
    assert!(plan(&given).unwrap_err().to_string().contains("change the same key"));
    let set = ["optimizer.peak_lr=1e-3".to_owned()];
    let text = format!("question = \"Which?\"\n{RATES}{ARMS}");
    assert!(
        Experiment::parse("x", "x.toml", &text, &set)
            .unwrap_err()
            .what
            .contains("is swept")
    );
    // Nothing of a grid is made that is too large, even where few points are drawn.
    let many: Vec<String> = (1..200).map(|value| format!("{value}e-5")).collect();
    let many = many.join(", ");
    let large = format!(
        "[tune]\ntrials = 2\n[tune.grid]\n\"optimizer.peak_lr\" = [{many}]\n\"optimizer.epsilon\" = [{many}]\n\"optimizer.clip\" = [{many}]\n{ARMS}"
    );
    assert!(plan(&large).unwrap_err().to_string().contains("up to 100000"));
}

#[test]
fn a_sweep_and_looks_are_planned_over_what_arms_may_become() {
    let text = format!(
        "[sweep]\nseeds = {{ from = 1, most = 6, until = \"decided\", effect = 1.0 }}\n[sweep.grid]\n\"encoder.width\" = [64, 128]\n\
         [report]\nbaseline = \"mlm\"\n{RATES}{ARMS}"
    );
    let plan = plan(&text).unwrap();
    let arms = [
        "mlm width=64",
        "mlm width=128",
        "autoregressive width=64",
        "autoregressive width=128",
    ];
    assert_eq!(points(plan.tuning.as_ref().unwrap()), arms.map(|arm| (arm, 3)));
    let design = plan.sequential.unwrap();
    assert_eq!(
        design.comparisons,
        [[arms[2], arms[0]], [arms[3], arms[1]]].map(|pair| pair.map(str::to_owned))
    );
    assert!(
        plan.runs
            .iter()
            .all(|run| !run.factors.contains_key("optimizer.peak_lr"))
    );
}
