//! Other backends compute what `flex` computes. `flex` has fused kernels with backward passes of their own, the others
//! run the reference operations: this is a check of both. Built with `--features ndarray` (as .ci/run does) or `wgpu`.
#![cfg(any(feature = "ndarray", feature = "wgpu"))]

mod common;

use burn::tensor::Device;
#[cfg(feature = "ndarray")]
use cloze_backbone::Precision;
use cloze_plan::RunConfig;
#[cfg(feature = "ndarray")]
use common::config;
use common::{every_config, train_here};

/// Largest relative difference of a loss, at any of 20 steps.
const TOLERANCE: f64 = 1e-4;
#[cfg(feature = "ndarray")]
/// The same where products round to 8 significant bits, in the backward pass not all of them on other backends.
const ROUNDED: f64 = 5e-3;

fn agrees_with_flex(other: &Device) {
    for config in every_config(3, 20) {
        assert_agreement(&config, other, TOLERANCE);
    }
}

fn assert_agreement(config: &RunConfig, other: &Device, tolerance: f64) {
    let (here, reference) = train_here(config, &Device::flex());
    let (there, memory) = train_here(config, other);
    assert_eq!((here.spent.steps(), there.spent.steps()), (20, 20));
    for split in ["train", "held-out"] {
        let pairs = reference
            .pretraining(split, "loss")
            .into_iter()
            .zip(memory.pretraining(split, "loss"));
        for (step, (expected, found)) in pairs.enumerate() {
            let difference = (expected - found).abs() / expected.abs();
            assert!(
                difference < tolerance,
                "{} {split} {step}: {found} instead of {expected} ({difference:.1e})",
                config.objective
            );
        }
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn twenty_steps_on_ndarray_agree_with_flex() {
    #[expect(deprecated, reason = "deprecated upstream, kept as an independent check of `flex`")]
    agrees_with_flex(&Device::ndarray());
}

#[cfg(feature = "ndarray")]
#[test]
fn products_of_bfloat16_are_those_of_other_backends_and_not_those_of_32_bits() {
    let exact = config("mlm", 3, 20);
    let mut rounded = exact.clone();
    rounded.encoder.precision = Precision::Bfloat16;
    #[expect(deprecated, reason = "deprecated upstream, kept as an independent check of `flex`")]
    assert_agreement(&rounded, &Device::ndarray(), ROUNDED);
    let losses = [exact, rounded].map(|config| train_here(&config, &Device::flex()).1.pretraining("train", "loss"));
    assert_ne!(losses[0], losses[1]);
}

/// Run by `scripts/wgpu-agreement.sh`, which also finds a software renderer for it.
#[cfg(feature = "wgpu")]
#[test]
#[ignore = "needs a Vulkan driver: run scripts/wgpu-agreement.sh, which finds or installs one"]
fn twenty_steps_on_wgpu_agree_with_flex() {
    let name = std::env::var("CLOZE_WGPU_DEVICE").unwrap_or_else(|_| "wgpu".to_owned());
    agrees_with_flex(&cloze_trainer::device::open(&name).unwrap());
}
