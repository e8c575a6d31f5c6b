//! Words that people type find what they mean, and what the program asks of itself is shown to nobody.

use crate::common::{Workplace, text};

fn said(arguments: &[&str]) -> (i32, String) {
    let output = Workplace::new().cloze(arguments);
    (
        output.status.code().unwrap(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

#[test]
fn explain_finds_what_is_meant() {
    for (topic, shown) in [
        ("MLM", "MLM (`mlm`)"),
        ("Electra", "ELECTRA (`electra`)"),
        ("seeds", "sweep.seeds\n  Seeds of every arm."),
        ("rate", "An option of mlm, whole-word:\n\nrate\n"),
        ("replace.mask", "replace.mask\n"),
        ("generator_width", "generator_width\n"),
        ("Encoder.Width", "encoder.width\n"),
        ("peak_lr", "optimizer.peak_lr\n"),
    ] {
        let (status, text) = said(&["explain", topic]);
        assert!(
            status == 0 && text.starts_with(shown) || text.contains(&format!("\n{shown}")),
            "{topic}: {text}"
        );
    }
    for (topic, nearest) in [
        ("lr", "optimizer.peak_lr"),
        ("optimizer.lr", "optimizer.peak_lr"),
        ("learning rate", "optimizer.peak_lr"),
        ("mlmm", "mlm"),
    ] {
        let (status, text) = said(&["explain", topic]);
        let found = format!("did you mean `{nearest}`?");
        assert!(
            status == 2 && (text.contains(&found) || topic == "wordpeice"),
            "{topic}: {text}"
        );
    }
}

#[test]
fn a_misspelt_key_or_name_finds_its_nearest() {
    let workplace = Workplace::new();
    for (body, nearest) in [
        ("[optimizer]\nlr = 0.1\n[[arm]]\nobjective = \"mlm\"\n", "peak_lr"),
        ("[[arm]]\nobjective = \"MLM\"\n", "mlm"),
        ("[[arm]]\nobjective = \"Whole_Word\"\n", "whole-word"),
    ] {
        workplace.write("x.toml", format!("question = \"Which?\"\n{body}"));
        let output = workplace.cloze(&["plan", "x.toml"]);
        let said = text(&output.stderr);
        assert!(said.contains(&format!("did you mean `{nearest}`?")), "{said}");
    }
}

#[test]
fn commands_find_their_nearest_and_internal_ones_are_not_told() {
    for (word, nearest) in [
        ("train", Some("run")),
        ("resume", Some("run")),
        ("staus", Some("status")),
        ("Report", Some("report")),
        ("train-runs", None),
        ("bench-two", None),
    ] {
        let (status, text) = said(&[word, "x.toml"]);
        assert_eq!((status, text.matches("error: ").count()), (2, 1), "{text}");
        let found = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
        assert!(found.is_none_or(|found| text.contains(&found)), "{word}: {text}");
        assert!(
            !text.contains("`train-run`") && !text.contains("bench-one"),
            "{word}: {text}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        let (status, script) = said(&["completions", shell]);
        assert_eq!(status, 0);
        // Only these two complete the values of an argument without a flag.
        assert!(
            script.contains("explain") && (shell == "fish" || script.contains("peak_lr")),
            "{shell}"
        );
        assert!(
            !script.contains("train-run") && !script.contains("bench-one"),
            "{shell}"
        );
        assert!(
            !script.contains("train__run") && !script.contains("bench__one"),
            "{shell}"
        );
    }
    let (_, help) = said(&["--help"]);
    assert!(!help.contains("train-run") && !help.contains("bench-one"), "{help}");
    // They are there all the same, for this program's own processes.
    assert!(said(&["bench-one", "nonsense"]).1.contains("not a setting"));
    assert_eq!(said(&["data", "lst"]).0, 2);
}

#[test]
fn arms_and_seeds_can_be_run_alone() {
    let workplace = Workplace::new();
    let text_of = (0..60).map(|n| format!("The cat number {n} sat on the mat and saw the dogs.\n\n"));
    workplace.write("text.txt", text_of.collect::<String>());
    workplace.write(
        "x.toml",
        "question = \"Which?\"\n[corpus]\nsource = \"text.txt\"\ntokenizer = { kind = \"wordpiece\", vocab = 64 }\nheld_out = 0.2\n\
         [encoder]\nwidth = 16\nlayers = 1\nwindow = 8\n[budget]\namount = \"1k\"\n[sweep]\nseeds = [1, 2]\n\
         [[arm]]\nobjective = \"mlm\"\ngrid.rate = [0.15, 0.4]\n[evaluate]\ntasks = []\npoints = 1\n",
    );
    let run = |only: &[&str]| {
        let only: Vec<&str> = only.iter().flat_map(|word| ["--only", word]).collect();
        workplace.cloze(&[&["run", "x.toml"], &only[..]].concat())
    };
    let output = run(&["mlm rate=0.4", "seed=2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let status = text(&workplace.cloze(&["status", "x.toml"]).stdout);
    assert!(status.ends_with("1 of 4 runs are done\n"), "{status}");
    let done = status.lines().find(|line| line.contains("done")).unwrap();
    assert!(done.contains("mlm rate=0.4") && done.contains("seed 2"), "{status}");
    let output = run(&["mlm rate=0.5"]);
    let said = text(&output.stderr);
    assert!(
        output.status.code() == Some(2) && said.contains("--only") && said.contains("mlm rate=0.4"),
        "{said}"
    );
}

#[test]
fn a_plan_tells_who_is_compared_with_whom_where_arms_say_it() {
    let workplace = Workplace::new();
    let arms = "question = \"Which?\"\n[[arm]]\nobjective = \"mlm\"\n[[arm]]\nobjective = \"span\"\n[[arm]]\nobjective = \"electra\"\n";
    let lines = |body: &str| -> Vec<String> {
        workplace.write("who.toml", body);
        let plan = text(&workplace.cloze(&["plan", "who.toml"]).stdout);
        let lines = plan.lines().skip(2).take(4);
        lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    assert_eq!(lines(arms)[0], "arm seeds training FLOPs");
    let told = lines(&format!("{arms}baseline = \"span\"\n"));
    assert_eq!(told[0], "arm seeds training FLOPs compared with");
    for (line, end) in told[1..].iter().zip([None, Some("mlm"), Some("span")]) {
        assert_eq!(line.split(' ').nth(3), end, "{line}");
    }
}

#[test]
fn an_arm_that_would_predict_nothing_or_far_too_much_is_refused_before_training() {
    let workplace = Workplace::new();
    // Words of 60 letters: no piece of a small vocabulary is nearly as long, and no window holds a whole one.
    let word = |n: usize| {
        (0..60)
            .map(|k| char::from(b'a' + ((n * 7 + k * k) % 26) as u8))
            .collect::<String>()
    };
    let paragraphs = (0..80).map(|n| format!("{} {}\n\n", word(n), word(n + 13)));
    workplace.write("text.txt", paragraphs.collect::<String>());
    let experiment = |arm: &str| {
        format!(
            "question = \"Which?\"\n[corpus]\nsource = \"text.txt\"\ntokenizer = {{ kind = \"wordpiece\", vocab = 64 }}\nheld_out = 0.2\n\
             [encoder]\nwidth = 16\nlayers = 1\nwindow = 16\n[budget]\nequalise = \"predictions\"\namount = \"1k\"\n[sweep]\nseeds = [1]\n\
             {arm}\n[evaluate]\ntasks = []\npoints = 1\n"
        )
    };
    for arm in [
        "[[arm]]\nobjective = \"whole-word\"",
        "[[arm]]\nobjective = \"span\"",
        "[[arm]]\nobjective = \"whole-word\"\nmode = \"reference\"",
    ] {
        workplace.write("x.toml", experiment(arm));
        let output = workplace.cloze(&["run", "x.toml"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("it would predict") && said.contains("arm `"), "{said}");
        assert!(!workplace.path("results/x").exists(), "nothing was begun");
    }
}

/// The encoder itself may be the generator, and a uniform one is none.
#[test]
fn an_audit_says_where_a_generator_predicts_what_is_counted() {
    let workplace = Workplace::new();
    workplace.write(
        "x.toml",
        "question = \"Which?\"\n[corpus]\nwords = 8000\n[encoder]\npreset = \"bert\"\nwidth = 16\nlayers = 1\nwindow = 32\n\
         [budget]\namount = \"4k\"\n[sweep]\nseeds = [1]\n[evaluate]\ntasks = []\npoints = 1\n\
         [[arm]]\nobjective = \"electra\"\n\
         [[arm]]\nname = \"all\"\nobjective = \"electra\"\ntying = \"all\"\ngenerator_width = 1.0\n\
         [[arm]]\nname = \"uniform\"\nobjective = \"electra\"\ngenerator = \"uniform\"\n\
         [[arm]]\nobjective = \"adaptive\"\n\
         [[arm]]\nname = \"mixed\"\nmixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"rtd\" }]\n",
    );
    let audited = workplace.cloze(&["audit", "x.toml", "--tokens", "2k", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&audited.stdout).expect("an answer in JSON");
    let told = found["arms"].as_array().unwrap().iter();
    let told: Vec<String> = told.map(|arm| arm["of_generator"].to_string()).collect();
    assert_eq!(told, [r#"["electra"]"#, r#"["electra"]"#, "[]", "[]", r#"["rtd"]"#]);
    let lines = text(&workplace.cloze(&["audit", "x.toml", "--tokens", "2k"]).stdout);
    let count = |what: &str| lines.matches(what).count();
    assert_eq!(count("what is counted is what the generator reads"), 3, "{lines}");
    assert_eq!(count("of `rtd` what is counted"), 1, "{lines}");
    assert_eq!(count("nobody predicts what is counted"), 1, "{lines}");
    assert_eq!(count("what is hidden before the first answer"), 1, "{lines}");
}

#[test]
fn an_audit_says_what_a_law_makes_of_a_rate() {
    let workplace = Workplace::new();
    let text_of = (0..60).map(|n| format!("The cat number {n} sat on the mat and saw the dogs.\n\n"));
    workplace.write("text.txt", text_of.collect::<String>());
    // 22.4 draws among 31 tokens at most find 16.1 different ones: it is no fault of the words.
    workplace.write(
        "x.toml",
        "question = \"Which?\"\n[corpus]\nsource = \"text.txt\"\ntokenizer = { kind = \"wordpiece\", vocab = 64 }\nheld_out = 0.2\n\
         [encoder]\nwidth = 16\nlayers = 1\nwindow = 32\n[budget]\namount = \"4k\"\n[sweep]\nseeds = [1]\n\
         [[arm]]\nobjective = \"electra\"\nmode = \"reference\"\nrate = 0.7\n[[arm]]\nobjective = \"mlm\"\n[evaluate]\ntasks = []\npoints = 1\n",
    );
    let planned = workplace.cloze(&["plan", "x.toml"]);
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    let audited = text(&workplace.cloze(&["audit", "x.toml", "--tokens", "4k"]).stdout);
    let lines: Vec<&str> = audited.lines().filter(|line| line.contains("by its law")).collect();
    assert_eq!(lines.len(), 1, "{audited}");
    let told = lines[0].split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let [on_average, asked] = told.collect::<Vec<f64>>()[..] else {
        panic!("{audited}")
    };
    assert!((0.6..0.74).contains(&(on_average / asked)), "{audited}");
    assert!(lines[0].contains("`cloze explain electra`"), "{audited}");
}
