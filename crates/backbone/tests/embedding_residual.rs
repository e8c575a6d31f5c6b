//! Layers that read the embeddings beside the states of the one before.

use crate::common::{TOKENS, assert_every_way_reads_alike, ids, near, values};
use burn::tensor::{Device, Tensor, TensorData};
use cloze_backbone::{Encoder, EncoderConfig, Forward, Init, Parameter, Parameters, Preset};

const VOCABULARY: usize = 23;
const PRESETS: [Preset; 2] = [Preset::Bert, Preset::Modern];
const WIDTH: usize = 12;

fn config(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 3,
        feed_forward: 20,
        dropout: 0.0,
        embedding_residual: true,
        ..EncoderConfig::preset(preset, WIDTH, 3, 8)
    }
}

/// An encoder in which every part matters, with these shares in every layer after the first.
fn encoder(config: &EncoderConfig, [kept, added]: [f32; 2], device: &Device) -> Encoder {
    let mut encoder = Encoder::new(config, VOCABULARY, &Init::new(1, device).at("encoder"));
    encoder.change_parameters(&mut |path, parameter| match (path, parameter.inner()) {
        (_, Parameter::Matrix(matrix)) => Parameter::Matrix(matrix * 10.0),
        ("residual.kept", shares) => shares.scaled(f64::from(kept)),
        ("residual.added", Parameter::Vector(shares)) => Parameter::Vector(shares + added),
        (_, vector) => vector,
    });
    encoder
}

#[test]
fn an_encoder_with_it_begins_as_one_without_to_the_bit() {
    let device = Device::flex();
    for preset in PRESETS {
        let with = config(preset);
        let without = EncoderConfig {
            embedding_residual: false,
            ..with.clone()
        };
        let states = |config: &EncoderConfig| {
            let encoder = encoder(config, [1.0, 0.0], &device);
            assert_eq!(encoder.count(), config.parameters(VOCABULARY));
            values(&encoder.forward(ids(&TOKENS, &device), &Forward::new(2, 3)))
        };
        assert_eq!(states(&with), states(&without), "{preset:?}");
        assert_eq!(with.parameters(VOCABULARY), without.parameters(VOCABULARY) + 2 * 2);
        // No product of matrices is more.
        assert_eq!(with.forward_flops(2, 3, false), without.forward_flops(2, 3, false));
    }
}

#[test]
fn what_layers_read_is_the_shares_of_both() {
    let device = Device::flex();
    // Of the embeddings alone, layers that are one block give the same; and of nothing but the layer before, what they always give.
    let one = EncoderConfig {
        layer_groups: Some(1),
        ..config(Preset::Bert)
    };
    let layers = |shares: [f32; 2]| {
        let encoder = encoder(&one, shares, &device);
        let states = encoder.layers(ids(&TOKENS, &device), &Forward::new(2, 3));
        states.iter().map(values).collect::<Vec<_>>()
    };
    let of_embeddings = layers([0.0, 1.0]);
    assert_eq!(of_embeddings[1], of_embeddings[2]);
    assert_eq!(of_embeddings[1], of_embeddings[3]);
    let of_both = layers([1.0, 1.0]);
    assert_eq!(
        of_both[..2],
        of_embeddings[..2],
        "the first layer reads the embeddings anyway"
    );
    assert!(!near(&of_both[2], &of_embeddings[2]));
    // Post-norm blocks add what they read to what they make of it: with values of 0 a block's output is the norm of what it reads.
    let mut silent = encoder(&one, [0.5, 2.0], &device);
    silent.change_parameters(
        &mut |path, parameter| match path.starts_with("blocks") && path.ends_with("weight") {
            true => parameter.scaled(0.0),
            false => parameter,
        },
    );
    let states = silent.layers(ids(&TOKENS, &device), &Forward::new(2, 3));
    let [embedded, first, second] = [0, 1, 2].map(|layer| values(&states[layer]));
    // Embeddings are normed already, so the norms of two sublayers leave them as they are; half of that and twice that are so too.
    assert!(near(&embedded, &first) && near(&first, &second));
}

#[test]
fn every_way_through_the_layers_reads_them_alike() {
    let device = Device::flex();
    for preset in PRESETS {
        let encoder = encoder(&config(preset), [0.7, 0.4], &device);
        assert_every_way_reads_alike(&encoder, &device, &format!("{preset:?}"));
    }
}

#[test]
fn its_gradients_are_the_differences() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    for preset in PRESETS {
        let config = config(preset);
        // A loss that is no norm's constant: each state has a weight of its own.
        let loss = |encoder: &Encoder, device: &Device| {
            let states = encoder.forward(ids(&TOKENS, device), &Forward::new(2, 3));
            let count = TOKENS.len() * WIDTH;
            let weights: Vec<f32> = (0..count).map(|place| ((place * 7 % 11) as f32 - 5.0) / 5.0).collect();
            (states * Tensor::from_data(TensorData::new(weights, [TOKENS.len(), WIDTH]), device)).sum()
        };
        let model = encoder(&config, [0.8, 0.3], &device);
        let gradients = loss(&model, &device).backward();
        let mut seen = 0;
        model.each_parameter(&mut |path, parameter| {
            if !path.starts_with("residual") {
                return;
            }
            let found = parameter.grad(&gradients).unwrap().numbers().unwrap();
            assert_eq!(found.len(), 2);
            for (place, gradient) in found.iter().enumerate() {
                let at = |step: f32| {
                    let mut moved = encoder(&config, [0.8, 0.3], &plain);
                    moved.change_parameters(&mut |own, parameter| match (own == path, parameter) {
                        (true, Parameter::Vector(shares)) => {
                            let step: Vec<f32> = (0..2).map(|at| if at == place { step } else { 0.0 }).collect();
                            let step = Tensor::from_data(TensorData::new(step, [2]), &shares.device());
                            Parameter::Vector(shares + step)
                        }
                        (_, parameter) => parameter,
                    });
                    values(&loss(&moved, &plain))[0]
                };
                let step = 1e-2;
                let difference = (at(step) - at(-step)) / (2.0 * step);
                assert!(
                    (difference - gradient).abs() < 0.02 * difference.abs().max(0.1),
                    "{preset:?} {path} {place}: {difference} and {gradient}"
                );
                seen += 1;
            }
        });
        assert_eq!(seen, 4);
    }
}
