//! In what encoders that others trained differ from the preset that they are of.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What differs. cloze trains no such encoder of its own accord: it is read with the weights of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Added to the variance in the norms.
    pub epsilon: f64,
    /// Whether GELU is its approximation by tanh: `gelu_new` of ALBERT's configurations.
    pub approximate: bool,
    /// Bases of the rotary frequencies, one a layer; none where positions are learned.
    pub bases: Vec<f64>,
}

/// GELU by tanh, 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016; transformers, `activations.py`:
/// `NewGELUActivation`).
///
/// # Shapes
/// - `x` and result: `[N, F]`
pub(crate) fn approximate_gelu(x: Tensor<2>) -> Tensor<2> {
    let cube = x.clone() * x.clone() * x.clone();
    let inner = (x.clone() + cube * 0.044_715) * (2.0 / std::f64::consts::PI).sqrt();
    x * (inner.tanh() + 1.0) * 0.5
}
