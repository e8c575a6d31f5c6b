//! What frozen states are worth for classification, for retrieval, and for the tags of people's own files.

use super::fake::{WINDOW, corpus, run, value};
use super::judges::{fresh, has};
use cloze_corpus::Prepared;
use cloze_evals::{Ground, Work, find};
use cloze_foundation::Fault;
use cloze_options::tree;
use std::path::Path;

fn resolved(task: &str, options: &str) -> toml::Table {
    (find(task).unwrap().resolve)(&tree::parse("", options).unwrap().top()).unwrap()
}

fn refused(task: &str, options: &str, root: &Path) -> Fault {
    (find(task).unwrap().check)(&resolved(task, options), Some(root)).unwrap_err()
}

fn warnings(task: &str, options: &str, corpus: &Prepared, root: &Path) -> Vec<String> {
    let ground = Ground {
        task: "mine",
        corpus,
        window: WINDOW,
        data_root: Some(root),
    };
    let opened = (find(task).unwrap().open)(&resolved(task, options), &ground);
    opened.unwrap().warnings()
}

fn put(folder: &Path, name: &str, rows: &[String]) {
    std::fs::write(folder.join(name), rows.join("\n") + "\n").unwrap();
}

#[test]
fn whoever_counts_words_finds_half_of_the_paraphrases_of_the_language() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let model = fresh("mlm", &corpus);
    let judge = || run("retrieval", "pairs = 120", &model, &corpus, None).unwrap();
    let found = judge();
    // Layer 0 are the embeddings, which know no order.
    let words = value(&found, "mine/layer-0", "recall_at_1");
    assert!((0.35..0.65).contains(&words), "{words}");
    assert!(value(&found, "mine/layer-0", "reciprocal_rank") > words);
    for metric in ["recall_at_1", "reciprocal_rank"] {
        assert_eq!(value(&found, "mine", metric), value(&found, "mine/layer-1", metric));
        assert!(has(&found, "mine/layer-1", &format!("{metric}[untrained]")));
    }
    let worths = found.items[0].worths().unwrap();
    assert_eq!(worths.len(), 120);
    assert_eq!(worths.iter().sum::<f64>() / 120.0, value(&found, "mine", "recall_at_1"));
    assert_eq!(judge(), found);
    let chance = find("retrieval")
        .unwrap()
        .chance_of(&resolved("retrieval", "pairs = 120"), None);
    assert!((chance.unwrap() - 1.0 / 120.0).abs() < 1e-12, "{chance:?}");
}

#[test]
fn pairs_of_a_users_own_files_are_retrieved_by_those_that_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (root, corpus) = (folder.path(), corpus(folder.path()));
    let model = fresh("mlm", &corpus);
    let nouns = ["boat", "house", "king", "garden", "river", "letter"];
    let mut rows: Vec<String> = nouns
        .iter()
        .map(|noun| format!("{noun} {noun} {noun}\tthe {noun} {noun} {noun}\tyes"))
        .collect();
    // Texts that could be found if pairs that do not say the same were asked about.
    rows.extend(
        nouns
            .iter()
            .map(|noun| format!("{noun} {noun} {noun}\t{noun} {noun} {noun}\tno")),
    );
    put(root, "a.txt", &rows);
    let options = "path = \"a.txt\"\nlabel = 3\nsame = \"yes\"";
    let judge = || run("retrieval", options, &model, &corpus, Some(root)).unwrap();
    let found = judge();
    assert_eq!(value(&found, "mine/layer-0", "recall_at_1"), 1.0);
    assert_eq!(found.items[0].credits.len(), 6);
    let chance = || {
        find("retrieval")
            .unwrap()
            .chance_of(&resolved("retrieval", options), Some(root))
    };
    assert!((chance().unwrap() - 1.0 / 6.0).abs() < 1e-12);
    rows.reverse();
    put(root, "a.txt", &rows);
    assert_eq!(judge(), found, "the order of a file does not matter");
    // The other way round, and without labels.
    let turned = run(
        "retrieval",
        "path = \"a.txt\"\ntext = 2\ntext_pair = 1",
        &model,
        &corpus,
        Some(root),
    )
    .unwrap();
    assert_eq!(turned.items[0].credits.len(), 12);
    let told = warnings("retrieval", "path = \"a.txt\"", &corpus, root);
    assert!(
        told.iter()
            .any(|line| line.starts_with("mine: 6 of 12 pairs are of a text and the same")),
        "{told:?}"
    );

    let fault = refused("retrieval", "path = \"a.txt\"\nlabel = 3", root);
    assert_eq!(fault.allowed.as_deref(), Some("no, yes"), "{fault}");
    put(root, "b.txt", &["one\ttwo".to_owned(), "one".to_owned()]);
    let fault = refused("retrieval", "path = \"b.txt\"", root);
    assert!(fault.place().unwrap().ends_with("b.txt:2"), "{fault}");
    let fault = refused("retrieval", "label = 1", root);
    assert!(fault.what.contains("`label` is about files"), "{fault}");
    let entry = find("retrieval").unwrap();
    let lone = (entry.resolve)(&tree::parse("", "same = \"yes\"").unwrap().top()).unwrap_err();
    assert!(lone.what.contains("`same` without `label`"), "{lone}");
}

#[test]
fn frozen_states_tell_classes_of_texts_and_of_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let (root, corpus) = (folder.path(), corpus(folder.path()));
    let model = fresh("mlm", &corpus);
    let found = run("frozen-classification", "examples = 60", &model, &corpus, None).unwrap();
    for metric in [
        "accuracy",
        "code_length",
        "macro_f1",
        "matthews",
        "majority",
        "layer",
        "cut",
    ] {
        assert!(has(&found, "mine", metric), "{metric}");
    }
    for metric in ["accuracy[untrained]", "code_length[untrained]"] {
        assert!(
            has(&found, "mine", metric) && has(&found, "mine/layer-1", metric),
            "{metric}"
        );
    }
    assert_eq!(found.items[0].credits.len(), 60);

    // Whether two texts have the same noun: neither of the two tells.
    let pair = |index: usize| {
        let noun = |number: usize| ["boat", "house"][number % 2];
        let (first, second) = (noun(index), noun(index / 2));
        let label = if first == second { "same" } else { "other" };
        let fill = ["the", "a", "every"][index % 3];
        format!("{fill} {first}\t{fill} {second}\t{label}")
    };
    put(root, "train.txt", &(0..60).map(pair).collect::<Vec<_>>());
    put(root, "test.txt", &(60..84).map(pair).collect::<Vec<_>>());
    let options = "train = \"train.txt\"\ntest = \"test.txt\"\n";
    let pairs = format!("{options}text = 1\ntext_pair = 2\nlabel = 3");
    let judge = |options: &str| run("frozen-classification", options, &model, &corpus, Some(root)).unwrap();
    let found = judge(&pairs);
    assert_eq!(value(&found, "mine", "accuracy"), 1.0);
    assert_eq!(value(&found, "mine", "matthews"), 1.0);
    let alone = judge(&format!("{options}text = 1\nlabel = 3"));
    assert!(value(&alone, "mine", "accuracy") < 0.8);
    put(root, "train.txt", &(0..60).rev().map(pair).collect::<Vec<_>>());
    assert_eq!(judge(&pairs), found, "the order of a file does not matter");

    put(root, "test.txt", &[pair(1), "a boat\ta boat\tboth".to_owned()]);
    let fault = refused("frozen-classification", &pairs, root);
    assert!(fault.what.contains("`both` is in the test part"), "{fault}");
    assert!(format!("{fault:?}").contains("test.txt:2"), "{fault:?}");
    let fault = refused("frozen-classification", "label = \"numbr\"", root);
    assert_eq!(fault.nearest.as_deref(), Some("number"));
}

#[test]
fn tags_of_a_users_own_columns_are_probed_for() {
    let folder = tempfile::tempdir().unwrap();
    let (root, corpus) = (folder.path(), corpus(folder.path()));
    let model = fresh("mlm", &corpus);
    let sentence = |index: usize| {
        let (name, kind) = [("john", "PER"), ("paris", "LOC")][index % 2];
        format!("1\tthe\tO\tDT\n2\tboat\tO\tNN\n3\t{name}\tB-{kind}\tNP\n")
    };
    put(root, "a.iob2", &(0..60).map(sentence).collect::<Vec<_>>());
    put(root, "b.iob2", &(60..80).map(sentence).collect::<Vec<_>>());
    let options = "train = \"a.iob2\"\ntest = \"b.iob2\"\nword = 2\n";
    let judge = |column: i64| {
        let options = format!("{options}column = {column}");
        run("probing", &options, &model, &corpus, Some(root)).unwrap()
    };
    let entities = judge(3);
    assert_eq!(value(&entities, "mine/entity-type", "accuracy"), 1.0);
    // Words outside of entities are not asked about.
    assert_eq!(value(&entities, "mine/entity-type", "majority"), 0.5);
    let tags = judge(-1);
    assert_eq!(value(&tags, "mine/tag", "accuracy"), 1.0);
    assert!(!has(&tags, "mine/entity-type", "accuracy") && !has(&tags, "mine/part-of-speech", "accuracy"));

    put(root, "b.iob2", &[sentence(0), "1\trome\tB-GPE\tNP\n".to_owned()]);
    let fault = refused("probing", &format!("{options}column = 3"), root);
    assert!(format!("{fault:?}").contains("b.iob2:5"), "{fault:?}");
    let fault = refused("probing", "column = 3", root);
    assert!(fault.what.contains("`column` is about files"), "{fault}");
}

#[test]
fn what_the_window_cuts_is_told_under_the_name_of_the_task() {
    let folder = tempfile::tempdir().unwrap();
    let (root, corpus) = (folder.path(), corpus(folder.path()));
    let long = |word: &str| vec![word; WINDOW].join(" ");
    let rows = |word: &str| ["boat", "house"].map(|label| format!("{label} {}\t{label}", long(word)));
    put(root, "train.txt", &rows("the"));
    put(root, "test.txt", &rows("a"));
    let files = "train = \"train.txt\"\ntest = \"test.txt\"\n";
    let told = warnings("frozen-classification", files, &corpus, root);
    assert!(
        told.iter()
            .any(|line| line.starts_with("mine: 2 of 2 texts are longer")),
        "{told:?}"
    );
    let tags = |name: &str| {
        let sentence = |tag: &str| format!("the\t{tag}\n").repeat(WINDOW) + "\n";
        put(root, name, &["A", "B"].map(sentence));
    };
    tags("a.conll");
    tags("b.conll");
    let told = warnings(
        "probing",
        "train = \"a.conll\"\ntest = \"b.conll\"\ncolumn = 2",
        &corpus,
        root,
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("mine: 4 of 4 sentences are longer")),
        "{told:?}"
    );

    let question = |words: usize| {
        let question = vec!["boat"; words].join(" ");
        format!(r#"{{"id": "{words}", "question": "{question}", "answers": [{{"text": "boat", "answer_start": 4}}]}}"#)
    };
    let squad = |questions: &[String]| {
        let questions = questions.join(", ");
        format!(r#"{{"data": [{{"paragraphs": [{{"context": "the boat", "qas": [{questions}]}}]}}]}}"#)
    };
    let other = squad(&[question(2)]).replace("the boat", "see boat");
    put(root, "a.json", &[squad(&[question(1)])]);
    put(root, "b.json", &[squad(&[question(3), question(WINDOW)])]);
    put(root, "dev.json", &[other]);
    let files = "train = \"a.json\"\ndev = \"dev.json\"\ntest = \"b.json\"";
    let told = warnings("qa", files, &corpus, root);
    assert!(
        told.iter()
            .any(|line| line.starts_with("mine: 1 of 2 questions are longer")),
        "{told:?}"
    );
}

#[test]
fn what_is_whole_is_judged_without_a_warning_and_what_is_cut_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, root) = (corpus(folder.path()), folder.path());
    let pairs = ["she sees herself\tshe sees itself", "he sees himself\the sees itself"];
    put(root, "pairs.txt", &pairs.map(str::to_owned));
    let files = |pairs: usize| format!("path = \"pairs.txt\"\npairs = {pairs}");
    for (task, options) in [
        ("minimal-pairs", files(2)),
        ("agreement", "pairs = 4".to_owned()),
        ("masked-loss", String::new()),
    ] {
        assert_eq!(warnings(task, &options, &corpus, root), [""; 0], "{task}");
    }
    let told = warnings("classification", "", &corpus, root);
    assert!(
        told.len() == 1 && told[0].ends_with("texts are longer than the window and lose their end"),
        "{told:?}"
    );
    let told = warnings("minimal-pairs", &files(1), &corpus, root);
    assert!(
        told.len() == 1 && told[0].contains("1 paradigms have more pairs than are judged"),
        "{told:?}"
    );
    // In the shortest window that has the verb of every pair something behind a verb is cut.
    let within = |window: usize| {
        let ground = Ground {
            task: "mine",
            corpus: &corpus,
            window,
            data_root: None,
        };
        (find("agreement").unwrap().open)(&resolved("agreement", "pairs = 4"), &ground).ok()
    };
    let told = (8..WINDOW).find_map(within).unwrap().warnings();
    assert!(
        told.iter().any(|line| line.contains("is scored without its end")),
        "{told:?}"
    );
}

#[test]
fn the_work_of_an_evaluation_is_what_it_reads_and_trains() {
    let work = |task: &str, options: &str| (find(task).unwrap().work)(&resolved(task, options));
    let recipe = "recipe = { epochs = 3, trials = [1e-3, 2e-3], development = 0.2 }";
    // Two trials of the first seed and one training of each other one; the tested texts are read once a seed.
    let Some(Work::FineTuning { trained, read, words }) =
        work("classification", &format!("examples = 500\nseeds = 3\n{recipe}"))
    else {
        panic!("no work")
    };
    assert!((trained - 4.0 * 3.0 * 0.8 * 500.0).abs() < 1e-6, "{trained}");
    assert!((read - (4.0 * 3.0 * 0.2 * 500.0 + 3.0 * 500.0)).abs() < 1e-6, "{read}");
    assert!((5.0..10.0).contains(&words), "{words}");
    // Sentences to fit by and as many to test by, each with every word that it has and twice: a number of states and of one encoder
    // more, the untrained one.
    let of = |sentences: usize| match work("probing", &format!("sentences = {sentences}")) {
        Some(Work::States { count, each, .. }) => (count, each),
        _ => panic!("no work"),
    };
    assert_eq!(of(100).0, 400.0);
    assert_eq!(of(300), (3.0 * of(100).0, 3.0 * of(100).1));
}
