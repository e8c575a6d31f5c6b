//! Every objective in the registry trains a tiny encoder, in both modes and presets.

mod common;

use burn::tensor::{Device, Tensor};
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::Window;
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Model, Objective};
use common::{SPECIAL, configured, every_objective, vocabulary, window};
use std::collections::BTreeMap;

const SIZE: usize = 60;
const LENGTH: usize = 24;

fn encoder(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(preset, 32, 1, LENGTH)
    }
}

fn build(objective: &dyn Objective, preset: Preset) -> Box<dyn Model> {
    objective.build(
        &encoder(preset),
        &vocabulary(SIZE),
        &Init::new(1, &Device::flex().autodiff()),
    )
}

fn batch(objective: &dyn Objective) -> Batch {
    let draw = Draw::new(7, "corruption");
    let examples = (0..4).map(|index| {
        let window = window(
            LENGTH,
            50.0,
            20.0,
            SIZE,
            &mut Draw::new(7, "text").example(index).stream(),
        );
        objective.corrupt(&window, &vocabulary(SIZE), 0.0, draw.example(index))
    });
    Batch::of(&examples.collect::<Vec<_>>())
}

fn number(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}

/// The gradient of every parameter that has one, by path.
fn gradients(model: &dyn Model, batch: &Batch) -> BTreeMap<String, Vec<f32>> {
    let gradients = model.loss(batch, Draw::new(3, "step"), false).total.backward();
    let mut found = BTreeMap::new();
    model.each_parameter(&mut |path, parameter| {
        let gradient = parameter.grad(&gradients);
        found.extend(gradient.map(|gradient| (path.to_owned(), gradient.numbers().unwrap())));
    });
    found
}

/// One step of gradient descent of length `size`; gives the loss before it.
fn descend(model: &mut dyn Model, batch: &Batch, size: f64) -> f64 {
    let norm = gradients(model, batch)
        .values()
        .flatten()
        .map(|g| f64::from(*g).powi(2))
        .sum::<f64>()
        .sqrt();
    let loss = model.loss(batch, Draw::new(3, "step"), false).total;
    let before = number(&loss);
    let gradients = loss.backward();
    let rate = size / norm;
    model.change_parameters(&mut |_, parameter| match parameter.grad(&gradients) {
        Some(gradient) => parameter.inner().plus(gradient.scaled(-rate)),
        None => parameter.inner(),
    });
    before
}

#[test]
fn the_loss_falls_along_its_gradient() {
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let (mut model, batch) = (build(&*objective, preset), batch(&*objective));
            let losses: Vec<f64> = (0..4).map(|_| descend(&mut *model, &batch, 0.05)).collect();
            assert!(
                losses.windows(2).all(|pair| pair[1] < pair[0]),
                "{} ({mode}, {preset:?}): {losses:?}",
                entry.name
            );
        }
    }
}

#[test]
fn every_parameter_gets_a_finite_gradient_that_is_not_zero() {
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let (model, batch) = (build(&*objective, preset), batch(&*objective));
            let gradients = gradients(&*model, &batch);
            model.each_parameter(&mut |path, _| {
                let at = format!("{path} of {} ({mode}, {preset:?})", entry.name);
                let gradient = gradients.get(path).unwrap_or_else(|| panic!("no gradient for {at}"));
                assert!(
                    gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.0),
                    "{at}"
                );
            });
        }
    }
}

#[test]
fn at_first_every_loss_is_that_of_a_uniform_guess() {
    for (entry, mode, objective) in every_objective() {
        let (model, batch) = (build(&*objective, Preset::Modern), batch(&*objective));
        let loss = model.loss(&batch, Draw::new(3, "step"), true);
        assert!(!loss.parts.is_empty());
        for (part, value) in &loss.parts {
            let expected = match *part {
                "replaced" => continue,
                "discriminator" => 2f64.ln(),
                _ => (SIZE as f64).ln(),
            };
            // Reference mode adds 1 to SpanBERT's 20 or so boundary predictions.
            let tolerance = if (*part, mode) == ("boundary", "reference") {
                0.4
            } else {
                0.15
            };
            assert!(
                (number(value) - expected).abs() < tolerance,
                "{} ({mode}): {part} = {}",
                entry.name,
                number(value)
            );
        }
    }
}

#[test]
fn arms_with_one_seed_start_from_one_encoder() {
    let encoder = |objective: &dyn Objective| {
        let mut found = BTreeMap::new();
        build(objective, Preset::Bert).each_parameter(&mut |path, parameter| {
            if path.starts_with("encoder.") {
                found.insert(path.to_owned(), parameter.numbers().unwrap());
            }
        });
        found
    };
    let first = encoder(&*configured("mlm", ""));
    assert!(first.len() > 10);
    for (entry, mode, objective) in every_objective() {
        assert_eq!(encoder(&*objective), first, "{} ({mode})", entry.name);
    }
}

#[test]
fn a_frozen_model_gives_the_same_losses() {
    for (entry, mode, objective) in every_objective() {
        let (model, batch) = (build(&*objective, Preset::Bert), batch(&*objective));
        let loss = |model: &dyn Model| number(&model.loss(&batch, Draw::new(3, "step"), false).total);
        assert_eq!(loss(&*model), loss(&*model.frozen()), "{} ({mode})", entry.name);
        assert_eq!(
            model.masked_losses(&batch),
            model.frozen().masked_losses(&batch),
            "{} ({mode})",
            entry.name
        );
        if let Some(losses) = model.masked_losses(&batch) {
            assert_eq!(losses.len(), batch.positions.len(), "{} ({mode})", entry.name);
            let guesses = model.masked_guesses(&batch).expect("who has losses has guesses");
            assert_eq!(guesses.len(), losses.len());
            // The likeliest of V ids has at least 1/V; what was not guessed has at most one half.
            for ((guess, target), loss) in guesses.iter().zip(&batch.targets).zip(losses) {
                let (least, most) = if guess == target {
                    (0.0, (SIZE as f32).ln())
                } else {
                    (2f32.ln(), f32::INFINITY)
                };
                assert!(
                    (least - 1e-4..=most + 1e-4).contains(&loss),
                    "{} ({mode}): {loss}",
                    entry.name
                );
            }
        }
    }
}

#[test]
fn a_batch_without_a_prediction_has_a_finite_loss() {
    let nothing = Window {
        ids: [vec![SPECIAL.start], vec![SPECIAL.end; 7]].concat(),
        word_starts: vec![true; 8],
    };
    for (entry, mode, objective) in every_objective() {
        let model = build(&*objective, Preset::Modern);
        let example = objective.corrupt(&nothing, &vocabulary(SIZE), 0.0, Draw::new(1, "corruption"));
        let loss = model.loss(&Batch::of(&[example]), Draw::new(1, "step"), true).total;
        assert!(number(&loss).is_finite(), "{} ({mode})", entry.name);
        loss.backward();
    }
}

#[test]
fn no_gradient_of_the_discriminator_reaches_the_generator() {
    let generator = |weight: &str| {
        let objective = configured("electra", &format!("discriminator_weight = {weight}"));
        let mut found = gradients(&*build(&*objective, Preset::Bert), &batch(&*objective));
        found.retain(|path, _| path.starts_with("generator"));
        found
    };
    assert!(generator("0").len() > 10);
    assert_eq!(generator("0"), generator("50"));
}

#[test]
fn flops_are_hand_checked_and_grow_with_the_predictions() {
    let config = encoder(Preset::Bert);
    for (entry, mode, objective) in every_objective() {
        let sizes = batch(&*objective).sizes();
        let flops = objective.flops(&config, SIZE, &sizes);
        let whole = 3.0 * config.forward_flops(4, LENGTH, entry.name == "autoregressive");
        // Without what follows the last block's keys at the positions that nobody reads: scores, values, output, up, down.
        let body = |rows: usize| {
            let attention = if entry.name == "autoregressive" {
                0
            } else {
                2 * LENGTH * 32
            };
            let matrices = attention + 32 * 32 + 2 * 32 * config.feed_forward;
            whole - 3.0 * 2.0 * ((4 * LENGTH - rows) * matrices) as f64
        };
        let masked = body(sizes.predicted);
        let head = 3.0 * 2.0 * (sizes.predicted * 32 * (32 + SIZE)) as f64;
        match entry.name {
            "mlm" | "whole-word" | "autoregressive" => assert_eq!(flops, masked + head, "{} ({mode})", entry.name),
            "span" => {
                // Place embedding ceil(32 · 200 / 768) = 9 wide.
                let pairs = sizes.extra["boundary_target"];
                let rows = sizes.predicted + sizes.extra["boundary_edges"];
                assert_eq!(
                    flops,
                    body(rows) + head + 3.0 * 2.0 * (pairs * 32 * (2 * 32 + 9 + 32 + SIZE)) as f64
                );
            }
            // The generator is as wide as this encoder: 32 is the least width.
            "electra" => assert_eq!(
                flops,
                whole + masked + head + 3.0 * 2.0 * (4 * LENGTH * (32 * 32 + 32 * 32 + 32)) as f64
            ),
            _ => assert!(flops > masked),
        }
    }
}
