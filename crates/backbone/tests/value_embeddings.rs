//! Tokens that add rows of a table of their own to the values of attention.

use crate::common::{TOKENS, assert_every_way_reads_alike, ids, near, values};
use burn::tensor::{Device, Tensor, TensorData};
use cloze_backbone::{
    Absolute, Disentangled, Encoder, EncoderConfig, Forward, HiddenMatrix, Init, Parameter, Parameters, Preset,
};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;

const VOCABULARY: usize = 23;
const PRESETS: [Preset; 2] = [Preset::Bert, Preset::Modern];
const WIDTH: usize = 12;

fn config(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 3,
        feed_forward: 20,
        dropout: 0.0,
        value_embeddings: true,
        ..EncoderConfig::preset(preset, WIDTH, 3, 8)
    }
}

/// Numbers of a table of values, by row.
fn table() -> Vec<f32> {
    let mut stream = Draw::new(3, "values").stream();
    (0..VOCABULARY * WIDTH).map(|_| stream.normal() as f32).collect()
}

/// An encoder in which every part matters, whose table is so much of [`table`], with these shares in every layer after the first.
fn encoder(config: &EncoderConfig, filled: f32, [kept, added]: [f32; 2], device: &Device) -> Encoder {
    let mut encoder = Encoder::new(config, VOCABULARY, &Init::new(1, device).at("encoder"));
    encoder.change_parameters(&mut |path, parameter| match (path, parameter.inner()) {
        ("values.table", Parameter::Matrix(old)) => {
            let data = TensorData::new(table(), [VOCABULARY, WIDTH]);
            Parameter::Matrix(old + Tensor::<2>::from_data(data, &Device::flex()) * filled)
        }
        ("values.kept", shares) => shares.scaled(f64::from(kept)),
        ("values.added", shares) => shares.scaled(f64::from(added)),
        (_, Parameter::Matrix(matrix)) => Parameter::Matrix(matrix * 10.0),
        (_, vector) => vector,
    });
    encoder
}

#[test]
fn an_encoder_with_them_begins_as_one_without_to_the_bit() {
    let device = Device::flex();
    for preset in PRESETS {
        let with = config(preset);
        let without = EncoderConfig {
            value_embeddings: false,
            ..with.clone()
        };
        let states = |config: &EncoderConfig| {
            let encoder = encoder(config, 0.0, [1.0, 1.0], &device);
            assert_eq!(encoder.count(), config.parameters(VOCABULARY));
            values(&encoder.forward(ids(&TOKENS, &device), &Forward::new(2, 3)))
        };
        assert_eq!(states(&with), states(&without), "{preset:?}");
        // 23 rows of 12, and two shares for either of two layers, whatever the width of the other table is.
        for embedding_width in [None, Some(6)] {
            let [with, without] = [&with, &without].map(|config| EncoderConfig {
                embedding_width,
                ..config.clone()
            });
            assert_eq!(
                with.parameters(VOCABULARY),
                without.parameters(VOCABULARY) + 23 * 12 + 2 * 2
            );
        }
        // No product of matrices is more.
        assert_eq!(with.forward_flops(2, 3, false), without.forward_flops(2, 3, false));
    }
}

/// Muon has the weights of blocks, and the table is AdamW's as that of tokens is.
#[test]
fn the_table_is_no_matrix_between_states() {
    let encoder = encoder(&config(Preset::Modern), 1.0, [1.0, 1.0], &Device::flex());
    let hidden = HiddenMatrix::all(&encoder);
    assert!(hidden.keys().all(|path| path.starts_with("blocks.")), "{hidden:?}");
    assert_eq!(hidden.len(), HiddenMatrix::of(encoder.config()).len());
}

fn norm(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean) / variance.sqrt()).collect()
}

/// The second layer by hand: without queries and keys everybody looks at all three positions of its window alike, so that its
/// attention is the mean of their values.
#[test]
fn a_layers_values_are_the_shares_of_both() {
    let (device, [kept, added]) = (Device::flex(), [0.5, 2.0]);
    let config = config(Preset::Bert);
    let mut encoder = encoder(&config, 1.0, [kept, added], &device);
    encoder.change_parameters(&mut |path, parameter| {
        let eye = || Tensor::<2>::eye(WIDTH, &device);
        match path {
            // Values are the states themselves.
            "blocks.1.qkv.weight" => Parameter::Matrix(Tensor::cat(vec![eye() * 0.0, eye() * 0.0, eye()], 1)),
            "blocks.1.output.weight" => Parameter::Matrix(eye()),
            "blocks.1.down.weight" => parameter.scaled(0.0),
            _ => parameter,
        }
    });
    let states = encoder.layers(ids(&TOKENS, &device), &Forward::new(2, 3));
    let before: Vec<f64> = values(&states[1]).into_iter().map(f64::from).collect();
    let found = values(&states[2]);
    let table: Vec<f64> = table().into_iter().map(f64::from).collect();
    for row in 0..TOKENS.len() {
        let window = row / 3 * 3..row / 3 * 3 + 3;
        let attended = (0..WIDTH).map(|column| {
            let value = |other: usize| {
                let (state, token) = (other * WIDTH, TOKENS[other] as usize * WIDTH);
                f64::from(kept) * before[state + column] + f64::from(added) * table[token + column]
            };
            before[row * WIDTH + column] + window.clone().map(value).sum::<f64>() / 3.0
        });
        // Both norms of a block whose feed-forward gives nothing.
        let wanted = norm(&norm(&attended.collect::<Vec<_>>()));
        for (found, wanted) in found[row * WIDTH..].iter().zip(wanted) {
            assert!(
                (f64::from(*found) - wanted).abs() < 1e-4,
                "{row}: {found} and not {wanted}"
            );
        }
    }
}

#[test]
fn the_first_layer_has_none() {
    let device = Device::flex();
    for preset in PRESETS {
        let layers = |filled: f32| {
            let encoder = encoder(&config(preset), filled, [1.0, 1.0], &device);
            let states = encoder.layers(ids(&TOKENS, &device), &Forward::new(2, 3));
            states.iter().map(values).collect::<Vec<_>>()
        };
        let (with, without) = (layers(1.0), layers(0.0));
        assert_eq!(with[..2], without[..2], "{preset:?}");
        assert!(
            !near(&with[2], &without[2]) && !near(&with[3], &without[3]),
            "{preset:?}"
        );
    }
}

#[test]
fn every_way_through_the_layers_has_the_values_of_its_tokens() {
    let device = Device::flex();
    for (preset, layer_groups) in [(Preset::Bert, None), (Preset::Modern, None), (Preset::Modern, Some(1))] {
        let config = EncoderConfig {
            layer_groups,
            ..config(preset)
        };
        let encoder = encoder(&config, 1.0, [0.7, 1.4], &device);
        assert_every_way_reads_alike(&encoder, &device, &format!("{preset:?}, {layer_groups:?}"));
    }
}

/// By way of values too: with a table of its own and through all layers.
#[test]
fn who_looks_back_sees_no_value_ahead() {
    let device = Device::flex();
    for preset in PRESETS {
        let encoder = encoder(&config(preset), 1.0, [1.0, 1.0], &device);
        let how = Forward {
            visibility: Visibility::Causal,
            ..Forward::new(1, 6)
        };
        let states = |tokens: [i64; 6]| values(&encoder.forward(ids(&tokens, &device), &how));
        let before = states(TOKENS);
        for changed in 0..6 {
            let mut tokens = TOKENS;
            tokens[changed] = 17;
            let after = states(tokens);
            let row = |of: &[f32], row: usize| of[row * WIDTH..][..WIDTH].to_vec();
            for place in 0..6 {
                let is_same = row(&before, place) == row(&after, place);
                assert_eq!(is_same, place < changed, "{preset:?}: {changed} at {place}");
            }
        }
    }
}

#[test]
fn a_mask_decoder_reads_the_values_of_its_content() {
    let device = Device::flex();
    let config = EncoderConfig {
        disentangled: Some(Disentangled {
            position_buckets: 4,
            max_relative_positions: 8,
            shared_keys: true,
            absolute: Absolute::Decoder,
        }),
        layers: 2,
        ..config(Preset::Bert)
    };
    // The content of the first layer has none, and the second one is the decoder's.
    let decoded = |filled: f32, tokens: [i64; 6]| {
        let encoder = encoder(&config, filled, [1.0, 1.0], &device);
        values(&encoder.decoded_at(ids(&tokens, &device), &Forward::new(2, 3), &[1]))
    };
    assert!(!near(&decoded(1.0, TOKENS), &decoded(0.0, TOKENS)));
    // The other window's tokens are not read.
    assert_eq!(decoded(1.0, TOKENS), decoded(1.0, [3, 1, 4, 9, 9, 9]));
}

#[test]
fn their_gradients_are_the_slopes() {
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
        let model = encoder(&config, 0.5, [0.8, 1.3], &device);
        let gradients = loss(&model, &device).backward();
        let mut seen = 0;
        model.each_parameter(&mut |path, parameter| {
            if !path.starts_with("values.") {
                return;
            }
            let gradient = parameter.grad(&gradients).unwrap();
            let norm = gradient.squared_norm().sqrt();
            let at = |step: f64| {
                let mut moved = encoder(&config, 0.5, [0.8, 1.3], &plain);
                moved.change_parameters(&mut |own, parameter| match own == path {
                    true => parameter.plus(gradient.clone().scaled(step / norm)),
                    false => parameter,
                });
                f64::from(values(&loss(&moved, &plain))[0])
            };
            let slope = (at(5e-3) - at(-5e-3)) / 1e-2;
            assert!(
                (slope - norm).abs() < 0.02 * norm.max(0.1),
                "{preset:?} {path}: {slope} and {norm}"
            );
            // Tokens that are not read move nothing.
            if path == "values.table" {
                let numbers = gradient.numbers().unwrap();
                for (token, row) in numbers.chunks(WIDTH).enumerate() {
                    let is_read = TOKENS.contains(&(token as i64));
                    assert_eq!(row.iter().any(|number| *number != 0.0), is_read, "{token}");
                }
            }
            seen += 1;
        });
        assert_eq!(seen, 3);
    }
}
