//! Value embeddings, capped logits and the z-loss under every objective: what each trains, sees and answers with them.

use crate::common::training::{SIZE, batch, certain, encoder, noticed_by, number, windows};
use crate::common::{every_objective, vocabulary};
use burn::tensor::{Device, Tensor, TensorData};
use cloze_backbone::{Encoder, EncoderConfig, Init, Parameter, Parameters, Preset};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Model, Objective};

/// Without dropout, so that a loss in training differs from that of held-out text in the z-loss alone.
fn two_layers() -> EncoderConfig {
    EncoderConfig {
        layers: 2,
        ..encoder(Preset::Modern)
    }
}

fn built(objective: &dyn Objective, config: &EncoderConfig, device: &Device) -> Model {
    objective.on(config).expect("an encoder for any objective");
    objective.build(config, &vocabulary(SIZE), &Init::new(1, device))
}

fn loss(model: &Model, batch: &Batch, training: bool) -> Tensor<1> {
    model.loss(batch, Draw::new(3, "step"), training).total
}

/// With value embeddings that are not 0, where there are any.
fn filled<P: Parameters>(mut model: P) -> P {
    model.change_parameters(&mut |path, parameter| match parameter.inner() {
        Parameter::Matrix(table) if path.ends_with("values.table") => {
            let mut stream = Draw::new(5, "values").stream();
            let [rows, columns] = table.dims();
            let numbers: Vec<f32> = (0..rows * columns).map(|_| 0.3 * stream.normal() as f32).collect();
            let data = TensorData::new(numbers, [rows, columns]);
            Parameter::Matrix(Tensor::from_data(data, &table.device()))
        }
        parameter => parameter,
    });
    model
}

/// All three at once. Where a generator samples, the cap leaves it certain of its samples.
#[test]
fn every_gradient_in_training_is_the_slope_of_its_loss() {
    for (entry, mode, objective) in every_objective() {
        println!("{} ({mode})", entry.name); // shown where a parameter of it is off
        let samples = !objective.helpers(&two_layers()).is_empty();
        let config = EncoderConfig {
            value_embeddings: true,
            logit_cap: Some(if samples { 30.0 } else { 1.5 }),
            z_loss: 0.02,
            ..two_layers()
        };
        let model = filled(certain(built(&*objective, &config, &Device::flex().autodiff())));
        let batch = batch(&*objective);
        let gradients = loss(&model, &batch, true).backward();
        let (mut moved, mut of_values) = (0, 0);
        model.each_parameter(&mut |path, parameter| {
            let gradient = parameter
                .grad(&gradients)
                .unwrap_or_else(|| panic!("no gradient for {path}"));
            let norm = gradient.squared_norm().sqrt();
            if norm == 0.0 {
                return;
            }
            // A narrow generator's loss is far from a line beyond that.
            let step = 5e-3;
            let at = |by: f64| {
                let mut nearby = model.frozen();
                nearby.change_parameters(&mut |own, parameter| match own == path {
                    true => parameter.plus(gradient.clone().scaled(by / norm)),
                    false => parameter,
                });
                number(&loss(&nearby, &batch, true))
            };
            let (above, below) = (at(step), at(-step));
            let slope = (above - below) / (2.0 * step);
            // What 32-bit numbers can tell of a difference of two losses.
            let noise = 5e-7 * above.abs().max(4.0) / step;
            assert!(
                (slope - norm).abs() < 0.03 * norm + noise,
                "{path}: {slope}, not {norm}"
            );
            moved += 1;
            of_values += usize::from(path.starts_with("encoder.values."));
        });
        assert!(moved > 15 && of_values == 3, "{moved} and {of_values}");
    }
}

#[test]
fn the_z_loss_is_in_the_loss_of_training_and_in_no_other() {
    for (entry, mode, objective) in every_objective() {
        let batch = batch(&*objective);
        let of = |z_loss| {
            let config = EncoderConfig { z_loss, ..two_layers() };
            let model = certain(built(&*objective, &config, &Device::flex()));
            [true, false].map(|training| number(&loss(&model, &batch, training)))
        };
        let at = format!("{} ({mode})", entry.name);
        let [none, once, twice] = [0.0, 0.02, 0.04].map(of);
        assert_eq!([none[0], once[1], twice[1]], [none[1]; 3], "{at}");
        // At first ln Z is about that of the vocabulary, 4.1, in every softmax.
        let (once, twice) = (once[0] - none[0], twice[0] - none[0]);
        assert!(
            once > 0.1 && (twice - 2.0 * once).abs() < 1e-3 * twice,
            "{at}: {once} and {twice}"
        );
    }
}

/// No prediction notices a token by way of the values that it did not notice anyhow: not what is ahead, not its own.
#[test]
fn value_embeddings_show_nobody_what_nobody_saw() {
    let mut unseen = 0;
    for (entry, mode, objective) in every_objective() {
        let draw = Draw::new(2, "corruption").example(0);
        let example = objective.corrupt(&windows(2)[0], &vocabulary(SIZE), 0.0, draw);
        let with = |value_embeddings| {
            let config = EncoderConfig {
                value_embeddings,
                ..two_layers()
            };
            let encoder = Encoder::new(&config, SIZE, &Init::new(1, &Device::flex()).at("encoder"));
            noticed_by(&*objective, &example, &filled(encoder))
        };
        let (without, with) = (with(false), with(true));
        for (place, (without, with)) in without.iter().zip(&with).enumerate() {
            for (prediction, (without, with)) in without.iter().zip(with).enumerate() {
                let at = format!("{} ({mode}): {prediction} of {place}", entry.name);
                assert!(*without || !*with, "{at}");
                unseen += usize::from(!without);
            }
        }
    }
    assert!(unseen > 200, "{unseen}");
}

/// A token of which a head is certain without a cap: with one it has the share that the cap leaves it, in losses and answers alike.
#[test]
fn losses_guesses_and_answers_are_of_capped_logits() {
    const TOKEN: usize = 9;
    let mut answered = 0;
    for (entry, mode, objective) in every_objective() {
        let (batch, at) = (batch(&*objective), format!("{} ({mode})", entry.name));
        let with = |logit_cap| {
            let config = EncoderConfig {
                logit_cap,
                ..two_layers()
            };
            let mut model = built(&*objective, &config, &Device::flex());
            model.change_parameters(&mut |path, parameter| match parameter {
                Parameter::Vector(bias) if path.ends_with("head.bias") => {
                    let mut certain = vec![0.0f32; SIZE];
                    certain[TOKEN] = 50.0;
                    let certain = Tensor::<1>::from_data(TensorData::new(certain, [SIZE]), &bias.device());
                    Parameter::Vector(bias + certain)
                }
                parameter => parameter,
            });
            model
        };
        let (free, capped) = (with(None), with(Some(1.0)));
        let share = |model: &Model| model.answers(&batch, 1).map(|best| best[0][0]);
        let Some(((token, before), (same, after))) = share(&free).zip(share(&capped)) else {
            continue;
        };
        assert_eq!((token, same), (TOKEN as u32, TOKEN as u32), "{at}");
        // Between e / (e + 59 e) and e / (e + 59 / e).
        assert!(
            before > 0.999 && (0.016..0.112).contains(&after),
            "{at}: {before} and {after}"
        );
        if let (Some(losses), Some(all)) = (capped.masked_losses(&batch), capped.answers(&batch, SIZE)) {
            assert!(losses.len() > 2, "{at}");
            for ((loss, answers), target) in losses.iter().zip(&all).zip(&batch.targets) {
                let (_, share) = answers.iter().find(|(id, _)| id == target).expect("every id");
                assert!((loss + share.ln()).abs() < 1e-4, "{at}: {loss} and {share}");
            }
            assert_eq!(
                capped.masked_guesses(&batch),
                Some(vec![TOKEN as u32; losses.len()]),
                "{at}"
            );
            answered += 1;
        }
    }
    assert!(answered > 15, "{answered}");
}
