//! A step that predicts nothing has the loss 0, and a run goes on.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::{CorpusOptions, prepare};
use cloze_foundation::Result;
use cloze_options::Options;
use cloze_schema::{Axis, Spent, Split};
use cloze_trainer::observer::Unjudged;
use cloze_trainer::train::Ending;
use cloze_trainer::{Budget, Job, Observer, OptimizerConfig, Spacing, Tick, train};

struct Silent;

impl Observer for Silent {
    fn row(&mut self, _: &Spent, _: Split, _: &str, _: &str, _: f64) {}

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Tick) -> Result<()> {
        Ok(())
    }
}

#[test]
fn steps_without_a_prediction_do_not_end_a_run() {
    let cache = tempfile::tempdir().unwrap();
    let table = "words = 3000\ntokenizer = { kind = \"wordpiece\", vocab = 150 }"
        .parse()
        .unwrap();
    let corpus = CorpusOptions::from_toml(&table).unwrap().resolve().unwrap();
    let corpus = prepare(&corpus, None, cache.path(), &mut |_| ()).unwrap();
    let encoder = EncoderConfig::preset(Preset::Modern, 16, 1, 4);
    let device = Device::flex();
    // Of a window of three tokens one may be hidden: a word of two pieces is too long for bert's rule, and some windows hold
    // no other.
    let options = "mode = \"reference\"".parse().unwrap();
    let budget = |batch: usize| Budget {
        equalise: Axis::Steps,
        amount: 60.0,
        batch,
        stages: Vec::new(),
    };
    let budget = budget(1);
    let job = || Job {
        start: None,
        objective: "whole-word",
        options: &options,
        encoder: &encoder,
        budget: &budget,
        optimizer: OptimizerConfig::default(),
        points: 1,
        spacing: Spacing::Even,
        validation_windows: 1,
        seed: 1,
        corpus: &corpus,
        device: &device,
    };
    let trained = train(&job(), &Unjudged, &mut Silent, None).unwrap();
    assert_eq!((trained.spent.steps(), trained.ending), (60, Ending::Finished));
    let predicted = trained.spent[Axis::Predictions];
    assert!(0.0 < predicted && predicted < 60.0, "{predicted}");
}
