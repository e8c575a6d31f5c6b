//! A step that predicts nothing ends a run with what to do, so that a budget in predictions cannot run for ever.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::{CorpusOptions, prepare};
use cloze_foundation::Result;
use cloze_options::Options;
use cloze_schema::{Axis, Spent, Split};
use cloze_trainer::observer::Unjudged;
use cloze_trainer::{Budget, Job, Observer, OptimizerConfig, Tick, train};

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
fn a_step_without_a_prediction_is_an_error_that_says_what_to_do() {
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
        equalise: Axis::Predictions,
        amount: 1e12,
        batch,
        stages: Vec::new(),
    };
    let budget = budget(1);
    let job = || Job {
        objective: "whole-word",
        options: &options,
        encoder: &encoder,
        budget: &budget,
        optimizer: OptimizerConfig::default(),
        points: 1,
        validation_windows: 1,
        seed: 1,
        corpus: &corpus,
        device: &device,
    };
    let fault = train(&job(), &Unjudged, &mut Silent, None)
        .err()
        .expect("it cannot go on");
    assert_eq!(fault.what, "not one token of the batch is predicted");
    assert!(fault.place().unwrap().starts_with("step "), "{fault}");
    assert!(fault.remedy.is_some_and(|remedy| remedy.contains("budget.batch")));
}
