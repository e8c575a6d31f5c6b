//! What becomes of the logits of a vocabulary head: a cap, and the z-loss beside the cross-entropy.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cloze_backbone::hub;
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, Preset, VocabularyHead};
use cloze_kernels::Visibility;

const VOCABULARY: usize = 11;
const TARGETS: [usize; 3] = [4, 0, 10];
const WEIGHTS: [f64; 3] = [1.0, 0.5, 2.0];

fn config(logit_cap: Option<f64>, z_loss: f64) -> EncoderConfig {
    EncoderConfig {
        logit_cap,
        z_loss,
        ..EncoderConfig::preset(Preset::Bert, 8, 2, 8)
    }
}

fn matrix(rows: usize) -> Tensor<2> {
    let numbers: Vec<f32> = (0..rows * 8).map(|place| (place * 7 % 13) as f32 / 3.0 - 2.0).collect();
    Tensor::from_data(TensorData::new(numbers, [rows, 8]), &Device::flex())
}

fn head(config: &EncoderConfig) -> VocabularyHead {
    let mut head = VocabularyHead::new(config, 8, VOCABULARY, &Init::new(1, &Device::flex()));
    head.change_parameters(&mut |_, parameter| match parameter {
        Parameter::Matrix(matrix) => Parameter::Matrix(matrix * 20.0),
        vector => vector,
    });
    head
}

fn logits(config: &EncoderConfig) -> Vec<f64> {
    let logits = head(config).logits(matrix(3), matrix(VOCABULARY));
    logits.into_data().iter::<f32>().map(f64::from).collect()
}

/// The sum, and every row's loss.
fn lost(config: &EncoderConfig, training: bool) -> (f64, Vec<f64>) {
    let device = Device::flex();
    let targets = TARGETS.map(|target| target as i64);
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets.to_vec(), [3]), &device);
    let weights = Tensor::<1>::from_data(WEIGHTS.map(|weight| weight as f32), &device);
    let counted = training.then(|| weights.clone());
    let found = head(config).cross_entropy(matrix(3), matrix(VOCABULARY), targets, weights, counted);
    let each = found.each.into_data().iter::<f32>().map(f64::from).collect();
    (f64::from(found.sum.into_scalar::<f32>()), each)
}

#[test]
fn logits_and_losses_are_those_under_the_cap() {
    let free = logits(&config(None, 0.0));
    assert!(free.iter().any(|logit| logit.abs() > 6.0), "{free:?}");
    for cap in [None, Some(3.0)] {
        let config = config(cap, 0.1);
        let capped: Vec<f64> = free
            .iter()
            .map(|logit| cap.map_or(*logit, |cap| cap * (logit / cap).tanh()))
            .collect();
        for (found, wanted) in logits(&config).iter().zip(&capped) {
            assert!((found - wanted).abs() < 1e-5, "{cap:?}: {found} and not {wanted}");
        }
        let (mut sum, mut beside) = (0.0, 0.0);
        let (found, each) = lost(&config, false);
        let rows = capped.chunks(VOCABULARY).zip(TARGETS.iter().zip(WEIGHTS));
        for ((logits, (target, weight)), each) in rows.zip(&each) {
            let normaliser = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
            let loss = normaliser - logits[*target];
            assert!((each - loss).abs() < 1e-5, "{cap:?}: {each} and not {loss}");
            sum += weight * loss;
            beside += weight * 0.1 * normaliser.powi(2);
        }
        assert!((found - sum).abs() < 1e-4, "{cap:?}: {found} and not {sum}");
        let (found, same) = lost(&config, true);
        assert!(
            (found - sum - beside).abs() < 1e-4,
            "{cap:?}: {found} and not {}",
            sum + beside
        );
        assert_eq!(same, each, "each row's loss is without it");
    }
}

#[test]
fn a_head_with_a_cap_is_written_to_no_folder_and_the_encoder_below_it_is() {
    let of = |config: &EncoderConfig, alone| {
        let paths = ["encoder.tokens", "head.bias", "head.dense.weight", "head.norm.gain"];
        hub::of(config, &Visibility::Bidirectional, paths, alone).map(|classes| classes.len())
    };
    let refused = of(&config(Some(15.0), 0.0), false).unwrap_err();
    assert!(refused.what.contains("caps the logits"), "{refused}");
    for (config, alone) in [(config(Some(15.0), 0.0), true), (config(None, 1e-4), false)] {
        assert_eq!(of(&config, alone).unwrap(), 1);
    }
    let valued = EncoderConfig {
        value_embeddings: true,
        ..config(None, 0.0)
    };
    for alone in [false, true] {
        let refused = of(&valued, alone).unwrap_err();
        assert!(refused.what.contains("beside the values of attention"), "{refused}");
    }
}
