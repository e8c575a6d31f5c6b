//! Evaluations judge a model that knows nothing but the lengths and letters of what it is given.

use burn::module::Module;
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, Vocabulary, fragment, prepare};
use cloze_evals::{EVALUATIONS, Entry, Measure, Subject, find};
use cloze_foundation::{Draw, Result};
use cloze_objectives::{Batch, Loss, Model};
use cloze_options::{Usual, tree};

const WINDOW: usize = 24;

/// Prefers the shorter sentence by its first rule and knows nothing by its second.
#[derive(Module, Debug)]
struct Fake {
    encoder: Encoder,
    masked: bool,
}

impl Fake {
    fn new(masked: bool) -> Self {
        let config = EncoderConfig {
            heads: 1,
            ..EncoderConfig::preset(Preset::Bert, 4, 1, WINDOW)
        };
        Self {
            encoder: Encoder::new(&config, 10, &Init::new(1, &Device::flex())),
            masked,
        }
    }
}

impl Model for Fake {
    fn loss(&self, _: &Batch, _: Draw, _: bool) -> Loss {
        unreachable!("evaluations do not train")
    }
    fn encoder(&self) -> &Encoder {
        &self.encoder
    }
    fn scores(&self) -> &'static [&'static str] {
        &["shorter", "nothing"]
    }
    fn score(&self, rule: &str, sentences: &[Vec<u32>], _: &Vocabulary) -> Vec<f64> {
        let longest = sentences.iter().map(Vec::len).max().unwrap_or(0);
        assert!(longest <= WINDOW, "a sentence does not fit the window");
        sentences
            .iter()
            .map(|sentence| {
                if rule == "shorter" {
                    -(sentence.len() as f64)
                } else {
                    0.0
                }
            })
            .collect()
    }
    fn masked_losses(&self, batch: &Batch) -> Option<Vec<f32>> {
        self.masked.then(|| vec![2.0; batch.positions.len()])
    }
    fn masked_guesses(&self, batch: &Batch) -> Option<Vec<u32>> {
        // Every second one is right.
        let guesses = batch
            .targets
            .iter()
            .enumerate()
            .map(|(index, target)| target + (index as u32 % 2));
        self.masked.then(|| guesses.collect())
    }
    fn frozen(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

fn corpus(cache: &std::path::Path) -> Prepared {
    let config = CorpusConfig {
        source: "fragment".to_owned(),
        tokenizer: TokenizerConfig::Wordpiece { vocab: 400 },
        held_out: 0.2,
        words: 20_000,
    };
    prepare(&config, None, cache, &mut |_| ()).unwrap()
}

fn resolve(entry: &Entry, options: &str) -> Result<toml::Table> {
    (entry.resolve)(&tree::parse("", options).unwrap().top())
}

fn run(name: &str, options: &str, subject: &Subject) -> Vec<Measure> {
    let entry = find(name).unwrap();
    let options = resolve(entry, options).unwrap();
    (entry.check)(&options, subject.data_root).unwrap();
    (entry.evaluate)(subject, &options).unwrap()
}

fn value(measures: &[Measure], task: &str, metric: &str) -> f64 {
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
    let model = Fake::new(true);
    let subject = |model, data_root| Subject {
        model,
        corpus: &corpus,
        window: WINDOW,
        data_root,
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
    assert!(run("masked-loss", "", &subject(&Fake::new(false), None)).is_empty());
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
