//! Layers that share a block, and embeddings of another width than the states (Lan et al. 2020, ALBERT).

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::{
    Encoder, EncoderConfig, Forward, HiddenMatrix, Init, Parameter, Parameters, Preset, VocabularyHead,
};
use std::collections::BTreeMap;

const VOCABULARY: usize = 23;
const PRESETS: [Preset; 2] = [Preset::Bert, Preset::Modern];

fn config(preset: Preset, layer_groups: Option<usize>, embedding_width: Option<usize>) -> EncoderConfig {
    EncoderConfig {
        heads: 3,
        feed_forward: 20,
        dropout: 0.0,
        layer_groups,
        embedding_width,
        ..EncoderConfig::preset(preset, 12, 4, 8)
    }
}

/// Each option alone, and both.
const SHAPES: [(Option<usize>, Option<usize>); 4] =
    [(Some(1), None), (Some(2), None), (None, Some(5)), (Some(2), Some(20))];

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

/// Two windows of six tokens, with tokens that come again.
const TOKENS: [i64; 12] = [2, 7, 9, 7, 11, 3, 2, 7, 8, 5, 11, 3];

#[test]
fn what_is_counted_is_what_there_is() {
    for preset in PRESETS {
        for (groups, embedding) in SHAPES {
            let config = config(preset, groups, embedding);
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

#[test]
fn shared_layers_are_layers_with_the_same_weights() {
    for preset in PRESETS {
        let device = Device::flex();
        let shared = encoder(&config(preset, Some(2), Some(5)), &device);
        let mut weights = BTreeMap::new();
        shared.each_parameter(&mut |path, parameter| _ = weights.insert(path.to_owned(), parameter.clone()));
        // Layers 0 and 1 go through block 0, layers 2 and 3 through block 1.
        let mut apart = encoder(&config(preset, None, Some(5)), &device);
        apart.change_parameters(&mut |path, _| {
            let path = ["blocks.0.", "blocks.1.", "blocks.2.", "blocks.3."]
                .iter()
                .zip(["blocks.0.", "blocks.0.", "blocks.1.", "blocks.1."])
                .find_map(|(layer, block)| path.strip_prefix(layer).map(|rest| format!("{block}{rest}")))
                .unwrap_or_else(|| path.to_owned());
            weights[&path].clone()
        });
        let states = |encoder: &Encoder| values(&encoder.forward(ids(&TOKENS, &device), &Forward::new(2, 6)));
        assert_eq!(states(&shared), states(&apart), "{preset:?}");
    }
}

#[test]
fn every_way_through_the_encoder_gives_the_same_states() {
    let rows = [1, 4, 8];
    for preset in PRESETS {
        for (groups, embedding) in SHAPES {
            let config = config(preset, groups, embedding);
            // Without gradients rows that are alike are computed once: 24 windows of 6 tokens have few kinds of rows.
            for (device, windows) in [(Device::flex().autodiff(), 2), (Device::flex(), 24)] {
                let encoder = encoder(&config, &device);
                let tokens = || ids(&TOKENS.repeat(windows / 2), &device);
                let how = Forward::new(windows, 6);
                let all = values(&encoder.forward(tokens(), &how));
                let layers = encoder.layers(tokens(), &how);
                assert_eq!(layers.len(), 5);
                assert_eq!(layers[0].dims(), [windows * 6, 12]);
                assert_eq!(values(&layers[4]), all, "{config:?}");
                let some = values(&encoder.forward_at(tokens(), &how, ids(&rows, &device)));
                for (row, found) in rows.iter().zip(some.chunks(12)) {
                    let there = &all[*row as usize * 12..][..12];
                    let far = found.iter().zip(there).any(|(a, b)| (a - b).abs() > 1e-4);
                    assert!(!far, "{config:?}, row {row}: {found:?} {there:?}");
                }
            }
        }
    }
}

/// The loss of three predictions through a tied head.
fn loss(encoder: &Encoder, head: &VocabularyHead, device: &Device) -> Tensor<1> {
    let hidden = encoder.forward_at(ids(&TOKENS, device), &Forward::new(2, 6), ids(&[1, 4, 8], device));
    let weights = Tensor::<1>::ones([3], device);
    head.cross_entropy(hidden, encoder.tokens.val(), ids(&[9, 10, 11], device), weights, None)
        .sum
}

/// The gradient of every parameter, those of shared blocks included, is the slope of the loss along it.
#[test]
fn gradients_are_slopes() {
    for preset in PRESETS {
        let device = Device::flex().autodiff();
        let config = config(preset, Some(2), Some(5));
        let encoder = encoder(&config, &device);
        let head = VocabularyHead::new(
            &config,
            config.table_width(),
            VOCABULARY,
            &Init::new(1, &device).at("head"),
        );
        let gradients = loss(&encoder, &head, &device).backward();
        let mut paths = Vec::new();
        encoder.each_parameter(&mut |path, parameter| {
            let gradient = parameter
                .grad(&gradients)
                .unwrap_or_else(|| panic!("no gradient for {path}"));
            paths.push((path.to_owned(), gradient));
        });
        assert!(paths.iter().any(|(path, _)| path == "project.weight"));
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
                f64::from(loss(&encoder, &head, &device).into_scalar::<f32>())
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
