//! Attention with relative positions as an option of the encoder (He et al. 2021, DeBERTa), and its mask decoder.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::{
    Absolute, Disentangled, Encoder, EncoderConfig, Forward, HiddenMatrix, Init, Parameter, Parameters, Preset,
    QueryStream,
};
use cloze_kernels::{Ranks, Visibility};
use std::collections::BTreeMap;

const VOCABULARY: usize = 23;
const PRESETS: [Preset; 2] = [Preset::Bert, Preset::Modern];
const ABSOLUTE: [Absolute; 3] = [Absolute::Nowhere, Absolute::Embeddings, Absolute::Decoder];

fn config(preset: Preset, shared_keys: bool, absolute: Absolute) -> EncoderConfig {
    EncoderConfig {
        heads: 3,
        feed_forward: 20,
        dropout: 0.0,
        disentangled: Some(Disentangled {
            position_buckets: 4,
            max_relative_positions: 8,
            shared_keys,
            absolute,
        }),
        ..EncoderConfig::preset(preset, 12, 3, 8)
    }
}

fn encoder(config: &EncoderConfig, device: &Device) -> Encoder {
    let mut encoder = Encoder::new(config, VOCABULARY, &Init::new(1, device).at("encoder"));
    // Large enough that every part matters.
    encoder.change_parameters(&mut |_, parameter| match parameter.inner() {
        Parameter::Matrix(matrix) => Parameter::Matrix(matrix * 10.0),
        vector => vector,
    });
    encoder
}

fn ids(ids: &[i64], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(ids.to_vec(), [ids.len()]), device)
}

fn values(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

/// Two windows of six tokens.
const TOKENS: [i64; 12] = [2, 7, 9, 7, 11, 3, 2, 7, 8, 5, 11, 3];

/// Those that differ by more than rounding.
fn assert_near(at: &str, found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{at}");
    let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{at}: {worst}");
}

#[test]
fn what_is_counted_is_what_there_is() {
    for preset in PRESETS {
        for absolute in ABSOLUTE {
            for shared_keys in [true, false] {
                let config = config(preset, shared_keys, absolute);
                let encoder = encoder(&config, &Device::flex());
                assert_eq!(encoder.count(), config.parameters(VOCABULARY), "{config:?}");
                let mut shapes: Vec<HiddenMatrix> = HiddenMatrix::all(&encoder).into_values().collect();
                let mut counted = HiddenMatrix::of(&config);
                let key = |matrix: &HiddenMatrix| (matrix.inputs, matrix.outputs, matrix.parts);
                shapes.sort_by_key(key);
                counted.sort_by_key(key);
                assert_eq!(shapes, counted, "{config:?}");
            }
        }
    }
}

#[test]
fn every_way_through_the_encoder_gives_the_same_states() {
    let rows = [8, 1, 4];
    for preset in PRESETS {
        for absolute in ABSOLUTE {
            let config = config(preset, true, absolute);
            // Without gradients rows that are alike are computed once: 24 windows of 6 tokens have few kinds of rows.
            for (device, windows) in [(Device::flex().autodiff(), 2), (Device::flex(), 24)] {
                let encoder = encoder(&config, &device);
                let tokens = || ids(&TOKENS.repeat(windows / 2), &device);
                let how = Forward::new(windows, 6);
                let all = values(&encoder.forward(tokens(), &how));
                let layers = encoder.layers(tokens(), &how);
                assert_eq!(values(&layers[3]), all, "{config:?}");
                let some = encoder.forward_at(tokens(), &how, ids(&rows, &device));
                let wanted: Vec<f32> = rows
                    .iter()
                    .flat_map(|row| all[*row as usize * 12..][..12].to_vec())
                    .collect();
                assert_near(&format!("{config:?}"), &values(&some), &wanted);
                let decoded = values(&encoder.decoded_at(tokens(), &how, &[8, 1, 4]));
                let same = decoded.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-4);
                assert_eq!(same, absolute != Absolute::Decoder, "{config:?}");
                // Positions that are given count as those that are counted.
                let given = Forward {
                    positions: Some((0..6 * windows as u32).map(|row| row % 6).collect()),
                    ..how.clone()
                };
                assert_near("given", &values(&encoder.forward(tokens(), &given)), &all);
                assert_near(
                    "given",
                    &values(&encoder.decoded_at(tokens(), &given, &[8, 1, 4])),
                    &decoded,
                );
            }
        }
    }
}

#[test]
fn the_order_of_tokens_is_seen_and_where_they_begin_is_not() {
    for preset in PRESETS {
        let encoder = encoder(&config(preset, true, Absolute::Nowhere), &Device::flex());
        let at = |tokens: &[i64], first: u32| {
            let how = Forward {
                positions: Some((first..first + 5).collect()),
                ..Forward::new(1, 5)
            };
            values(&encoder.forward(ids(tokens, &Device::flex()), &how))
        };
        let usual = at(&[4, 5, 6, 7, 8], 0);
        assert_near("elsewhere", &at(&[4, 5, 6, 7, 8], 3), &usual);
        // The same tokens the other way round: the same states in another order, if order were not seen.
        let turned: Vec<f32> = at(&[8, 7, 6, 5, 4], 0).chunks(12).rev().flatten().copied().collect();
        assert!(usual.iter().zip(&turned).any(|(a, b)| (a - b).abs() > 0.01));
    }
}

#[test]
fn projections_that_are_shared_are_projections_with_the_same_weights() {
    for preset in PRESETS {
        let device = Device::flex();
        let shared = encoder(&config(preset, true, Absolute::Nowhere), &device);
        let mut weights = BTreeMap::new();
        shared.each_parameter(&mut |path, parameter| _ = weights.insert(path.to_owned(), parameter.clone()));
        let mut apart = encoder(&config(preset, false, Absolute::Nowhere), &device);
        apart.change_parameters(&mut |path, _| match path.replace(".relative.", ".qkv.") {
            // Of `[q | k | v]` the first two.
            own if own != path => match &weights[&own] {
                Parameter::Matrix(matrix) => Parameter::Matrix(matrix.clone().slice_dim(1, 0..24)),
                Parameter::Vector(vector) => Parameter::Vector(vector.clone().slice(0..24)),
            },
            _ => weights[path].clone(),
        });
        let states = |encoder: &Encoder| values(&encoder.forward(ids(&TOKENS, &device), &Forward::new(2, 6)));
        assert_eq!(states(&shared), states(&apart), "{preset:?}");
    }
}

#[test]
fn what_may_not_be_seen_moves_no_bit() {
    let device = Device::flex();
    let packed = Ranks::new(vec![0; 12]).grouped((0..12).map(|row| u32::from(row % 6 >= 3)).collect());
    for preset in PRESETS {
        for absolute in ABSOLUTE {
            let encoder = encoder(&config(preset, true, absolute), &device);
            for (law, changed, same) in [
                (Visibility::Causal, 4, 0..4),
                (packed.clone().into(), 4, 0..3),
                (packed.clone().into(), 1, 3..6),
            ] {
                let how = Forward {
                    visibility: law,
                    ..Forward::new(2, 6)
                };
                let mut other = TOKENS;
                other[changed] = 19;
                let rows: Vec<u32> = (0..6).collect();
                for way in [
                    (|encoder, ids, how, _| Encoder::forward(encoder, ids, how))
                        as fn(&Encoder, _, &Forward, &[u32]) -> _,
                    |encoder, ids, how, rows| Encoder::decoded_at(encoder, ids, how, rows),
                ] {
                    let states = |tokens: &[i64]| values(&way(&encoder, ids(tokens, &device), &how, &rows));
                    let (before, after) = (states(&TOKENS), states(&other));
                    let of = same.start * 12..same.end * 12;
                    assert_eq!(before[of.clone()], after[of], "{preset:?} {absolute:?}");
                    assert_ne!(before[changed * 12..][..12], after[changed * 12..][..12]);
                }
            }
            // A query that must not see the token that it stands for.
            let stream = QueryStream {
                embedded: Tensor::full([2, 12], 0.3, &device),
                rows: vec![1, 9],
                visibility: Ranks::new((0..12).map(|row| row % 6).collect()).strict().into(),
            };
            let states = |tokens: &[i64]| {
                let how = Forward {
                    visibility: Visibility::Causal,
                    ..Forward::new(2, 6)
                };
                values(&encoder.forward_queries(ids(tokens, &device), &how, &stream))
            };
            let mut other = TOKENS;
            (other[1], other[9]) = (19, 20);
            assert_eq!(states(&TOKENS), states(&other), "{preset:?} {absolute:?}");
            other[0] = 4;
            assert_ne!(states(&TOKENS)[..12], states(&other)[..12]);
        }
    }
}

/// The gradient of every parameter, through both streams of queries, is the slope of the loss along it.
#[test]
fn gradients_are_slopes() {
    for (preset, shared_keys, absolute) in [
        (Preset::Bert, true, Absolute::Decoder),
        (Preset::Bert, false, Absolute::Embeddings),
        (Preset::Modern, false, Absolute::Decoder),
    ] {
        let device = Device::flex().autodiff();
        let encoder = encoder(&config(preset, shared_keys, absolute), &device);
        let probe: Vec<f32> = (0..36).map(|place| (place as f32).sin()).collect();
        let probe = Tensor::<2>::from_data(TensorData::new(probe, [3, 12]), &device);
        let loss = |encoder: &Encoder| {
            let states = encoder.decoded_at(ids(&TOKENS, &device), &Forward::new(2, 6), &[1, 4, 8]);
            (states * probe.clone()).sum()
        };
        let gradients = loss(&encoder).backward();
        let mut paths = Vec::new();
        encoder.each_parameter(&mut |path, parameter| {
            let gradient = parameter.grad(&gradients);
            paths.push((
                path.to_owned(),
                gradient.unwrap_or_else(|| panic!("no gradient for {path}")),
            ));
        });
        assert!(paths.iter().any(|(path, _)| path == "relative.table"));
        for (path, gradient) in paths {
            // Along the gradient itself: the slope there is its norm.
            let norm = gradient.squared_norm().sqrt();
            assert!(norm > 0.0, "{path}");
            let moved = |size: f64| {
                let mut encoder = encoder.clone();
                encoder.change_parameters(&mut |other, parameter| match other == path {
                    true => parameter.inner().plus(gradient.clone().scaled(size / norm)),
                    false => parameter.inner(),
                });
                f64::from(loss(&encoder).into_scalar::<f32>())
            };
            let step = 2e-3;
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            assert!(
                (slope / norm - 1.0).abs() < 0.03,
                "{preset:?}, {path}: {slope}, not {norm}"
            );
        }
    }
}
