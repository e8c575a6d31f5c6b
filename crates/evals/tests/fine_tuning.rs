//! Fine-tuning: what a score depends on and what not, and what is refused.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, prepare};
use cloze_evals::{Ground, Judgement, Subject, find};
use cloze_foundation::{Fault, Result};
use cloze_objectives::Model;
use cloze_options::tree;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

const WINDOW: usize = 32;

/// A folder, and the built-in language in it.
static CORPUS: LazyLock<(tempfile::TempDir, Prepared)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::wordpiece(400),
        held_out: 0.2,
        words: 20_000,
        ..CorpusConfig::default()
    };
    let corpus = prepare(&config, None, folder.path(), &mut |_| ()).unwrap();
    (folder, corpus)
});

/// An encoder that was not trained at all.
fn model(objective: &str) -> Model {
    let encoder = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 1, WINDOW)
    };
    let init = Init::new(1, &Device::flex().autodiff());
    let objective = cloze_objectives::configure(objective, &toml::Table::new()).unwrap();
    objective
        .build(&encoder, CORPUS.1.tokenizer.vocabulary(), &init)
        .frozen()
}

fn resolved(task: &str, options: &str) -> Result<toml::Table> {
    (find(task)?.resolve)(&tree::parse("", options)?.top())
}

fn judge(task: &str, options: &str, root: &Path, objective: &str) -> Judgement {
    let entry = find(task).unwrap();
    let options = resolved(task, options).unwrap();
    (entry.check)(&options, Some(root)).unwrap();
    let ground = Ground {
        task: "mine",
        corpus: &CORPUS.1,
        window: WINDOW,
        data_root: Some(root),
    };
    let subject = Subject {
        model: &model(objective),
        ground,
        seed: 3,
        device: &Device::flex(),
        told: &|_| (),
    };
    (entry.open)(&options, &ground).unwrap().judge(&subject).unwrap()
}

fn refused(task: &str, options: &str, root: &Path) -> Fault {
    let options = resolved(task, options).unwrap();
    (find(task).unwrap().check)(&options, Some(root)).unwrap_err()
}

fn value(found: &Judgement, metric: &str) -> f64 {
    let mut found = found
        .findings
        .iter()
        .filter(|one| one.task == "mine" && one.metric == metric);
    found.next().unwrap_or_else(|| panic!("no {metric}")).value
}

/// A table of texts of 2 to 9 words, half of which have the word `boat`: rows `from..to`.
fn table(from: usize, to: usize) -> Vec<String> {
    let row = |index: usize| {
        let fill = ["the", "girl", "boy", "sees", "a", "man"];
        let mut words: Vec<&str> = (0..2 + index % 8)
            .map(|place| fill[(index * 7 + place * place) % 6])
            .collect();
        words[index % 2] = if (index / 2).is_multiple_of(2) { "boat" } else { "house" };
        format!(
            "{}\t{}",
            words.join(" "),
            if (index / 2).is_multiple_of(2) { "boat" } else { "none" }
        )
    };
    (from..to).map(row).collect()
}

fn put(folder: &Path, name: &str, rows: &[String]) {
    std::fs::write(folder.join(name), rows.join("\n")).unwrap();
}

/// Options that train for a second.
const SHORT: &str = "recipe = { epochs = 3, trials = [1e-2], batch = 8 }\nseeds = 2\n";

fn files(train: &str, test: &str) -> String {
    format!("{SHORT}train = \"{train}\"\ntest = \"{test}\"\n")
}

#[test]
fn a_score_depends_neither_on_the_order_of_examples_nor_on_those_that_are_asked_together() {
    let folder = tempfile::tempdir().unwrap();
    let (root, train, test) = (folder.path(), table(0, 120), table(200, 261));
    let reversed: Vec<String> = train.iter().rev().cloned().collect();
    put(root, "train.txt", &train);
    put(root, "reversed.txt", &reversed);
    put(root, "test.txt", &test);
    let all = judge("classification", &files("train.txt", "test.txt"), root, "mlm");
    // It has learnt something, so that the comparison says something.
    assert!(value(&all, "accuracy") > 0.9, "{all:?}");
    let seeds = [value(&all, "accuracy.seed-1"), value(&all, "accuracy.seed-2")];
    assert_eq!(value(&all, "accuracy"), (seeds[0] + seeds[1]) / 2.0);
    assert_eq!(
        judge("classification", &files("reversed.txt", "test.txt"), root, "mlm"),
        all
    );

    // What the test part says is right decides nothing but what is right.
    let swapped = test.iter().map(|row| match row.strip_suffix("\tboat") {
        Some(text) => format!("{text}\tnone"),
        None => row.replace("\tnone", "\tboat"),
    });
    put(root, "test.txt", &swapped.collect::<Vec<_>>());
    let other = judge("classification", &files("train.txt", "test.txt"), root, "mlm");
    assert!((value(&all, "accuracy") + value(&other, "accuracy") - 1.0).abs() < 1e-12);
    assert_eq!(value(&all, "learning_rate"), value(&other, "learning_rate"));

    // Every text alone, and all of them in another order.
    let credits = |found: &Judgement| found.items[0].credits.clone();
    assert_eq!((credits(&all).len(), all.items[0].together), (2 * test.len(), 2));
    let mut order: Vec<usize> = (0..test.len()).collect();
    order.sort_by_key(|index| index * 31 % test.len());
    put(
        root,
        "test.txt",
        &order.iter().map(|index| test[*index].clone()).collect::<Vec<_>>(),
    );
    let found = credits(&judge("classification", &files("train.txt", "test.txt"), root, "mlm"));
    for (place, index) in order.iter().enumerate() {
        assert_eq!(found[2 * place..2 * place + 2], credits(&all)[2 * index..2 * index + 2]);
    }
    for index in [0, 17] {
        put(root, "test.txt", &test[index..index + 1]);
        let alone = judge("classification", &files("train.txt", "test.txt"), root, "mlm");
        assert_eq!(credits(&alone), credits(&all)[2 * index..2 * index + 2]);
    }
}

#[test]
fn one_set_in_three_schemes_gets_the_same_score() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let sentence = |index: usize, tags: [&str; 3]| {
        let [begin, more, lone] = tags;
        let fill = ["the", "a", "sees", "near"][index % 4];
        match index % 3 {
            0 => format!("{fill}\tO\njohn\t{begin}\nhouse\t{more}\n"),
            1 => format!("john\t{lone}\n{fill}\tO\n{fill}\tO\nboat\tO\n"),
            _ => format!("boat\tO\n{fill}\tO\n"),
        }
    };
    let mut scores = Vec::new();
    for (name, tags) in [
        ("iob1", ["I-PER", "I-PER", "I-PER"]),
        ("iob2", ["B-PER", "I-PER", "B-PER"]),
        ("bioes", ["B-PER", "E-PER", "S-PER"]),
    ] {
        for (part, range) in [("train", 0..90), ("test", 90..120)] {
            let sentences: Vec<String> = range.map(|index| sentence(index, tags)).collect();
            put(root, &format!("{name}-{part}.conll"), &sentences);
        }
        let options = files(&format!("{name}-train.conll"), &format!("{name}-test.conll"));
        let found = judge("tagging", &format!("{options}scheme = \"{name}\""), root, "mlm");
        assert_eq!(found, judge("tagging", &options, root, "mlm"));
        scores.push(found);
    }
    assert!(value(&scores[0], "f1") > 0.9, "{:?}", scores[0]);
    assert_eq!(scores[0], scores[1]);
    assert_eq!(scores[0], scores[2]);
}

#[test]
fn an_encoder_that_looks_back_does_so_unless_it_is_asked_otherwise() {
    let root = tempfile::tempdir().unwrap();
    let short = "recipe = { epochs = 1, trials = [3e-3] }\nseeds = 1\nexamples = 40\n";
    let found = |objective: &str, attention: &str| {
        judge(
            "part-of-speech",
            &format!("{short}attention = \"{attention}\""),
            root.path(),
            objective,
        )
    };
    assert_eq!(found("mlm", "own"), found("mlm", "bidirectional"));
    assert_ne!(found("autoregressive", "own"), found("autoregressive", "bidirectional"));
}

#[test]
fn every_task_judges_the_built_in_language_and_says_the_same_again() {
    let root = tempfile::tempdir().unwrap();
    let short = "recipe = { epochs = 1, trials = [3e-3, 1e-3], optimizer = \"muon\" }\nseeds = 2\nexamples = 60\n";
    for (task, metrics) in [
        ("classification", &["accuracy", "macro_f1", "matthews"][..]),
        ("tagging", &["f1", "precision", "recall"]),
        ("part-of-speech", &["accuracy", "macro_f1"]),
        ("qa", &["f1", "exact_match"]),
    ] {
        let found = judge(task, short, root.path(), "mlm");
        assert_eq!(found, judge(task, short, root.path(), "mlm"));
        for metric in metrics {
            assert!((-1.0..=1.0).contains(&value(&found, metric)), "{task} {metric}");
        }
        assert!([1e-3, 3e-3].contains(&value(&found, "learning_rate")));
        let options = resolved(task, short).unwrap();
        assert!((find(task).unwrap().work)(&options).is_some(), "{task}");
        assert!(
            find(task)
                .unwrap()
                .chance_of(&options, None)
                .is_some_and(|chance| chance < 0.7),
            "{task}"
        );
    }
}

const SQUAD: &str = r#"{"data": [{"paragraphs": [
{"context": "the boy sees the boat near a house", "qas": [{"id": "1", "question": "who sees", "answers": [{"text": "boy", "answer_start": 4}]}]},
{"context": "a girl sees the man", "qas": [{"id": "2", "question": "what", "answers": [{"text": "the man", "answer_start": 12}]}]}]}]}"#;

#[test]
fn what_is_wrong_with_a_set_is_told_with_file_and_line_before_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "train.txt", &table(0, 40));
    put(root, "none.txt", &[]);
    put(
        root,
        "test.txt",
        &[table(0, 3), vec!["the man\tboot".to_owned()]].concat(),
    );
    let told = |fault: &Fault, what: &str, place: &str| {
        assert!(fault.what.contains(what), "{fault}");
        assert!(fault.place().unwrap_or_default().ends_with(place), "{fault}");
    };
    let fault = refused("classification", &files("train.txt", "test.txt"), root);
    told(
        &fault,
        "`boot` is in the test part and not in the training part",
        "test.txt:4",
    );
    assert_eq!(fault.nearest.as_deref(), Some("boat"));
    told(
        &refused("classification", &files("train.txt", "none.txt"), root),
        "holds no labelled text",
        "none.txt",
    );
    told(
        &refused("classification", &files("train.txt", "absent.txt"), root),
        "absent.txt",
        "test",
    );

    put(
        root,
        "a.conll",
        &["john\tB-PER".to_owned(), "sees\tO".to_owned(), "the\tO\tO".to_owned()],
    );
    told(
        &refused("tagging", &files("a.conll", "a.conll"), root),
        "3 columns in place of 2",
        "a.conll:3",
    );
    put(
        root,
        "a.conll",
        &["john\tB-PER".to_owned(), String::new(), "boat\tB-OBJ".to_owned()],
    );
    put(root, "b.conll", &["john\tB-PER".to_owned(), "house\tI-LOC".to_owned()]);
    told(
        &refused("tagging", &files("a.conll", "b.conll"), root),
        "`LOC` is in the test part",
        "b.conll:2",
    );
    let strict = format!("{}scheme = \"iob2\"", files("a.conll", "b.conll"));
    told(
        &refused("tagging", &strict, root),
        "`I-LOC` behind `B-PER` is not iob2",
        "b.conll:2",
    );
    put(root, "c.conll", &["john\tPROPN".to_owned()]);
    told(
        &refused("tagging", &files("a.conll", "c.conll"), root),
        "no tag of an entity",
        "c.conll:1",
    );
    told(
        &refused("part-of-speech", &files("a.conll", "b.conll"), root),
        "`I-LOC` is in the test part",
        "b.conll:2",
    );

    put(root, "a.json", &[SQUAD.to_owned()]);
    put(
        root,
        "b.json",
        &[SQUAD.replace("\"answer_start\": 12", "\"answer_start\": 11")],
    );
    told(
        &refused("qa", &files("a.json", "b.json"), root),
        "does not stand at character 11",
        "b.json:3, question `2`",
    );

    for (options, key) in [
        ("train = \"a\"", "train"),
        ("test = \"a\"", "test"),
        ("dev = \"a\"", "dev"),
        ("recipe = { trials = [] }", "recipe.trials"),
    ] {
        let fault = resolved("classification", options).unwrap_err();
        assert_eq!(fault.places[0].key.to_string(), key, "{fault}");
    }
    let fault = refused("classification", "label = \"numbr\"", root);
    assert_eq!(fault.nearest.as_deref(), Some("number"));
    // Where there are no files, nothing is said about them.
    for (task, option, key) in [
        ("tagging", "column = 2", "column"),
        ("tagging", "word = 1", "word"),
        ("tagging", "scheme = \"iob2\"", "scheme"),
        ("part-of-speech", "column = -1", "column"),
        ("classification", "header = true", "header"),
    ] {
        told(&refused(task, option, root), "about files, and there are none", key);
    }
    // Nothing to learn is not a list of nothing.
    put(root, "none.conll", &["the\tO".to_owned(), "boat\tO".to_owned()]);
    let fault = refused("tagging", &files("none.conll", "b.conll"), root);
    told(&fault, "0 kinds of entities", "train");
    // A file that is not there is not a corpus.
    let fault = refused("classification", &files("trian.txt", "test.txt"), root);
    assert_eq!(fault.nearest.as_deref(), Some("train.txt"));
    assert!(!fault.allowed.unwrap_or_default().contains("fiction"));
}

#[test]
fn a_label_that_examples_leave_out_of_the_training_part_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let hint = |fault: &Fault| fault.remedy.clone().unwrap_or_default();
    // Sorted by class, as sets often are.
    let rows = |labels: [&str; 3]| labels.map(|label| vec![format!("the {label}\t{label}"); 10]).concat();
    put(root, "train.txt", &rows(["a", "b", "c"]));
    put(root, "test.txt", &["the c\tc".to_owned()]);
    let cut = |examples: usize| format!("{}examples = {examples}\n", files("train.txt", "test.txt"));
    let fault = refused("classification", &cut(20), root);
    assert!(
        fault.what.contains("`c` is in the test part") && hint(&fault).contains("`examples`"),
        "{fault}"
    );
    let fault = refused("classification", &cut(10), root);
    assert!(
        fault.what.contains("1 classes") && hint(&fault).contains("`examples`"),
        "{fault}"
    );
    let options = resolved("classification", &cut(30)).unwrap();
    assert_eq!((find("classification").unwrap().check)(&options, Some(root)), Ok(()));
    put(root, "test.txt", &["the d\td".to_owned()]);
    let fault = refused("classification", &cut(20), root);
    assert!(
        fault.what.contains("`d`") && !hint(&fault).contains("`examples`"),
        "{fault}"
    );

    let sentences = |tags: [&str; 3]| tags.map(|tag| vec![format!("the\tO\nboat\t{tag}\n"); 10]).concat();
    put(root, "a.conll", &sentences(["B-PER", "B-LOC", "B-ORG"]));
    put(root, "b.conll", &["boat\tB-ORG".to_owned()]);
    for task in ["tagging", "part-of-speech"] {
        let cut = format!("{}examples = 20\n", files("a.conll", "b.conll"));
        let fault = refused(task, &cut, root);
        assert!(
            fault.what.contains("ORG` is in the test part") && hint(&fault).contains("`examples`"),
            "{fault}"
        );
    }
}

#[test]
fn a_part_may_be_in_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("parts")).unwrap();
    put(root, "train.txt", &table(0, 120));
    put(root, "test.txt", &table(200, 260));
    for (name, from, to) in [("b.txt", 0, 50), ("a.txt", 50, 120)] {
        put(&root.join("parts"), name, &table(from, to));
    }
    let judged = |train: &str| judge("classification", &files(train, "test.txt"), root, "mlm");
    let whole = judged("train.txt");
    assert_eq!(judged("parts/*.txt"), whole);
    assert_eq!(judged("parts"), whole);
    let told = |fault: &Fault, place: &str| assert!(fault.place().unwrap_or_default().contains(place), "{fault}");
    put(&root.join("parts"), "b.txt", &["no label".to_owned()]);
    told(&refused("classification", &files("parts", "test.txt"), root), "b.txt:1");
    // Lines are those of the file that they stand in.
    put(root, "one.conll", &["john\tB-PER".to_owned()]);
    put(
        root,
        "two.conll",
        &["mary\tB-PER".to_owned(), "house\tB-LOC".to_owned()],
    );
    told(&refused("tagging", &files("one.conll", "*.conll"), root), "two.conll:2");
    assert!(
        refused("classification", &files("**/*.txt", "test.txt"), root)
            .what
            .contains("every folder")
    );
}

#[test]
fn a_score_is_the_same_whatever_is_done_side_by_side_and_all_of_it_is_told() {
    let judge = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let told = Mutex::new(Vec::new());
        let ground = Ground {
            task: "mine",
            corpus: &CORPUS.1,
            window: WINDOW,
            data_root: None,
        };
        let options = "recipe = { epochs = 2, trials = [3e-3, 1e-2, 3e-2], batch = 8 }\nseeds = 3\nexamples = 60\n";
        let model = model("mlm");
        let subject = Subject {
            model: &model,
            ground,
            seed: 3,
            device: &Device::flex(),
            told: &|progress| told.lock().unwrap().push(progress),
        };
        let opened = (find("classification").unwrap().open)(&resolved("classification", options).unwrap(), &ground);
        let found = pool.install(|| opened.unwrap().judge(&subject)).unwrap();
        (found, told.into_inner().unwrap())
    };
    let (one, told) = judge(1);
    let (several, _) = judge(3);
    assert_eq!(several, one, "bit for bit");
    // Five trainings of two epochs, each of which has more than one batch.
    let of = told[0].of;
    assert!(of > 20 && of.is_multiple_of(10), "{of}");
    let done: Vec<usize> = told.iter().map(|progress| progress.done).collect();
    assert!((0..=of).eq(done));
}

#[test]
fn a_long_text_is_read_in_windows_and_questions_are_answered_with_words_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than the window: what precedes pushes the answer into later ones.
    let long = "the man sees a house near the boat ".repeat(6);
    let question = |index: usize| {
        let context = format!("{}john sleeps. {long}", &long[..35 * (index % 5)]);
        let start = context.find("john").unwrap();
        format!(
            r#"{{"context": "{context}", "qas": [{{"id": "{index}", "question": "who", "answers": [{{"text": "john", "answer_start": {start}}}]}}]}}"#
        )
    };
    let file = |range: std::ops::Range<usize>| {
        let all: Vec<String> = range.map(question).collect();
        format!("{{\"data\": [{{\"paragraphs\": [{}]}}]}}", all.join(",\n"))
    };
    std::fs::write(folder.path().join("train.json"), file(0..40)).unwrap();
    std::fs::write(folder.path().join("test.json"), file(40..50)).unwrap();
    let found = judge("qa", &files("train.json", "test.json"), folder.path(), "mlm");
    assert!(
        value(&found, "f1") > 0.9 && value(&found, "exact_match") > 0.9,
        "{found:?}"
    );
}

#[test]
#[ignore = "measures: cargo test --release --workspace --test evals -- --ignored ten_thousand_sentences"]
fn ten_thousand_sentences_are_tuned_on_three_times_in_a_minute() {
    let (device, window) = (Device::flex(), 64);
    let init = Init::new(1, &device.clone().autodiff());
    let objective = cloze_objectives::configure("mlm", &toml::Table::new()).unwrap();
    let encoder = EncoderConfig::preset(Preset::Modern, 128, 2, window);
    let model = objective
        .build(&encoder, CORPUS.1.tokenizer.vocabulary(), &init)
        .frozen();
    let ground = Ground {
        task: "mine",
        corpus: &CORPUS.1,
        window,
        data_root: None,
    };
    let subject = Subject {
        model: &model,
        ground,
        seed: 3,
        device: &device,
        told: &|_| (),
    };
    let options = "recipe = { epochs = 3, trials = [1e-3] }\nseeds = 1\nexamples = 10000\n";
    for task in ["classification", "part-of-speech"] {
        let opened = (find(task).unwrap().open)(&resolved(task, options).unwrap(), &ground).unwrap();
        let before = std::time::Instant::now();
        let found = opened.judge(&subject).unwrap();
        let seconds = before.elapsed().as_secs_f64();
        assert!(seconds < 60.0, "{task}: {seconds:.1} s");
        assert!(value(&found, "accuracy") > 0.6, "{task}: {found:?}");
    }
}

#[test]
#[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --test evals -- --ignored sets_of_people"]
fn sets_of_people_are_judged() {
    let root = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA says where the data sets are");
    // The first 202 sentences of one of them name no person.
    let short = "seeds = 1\nexamples = 300\nrecipe = { epochs = 1, trials = [3e-3] }\n";
    let pairs = "text = \"question\"\ntext_pair = \"sentence\"\nlabel = \"label\"\n";
    let columns = "word = 2\ncolumn = 3\n";
    for (task, metric, train, test, more) in [
        (
            "classification",
            "accuracy",
            "sentence_pairs/qnli_style_from_squad_dev/train.tsv",
            "sentence_pairs/qnli_style_from_squad_dev/dev.tsv",
            pairs,
        ),
        (
            "tagging",
            "f1",
            "token/wnut17/wnut17train.conll",
            "token/wnut17/emerging.test.annotated",
            "",
        ),
        (
            "tagging",
            "f1",
            "token/uner_english_ewt/en_ewt-ud-dev.iob2",
            "token/uner_english_ewt/en_ewt-ud-test.iob2",
            columns,
        ),
        (
            "tagging",
            "f1",
            "token/anem_biomedical/AnEM.train",
            "token/anem_biomedical/AnEM.test",
            "",
        ),
        (
            "part-of-speech",
            "accuracy",
            "token/ud_english_ewt/en_ewt-ud-train.conllu.gz",
            "token/ud_english_ewt/en_ewt-ud-test.conllu.gz",
            "",
        ),
        (
            "qa",
            "f1",
            "qa/squad_v1.1/half_a.json.gz",
            "qa/squad_v1.1/half_b.json.gz",
            "",
        ),
    ] {
        let options = format!("{short}{more}train = \"{train}\"\ntest = \"{test}\"\n");
        let found = judge(task, &options, Path::new(&root), "mlm");
        assert!((0.0..=1.0).contains(&value(&found, metric)), "{train}");
    }
}
