//! Every objective learns more of the built-in language than how frequent its tokens are, in a small budget.
//!
//! What knowing frequencies comes to is told from the very predictions that a model is asked for: the entropy of what they
//! really are, each counted as the loss counts it. A helper's proposals are held against the share of them that are wrong.

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::{CorpusOptions, Prepared, prepare};
use cloze_foundation::{Draw, Result};
use cloze_objectives::{Batch, MIXTURE, OBJECTIVES, Objective, prepared};
use cloze_options::Options;
use cloze_schema::{Axis, Spent, Split};
use cloze_trainer::observer::Unjudged;
use cloze_trainer::{Budget, Job, Muon, Observer, OptimizerConfig, Spacing, Tick, train};
use std::collections::BTreeMap;

const WINDOW: usize = 32;
const WINDOWS: usize = 16;

/// Steps of so many windows.
const STEPS: usize = 300;

/// Those that need more: a generator's proposals have to be likely before anything is learnt from them, where every rate of
/// masking is as frequent as any other, many windows leave little to read, and a mixture's parts have half of the windows each.
const SLOW: [(&str, usize); 4] = [
    ("replace-mlm", 1000),
    ("all-tokens-mlm", 1000),
    ("diffusion", 1000),
    (MIXTURE, 1000),
];

/// The parts of the mixture, each of which has one loss.
const PARTS: [&str; 2] = ["mlm", "autoregressive"];

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

/// The mean surprise, in nats, of weighed outcomes to who knows how often each occurs.
fn entropy<T: Ord>(outcomes: impl IntoIterator<Item = (T, f64)>) -> f64 {
    let mut weights: BTreeMap<T, f64> = BTreeMap::new();
    for (outcome, weight) in outcomes {
        *weights.entry(outcome).or_default() += weight;
    }
    let all: f64 = weights.values().sum();
    weights.values().map(|weight| -weight / all * (weight / all).ln()).sum()
}

/// Held-out windows under an objective, as it corrupts at the end of training.
fn held_out(objective: &dyn Objective, corpus: &Prepared) -> Vec<Batch> {
    let vocabulary = corpus.tokenizer.vocabulary();
    let batch = |batch: usize| {
        let example = |place: usize| {
            let index = (batch * WINDOWS + place) as u64;
            let window = corpus.held_out.window(index, WINDOW, vocabulary);
            let draw = Draw::new(0, "unigram")
                .example(index)
                .among(place as u32, WINDOWS as u32);
            objective.corrupt(&window, vocabulary, 1.0, draw)
        };
        Batch::of(&(0..WINDOWS).map(example).collect::<Vec<_>>())
    };
    (0..16).map(batch).collect()
}

/// A part of a loss with what it is held against.
type Bound = (String, f64);

/// What knowing frequencies alone comes to in every part of an objective's loss.
fn frequencies(name: &str, batches: &[Batch], replaced: f64) -> Vec<Bound> {
    let all = || {
        batches
            .iter()
            .flat_map(|batch| batch.targets.iter().zip(&batch.weights))
    };
    let tokens = entropy(all().map(|(target, weight)| (*target, f64::from(*weight))));
    let column = |name: &'static str| batches.iter().flat_map(move |batch| batch.extra(name).iter().copied());
    let bounds = match name {
        MIXTURE => {
            let of = |(part, name): (usize, &str)| {
                let portions = batches.iter().flat_map(|batch| &batch.portions);
                let own = portions.filter(|portion| portion.part == part);
                let own: Vec<Batch> = own.map(|portion| portion.batch.clone()).collect();
                let bounds = frequencies(name, &own, replaced).into_iter();
                let called = bounds.map(|(_, bound)| (format!("{name}.loss"), bound));
                called.collect::<Vec<_>>()
            };
            return PARTS.into_iter().enumerate().flat_map(of).collect();
        }
        "span" => {
            let beside = entropy(column("boundary_target").map(|target| (target, 1.0)));
            vec![("mlm", tokens), ("boundary", beside)]
        }
        "electra" | "rtd" => {
            let verdicts = entropy([(true, replaced), (false, 1.0 - replaced)]);
            vec![("generator", tokens), ("discriminator", verdicts)]
        }
        "replace-mlm" => vec![("generator", tokens), ("encoder", tokens)],
        "all-tokens-mlm" => vec![("generator", tokens), ("encoder", copied(batches, replaced))],
        "diffusion" => {
            // Over the tokens that might have been masked.
            let weights: f64 = all().map(|(_, weight)| f64::from(*weight)).sum();
            let over: f64 = column("diffused_tokens").map(f64::from).sum();
            vec![("elbo", tokens * weights / over)]
        }
        "autoregressive" | "prefix" => vec![("next-token", tokens)],
        "mntp" => vec![("mntp", tokens)],
        "permutation" => vec![("permutation", tokens)],
        "mpnet" => vec![("mpnet", tokens)],
        _ => vec![("mlm", tokens)],
    };
    let owned = |(part, bound): (&str, f64)| (part.to_owned(), bound);
    bounds.into_iter().map(owned).collect()
}

/// Of who copies what is read with the probability that it is right, and otherwise knows frequencies: a wrong token costs the
/// gate and the token.
fn copied(batches: &[Batch], replaced: f64) -> f64 {
    let hidden = batches.iter().flat_map(|batch| &batch.targets);
    let verdicts = entropy([(true, replaced), (false, 1.0 - replaced)]);
    verdicts + replaced * entropy(hidden.map(|target| (*target, 1.0)))
}

/// What a trained model loses in every part of its loss, and what it is held against.
fn learnt(name: &str, steps: usize, optimizer: OptimizerConfig, corpus: &Prepared) -> Vec<(String, f64, f64)> {
    let encoder = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 64, 1, WINDOW)
    };
    let device = Device::flex();
    let has_rate = || {
        let options = (cloze_objectives::find(name).unwrap().options)();
        options.iter().any(|option| option.name == "rate")
    };
    let options = match name {
        MIXTURE => {
            let [masked, causal] = PARTS;
            let masked = format!("{{ objective = \"{masked}\", share = 0.5, rate = 0.4 }}");
            format!("mixture = [{masked}, {{ objective = \"{causal}\" }}]")
        }
        _ if has_rate() => "rate = 0.4".to_owned(),
        _ => String::new(),
    };
    let options: toml::Table = options.parse().unwrap();
    let budget = Budget {
        equalise: Axis::Steps,
        amount: steps as f64,
        batch: WINDOWS,
        stages: Vec::new(),
    };
    let job = Job {
        start: None,
        objective: name,
        options: &options,
        encoder: &encoder,
        budget: &budget,
        optimizer,
        points: 1,
        spacing: Spacing::Even,
        validation_windows: 1,
        seed: 1,
        corpus,
        device: &device,
    };
    let model = train(&job, &Unjudged, &mut Silent, None).unwrap().model;
    let objective = prepared(name, &options, corpus).unwrap();
    let batches = held_out(&*objective, corpus);
    let mut parts: BTreeMap<String, f64> = BTreeMap::new();
    for (index, batch) in (0..).zip(&batches) {
        let loss = model.loss(batch, Draw::new(0, "unigram").step(index), false);
        for (part, value) in loss.parts {
            let value = f64::from(value.into_scalar::<f32>());
            *parts.entry(part).or_default() += value / batches.len() as f64;
        }
    }
    let replaced = parts.get("replaced").copied().unwrap_or_default();
    let bounds = frequencies(name, &batches, replaced).into_iter();
    let found = |(part, bound): Bound| {
        let loss = parts[&part];
        (part, loss, bound)
    };
    bounds.map(found).collect()
}

/// Trains objectives in the quickstart's way, and holds every part of their losses against its frequencies.
fn assert_beaten(objectives: impl Iterator<Item = (&'static str, usize)>) {
    let cache = tempfile::tempdir().unwrap();
    let table = "words = 120000\nheld_out = 0.1\ntokenizer = { kind = \"wordpiece\", vocab = 400 }";
    let config = CorpusOptions::from_toml(&table.parse().unwrap())
        .unwrap()
        .resolve()
        .unwrap();
    let corpus = prepare(&config, None, cache.path(), &mut |_| ()).unwrap();
    let muon = OptimizerConfig {
        peak_lr: 3e-3,
        muon: Some(Muon::default()),
        ..OptimizerConfig::default()
    };
    for (name, steps) in objectives {
        for (part, loss, bound) in learnt(name, steps, muon, &corpus) {
            assert!(loss < bound, "{name}, {part}: {loss} is not below {bound}");
        }
    }
}

fn slow(name: &str) -> Option<usize> {
    SLOW.iter().find(|(slow, _)| *slow == name).map(|(_, steps)| *steps)
}

#[test]
fn every_objective_beats_the_frequencies_of_what_it_predicts() {
    let usual = OBJECTIVES.iter().filter(|entry| slow(entry.name).is_none());
    assert_beaten(usual.map(|entry| (entry.name, STEPS)));
}

#[test]
fn those_that_begin_late_do_so_too() {
    assert_beaten(SLOW.into_iter());
}
