//! Evaluations judge a model that knows nothing but the lengths and letters of what it is given.

use burn::module::Module;
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, fragment, prepare};
use cloze_evals::{EVALUATIONS, Entry, Finding, Subject, When, find};
use cloze_foundation::{Draw, Result};
use cloze_objectives::scoring::every_position;
use cloze_objectives::{Answerer, Batch, Heads, Loss, Model, Rule};
use cloze_options::{Usual, tree};

const WINDOW: usize = 24;

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
struct Fake {
    masked: bool,
}

impl Fake {
    fn model(masked: bool) -> Model {
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
        let loss = if rule.name == "shorter" { 1.0 } else { 0.0 };
        vec![loss; batch.positions.len()]
    }
    fn masked_losses(&self, _: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        self.masked.then(|| vec![2.0; batch.positions.len()])
    }
    fn masked_guesses(&self, _: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        // Every second one is right.
        let guesses = batch
            .targets
            .iter()
            .enumerate()
            .map(|(index, target)| target + (index as u32 % 2));
        self.masked.then(|| guesses.collect())
    }
    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone())
    }
}

fn corpus(cache: &std::path::Path) -> Prepared {
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

fn run(name: &str, options: &str, subject: &Subject) -> Vec<Finding> {
    let entry = find(name).unwrap();
    let options = resolve(entry, options).unwrap();
    (entry.check)(&options, subject.data_root).unwrap();
    (entry.evaluate)(subject, &options).unwrap()
}

fn value(measures: &[Finding], task: &str, metric: &str) -> f64 {
    let found: Vec<f64> = measures
        .iter()
        .filter(|m| m.task == task && m.metric == metric)
        .map(|m| m.value)
        .collect();
    assert_eq!(found.len(), 1, "{task} {metric}");
    found[0]
}

#[test]
fn evaluations_report_what_a_model_without_knowledge_deserves() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let (model, device) = (Fake::model(true), Device::flex());
    let subject = |model, data_root| Subject {
        model,
        corpus: &corpus,
        window: WINDOW,
        data_root,
        seed: 1,
        device: &device,
    };

    let measures = run("minimal-pairs", "pairs = 5", &subject(&model, None));
    assert_eq!(value(&measures, "minimal-pairs", "accuracy[nothing]"), 0.5);
    assert_eq!(value(&measures, "minimal-pairs", "ties[nothing]"), 1.0);
    for phenomenon in fragment::phenomena() {
        let task = format!("minimal-pairs/{phenomenon}");
        let (accuracy, ties) = (value(&measures, &task, "accuracy"), value(&measures, &task, "ties"));
        assert!(
            (ties / 2.0..=1.0 - ties / 2.0).contains(&accuracy),
            "{task}: {accuracy} with {ties} ties"
        );
    }
    assert_eq!(
        measures,
        run("minimal-pairs", "pairs = 5", &subject(&model, None)),
        "not the same pairs"
    );

    // The bad sentence is one word longer in one paradigm and the same in another; a long one is cut.
    let blimp = folder.path().join("minimal_pairs/blimp");
    std::fs::create_dir_all(&blimp).unwrap();
    let line = |good: &str, bad: &str, paradigm: &str| {
        format!(
            r#"{{"sentence_good": "{good}", "sentence_bad": "{bad}", "linguistics_term": "p", "UID": "{paradigm}"}}"#
        )
    };
    let long = "the the the the the the the the the the the the the the the the the the the the the the the the the";
    let text = [
        line("the", "the the", "longer"),
        line("the", "the", "equal"),
        line(long, &format!("{long} the"), "equal"),
    ];
    std::fs::write(blimp.join("all.jsonl"), text.join("\n")).unwrap();
    let measures = run("blimp", "", &subject(&model, Some(folder.path())));
    assert_eq!(value(&measures, "blimp", "accuracy"), 0.75);
    assert_eq!(value(&measures, "blimp/p", "ties"), 0.5);

    let measures = run("masked-loss", "windows = 7", &subject(&model, None));
    assert_eq!(value(&measures, "masked-loss", "loss"), 2.0);
    let accuracy = value(&measures, "masked-loss", "accuracy");
    assert!((0.5..0.55).contains(&accuracy), "{accuracy}");
    assert!(run("masked-loss", "", &subject(&Fake::model(false), None)).is_empty());
}

#[test]
fn options_out_of_range_and_unknown_ones_are_refused_with_their_key() {
    for entry in EVALUATIONS {
        let resolve = |text: &str| resolve(entry, text);
        let (fields, defaults) = ((entry.options)(), resolve("").unwrap());
        assert_eq!(defaults.len(), fields.len(), "{}", entry.name);
        for field in &fields {
            assert_eq!(
                field.usual,
                Usual::Value(defaults[field.name].clone()),
                "{}: {}",
                entry.name,
                field.name
            );
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
