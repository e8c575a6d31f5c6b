//! Evaluations judge a model that knows nothing but the lengths and letters of what it is given.

use burn::module::Module;
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, prepare};
use cloze_evals::{EVALUATIONS, Entry, Ground, Judgement, Subject, When, find};
use cloze_foundation::{Draw, Result};
use cloze_objectives::scoring::every_position;
use cloze_objectives::{Answerer, Batch, Heads, Loss, Model, Rule};
use cloze_options::{Usual, tree};
use std::path::Path;
use std::sync::Mutex;

pub(super) const WINDOW: usize = 40;

const RULES: &[Rule] = &[
    Rule::new(
        "shorter",
        "minus the number of tokens",
        Answerer::Encoder,
        every_position,
    ),
    Rule::new("nothing", "0", Answerer::Encoder, every_position),
];

/// Prefers the shorter sentence by its first rule and knows nothing by its second.
#[derive(Module, Debug)]
pub(super) struct Fake {
    /// Who answers about masked tokens.
    #[module(skip)]
    masked: Option<Answerer>,
}

impl Fake {
    pub(super) fn model(masked: Option<Answerer>) -> Model {
        let config = EncoderConfig {
            heads: 1,
            ..EncoderConfig::preset(Preset::Bert, 4, 1, WINDOW)
        };
        let encoder = Encoder::new(&config, 10, &Init::new(1, &Device::flex()));
        Model::new(encoder, Box::new(Self { masked }))
    }
}

impl Heads for Fake {
    fn loss(&self, _: &Encoder, _: &Batch, _: Draw, _: bool) -> Loss {
        unreachable!("evaluations do not train")
    }
    fn rules(&self) -> &[Rule] {
        RULES
    }
    fn losses(&self, _: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32> {
        assert!(batch.length <= WINDOW, "a sentence does not fit the window");
        let loss = if rule.name.ends_with("shorter") { 1.0 } else { 0.0 };
        vec![loss; batch.positions.len()]
    }
    fn masked_answerer(&self) -> Option<Answerer> {
        self.masked
    }
    fn masked_losses(&self, _: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        self.masked.map(|_| vec![2.0; batch.positions.len()])
    }
    fn masked_guesses(&self, _: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        // Every second one is right.
        let guesses = batch
            .targets
            .iter()
            .enumerate()
            .map(|(index, target)| target + (index as u32 % 2));
        self.masked.map(|_| guesses.collect())
    }
    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone())
    }
}

pub(super) fn corpus(cache: &std::path::Path) -> Prepared {
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::wordpiece(400),
        held_out: 0.2,
        words: 20_000,
        ..CorpusConfig::default()
    };
    prepare(&config, None, cache, &mut |_| ()).unwrap()
}

fn resolve(entry: &Entry, options: &str) -> Result<toml::Table> {
    (entry.resolve)(&tree::parse("", options).unwrap().top())
}

/// What an evaluation finds under the name of `mine`.
pub(super) fn run(
    name: &str,
    options: &str,
    model: &Model,
    corpus: &Prepared,
    data_root: Option<&Path>,
) -> Result<Judgement> {
    let entry = find(name).unwrap();
    let options = resolve(entry, options).unwrap();
    (entry.check)(&options, data_root).unwrap();
    let ground = Ground {
        task: "mine",
        corpus,
        window: WINDOW,
        data_root,
    };
    let told = Mutex::new(Vec::new());
    let subject = Subject {
        model,
        ground,
        seed: 1,
        device: &Device::flex(),
        told: &|progress| told.lock().unwrap().push(progress),
    };
    let found = (entry.open)(&options, &ground)?.judge(&subject)?;
    // Whoever waits is told from the beginning to the end; of a model that cannot be asked there may be nothing to tell.
    let told = told.into_inner().unwrap();
    if let [first, .., last] = &told[..] {
        assert_eq!((first.done, last.done), (0, last.of), "{name}");
        assert!(told.iter().all(|one| (one.of, one.what) == (last.of, last.what)));
    }
    assert!(!told.is_empty() || found.findings.is_empty(), "{name}");
    Ok(found)
}

pub(super) fn value(found: &Judgement, task: &str, metric: &str) -> f64 {
    let found: Vec<f64> = found
        .findings
        .iter()
        .filter(|m| m.task == task && m.metric == metric)
        .map(|m| m.value)
        .collect();
    assert_eq!(found.len(), 1, "{task} {metric}");
    found[0]
}

#[test]
fn whoever_counts_tokens_is_right_about_exactly_half_of_every_phenomenon_at_any_number_of_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, model) = (corpus(folder.path()), Fake::model(None));
    for pairs in [1, 2, 5, 50] {
        let found = run("minimal-pairs", &format!("pairs = {pairs}"), &model, &corpus, None).unwrap();
        let mut decided = 0;
        for finding in &found.findings {
            match finding.metric.as_str() {
                "accuracy" | "accuracy[nothing]" => assert_eq!(finding.value, 0.5, "{finding:?}"),
                "ties[nothing]" => assert_eq!(finding.value, 1.0, "{finding:?}"),
                "ties" => decided += usize::from(finding.value < 1.0),
                _ => {}
            }
        }
        assert!(decided > 3, "some sentences are longer than their partners");
        // Item by item: an even number of pairs, as many won as lost.
        for items in found.items.iter().filter(|items| items.metric == "accuracy") {
            let count = |credit: char| items.credits.chars().filter(|letter| *letter == credit).count();
            assert_eq!(count('0'), count('2'), "{items:?}");
            assert_eq!(items.credits.len(), usize::div_ceil(pairs, 2) * 2);
        }
        assert!(found.items.iter().all(|items| items.task == "mine"));
        let again = run("minimal-pairs", &format!("pairs = {pairs}"), &model, &corpus, None).unwrap();
        assert_eq!(found, again, "not the same pairs");
    }
}

#[test]
fn pairs_from_files_are_judged_as_they_are_and_what_is_cut_or_seen_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, model) = (corpus(folder.path()), Fake::model(None));
    let blimp = folder.path().join("minimal_pairs/blimp");
    std::fs::create_dir_all(&blimp).unwrap();
    let line = |good: &str, bad: &str, paradigm: &str| {
        format!(
            r#"{{"sentence_good": "{good}", "sentence_bad": "{bad}", "linguistics_term": "p", "UID": "{paradigm}"}}"#
        )
    };
    // The bad sentence is one word longer in one paradigm and the same in another; a long one loses its end.
    let long = "the ".repeat(WINDOW);
    let write = |text: &[String]| std::fs::write(blimp.join("all.jsonl"), text.join("\n")).unwrap();
    let judge = || run("blimp", "", &model, &corpus, Some(folder.path()));
    write(&[
        line("the the the", "the the the a", "longer"),
        line("the", "the", "equal"),
        line(&format!("a {long}"), &format!("the {long}"), "equal"),
    ]);
    let found = judge().unwrap();
    assert_eq!(value(&found, "mine", "accuracy"), 0.75);
    assert_eq!(value(&found, "mine/p", "ties"), 0.5);
    assert_eq!(value(&found, "mine", "cut"), 1.0 / 3.0);
    // "The" alone stands in any text, three of them in none.
    assert_eq!(value(&found, "mine", "seen"), 0.25);
    assert_eq!(value(&found, "mine/p", "seen"), 0.25);
    assert_eq!(value(&found, "mine", "accuracy.unseen"), 0.75);
    let credits: Vec<&str> = found.items.iter().map(|items| items.credits.as_str()).collect();
    assert_eq!(credits, ["11", "2", "11", "1"]);

    write(&[
        line("the", "a", "early"),
        line(&format!("{long} the"), &format!("{long} a"), "late"),
    ]);
    let fault = judge().unwrap_err();
    assert!(fault.place().unwrap().ends_with("all.jsonl:2"), "{fault}");
    assert!(fault.what.contains("behind the end of the window"), "{fault}");
}

#[test]
fn a_masked_loss_says_who_answered_and_what_nobody_and_the_best_would_lose() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let judge = |who| run("masked-loss", "windows = 7", &Fake::model(who), &corpus, None).unwrap();
    let found = judge(Some(Answerer::Encoder));
    assert_eq!(value(&found, "mine", "loss"), 2.0);
    let accuracy = value(&found, "mine", "accuracy");
    assert!((0.5..0.55).contains(&accuracy), "{accuracy}");
    let [unigram, best] = ["unigram_loss", "best_loss"].map(|metric| value(&found, "mine", metric));
    assert!(
        0.1 < best && best + 1.0 < unigram && unigram < 400_f64.ln(),
        "{best} {unigram}"
    );

    let names = |found: &Judgement| {
        found
            .findings
            .iter()
            .map(|found| found.metric.clone())
            .collect::<Vec<_>>()
    };
    let helped = judge(Some(Answerer::Generator));
    assert_eq!(
        names(&helped),
        ["loss[generator]", "accuracy[generator]", "unigram_loss", "best_loss"]
    );
    assert_eq!(value(&helped, "mine", "unigram_loss"), unigram);
    assert_eq!(names(&judge(None)), Vec::<String>::new());
}

#[test]
fn options_out_of_range_and_unknown_ones_are_refused_with_their_key() {
    for entry in EVALUATIONS {
        let resolve = |text: &str| resolve(entry, text);
        let (fields, defaults) = ((entry.options)(), resolve("").unwrap());
        for field in &fields {
            match defaults.get(field.name) {
                Some(value) => assert_eq!(
                    field.usual,
                    Usual::Value(value.clone()),
                    "{}: {}",
                    entry.name,
                    field.name
                ),
                // What came later is no part of an id at its default.
                None => assert!(
                    field.since.is_some() || matches!(field.usual, Usual::Words(_)),
                    "{}: {}",
                    entry.name,
                    field.name
                ),
            }
        }
        let number = fields[0].name;
        for bad in ["0", "-1", "1.5", "\"many\"", "100001"] {
            let fault = resolve(&format!("{number} = {bad}")).unwrap_err();
            assert_eq!(fault.places[0].key.to_string(), number, "{} {bad}: {fault}", entry.name);
        }
        assert_eq!(
            resolve(&format!("{number}x = 3")).unwrap_err().nearest.as_deref(),
            Some(number)
        );
    }
    assert_eq!(find("blmp").err().unwrap().nearest.as_deref(), Some("blimp"));
}

#[test]
fn laws_of_the_first_version_are_no_part_of_an_id() {
    for entry in EVALUATIONS {
        let expected: Vec<_> = (entry.version > 1)
            .then_some((entry.name, entry.version))
            .into_iter()
            .collect();
        assert_eq!(cloze_evals::laws(entry.name), expected);
        assert!(entry.version > 0, "{}: versions are counted from 1", entry.name);
        assert_eq!(cloze_evals::uses_language(entry.name), entry.uses_language);
    }
    assert!(cloze_evals::laws("no such task").is_empty() && !cloze_evals::uses_language("no such task"));
    assert!(cloze_evals::uses_language("minimal-pairs") && !cloze_evals::uses_language("blimp"));
}

#[test]
fn what_judges_at_the_end_is_due_there_alone() {
    let due = |when: When| [0.0, 0.5, 1.0].map(|share| when.due(share));
    assert_eq!(due(When::AtEveryPoint), [true; 3]);
    assert_eq!(due(When::AtTheEnd), [false, false, true]);
}
