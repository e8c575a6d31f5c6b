//! Judges of the language model itself and of its frozen states.

use super::fake::{Fake, WINDOW, corpus, run, value};
use burn::tensor::{Device, Shape, TensorData};
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, Preset};
use cloze_corpus::Prepared;
use cloze_corpus::fragment::AGREEMENT;
use cloze_evals::find;
use cloze_objectives::{Answerer, Model};
use cloze_options::tree;
use cloze_trainer::Judgement;

/// A model with initial values.
pub(super) fn fresh(objective: &str, corpus: &Prepared) -> Model {
    let encoder = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 1, WINDOW)
    };
    let objective = cloze_objectives::configure(objective, &toml::Table::new()).unwrap();
    let init = Init::new(1, &Device::flex().autodiff());
    objective.build(&encoder, corpus.tokenizer.vocabulary(), &init).frozen()
}

pub(super) fn has(found: &Judgement, task: &str, metric: &str) -> bool {
    let mut findings = found.findings.iter();
    findings.any(|finding| finding.task == task && finding.metric == metric)
}

#[test]
fn probes_tell_every_layer_and_what_is_there_without_training() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let model = fresh("mlm", &corpus);
    let judge = || run("probing", "sentences = 120", &model, &corpus, None).unwrap();
    let found = judge();
    for property in [
        "part-of-speech",
        "entity-type",
        "subject-number",
        "topic",
        "sentence-length",
    ] {
        for layer in 0..2 {
            for metric in [
                "accuracy",
                "code_length",
                "accuracy[untrained]",
                "code_length[untrained]",
            ] {
                let task = format!("mine/{property}/layer-{layer}");
                assert!(has(&found, &task, metric), "{task} {metric}");
            }
        }
        // The layer is the one whose code is the shortest.
        let task = format!("mine/{property}");
        let lengths = [0, 1].map(|layer| value(&found, &format!("{task}/layer-{layer}"), "code_length"));
        let layer = value(&found, &task, "layer") as usize;
        assert_eq!(lengths[layer], lengths[0].min(lengths[1]));
        assert_eq!(
            value(&found, &task, "accuracy"),
            value(&found, &format!("{task}/layer-{layer}"), "accuracy")
        );
    }
    // A word's part of speech is in its embedding, whatever the values of that: words stand more than once.
    let task = "mine/part-of-speech";
    let [accuracy, majority] = ["accuracy", "majority"].map(|metric| value(&found, task, metric));
    assert!(
        accuracy > majority + 0.2 && value(&found, task, "compression") > 1.3,
        "{accuracy} {majority}"
    );
    // Two encoders of initial values know alike.
    let untrained = value(&found, task, "accuracy[untrained]");
    assert!((accuracy - untrained).abs() < 0.1, "{accuracy} {untrained}");
    assert_eq!(judge(), found);
}

fn mean_without_arcs(found: &Judgement) -> f64 {
    let properties = ["part-of-speech", "dependency-label", "head-distance"];
    let also = ["sentence-length", "word-content"].map(|name| format!("mine/{name}"));
    let also = also.iter().filter(|task| has(found, task, "accuracy"));
    let tasks = properties.map(|name| format!("mine/{name}"));
    let values: Vec<f64> = tasks
        .iter()
        .chain(also)
        .map(|task| value(found, task, "accuracy"))
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn trees_of_files_are_probed_for_and_a_lone_or_broken_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let of = |number: usize| {
        let noun = ["dog", "cat", "cow", "boat"][number % 4];
        format!(
            "1\tthe\t_\tDET\t_\t_\t2\tdet\t_\t_\n2\t{noun}\t_\tNOUN\t_\t_\t3\tnsubj\t_\t_\n3\tsleeps\t_\tVERB\t_\t_\t0\troot\t_\t_\n\n"
        )
    };
    let write = |name: &str, trees: &[String]| std::fs::write(folder.path().join(name), trees.concat()).unwrap();
    let trees: Vec<String> = (0..40).map(of).collect();
    write("a.conllu", &trees);
    write("b.conllu", &trees[..8]);
    let options = "train = \"a.conllu\"\ntest = \"b.conllu\"";
    let model = fresh("mlm", &corpus);
    let judge = || run("probing", options, &model, &corpus, Some(folder.path())).unwrap();
    let found = judge();
    for property in ["part-of-speech", "dependency-label", "head-distance"] {
        assert_eq!(
            value(&found, &format!("mine/{property}"), "accuracy"),
            1.0,
            "{property}"
        );
    }
    // Arcs are asked for too, and are no part of the mean.
    let arcs = value(&found, "mine/dependency-arc", "accuracy");
    assert!(arcs > 0.9, "{arcs}");
    assert_eq!(value(&found, "mine/dependency-arc", "majority"), 0.5);
    assert_eq!(value(&found, "mine", "accuracy"), mean_without_arcs(&found));
    // The order of a file does not matter.
    let turned: Vec<String> = trees.iter().rev().cloned().collect();
    write("a.conllu", &turned);
    assert_eq!(judge(), found);

    let entry = find("probing").unwrap();
    let resolve = |text: &str| (entry.resolve)(&tree::parse("", text).unwrap().top());
    let fault = resolve("train = \"a.conllu\"").unwrap_err();
    assert!(fault.what.contains("`train` without `test`"), "{fault}");
    write("b.conllu", &["1\tthe\t_\tDET\n".to_owned()]);
    let fault = (entry.check)(&resolve(options).unwrap(), Some(folder.path())).unwrap_err();
    assert!(format!("{fault:?}").contains("b.conllu:1"), "{fault:?}");
}

#[test]
fn what_an_encoder_that_looks_back_only_is_probed_for_is_what_it_has_read() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let found = run(
        "probing",
        "sentences = 60",
        &fresh("autoregressive", &corpus),
        &corpus,
        None,
    )
    .unwrap();
    assert!(has(&found, "mine/part-of-speech/layer-1", "accuracy"));
    let majority = value(&found, "mine", "majority");
    assert!((0.1..0.9).contains(&majority), "{majority}");
}

#[test]
fn hidden_text_is_asked_for_in_three_units_and_told_by_frequency_and_part_of_speech() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let judge = |who| run("masked-text", "windows = 20", &Fake::model(who), &corpus, None).unwrap();
    let found = judge(Some(Answerer::Encoder));
    for unit in [
        "tokens", "words", "spans", "frequent", "middling", "rare", "NOUN", "PUNCT",
    ] {
        assert_eq!(value(&found, &format!("mine/{unit}"), "loss"), 2.0);
    }
    let accuracy = |unit: &str| value(&found, &format!("mine{unit}"), "accuracy");
    let mean = (accuracy("/tokens") + accuracy("/words") + accuracy("/spans")) / 3.0;
    assert_eq!(accuracy(""), mean);
    assert!((0.45..0.55).contains(&mean), "{mean}");
    let [unigram, best, known] =
        ["unigram_loss", "best_loss", "known"].map(|metric| value(&found, "mine/tokens", metric));
    assert!(((unigram - 2.0) / (unigram - best) - known).abs() < 1e-12);
    assert!(!has(&found, "mine/words", "best_loss") && has(&found, "mine/words", "unigram_loss"));
    // Another network's answers are another score, and who does not answer has none.
    assert!(has(
        &judge(Some(Answerer::Generator)),
        "mine/tokens",
        "known[generator]"
    ));
    assert_eq!(judge(None).findings, []);
    assert_eq!(judge(Some(Answerer::Encoder)), found);
}

#[test]
fn a_likelihood_is_told_in_bits_for_each_byte() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let found = run(
        "masked-text",
        "windows = 5",
        &fresh("autoregressive", &corpus),
        &corpus,
        None,
    )
    .unwrap();
    let bits = value(&found, "mine", "bits_per_byte");
    // Initial values are nearly a uniform guess of every token.
    let held_out = corpus.manifest.held_out;
    let tokens = (held_out.tokens - held_out.documents) as f64;
    let uniform = (corpus.tokenizer.vocabulary().size as f64).log2() * tokens / held_out.bytes as f64;
    assert!((bits / uniform - 1.0).abs() < 0.05, "{bits} {uniform}");
    let masked = run("masked-text", "windows = 5", &fresh("mlm", &corpus), &corpus, None).unwrap();
    assert!(!has(&masked, "mine", "bits_per_byte"));
}

#[test]
fn agreement_is_told_by_kind_with_the_grammars_own_score() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let found = run("agreement", "pairs = 9", &Fake::model(None), &corpus, None).unwrap();
    for kind in AGREEMENT {
        let task = format!("mine/{kind}");
        assert_eq!(value(&found, &task, "accuracy[nothing]"), 0.5);
        assert_eq!(value(&found, &task, "ceiling"), 1.0);
    }
    assert_eq!(value(&found, "mine", "ceiling"), 1.0);
    assert_eq!(
        found.items.iter().filter(|items| items.metric == "accuracy").count(),
        2 * AGREEMENT.len()
    );
    assert!(found.items.iter().all(|items| items.credits.len() == 5));
}

#[test]
fn pairs_of_a_users_own_files_are_judged_as_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("mine").join(name), text).unwrap();
    // The rule of the fake prefers the shorter sentence.
    write("a.csv", "ok,not ok\nthe the,the the a\nthe a the,the\n");
    write("b.csv", "ok,not ok\nthe,the the\n");
    let options = "path = \"mine/*.csv\"\ngood = \"ok\"\nbad = \"not ok\"";
    let model = Fake::model(None);
    let judge = |options: &str| run("minimal-pairs", options, &model, &corpus, Some(folder.path()));
    let found = judge(options).unwrap();
    assert_eq!(value(&found, "mine/a", "accuracy"), 0.5);
    assert_eq!(value(&found, "mine/b", "accuracy"), 1.0);
    assert_eq!(value(&found, "mine", "accuracy"), 0.75);
    assert_eq!(value(&found, "mine", "accuracy.per_token[nothing]"), 0.5);
    let first = judge(&format!("{options}\npairs = 1")).unwrap();
    assert_eq!(value(&first, "mine", "accuracy"), 1.0);

    let entry = find("minimal-pairs").unwrap();
    let resolve = |text: &str| (entry.resolve)(&tree::parse("", text).unwrap().top());
    assert_eq!(entry.titled(&resolve(options).unwrap()), "Minimal pairs of `*.csv`");
    let fault = resolve("good = \"ok\"").unwrap_err();
    assert!(fault.what.contains("`good` without `path`"), "{fault}");
    // Its own options are left out of what is written while they are not used, so that ids stay.
    assert_eq!(resolve("").unwrap().keys().collect::<Vec<_>>(), ["pairs"]);
    let hash = |options: &str| (entry.data)(&resolve(options).unwrap(), Some(folder.path())).unwrap();
    let before = hash(options);
    write("b.csv", "ok,not ok\nthe,the the the\n");
    assert_ne!(hash(options), before);
    write("b.csv", "ok,not ok\nthe\n");
    let fault = (entry.check)(&resolve(options).unwrap(), Some(folder.path())).unwrap_err();
    assert!(fault.place().unwrap().ends_with("b.csv:2"), "{fault}");
}

#[test]
fn models_fill_in_blanks_and_go_on_with_beginnings() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let judge = |objective: &str| run("samples", "samples = 3", &fresh(objective, &corpus), &corpus, None).unwrap();
    let of = |found: &Judgement, kind: &str| -> Vec<String> {
        let items = found.items.iter().filter(|items| items.part == kind);
        items.map(|items| items.text.clone()).collect()
    };
    let masked = judge("mlm");
    assert!(masked.findings.is_empty());
    let fills = of(&masked, "fill-in");
    assert_eq!((fills.len(), of(&masked, "continuation").len()), (3, 3));
    for text in &fills {
        let (given, answer) = text.split_once('\n').unwrap();
        assert!(given.contains("____") && answer.matches('%').count() == 4, "{text}");
    }
    let read_on = judge("autoregressive");
    assert_eq!(
        (of(&read_on, "fill-in").len(), of(&read_on, "continuation").len()),
        (0, 3)
    );
    // All are given the same beginnings.
    let given = |found: &Judgement| -> Vec<String> {
        of(found, "continuation")
            .iter()
            .map(|text| text.split('\n').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(given(&read_on), given(&masked));
    assert_eq!(judge("mlm"), masked);
    // Whatever a head thinks of special tokens, no text has one in the place of a word.
    let mut partial = fresh("mlm", &corpus);
    let special = corpus.tokenizer.vocabulary().special;
    partial.change_parameters(&mut |path, old| match path {
        "head.bias" => {
            let mut numbers = old.numbers().unwrap();
            for id in [special.mask, special.unknown, special.pad] {
                numbers[id as usize] = 30.0;
            }
            Parameter::from_data(TensorData::new(numbers, Shape::from(old.shape())), &Device::flex()).unwrap()
        }
        _ => old.inner(),
    });
    let found = run("samples", "samples = 3", &partial, &corpus, None).unwrap();
    for text in of(&found, "fill-in").iter().chain(&of(&found, "continuation")) {
        let answer = text.split_once('\n').unwrap().1;
        assert!(
            !answer.is_empty() && ["[MASK]", "[UNK]", "[PAD]"].iter().all(|token| !answer.contains(token)),
            "{text}"
        );
    }
    // Who judges real from replaced tokens writes nothing of its own.
    assert_eq!(judge("electra").items.len(), 6, "the generator fills in");
}
