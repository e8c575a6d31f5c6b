//! AdamW (Loshchilov & Hutter 2019): what is no matrix between hidden states moves by it, and these too where nothing else is asked.

use super::OptimizerConfig;
use cloze_backbone::Parameter;
use cloze_kernels::AdamW;

/// What is remembered of a parameter: the mean of its gradients, and of their squares.
pub(super) const REMEMBERS: &[&str] = &["first", "second"];

/// The update number `step`. Weight decay is on matrices only.
pub(super) fn settings(
    config: &OptimizerConfig,
    step: u64,
    learning_rate: f64,
    gradient_scale: f64,
    is_matrix: bool,
) -> AdamW {
    AdamW {
        learning_rate,
        beta_1: config.beta_1,
        beta_2: config.beta_2,
        epsilon: config.epsilon,
        weight_decay: if is_matrix { config.weight_decay } else { 0.0 },
        step,
        gradient_scale,
    }
}

/// The new value and its moments, which start at 0.
pub(super) fn update(
    value: Parameter,
    gradient: Parameter,
    moments: Option<Vec<Parameter>>,
    settings: &AdamW,
) -> (Parameter, Vec<Parameter>) {
    let moments = moments.and_then(|moments| moments.try_into().ok());
    let (value, moments) = value.adamw(gradient, moments, settings);
    (value, moments.into())
}
