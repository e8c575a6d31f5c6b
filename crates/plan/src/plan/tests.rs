//! Expansion, names, identity over edits, and what a plan costs.

use super::{PLAN_FILE, expand, read, write};
use crate::{Experiment, Plan};
use cloze_foundation::Result;
use cloze_schema::Axis;
use std::time::{Duration, Instant};

fn plan(body: &str) -> Result<Plan> {
    let text = format!("question = \"Which?\"\n[evaluate]\ntasks = []\n{body}");
    expand(&Experiment::parse("x", "x.toml", &text, &[])?)
}

fn arms(plan: &Plan) -> Vec<&str> {
    let mut names: Vec<&str> = plan.runs.iter().map(|run| run.arm.as_str()).collect();
    names.dedup();
    names
}

#[test]
fn arms_are_crossed_with_the_sweep_and_seeds_are_innermost() {
    let plan = plan(
        "[sweep]\nseeds = [1, 2]\n[sweep.grid]\n\"encoder.width\" = [32, 64]\n[sweep.zip]\n\"encoder.layers\" = [1, 2]\n\"budget.amount\" = [\"10k\", \"20k\"]\n\
         [[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.15, 0.4]\n[[arm]]\nobjective = \"span\"\n",
    )
    .unwrap();
    assert_eq!(plan.runs.len(), (2 + 1) * 2 * 2 * 2);
    let names = arms(&plan);
    assert_eq!(
        &names[..2],
        [
            "mlm rate=0.15 width=32 layers=1 amount=10k",
            "mlm rate=0.15 width=32 layers=2 amount=20k"
        ]
    );
    assert_eq!(names[8], "span width=32 layers=1 amount=10k");
    assert_eq!([plan.runs[0].config.seed, plan.runs[1].config.seed], [1, 2]);
    let run = &plan.runs[2];
    assert_eq!((run.config.encoder.layers, run.config.budget.amount), (2, 2e4));
    assert_eq!(run.factors["options.rate"].as_float(), Some(0.15));
    assert_eq!(run.factors["encoder.width"].as_integer(), Some(32));
}

#[test]
fn an_arm_names_what_it_is_compared_with_and_is_the_same_run() {
    let named = |own: &str| {
        plan(&format!(
            "[report]\nbaseline = \"mlm\"\n[sweep.grid]\n\"encoder.width\" = [32, 64]\n[[arm]]\nobjective = \"mlm\"\n\
             [[arm]]\nobjective = \"span\"\ngrid.rate = [0.1, 0.3]\n{own}\n"
        ))
    };
    let (own, none) = (named("baseline = \"span rate=0.1\"").unwrap(), named("").unwrap());
    assert!(own.ids().eq(none.ids()) && !own.shows_the_same(&none));
    assert!(none.report.baselines.is_empty());
    let arms = [
        "span rate=0.1 width=32",
        "span rate=0.1 width=64",
        "span rate=0.3 width=32",
        "span rate=0.3 width=64",
    ];
    assert!(own.report.baselines.keys().eq(arms), "{:?}", own.report.baselines);
    assert!(own.report.baselines.values().all(|wanted| wanted == "span rate=0.1"));
    let fault = named("baseline = \"spam rate=0.1\"").unwrap_err().to_string();
    assert!(
        fault.starts_with("the baseline `spam rate=0.1` is none of the arms\n  at x.toml:13:12 (arm[1].baseline)")
            && fault.contains("did you mean `span rate=0.1`?"),
        "{fault}"
    );
    let each_other =
        "[[arm]]\nobjective = \"mlm\"\nbaseline = \"span\"\n[[arm]]\nobjective = \"span\"\nbaseline = \"mlm\"\n";
    let fault = plan(each_other).unwrap_err().to_string();
    assert!(
        fault.starts_with(
            "`mlm` and `span` are each other's baselines, which is one comparison\n  at x.toml:6:12 (arm[0].baseline)"
        ),
        "{fault}"
    );
    // The first arm is what others are compared with where nobody says more: naming another makes two of one comparison, too.
    let one = "[[arm]]\nobjective = \"mlm\"\nbaseline = \"span\"\n[[arm]]\nobjective = \"span\"\n";
    assert!(
        plan(one)
            .unwrap_err()
            .to_string()
            .starts_with("`mlm` and `span` are each other's baselines")
    );
    assert!(plan(&one.replace("baseline = \"span\"", "baseline = \"mlm\"")).is_ok());
}

#[test]
fn a_mixture_is_an_arm_whose_parts_can_be_swept() {
    let parts = "[{ objective = \"mlm\", rate = 0.3 }, { objective = \"autoregressive\" }]";
    let swept = plan(&format!(
        "[[arm]]\nmixture = {parts}\ngrid.\"mixture.1.share\" = [0.0625, 0.5]\n"
    ))
    .unwrap();
    assert_eq!(arms(&swept), ["mixture share=0.0625", "mixture share=0.5"]);
    let run = &swept.runs[0];
    assert_eq!(run.config.objective, "mixture");
    assert_eq!(run.config.options["mixture"][0]["rate"].as_float(), Some(0.3));
    assert_eq!(run.config.options["mixture"][1]["share"].as_float(), Some(0.0625));
    assert_eq!(run.rule.as_deref(), Some("mlm.pseudo-log-likelihood"));
    let parts = parts.replace("\"autoregressive\"", "\"autoregressive\", share = 0.5");
    let said = plan(&format!(
        "[[arm]]\nname = \"both\"\nobjective = \"mixture\"\nmixture = {parts}\n"
    ))
    .unwrap();
    let short = plan(&format!("[[arm]]\nname = \"both\"\nmixture = {parts}\n")).unwrap();
    assert_eq!(said, short);

    let place = |body: &str| {
        let fault = plan(body).unwrap_err();
        (fault.place(), fault.what)
    };
    let (at, _) = place("[[arm]]\nmixture = [{ objective = \"mlm\", rtae = 0.3 }]\n");
    assert!(at.unwrap().contains("arm[0].mixture[0].rtae"));
    let (at, _) = place("[[arm]]\nmixture = []\n");
    assert!(at.unwrap().contains("arm[0].mixture"));
    let (_, what) = place("[[arm]]\nrate = 0.3\n");
    assert!(what.contains("`arm[0].objective` is missing"), "{what}");
    let (_, what) = place(&format!(
        "[[arm]]\nmixture = {parts}\ngrid.\"mixture.2.share\" = [0.5]\n"
    ));
    assert!(what.contains("`2` is not a place in a list of 2"), "{what}");
}

#[test]
fn windows_may_be_shorter_at_first() {
    let of = |budget: &str| {
        plan(&format!(
            "[budget]\nbatch = 8\namount = \"100k\"\n{budget}\n[[arm]]\nobjective = \"mlm\"\n"
        ))
    };
    let (whole, none) = (of("").unwrap(), of("stages = []").unwrap());
    assert_eq!(whole.runs[0].id, none.runs[0].id);
    let staged = of("stages = [{ until = 0.5, window = 16 }, { until = 0.75, window = 32 }]").unwrap();
    assert_ne!(staged.runs[0].id, whole.runs[0].id);
    let share = staged.runs[0].flops / whole.runs[0].flops;
    assert!(0.8 < share && share < 1.0, "{share}");
    let fault = of("stages = [{ until = 0.5, window = 24 }]").unwrap_err();
    assert!(fault.place().unwrap().contains("budget.stages[0].window"), "{fault}");
    let fault = of("stages = [{ until = 1.5, window = 32 }]").unwrap_err();
    assert!(fault.place().unwrap().contains("budget.stages[0].until"), "{fault}");
}

#[test]
fn dotted_and_nested_keys_mean_the_same() {
    let arm = "[[arm]]\nobjective = \"mlm\"\n";
    let quoted = plan(&format!("[sweep.grid]\n\"encoder.width\" = [32, 64]\n{arm}")).unwrap();
    let nested = plan(&format!("[sweep.grid]\nencoder.width = [32, 64]\n{arm}")).unwrap();
    assert_eq!(quoted, nested);
}

#[test]
fn an_arm_may_set_what_others_share() {
    let plan = plan(
        "[[arm]]\nobjective = \"mlm\"\n[[arm]]\nname = \"hot\"\nobjective = \"mlm\"\nset.\"optimizer.peak_lr\" = 0.01\n\
         set.corpus.tokenizer = { kind = \"bpe\", vocab = 300 }\n",
    )
    .unwrap();
    assert_eq!(
        (
            plan.runs[0].config.optimizer.peak_lr,
            plan.runs[3].config.optimizer.peak_lr
        ),
        (1e-3, 0.01)
    );
    assert_eq!(
        plan.runs[3].config.corpus.tokenizer,
        cloze_corpus::TokenizerConfig::Bpe { vocab: 300 }
    );
}

#[test]
fn random_points_stay_when_there_are_more_of_them() {
    let points = |samples: usize| {
        plan(&format!(
            "[sweep]\nseeds = [1]\n[sweep.random]\nsamples = {samples}\nseed = 5\n\"optimizer.peak_lr\" = {{ from = 1e-4, to = 1e-2, scale = \"log\" }}\n\
             \"encoder.layers\" = {{ from = 1, to = 3 }}\n[[arm]]\nobjective = \"mlm\"\n"
        ))
        .unwrap()
    };
    let (few, many) = (points(4), points(200));
    assert_eq!(few.runs[..], many.runs[..4]);
    let rates: Vec<f64> = many.runs.iter().map(|run| run.config.optimizer.peak_lr).collect();
    assert!(rates.iter().all(|rate| (1e-4..=1e-2).contains(rate)));
    // Log-uniform: half of the points below the geometric mean of the ends.
    let low = rates.iter().filter(|rate| **rate < 1e-3).count();
    assert!((70..=130).contains(&low), "{low}");
    for layers in 1..=3 {
        let count = many
            .runs
            .iter()
            .filter(|run| run.config.encoder.layers == layers)
            .count();
        assert!((40..=95).contains(&count), "{layers} layers: {count}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let text = |body: &str| plan(body).unwrap_err().to_string();
    let twice = "[[arm]]\nname = \"a\"\nobjective = \"mlm\"\n[[arm]]\nname = \"a\"\nobjective = \"mlm\"\nrate = 0.3\n";
    assert_eq!(
        text(twice),
        "two arms are called `a`\n  at x.toml:7:1 (arm[1])\n  7 | [[arm]]\n    | ^^^^^^^\n  \
         allowed: a name other than that of x.toml:4:1 (arm[0])\n  \
         hint: give one of them a name: name = \"...\""
    );
    let same = "[[arm]]\nobjective = \"mlm\"\n[[arm]]\nname = \"default\"\nobjective = \"mlm\"\nrate = 0.15\n";
    assert!(text(same).starts_with("`mlm` and `default` are the same run\n  at x.toml:6:1 (arm[1])"));
    assert!(
        text("[[arm]]\nobjective = \"mlm\"\nrate = 0.2\ngrid.rate = [0.3]\n")
            .starts_with("`rate` is both given and swept")
    );
    assert!(
        text("[sweep.grid]\n\"encoder.width\" = [64]\n[[arm]]\nobjective = \"mlm\"\nset.\"encoder.width\" = 32\n")
            .starts_with("`encoder.width` and `encoder.width` change the same key")
    );
    assert!(
        text("[sweep.zip]\n\"encoder.width\" = [64]\n\"encoder.layers\" = [1, 2]\n[[arm]]\nobjective = \"mlm\"\n")
            .starts_with("`encoder.layers` has 2 values and `encoder.width` has 1")
    );
    assert!(text("[sweep]\nseeds = [1, 1]\n[[arm]]\nobjective = \"mlm\"\n").starts_with("seed 1 is given twice"));
    assert!(text("[sweep]\nseeds = [-1]\n[[arm]]\nobjective = \"mlm\"\n").starts_with("seeds[0] = -1 is out of range"));
    assert!(
        text(
            "[sweep.random]\nsamples = 50000\n\"encoder.layers\" = { from = 1, to = 9 }\n[[arm]]\nobjective = \"mlm\"\n"
        )
        .starts_with("the sweep has 150000 runs")
    );
}

#[test]
fn arms_without_a_name_are_told_apart_by_what_differs() {
    let names = |body: &str| arms(&plan(&format!("[sweep]\nseeds = [1]\n{body}")).unwrap()).join("; ");
    // The default is told too, where another arm has written the option.
    assert_eq!(
        names(
            "[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"mlm\"\nrate = 0.3\n[[arm]]\nobjective = \"mlm\"\nrate = { from = 0.3, to = 0.1 }\n"
        ),
        "mlm rate=0.15; mlm rate=0.3; mlm rate={from=0.3,to=0.1}"
    );
    // What is the same in all is not told, and who has a name keeps it.
    assert_eq!(
        names(
            "[[arm]]\nobjective = \"span\"\nrate = 0.2\n[[arm]]\nobjective = \"span\"\nrate = 0.2\nboundary_weight = 0\n\
             set.\"optimizer.peak_lr\" = 0.01\n[[arm]]\nname = \"mlm\"\nobjective = \"span\"\n[[arm]]\nobjective = \"mlm\"\nrate = 0.3\n"
        ),
        "span boundary_weight=1 peak_lr=0.001; span boundary_weight=0 peak_lr=0.01; mlm; mlm rate=0.3"
    );
    // What an arm sweeps tells its points apart already.
    assert_eq!(
        names("[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.3, 0.4]\n"),
        "mlm; mlm rate=0.3; mlm rate=0.4"
    );
    assert_eq!(
        names(
            "[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.3, 0.4]\n[[arm]]\nobjective = \"mlm\"\nmode = \"reference\"\ngrid.rate = [0.3]\n"
        ),
        "mlm mode=corrected rate=0.3; mlm mode=corrected rate=0.4; mlm mode=reference rate=0.3"
    );
    // Ids do not hold names.
    let one = plan("[[arm]]\nobjective = \"mlm\"\nrate = 0.3\n").unwrap();
    let two = plan("[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"mlm\"\nrate = 0.3\n").unwrap();
    assert_eq!(
        (two.runs[3].arm.as_str(), &two.runs[3].id),
        ("mlm rate=0.3", &one.runs[0].id)
    );
}

#[test]
fn a_swept_option_leaves_the_arms_alone_that_do_not_have_it() {
    let plan_of = |sweep: &str| {
        plan(&format!(
            "[sweep]\nseeds = [1]\n{sweep}[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"autoregressive\"\n"
        ))
    };
    let grid = plan_of("[sweep.grid]\n\"options.rate\" = [0.15, 0.4]\n\"encoder.width\" = [32, 64]\n").unwrap();
    assert_eq!(
        arms(&grid),
        [
            "mlm rate=0.15 width=32",
            "mlm rate=0.15 width=64",
            "mlm rate=0.4 width=32",
            "mlm rate=0.4 width=64",
            "autoregressive width=32",
            "autoregressive width=64"
        ]
    );
    assert_eq!(grid.runs[4].factors.keys().collect::<Vec<_>>(), ["encoder.width"]);
    let zip = plan_of("[sweep.zip]\n\"options.rate\" = [0.15, 0.4]\n\"encoder.width\" = [32, 64]\n").unwrap();
    assert_eq!(zip.runs.len(), 4);
    let fault = plan_of("[sweep.grid]\n\"options.raet\" = [0.15, 0.4]\n").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "no arm has an option `raet`\n  at x.toml:7:1 (options.raet)\n  7 | \"options.raet\" = [0.15, 0.4]\n    | ^^^^^^^^^^^^^^\n  \
         allowed: options.copies, options.mode, options.pairs, options.predict, options.rate, options.replace, options.select\n  did you mean `rate`?"
    );
    let given =
        plan("[sweep.grid]\n\"options.rate\" = [0.15, 0.4]\n[[arm]]\nobjective = \"mlm\"\nrate = 0.3\n").unwrap_err();
    assert!(
        given
            .what
            .starts_with("`options.rate` and `options.rate` change the same key"),
        "{given}"
    );
}

#[test]
fn lists_of_an_arm_move_together() {
    let plan_of = |zip: &str| {
        plan(&format!(
            "[sweep]\nseeds = [1]\n[[arm]]\nobjective = \"span\"\ngrid.mode = [\"corrected\", \"reference\"]\n{zip}"
        ))
    };
    let plan = plan_of("zip.rate = [0.15, 0.3]\nzip.span_words = [10, 5]\n").unwrap();
    assert_eq!(
        arms(&plan),
        [
            "span mode=corrected rate=0.15 span_words=10",
            "span mode=corrected rate=0.3 span_words=5",
            "span mode=reference rate=0.15 span_words=10",
            "span mode=reference rate=0.3 span_words=5"
        ]
    );
    assert_eq!(plan.runs[1].factors["options.span_words"].as_integer(), Some(5));
    assert_eq!(
        plan.runs[0].stem.as_deref(),
        Some("span mode=corrected rate=0.15 span_words=10")
    );
    for (zip, what) in [
        (
            "zip.rate = [0.15, 0.3]\nzip.span_words = [10]\n",
            "`span_words` has 1 values and `rate` has 2",
        ),
        (
            "zip.mode = [\"reference\", \"corrected\"]\n",
            "`options.mode` and `options.mode` change the same key",
        ),
        (
            "rate = 0.2\nzip.rate = [0.1, 0.3]\n",
            "`rate` is both given and swept in this arm",
        ),
        ("zip.raet = [0.1, 0.3]\n", "unknown key `raet` in `arm[0]`"),
    ] {
        let fault = plan_of(zip).unwrap_err();
        assert!(fault.what.starts_with(what), "{fault}");
    }
}

#[test]
fn a_path_is_called_by_its_last_parts() {
    let plan = plan(
        "[sweep]\nseeds = [1]\n[sweep.grid]\n\"corpus.source\" = [\"/data/novels/a.txt\", \"/data/laws/a.txt\", \"fragment\"]\n[[arm]]\nobjective = \"mlm\"\n",
    )
    .unwrap();
    assert_eq!(
        arms(&plan),
        [
            "mlm source=novels/a.txt",
            "mlm source=laws/a.txt",
            "mlm source=fragment"
        ]
    );
    assert_eq!(plan.runs[0].config.corpus.source, "/data/novels/a.txt");
}

#[test]
fn a_million_seeds_are_refused_before_they_are_planned() {
    let seeds: Vec<String> = (0..1_000_000).map(|seed| seed.to_string()).collect();
    let start = Instant::now();
    let fault = plan(&format!(
        "[sweep]\nseeds = [{}]\n[[arm]]\nobjective = \"mlm\"\n",
        seeds.join(",")
    ))
    .unwrap_err();
    assert!(fault.what.contains("1000000"), "{fault}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn an_edited_experiment_keeps_the_runs_that_it_still_has() {
    let before = plan("[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.15, 0.4]\n").unwrap();
    let after = plan("[sweep]\nseeds = [3, 1, 2, 4]\n[[arm]]\nobjective = \"electra\"\n[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.6, 0.4, 0.15]\n").unwrap();
    for run in &before.runs {
        assert_eq!(
            after.run(&run.id).map(|kept| (&kept.arm, &kept.config)),
            Some((&run.arm, &run.config))
        );
    }
}

#[test]
fn a_plan_is_read_as_it_was_written_and_not_when_it_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(
        "[optimizer]\npeak_lr = 0.001\nepsilon = 1.2345678901234567e-7\n[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.15, { from = 0.3, to = 0.1 }]\n",
    )
    .unwrap();
    write(&plan, folder.path()).unwrap();
    assert_eq!(read(folder.path()).unwrap(), plan);
    let path = folder.path().join(PLAN_FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"peak_lr\": 0.001", "\"peak_lr\": 0.002", 1)).unwrap();
    assert!(
        read(folder.path())
            .unwrap_err()
            .what
            .contains("has another configuration than its id says")
    );
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(read(folder.path()).unwrap_err().what.starts_with("not a plan"));
}

#[test]
fn flops_follow_the_budget() {
    let flops = |budget: &str| {
        plan(&format!(
            "[sweep]\nseeds = [1]\n[budget]\n{budget}\n[[arm]]\nobjective = \"mlm\"\n"
        ))
        .unwrap()
        .runs[0]
            .flops
    };
    let one = flops("equalise = \"steps\"\namount = 1");
    assert_eq!(flops("equalise = \"steps\"\namount = 10"), 10.0 * one);
    // 16 windows of 64 are 1,024 tokens a step; the step that reaches the budget is a whole one.
    assert_eq!(flops("equalise = \"tokens\"\namount = 10_000"), 10.0 * one);
    let budget = 5.5 * one;
    assert_eq!(flops(&format!("equalise = \"flops\"\namount = {budget}")), 6.0 * one);
    // 15 % of the 63 tokens that may be hidden in each window of 64.
    assert_eq!(flops("equalise = \"predictions\"\namount = 1440"), 10.0 * one);
}

#[test]
fn cost_adds_up() {
    let plan =
        plan("[budget]\namount = \"1024k\"\n[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"electra\"\n").unwrap();
    let cost = crate::cost(&plan, None, 1e10).unwrap();
    let close = |found: f64, wanted: f64| (found / wanted - 1.0).abs() < 1e-9;
    assert_eq!(cost.runs, 6);
    assert!(close(cost.flops, plan.runs.iter().map(|run| run.flops).sum()));
    // A thousand steps a run take some time whatever is in them.
    assert!(
        close(cost.seconds, cost.flops / 1e10 + 6.0 * 1000.0 * 2e-4) && close(cost.tokens, 6.0 * 1_024_000.0),
        "{cost:?}"
    );
    let parameters = plan.runs[0].config.encoder.parameters(2048) as u64;
    assert_eq!(
        (cost.weight_bytes, cost.checkpoint_bytes),
        (6 * 4 * parameters, 12 * parameters)
    );
    let mut timed = plan.clone();
    timed.runs.truncate(1);
    timed.runs[0].config.budget.equalise = Axis::Seconds;
    timed.runs[0].config.budget.amount = 90.0;
    assert_eq!(crate::cost(&timed, None, 1e10).unwrap().seconds, 90.0);
}

#[test]
fn judging_is_told_beside_training() {
    let seconds = |evaluate: &str, arm: &str| {
        let text = format!(
            "question = \"Which?\"\n[sweep]\nseeds = [1]\n[evaluate]\n{evaluate}\n[[arm]]\nobjective = \"{arm}\"\n"
        );
        let plan = expand(&Experiment::parse("x", "x.toml", &text, &[]).unwrap()).unwrap();
        crate::cost(&plan, None, 1e10).unwrap().evaluation_seconds
    };
    let pairs = |pairs: usize, points: usize| {
        format!("tasks = [{{ task = \"minimal-pairs\", pairs = {pairs} }}]\npoints = {points}\nvalidation_windows = 1")
    };
    let alone = seconds("tasks = []\npoints = 1\nvalidation_windows = 1", "mlm");
    let (one, two, more) = (
        seconds(&pairs(50, 1), "mlm"),
        seconds(&pairs(50, 2), "mlm"),
        seconds(&pairs(100, 1), "mlm"),
    );
    let close = |found: f64, wanted: f64| (found / wanted - 1.0).abs() < 0.01;
    assert!(
        close(two, 2.0 * one) && close(more - alone, 2.0 * (one - alone)),
        "{one} {two} {more}"
    );
    // On a log scale there are as many, unless several lie in one step.
    let log = |points: usize, amount: &str| {
        let spaced = format!(
            "{}\nspacing = \"log\"\n[budget]\namount = \"{amount}\"",
            pairs(50, points)
        );
        seconds(&spaced, "mlm")
    };
    assert!(close(log(2, "2M"), two), "{} {two}", log(2, "2M"));
    assert!(
        close(log(30, "40k"), log(7, "40k")),
        "{} {}",
        log(30, "40k"),
        log(7, "40k")
    );
    // A token masked in turn is a pass of its own: many times the one pass from left to right.
    let causal = seconds(&pairs(50, 1), "autoregressive");
    assert!(one > 3.0 * causal && causal > 0.0, "{one} {causal}");
    // One window of 64, of whose 63 tokens 9 are predicted, at the rate that judging was measured to have.
    let config = cloze_backbone::EncoderConfig::preset(cloze_backbone::Preset::Modern, 128, 2, 64);
    let head = cloze_backbone::VocabularyHead::forward_flops(128, 128, 2048, 9);
    let flops = config.forward_flops_at(1, 64, false, 9) + head;
    assert!(close(alone, flops / (0.8 * 1e10)), "{alone}");

    // Fine-tuning: two trials and one more seed of 400 sentences, and 100 to choose by in every epoch; 500 are asked twice.
    let tuned = |epochs: usize| {
        let recipe = format!("{{ epochs = {epochs}, trials = [1e-3, 2e-3], development = 0.2 }}");
        let task = format!("{{ task = \"classification\", examples = 500, seeds = 2, recipe = {recipe} }}");
        seconds(&format!("tasks = [{task}]\npoints = 1\nvalidation_windows = 1"), "mlm") - alone
    };
    let passes = |epochs: f64| 3.0 * epochs * (3.0 * 400.0 + 100.0) + 1000.0;
    assert!(close(tuned(6) / tuned(3), passes(6.0) / passes(3.0)));
}

#[test]
fn five_thousand_runs_are_planned_within_a_second() {
    let seeds: Vec<String> = (1..=50).map(|seed| seed.to_string()).collect();
    let rates: Vec<String> = (1..=50).map(|rate| format!("{:.2}", f64::from(rate) / 60.0)).collect();
    let body = format!(
        "[sweep]\nseeds = [{}]\n[sweep.grid]\n\"encoder.width\" = [64, 128]\n[[arm]]\nobjective = \"mlm\"\ngrid.rate = [{}]\n",
        seeds.join(", "),
        rates.join(", ")
    );
    let start = Instant::now();
    let plan = plan(&body).unwrap();
    let taken = start.elapsed();
    assert_eq!(plan.runs.len(), 5000);
    assert!(taken < Duration::from_secs(1), "{taken:?}");
}

#[test]
fn every_shipped_experiment_is_planned() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let heading = text.lines().nth(1).unwrap_or_default();
        assert!(heading.starts_with("# "), "{}: headed by its question", path.display());
        let plan = Experiment::load(&path, &[])
            .and_then(|experiment| expand(&experiment))
            .unwrap_or_else(|fault| panic!("{fault}"));
        assert!(!plan.runs.is_empty() && plan.question.ends_with('?'));
        names.push(plan.experiment);
    }
    for name in ["quickstart", "fiction", "masking-ratio"] {
        assert!(
            names.iter().any(|found| found == name),
            "{name} is missing from {names:?}"
        );
    }
}
