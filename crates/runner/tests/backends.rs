//! Other backends compute what `flex` computes. `flex` has fused kernels with backward passes of their own, the others
//! run the reference operations: this is a check of both.

mod common;

use burn::tensor::Device;
use common::{config, train_here};

/// Largest relative difference of a loss, at any of 20 steps.
const TOLERANCE: f64 = 1e-4;

fn agrees_with_flex(other: &Device) {
    for objective in cloze_objectives::OBJECTIVES {
        let config = config(objective.name, 3, 20);
        let (here, reference) = train_here(&config, &Device::flex());
        let (there, memory) = train_here(&config, other);
        assert_eq!((here.spent.steps, there.spent.steps), (20, 20));
        for split in ["train", "held-out"] {
            let pairs = reference
                .pretraining(split, "loss")
                .into_iter()
                .zip(memory.pretraining(split, "loss"));
            for (step, (expected, found)) in pairs.enumerate() {
                let difference = (expected - found).abs() / expected.abs();
                assert!(
                    difference < TOLERANCE,
                    "{} {split} {step}: {found} instead of {expected} ({difference:.1e})",
                    objective.name
                );
            }
        }
    }
}

#[test]
fn twenty_steps_on_ndarray_agree_with_flex() {
    #[expect(deprecated, reason = "deprecated upstream, kept as an independent check of `flex`")]
    agrees_with_flex(&Device::ndarray());
}

/// Run by `scripts/wgpu-agreement.sh`, which also finds a software renderer for it.
#[cfg(feature = "wgpu")]
#[test]
#[ignore = "needs a Vulkan driver: run scripts/wgpu-agreement.sh, which finds or installs one"]
fn twenty_steps_on_wgpu_agree_with_flex() {
    let name = std::env::var("CLOZE_WGPU_DEVICE").unwrap_or_else(|_| "wgpu".to_owned());
    agrees_with_flex(&cloze_runner::device::open(&name).unwrap());
}
