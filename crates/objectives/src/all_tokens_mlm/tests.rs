//! The mixture of copying and predicting, by hand.

use super::*;
use crate::common::training::{
    LENGTH, SIZE, Trainer, assert_slopes, batch, build, encoder, first_losses, is_a_guess, number,
};
use crate::common::{SPECIAL, configured, vocabulary};
use burn::tensor::Device;
use cloze_backbone::{Parameters, Preset};

fn copier(enlarged: f64) -> (Encoder, Copier) {
    let (config, init) = (encoder(Preset::Bert), Init::new(1, &Device::flex().autodiff()));
    let mut copier = Copier {
        head: VocabularyHead::new(&config, 32, SIZE, &init.at("head")),
        gate: Dense::new(32, 1, true, &init.at("gate")),
    };
    // So that the gates differ.
    copier.change_parameters(&mut |path, parameter| match path {
        "gate.weight" => parameter.inner().scaled(enlarged),
        _ => parameter.inner(),
    });
    (Encoder::new(&config, SIZE, &init.at("encoder")), copier)
}

/// A batch and what the encoder reads of it: some originals, some others.
fn proposed() -> (Batch, Vec<u32>) {
    let batch = batch(&*configured("all-tokens-mlm", ""));
    let mut proposed = batch.originals.clone();
    for position in &batch.positions {
        proposed[*position as usize] = 5 + (proposed[*position as usize] + 1) % 50;
    }
    (batch, proposed)
}

#[test]
fn at_first_a_token_is_copied_every_other_time() {
    let losses = first_losses(&*configured("all-tokens-mlm", ""));
    assert!(is_a_guess(losses["generator"], SIZE, 0.15), "{losses:?}");
    let (replaced, vocabulary) = (losses["replaced"], SIZE as f64);
    let expected = (1.0 - replaced) * -(0.5 + 0.5 / vocabulary).ln() + replaced * (2f64.ln() + vocabulary.ln());
    assert!(
        (losses["encoder"] - expected).abs() < 0.05,
        "{losses:?}, not {expected}"
    );
}

/// The loss as it is defined, with whole rows of logits.
#[test]
fn the_loss_is_that_of_the_mixture() {
    let (encoder, copier) = copier(50.0);
    let (batch, proposed) = proposed();
    let found = number(&copier.loss(&encoder, &proposed, &batch, None));
    let hidden = encoder.forward(tensor_ids(&proposed, &encoder.device()), &pass(&batch, None));
    let gates = numbers(copier.gates(hidden.clone()));
    let logits = copier.head.logits(hidden, encoder.tokens.val());
    let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
    let mut sum = 0.0;
    for (row, (gate, logits)) in gates.iter().zip(logits.chunks(SIZE)).enumerate() {
        let total: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        let softmax = f64::from(logits[batch.originals[row] as usize]).exp() / total;
        let gate = 1.0 / (1.0 + f64::from(-gate).exp());
        let copied = f64::from(proposed[row] == batch.originals[row]);
        sum -= (gate * copied + (1.0 - gate) * softmax).ln();
    }
    let expected = sum / proposed.len() as f64;
    assert!((found - expected).abs() < 1e-5 * expected, "{found}, not {expected}");
}

#[test]
fn gradients_are_slopes() {
    let (encoder, copier) = copier(50.0);
    let (batch, proposed) = proposed();
    let of_heads = |copier: &Copier| copier.loss(&encoder, &proposed, &batch, None);
    assert_eq!(assert_slopes(&copier, &of_heads), 7);
    let of_encoder = |encoder: &Encoder| copier.loss(encoder, &proposed, &batch, None);
    assert!(assert_slopes(&encoder, &of_encoder) > 10);
}

#[test]
fn a_token_costs_what_the_gate_and_the_softmax_leave() {
    // D = 0.8, p = 0.1.
    let (gate, softmax) = (4f32.ln(), 10f32.ln());
    let read = Lost::of(gate, softmax, true);
    assert!(
        (read.loss + 0.82f32.ln()).abs() < 1e-6 && (read.predicted - 0.02 / 0.82).abs() < 1e-6,
        "{read:?}"
    );
    let other = Lost::of(gate, softmax, false);
    assert!(
        (other.loss + 0.02f32.ln()).abs() < 1e-5 && other.predicted == 1.0,
        "{other:?}"
    );
    // No gate is so sure that a loss is no number.
    for gate in [-500.0, 500.0] {
        for is_read in [false, true] {
            let lost = Lost::of(gate, 30.0, is_read);
            assert!(
                lost.loss.is_finite() && (0.0..=1.0).contains(&lost.predicted),
                "{gate}: {lost:?}"
            );
        }
    }
}

#[test]
fn the_gate_learns_to_tell_a_corrupted_sentence() {
    // Every token is followed by the next one: what breaks the chain is wrong.
    let chain = |first: u32| -> Vec<u32> {
        let words = (0..LENGTH as u32 - 1).map(|place| 5 + (first + place) % 20);
        std::iter::once(SPECIAL.start).chain(words).collect()
    };
    let objective = configured("all-tokens-mlm", "rate = 0.3");
    let mut trainer = Trainer::new(build(&*objective, Preset::Modern), 5e-3);
    for step in 0..300 {
        let draw = Draw::new(5, "corruption").step(step);
        let example = |first: u32| {
            let window = Window::new(chain(first), vec![true; LENGTH]);
            objective.corrupt(&window, &vocabulary(SIZE), 0.0, draw.example(u64::from(first)))
        };
        trainer.step(&Batch::of(&(0..20).map(example).collect::<Vec<_>>()), step);
    }
    let model = trainer.model.frozen();
    let mut right = 0;
    for first in 0..20 {
        let good = chain(first);
        let mut bad = good.clone();
        bad[9] = 5 + (bad[9] + 7) % 20;
        let scores = model.score(&model.rules()[0], &[good, bad], &vocabulary(SIZE)).unwrap();
        right += u32::from(scores[0] > scores[1]);
    }
    assert!(right >= 18, "{right} of 20 corrupted sentences are found");
}

#[test]
fn flops_are_a_count_by_hand() {
    let (objective, config) = (configured("all-tokens-mlm", ""), encoder(Preset::Bert));
    let sizes = batch(&*objective).sizes();
    let (rows, predicted) = (4 * LENGTH, sizes.predicted);
    let body = 3.0 * config.forward_flops(4, LENGTH, false);
    let heads = rows * 32 * (32 + SIZE) + rows * 32;
    let generator = rows * (32 * 8 + 8 * 24) + predicted * (2 * LENGTH * 8 + 8 * 8 + 2 * 8 * 32 + 32 * (8 + SIZE));
    assert_eq!(
        objective.flops(&config, SIZE, &sizes),
        body + 3.0 * 2.0 * (heads + generator) as f64
    );
}
