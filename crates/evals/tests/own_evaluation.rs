//! An evaluation that trains a head of its own is one file: a linear probe of a frozen layer, with a seed, run only at the
//! end. Nothing here touches the library.

use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use cloze_backbone::{Dense, EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, Prepared, TokenizerConfig, prepare};
use cloze_evals::{Asks, Chance, Entry, Evaluation, Finding, Ground, Judgement, Subject, When, asked};
use cloze_foundation::{Draw, Fault, Result};
use cloze_trainer::optimizer::gradient_norm;
use cloze_trainer::{Optimizer, OptimizerConfig};

/// Windows of a batch.
const WINDOWS: u64 = 16;
const STEPS: u64 = 120;
const RATE: f64 = 0.05;

static ENTRY: Entry = Entry {
    name: "parity-probe",
    version: 1,
    uses_language: false,
    when: When::AtTheEnd,
    title: "Parity probe",
    title_of: |_| None,
    citation: "after Alain & Bengio 2017, Understanding intermediate layers using linear classifier probes",
    summary: "Accuracy of a linear probe of every layer that tells even from odd positions, on windows it did not learn from.",
    headline: "accuracy",
    parts: || Some(Vec::new()),
    work: |_| None,
    higher_is_better: true,
    chance: Chance::Always(0.5),
    asks: Asks::States,
    mean_over: None,
    options: Vec::new,
    resolve: |written| written.table(&[]).map(|_| toml::Table::new()),
    check: |_, _| Ok(()),
    data: |options, _| Ok(asked(&ENTRY, options, "")),
    open: |_, _| Ok(Box::new(Probe)),
};

struct Probe;

/// Windows `first..first + WINDOWS` of the held-out text, and the parity of every position.
fn windows(subject: &Subject, first: u64) -> (Vec<Vec<u32>>, Vec<i64>) {
    let Ground { corpus, window, .. } = subject.ground;
    let (text, vocabulary) = (&corpus.held_out, corpus.tokenizer.vocabulary());
    let parities = (0..WINDOWS).flat_map(|_| (0..window as i64).map(|position| position % 2));
    let window = |index| text.window(index % text.windows(window), window, vocabulary);
    let windows = (first..first + WINDOWS).map(|index| window(index).ids).collect();
    (windows, parities.collect())
}

fn labels(labels: &[i64], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), device)
}

/// Trains a probe on frozen states with the optimizer that runs have; gives the share of right answers on windows after those that it learnt from, and
/// the last training loss.
fn probe(subject: &Subject, layer: usize) -> Result<[f64; 2]> {
    let device = subject.device.clone().autodiff();
    let init = Init::new(
        Draw::new(subject.seed, "parity probe").example(layer as u64).seed(),
        &device,
    );
    let mut probe = Dense::new(subject.model.config().width, 2, true, &init);
    let states = |texts: &[Vec<u32>]| subject.model.states(texts).swap_remove(layer);
    let training: Vec<_> = (0..4).map(|part| windows(subject, part * WINDOWS)).collect();
    let training: Vec<_> = training.iter().map(|(texts, found)| (states(texts), found)).collect();
    let mut optimizer = Optimizer::new(OptimizerConfig::default());
    let mut last = f64::NAN;
    for step in 0..STEPS {
        let (states, found) = &training[step as usize % training.len()];
        let logits = probe.forward(Tensor::from_inner(states.clone()));
        let right = activation::log_softmax(logits, 1).gather(1, labels(found, &device).reshape([found.len(), 1]));
        let loss = right.mean().neg();
        last = f64::from(loss.clone().inner().into_scalar::<f32>());
        if !last.is_finite() {
            return Err(Fault::run("the probe diverged"));
        }
        let gradients = loss.backward();
        let norm = gradient_norm(&probe, &gradients);
        optimizer.update(&mut probe, gradients, norm, RATE);
    }
    let (unseen, found) = windows(subject, 4 * WINDOWS);
    let answers = probe.forward(Tensor::from_inner(states(&unseen))).argmax(1);
    let answers = answers
        .into_data()
        .iter::<i64>()
        .zip(&found)
        .filter(|(answer, label)| answer == *label)
        .count();
    Ok([answers as f64 / found.len() as f64, last])
}

impl Evaluation for Probe {
    fn judge(&self, subject: &Subject) -> Result<Judgement> {
        let mut judgement = Judgement::default();
        for layer in 0..=subject.model.config().layers {
            for (metric, value) in ["accuracy", "loss"].into_iter().zip(probe(subject, layer)?) {
                judgement.findings.push(Finding {
                    task: format!("{}/layer-{layer}", subject.ground.task),
                    metric: metric.to_owned(),
                    value,
                });
            }
        }
        Ok(judgement)
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

#[test]
fn a_probe_is_an_ordinary_evaluation_and_learns() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, device, window) = (corpus(folder.path()), Device::flex(), 16);
    let judged = |preset: Preset, seed: u64| {
        let encoder = EncoderConfig {
            heads: 2,
            ..EncoderConfig::preset(preset, 64, 1, window)
        };
        let objective = cloze_objectives::configure("mlm", &toml::Table::new()).unwrap();
        let init = Init::new(1, &device.clone().autodiff());
        let model = objective.build(&encoder, corpus.tokenizer.vocabulary(), &init).frozen();
        let ground = Ground {
            task: "parity",
            corpus: &corpus,
            window,
            data_root: None,
        };
        let subject = Subject {
            model: &model,
            ground,
            seed,
            device: &device,
            told: &|_| (),
        };
        let opened = (ENTRY.open)(&toml::Table::new(), &ground).unwrap();
        opened.judge(&subject).unwrap().findings
    };
    let accuracies = |measures: &[Finding]| -> Vec<f64> {
        let found = measures.iter().filter(|measure| measure.metric == ENTRY.headline);
        found.map(|measure| measure.value).collect()
    };
    // Learned positions are in the embeddings from the beginning; in `modern` the embeddings know nothing of them.
    let bert = judged(Preset::Bert, 1);
    let found = accuracies(&bert);
    assert!(
        found.len() == 2 && found.iter().all(|accuracy| *accuracy > 0.9),
        "{bert:?}"
    );
    assert!((accuracies(&judged(Preset::Modern, 1))[0] - 0.5).abs() < 0.1);
    // A function of its seed.
    assert_eq!(judged(Preset::Bert, 1), bert);
    assert_ne!(judged(Preset::Bert, 2), bert);
}
