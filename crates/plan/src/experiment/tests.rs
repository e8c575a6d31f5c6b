//! What experiment files may say, and the whole text of what is said about wrong ones.

mod fitting;
mod half_life;

use super::Experiment;
use crate::{Plan, expand};
use cloze_backbone::Precision;
use cloze_foundation::{Result, fault::FaultKind};
use cloze_schema::{Axis, ChartKind};
use cloze_trainer::Spacing;

const HEAD: &str = "question = \"Which?\"\n";
const TAIL: &str = "\n[evaluate]\ntasks = []\n";

fn plan(body: &str, set: &[&str]) -> Result<Plan> {
    let set: Vec<String> = set.iter().map(|argument| (*argument).to_owned()).collect();
    expand(&Experiment::parse("x", "x.toml", &format!("{HEAD}{body}{TAIL}"), &set)?)
}

/// The whole text of the fault; line 1 is the question.
fn fault(body: &str, set: &[&str]) -> String {
    let fault = plan(body, set).expect_err("this experiment is wrong");
    assert_eq!(fault.kind, FaultKind::Usage);
    fault.to_string()
}

const MLM: &str = "[[arm]]\nobjective = \"mlm\"\n";

#[test]
fn everything_but_question_and_arms_has_a_default() {
    let plan = plan(MLM, &[]).unwrap();
    let config = &plan.runs[0].config;
    assert_eq!(
        plan.runs.iter().map(|run| run.config.seed).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        (config.budget.equalise, config.budget.amount, config.budget.batch),
        (Axis::Tokens, 2e6, 16)
    );
    assert_eq!(
        (config.encoder.width, config.encoder.layers, config.encoder.window),
        (128, 2, 64)
    );
    assert_eq!(
        (
            config.corpus.source.as_str(),
            config.corpus.words,
            config.corpus.held_out
        ),
        ("fragment", 1_500_000, 0.05)
    );
    assert_eq!(
        config.options,
        cloze_objectives::configure("mlm", &toml::Table::new())
            .unwrap()
            .options()
    );
}

#[test]
fn what_is_written_is_what_is_planned() {
    let plan = plan(
        "[corpus]\nsource = \"a/*.txt\"\ntokenizer = { kind = \"bpe\", vocab = 512 }\nheld_out = 0.1\n\
         [encoder]\npreset = \"bert\"\nwidth = 96\nheads = 3\nwindow = 32\ndropout = 0\nprecision = \"bfloat16\"\n\
         [budget]\nequalise = \"seconds\"\namount = \"2min\"\nbatch = 8\n[optimizer]\npeak_lr = 2e-3\nclip = 0\n\
         [sweep]\nseeds = [7]\n[[arm]]\nname = \"falling\"\nobjective = \"mlm\"\nrate = { from = 0.3, to = 0.15, shape = \"linear\" }\n",
        &[],
    )
    .unwrap();
    let run = &plan.runs[0];
    assert_eq!((plan.runs.len(), run.arm.as_str(), run.config.seed), (1, "falling", 7));
    assert_eq!(run.config.options["rate"]["from"].as_float(), Some(0.3));
    assert_eq!((run.config.encoder.heads, run.config.encoder.dropout), (3, 0.0));
    assert_eq!(run.config.encoder.precision, Precision::Bfloat16);
    assert_eq!(
        (run.config.budget.equalise, run.config.budget.amount),
        (Axis::Seconds, 120.0)
    );
    assert_eq!((run.config.optimizer.peak_lr, run.config.optimizer.clip), (2e-3, 0.0));
}

#[test]
fn unknown_keys_are_named_with_their_place_and_the_nearest_key() {
    assert_eq!(
        fault("[encoder]\nwidht = 64\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "unknown key `widht` in `encoder`\n  at x.toml:3:1 (encoder.widht)\n  3 | widht = 64\n    | ^^^^^\n  \
         allowed: preset, width, layers, layer_groups, heads, feed_forward, embedding_width, window, dropout, pre_norm, precision, disentangled, embedding_residual, value_embeddings, logit_cap, z_loss, initial_values, from\n  did you mean `width`?"
    );
    assert_eq!(
        fault("[[arm]]\nobjective = \"mlm\"\nraet = 0.3\n", &[]),
        "unknown key `raet` in `arm[0]`\n  at x.toml:4:1 (arm[0].raet)\n  4 | raet = 0.3\n    | ^^^^\n  \
         allowed: name, objective, grid, zip, set, baseline, mode, rate, replace, select, predict, copies, pairs\n  did you mean `rate`?"
    );
    // An arm whose one word about what it is has a slip in it, beside options that then belong to nothing.
    for (typed, meant) in [("modle", "model"), ("objectve", "objective"), ("mixtrue", "mixture")] {
        assert_eq!(
            fault(&format!("[[arm]]\nname = \"a\"\nrate = 0.3\n{typed} = \"x\"\n"), &[]),
            format!(
                "unknown key `{typed}` in `arm[0]`\n  at x.toml:5:1 (arm[0].{typed})\n  5 | {typed} = \"x\"\n    | {}\n  \
                 allowed: objective, mixture, model\n  did you mean `{meant}`?",
                "^".repeat(typed.len())
            )
        );
    }
    assert!(fault("[[arm]]\nrate = 0.3\n", &[]).starts_with("`arm[0].objective` is missing"));
    assert!(fault("[bugdet]\n", &[]).contains("unknown key `bugdet`\n  at x.toml:2:2 (bugdet)"));
    let tokenizer = format!("[corpus]\ntokenizer = {{ kind = \"wordpiece\", path = \"x\" }}\n{MLM}");
    assert!(fault(&tokenizer, &[]).starts_with(
        "a wordpiece tokenizer has no `path`\n  at x.toml:3:42 (corpus.tokenizer.path)\n  \
         3 | tokenizer = { kind = \"wordpiece\", path = \"x\" }\n    |                                          ^^^\n  \
         allowed: kind, vocab"
    ));
    assert!(
        fault(
            "[sweep.grid]\n\"encoder.widht\" = [64]\n[[arm]]\nobjective = \"mlm\"\n",
            &[]
        )
        .starts_with("there is no key `encoder.widht` to change\n  at x.toml:3:1 (encoder.widht)")
    );
}

#[test]
fn unknown_words_are_named_with_the_words_that_are_known() {
    let names: Vec<&str> = cloze_objectives::entries().map(|entry| entry.name).collect();
    assert_eq!(
        fault("[[arm]]\nobjective = \"eletcra\"\n", &[]),
        format!(
            "unknown objective `eletcra`\n  at x.toml:3:13 (arm[0].objective)\n  3 | objective = \"eletcra\"\n    |             ^^^^^^^^^\n  \
             allowed: {}\n  did you mean `electra`?\n  hint: `cloze explain` lists the objectives",
            names.join(", ")
        )
    );
    assert_eq!(
        fault("[encoder]\npreset = \"modren\"\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "unknown preset `modren`\n  at x.toml:3:10 (encoder.preset)\n  3 | preset = \"modren\"\n    |          ^^^^^^^^\n  \
         allowed: modern, bert\n  did you mean `modern`?"
    );
    assert_eq!(
        fault("[budget]\nequalise = \"step\"\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "unknown equalise `step`\n  at x.toml:3:12 (budget.equalise)\n  3 | equalise = \"step\"\n    |            ^^^^^^\n  \
         allowed: steps, tokens, predictions, flops, seconds\n  did you mean `steps`?"
    );
    let evaluations: Vec<&str> = cloze_evals::EVALUATIONS.iter().map(|entry| entry.name).collect();
    let text = "question = \"Which?\"\n[evaluate]\ntasks = [\"minimal-pears\"]\n[[arm]]\nobjective = \"mlm\"\n";
    assert_eq!(
        Experiment::parse("x", "x.toml", text, &[]).unwrap_err().to_string(),
        format!(
            "unknown evaluation `minimal-pears`\n  at x.toml:3:10 (evaluate.tasks[0])\n  3 | tasks = [\"minimal-pears\"]\n    |          ^^^^^^^^^^^^^^^\n  \
             allowed: {}\n  did you mean `minimal-pairs`?",
            evaluations.join(", ")
        )
    );
    assert_eq!(
        fault("[report]\nbaseline = \"mml\"\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "the baseline `mml` is none of the arms\n  at x.toml:3:12 (report.baseline)\n  3 | baseline = \"mml\"\n    |            ^^^^^\n  \
         allowed: mlm\n  did you mean `mlm`?"
    );
}

#[test]
fn values_out_of_range_are_named_with_the_range() {
    assert_eq!(
        fault("[[arm]]\nobjective = \"mlm\"\nrate = 1.5\n", &[]),
        "rate = 1.5 is out of range\n  at x.toml:4:8 (arm[0].rate)\n  4 | rate = 1.5\n    |        ^^^\n  allowed: above 0 and below 1\n  \
         hint: `cloze explain mlm` describes its options"
    );
    // A swept value is shown where it stands in the list.
    assert!(
        fault("[[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.1, 1.5]\n", &[]).contains("at x.toml:4:19 (arm[0].rate)")
    );
    assert_eq!(
        fault(
            "[encoder]\npreset = \"bert\"\nwindow = 1024\n[[arm]]\nobjective = \"mlm\"\n",
            &[]
        ),
        "a window of 1024 is longer than the 512 learned positions of this preset\n  at x.toml:4:10 (encoder.window)\n  4 | window = 1024\n    |          ^^^^\n  \
         allowed: 2 to 512\n  hint: shorten the window, or choose preset = \"modern\""
    );
    assert_eq!(
        fault("[budget]\nbatch = 0\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "batch = 0 is out of range\n  at x.toml:3:9 (budget.batch)\n  3 | batch = 0\n    |         ^\n  allowed: 1 to 1000000"
    );
    assert_eq!(
        fault("[optimizer]\nwarmup = 1.5\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "warmup = 1.5 is out of range\n  at x.toml:3:10 (optimizer.warmup)\n  3 | warmup = 1.5\n    |          ^^^\n  allowed: from 0 to below 1"
    );
    let heads = fault("[encoder]\nwidth = 128\nheads = 3\n[[arm]]\nobjective = \"mlm\"\n", &[]);
    assert!(
        heads.contains("at x.toml:4:9 (encoder.heads)") && heads.contains("allowed: 1, 2, 4, 8"),
        "{heads}"
    );
}

#[test]
fn wrong_types_and_amounts_are_named_with_what_is_wanted() {
    assert_eq!(
        fault("[encoder]\nwidth = \"wide\"\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "`encoder.width` is a string and has to be a whole number\n  at x.toml:3:9 (encoder.width)\n  \
         3 | width = \"wide\"\n    |         ^^^^^^\n  allowed: a whole number"
    );
    assert_eq!(
        fault("[budget]\namount = \"2 parsecs\"\n[[arm]]\nobjective = \"mlm\"\n", &[]),
        "amount = \"2 parsecs\" is not an amount\n  at x.toml:3:10 (budget.amount)\n  3 | amount = \"2 parsecs\"\n    |          ^^^^^^^^^^^\n  \
         allowed: a number above 0, or such a number with k, M, G, T or P as in \"2M\""
    );
    assert!(
        fault("encoder = 5\n[[arm]]\nobjective = \"mlm\"\n", &[])
            .starts_with("`encoder` is a whole number and has to be a table")
    );
    assert!(fault("arm = 5\n", &[]).starts_with("`arm` is a whole number and has to be a list of tables"));
    assert!(fault("[corpus]\nheld_out = 2020-01-01\n", &[]).starts_with("2020-01-01 is a date"));
    assert!(
        fault("[corpus]\nheld_out = nan\n", &[])
            .starts_with("nan is not a finite number\n  at x.toml:3:12 (corpus.held_out)")
    );
    let listed = fault("[sweep]\nseeds = [1, 99999999999999999999]\n", &[]);
    assert!(listed.contains("(sweep.seeds[1])"), "{listed}");
    assert!(fault("[corpus]\nwords = 99999999999999999999\n", &[]).contains("does not fit in 64 bits"));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(
        fault("", &[]),
        "`arm` is missing\n  at x.toml (arm)\n  hint: add [[arm]] with objective = \"mlm\""
    );
    assert_eq!(
        fault("[[arm]]\nname = \"a\"\n", &[]),
        "`arm[0].objective` is missing\n  at x.toml:2:1 (arm[0].objective)\n  2 | [[arm]]\n    | ^^^^^^^\n  hint: `cloze explain` lists the objectives"
    );
    let text = Experiment::parse("x", "x.toml", MLM, &[]).unwrap_err().to_string();
    assert!(
        text.starts_with("`question` is missing\n  at x.toml (question)"),
        "{text}"
    );
    assert!(
        fault("[budget]\nequalise = \"steps\"\n[[arm]]\nobjective = \"mlm\"\n", &[])
            .starts_with("`budget.amount` is missing")
    );
}

#[test]
fn broken_toml_has_a_line_and_a_column() {
    let text = fault("[encoder\n", &[]);
    assert!(
        text.starts_with("not valid TOML: ") && text.contains("at x.toml:2:9"),
        "{text}"
    );
    let text = fault("[corpus]\nsource = \"ä\" \"b\"\n", &[]);
    assert!(text.contains("at x.toml:3:14"), "columns count characters: {text}");
}

#[test]
fn arguments_override_the_file() {
    let runs = |set: &[&str]| plan(MLM, set).unwrap().runs;
    assert_eq!(runs(&["encoder.width=64"])[0].config.encoder.width, 64);
    assert_eq!(
        runs(&["budget.amount=500k", "sweep.seeds=[9]"])[0].config.budget.amount,
        5e5
    );
    assert_eq!(runs(&["sweep.seeds=[9]"]).len(), 1);
    assert_eq!(
        runs(&["corpus.source = novels/*.txt"])[0].config.corpus.source,
        "novels/*.txt"
    );
    assert_eq!(
        runs(&["arm.0.rate=0.4"])[0].config.options["rate"].as_float(),
        Some(0.4)
    );
    assert_eq!(runs(&["sweep.grid.\"encoder.width\"=[32, 64]"])[5].arm, "mlm width=64");
}

#[test]
fn a_wrong_argument_is_named() {
    assert_eq!(
        fault(MLM, &["encoder.widht=64"]),
        "unknown key `widht` in `encoder`\n  at --set encoder.widht=64 (encoder.widht)\n  \
         allowed: preset, width, layers, layer_groups, heads, feed_forward, embedding_width, window, dropout, pre_norm, precision, disentangled, embedding_residual, value_embeddings, logit_cap, z_loss, initial_values, from\n  did you mean `width`?"
    );
    assert_eq!(
        fault(MLM, &["encoder.width"]),
        "an override needs a key and a value\n  at --set encoder.width\n  \
         hint: write it as in `--set budget.amount=500k` or `--set sweep.seeds=[1,2]`"
    );
    assert!(fault(MLM, &["encoder.width=wide"]).contains("`encoder.width` is a string"));
    for (argument, what) in [
        ("=5", "is not a key path"),
        ("a..b=5", "is not a key path"),
        ("[encoder]\nwidth=5", "is not a key path"),
        ("encoder.width=", "is given no value"),
        ("sweep.seeds=[1", "the value is not valid TOML"),
        ("arm.7.rate=0.5", "`7` is not a place in a list of 1"),
        ("question.x=5", "`x` would be a key of a string"),
    ] {
        assert!(
            fault(MLM, &[argument]).contains(what),
            "{argument}: {}",
            fault(MLM, &[argument])
        );
    }
    let swept = format!("[sweep.grid]\n\"encoder.width\" = [64]\n{MLM}");
    assert!(fault(&swept, &["encoder.width=32"]).starts_with("`encoder.width` is swept, so it cannot be set"));
}

#[test]
fn without_tasks_the_built_in_language_is_judged_by_its_pairs_too() {
    let tasks = |source: &str| {
        let text = format!("{HEAD}[corpus]\nsource = \"{source}\"\n{MLM}");
        let plan = expand(&Experiment::parse("x", "x.toml", &text, &[]).unwrap()).unwrap();
        plan.runs[0]
            .config
            .evaluate
            .iter()
            .map(|task| task.task.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(tasks("fragment"), ["minimal-pairs", "masked-loss"]);
    assert_eq!(tasks("novels/*.txt"), ["masked-loss"]);
}

/// The plan of one MLM run with these tasks, or the fault in words.
fn judged(tasks: &str) -> std::result::Result<Plan, String> {
    let text = format!("{HEAD}{MLM}[evaluate]\ntasks = {tasks}\n");
    let plan = Experiment::parse("x", "x.toml", &text, &[]).and_then(|experiment| expand(&experiment));
    plan.map_err(|fault| fault.to_string())
}

#[test]
fn two_evaluations_of_one_kind_have_names_of_their_own() {
    let two = "[{ task = \"blimp\", path = \"pairs/zorro\" }, { task = \"blimp\", name = \"Holmes\", path = \"pairs/holmes\" }]";
    let plan = judged(two).unwrap();
    let facts: Vec<_> = plan
        .tasks
        .iter()
        .map(|facts| (facts.task.as_str(), facts.kind.as_str(), facts.title.as_str()))
        .collect();
    // Pairs from elsewhere are not BLiMP.
    assert_eq!(
        facts,
        [
            ("blimp", "blimp", "Minimal pairs of `zorro`"),
            ("Holmes", "blimp", "Holmes")
        ]
    );
    assert_eq!(judged("[\"blimp\"]").unwrap().tasks[0].title, "BLiMP");
    let fault = judged(&two.replace("name = \"Holmes\", ", "")).unwrap_err();
    assert!(
        fault.contains("`blimp` is named twice") && fault.contains("name = \"...\""),
        "{fault}"
    );
    let fault = judged(&two.replace("Holmes", "blimp")).unwrap_err();
    assert!(fault.contains("`blimp` is named twice"), "{fault}");

    let id = |tasks: &str| judged(tasks).unwrap().runs[0].id.clone();
    assert_eq!(id("[{ task = \"blimp\", name = \"blimp\" }]"), id("[\"blimp\"]"));
    assert_ne!(id("[{ task = \"blimp\", name = \"mine\" }]"), id("[\"blimp\"]"));
}

#[test]
fn a_name_that_would_be_taken_for_something_else_is_refused_at_its_place() {
    for (name, why) in [
        ("pretraining", "pretraining itself"),
        ("masked-loss", "that of another evaluation"),
        ("a/b", "holds '/'"),
        ("a[b]", "holds '['"),
        ("a\\u0007", "holds '\\u{7}'"),
        (&"x".repeat(61), "more than 60"),
    ] {
        let fault = judged(&format!("[{{ task = \"blimp\", name = \"{name}\" }}]")).unwrap_err();
        assert!(
            fault.starts_with("a task's name") && fault.contains(why) && fault.contains("evaluate.tasks[0].name"),
            "{fault}"
        );
    }
}

/// Plans three rates of MLM, judged by minimal pairs and the masked loss, with one claim.
fn claimed(check: &str) -> Result<Plan> {
    let text = format!(
        "{HEAD}{MLM}grid.rate = [0.15, 0.4, 0.6]\n[evaluate]\ntasks = [\"minimal-pairs\", \"masked-loss\"]\n\
         [[claim]]\nsays = \"so it is\"\ncheck = '{check}'\n"
    );
    expand(&Experiment::parse("x", "x.toml", &text, &[])?)
}

#[test]
fn judgements_on_a_log_scale_are_as_many_as_lie_apart() {
    let spaced = |points: usize| format!("{HEAD}{MLM}[evaluate]\npoints = {points}\nspacing = \"log\"\n");
    let text = Experiment::parse("x", "x.toml", &spaced(31), &[])
        .unwrap_err()
        .to_string();
    assert!(text.contains("(evaluate.points)") && text.contains("1 to 30"), "{text}");
    let plan = |points: usize| expand(&Experiment::parse("x", "x.toml", &spaced(points), &[]).unwrap()).unwrap();
    let spacing = |plan: &Plan| plan.runs[0].config.spacing;
    assert_eq!(spacing(&plan(30)), Spacing::Log);
    // A single judgement is at the end, and the run is the same.
    assert_eq!(spacing(&plan(1)), Spacing::Even);
    let is_drawn = |plan: &Plan| plan.report.charts.contains(&ChartKind::PhenomenaAlongTraining);
    assert!(is_drawn(&plan(4)) && !is_drawn(&plan(1)));
}

#[test]
fn a_claim_may_be_about_a_part_of_an_evaluation_with_a_name_of_its_own() {
    let planned = |check: &str| {
        let text = format!(
            "{HEAD}{MLM}grid.rate = [0.15, 0.4]\n[evaluate]\ntasks = [{{ task = \"minimal-pairs\", name = \"mine\" }}]\n\
             [[claim]]\nsays = \"so it is\"\ncheck = '{check}'\n"
        );
        expand(&Experiment::parse("x", "x.toml", &text, &[])?)
    };
    assert!(planned("above_chance(mine/agreement, mlm rate=0.4)").is_ok());
    let fault = planned("above_chance(mine/agreements, mlm rate=0.4)").unwrap_err();
    assert_eq!(fault.nearest.as_deref(), Some("agreement"));
}

#[test]
fn claims_are_kept_word_for_word() {
    for check in [
        "interior_optimum(minimal-pairs, rate, 0.15, 0.5)",
        "interior_optimum(masked-loss, options.rate, 0.3, 0.5)",
        "better(minimal-pairs/agreement, mlm rate=0.4, mlm rate=0.15)",
        "above_chance(minimal-pairs, mlm rate=0.4)",
    ] {
        assert_eq!(claimed(check).unwrap().claims[0].check.to_string(), check);
    }
}

#[test]
fn a_claim_about_what_is_not_there_is_refused_with_what_there_is() {
    for (check, what, allowed) in [
        ("better", "`better` is not a check", "above_chance(task, arm)"),
        (
            "better(minimal-pairs, mlm rate=0.4, span)",
            "no arm is called `span`",
            "mlm rate=0.15",
        ),
        (
            "above_chance(blimp, mlm rate=0.4)",
            "no evaluation is called `blimp`",
            "minimal-pairs",
        ),
        (
            "interior_optimum(minimal-pairs, width, 1, 2)",
            "`width` is not swept",
            "rate",
        ),
        (
            "interior_optimum(minimal-pairs, rate, 0.45, 0.7)",
            "no value of `options.rate` between the ends of its sweep lies from 0.45 to 0.7",
            "bounds around one of: 0.4",
        ),
        (
            "interior_optimum(minimal-pairs, rate, 0.1, 0.2)",
            "no value of `options.rate` between the ends",
            "0.4",
        ),
        (
            "above_chance(minimal-pairs/agreemnet, mlm rate=0.4)",
            "`minimal-pairs` has no part `agreemnet`",
            "minimal-pairs/agreement",
        ),
        (
            "better(masked-loss/all, mlm rate=0.4, mlm rate=0.15)",
            "`masked-loss` has no part `all`",
            "masked-loss",
        ),
        (
            r#"above_chance(minimal-pairs, "the \"usual\" arm")"#,
            "no arm is called `the \"usual\" arm`",
            "mlm rate=0.15",
        ),
    ] {
        let fault = claimed(check).unwrap_err();
        let text = fault.to_string();
        assert!(
            text.starts_with(what) && text.contains("x.toml:") && text.contains("claim[0].check"),
            "{text}"
        );
        assert!(fault.allowed.is_some_and(|words| words.contains(allowed)), "{text}");
    }
    let nearest = claimed("better(minimal-pairs, mlm rate=0.4, mlm rate=0.44)")
        .unwrap_err()
        .nearest;
    assert_eq!(nearest.as_deref(), Some("mlm rate=0.4"));
    let guesser = claimed("above_chance(masked-loss, mlm rate=0.4)")
        .unwrap_err()
        .to_string();
    assert!(guesser.starts_with("`masked-loss` has no chance level"), "{guesser}");
}

#[test]
fn no_text_makes_it_panic() {
    let whole = format!(
        "{HEAD}[sweep.random]\nsamples = 2\n\"optimizer.peak_lr\" = {{ from = 1e-4, to = 1e-2 }}\n{MLM}grid.rate = [0.1]\n{TAIL}"
    );
    assert!(
        Experiment::parse("x", "x.toml", &whole, &[])
            .and_then(|experiment| expand(&experiment))
            .is_ok()
    );
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        for insert in ["", "\u{0}", "é", "[[", "= {", "9e999", "\"\"\""] {
            let text = format!("{}{insert}{}", &whole[..end], &whole[end..]);
            let _ = Experiment::parse("x", "x.toml", &text, &[]).and_then(|experiment| expand(&experiment));
        }
    }
    for deep in [
        format!("x = {}", "[".repeat(100_000)),
        format!("{}x = 1", "a.".repeat(100_000)),
    ] {
        assert!(Experiment::parse("x", "x.toml", &deep, &[]).is_err());
    }
}

#[test]
fn names_that_look_like_others_and_amounts_below_one_are_refused() {
    for unseen in ["\\u202Ea", "mlm\\u200B", "so\\u00ADft", "\\uFEFFa", "\\uFFFD"] {
        let said = fault(&format!("[[arm]]\nobjective = \"mlm\"\nname = \"{unseen}\"\n"), &[]);
        assert!(said.contains("which nobody sees"), "{unseen}: {said}");
    }
    // Letters of any script are seen.
    let name = "\u{645}\u{646} 漢字 שלום é";
    assert!(plan(&format!("[[arm]]\nobjective = \"mlm\"\nname = \"{name}\"\n"), &[]).is_ok());
    for (axis, amount) in [("steps", "0.5"), ("tokens", "1e-3"), ("predictions", "0.99")] {
        let said = fault(
            &format!("[budget]\nequalise = \"{axis}\"\namount = {amount}\n{MLM}"),
            &[],
        );
        assert!(said.contains("less than one"), "{axis}: {said}");
    }
    assert!(plan(&format!("[budget]\nequalise = \"seconds\"\namount = 0.5\n{MLM}"), &[]).is_ok());
}
