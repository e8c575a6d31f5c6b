//! The encoder's hot operations. Each has one entry here, a reference in [`mod@reference`] made of plain burn
//! operations (which every backend runs), and a fused kernel for the `flex` CPU backend with its own backward pass.
//! [`embedding`] has no kernel, because it takes next to no time.
//!
//! Words of the shapes: B batch, L window length, N = B·L, D width, H heads, F feed-forward width, V vocabulary,
//! M predicted positions.

use burn::tensor::{Device, Int, Tensor};
use cloze_options::words;

mod flex;
pub mod reference;

/// Which positions a position may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Every position of its window.
    Bidirectional,
    /// Itself and the positions before it.
    Causal,
}

/// How the rows of an `[N, ..]` matrix are windows, and how its columns are heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Windows in the batch, B.
    pub batch: usize,
    /// Positions in a window, L.
    pub length: usize,
    /// Attention heads, H. Each is D / H wide.
    pub heads: usize,
}

/// Dropout as a value: the mask is a function of the seed and the element's index, so nothing is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Share of elements set to zero, in [0, 1).
    pub rate: f64,
    /// Decides which.
    pub seed: u64,
}

impl Dropout {
    /// No dropout: evaluation, and the `modern` preset.
    pub const OFF: Self = Self { rate: 0.0, seed: 0 };
}

words! {
    /// What the operands of a product are rounded to. Its sums, and everything else, are 32-bit floats.
    pub enum Precision {
        /// Nothing is rounded.
        Float32 = "float32",
        /// To the 8 significant bits of bfloat16, in the products of both passes, as in mixed-precision training
        /// (Kalamkar et al. 2019).
        Bfloat16 = "bfloat16",
    }
}

impl Default for Precision {
    fn default() -> Self {
        Self::Float32
    }
}

/// What this processor computes products of bfloat16 with on `flex`: `avx512-bf16`, or `portable`, which rounds as well and
/// is slower than 32-bit floats.
pub fn bfloat16_instructions() -> &'static str {
    flex::bfloat16_instructions()
}

/// A matrix, and what is added to every row of its products.
#[derive(Clone, Debug)]
pub struct Affine {
    /// `[K, J]`.
    pub weight: Tensor<2>,
    /// `[J]`.
    pub bias: Option<Tensor<1>>,
    /// Of its products.
    pub precision: Precision,
}

impl Affine {
    /// In 32-bit floats.
    pub fn new(weight: Tensor<2>, bias: Option<Tensor<1>>) -> Self {
        let precision = Precision::Float32;
        Self {
            weight,
            bias,
            precision,
        }
    }

    /// With rows and columns of the weight exchanged: a layer from a table of embeddings.
    pub fn transposed(self) -> Self {
        let weight = self.weight.transpose();
        Self { weight, ..self }
    }
}

/// What stands between the two matrices of a feed-forward sublayer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// [`gelu`].
    Gelu,
    /// [`geglu`].
    Geglu,
}

/// A loss and what it was made of.
pub struct CrossEntropy {
    /// Σ weight·nll, tracked. Shape `[1]`.
    pub sum: Tensor<1>,
    /// Negative log-likelihood of each row's target in nats, untracked. Shape `[M]`.
    pub each: Tensor<1>,
}

/// One AdamW update (Loshchilov & Hutter 2019): bias-corrected moments, decoupled weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Step size now.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled decay, multiplied by the learning rate.
    pub weight_decay: f64,
    /// This update's number, from 1.
    pub step: u64,
    /// The gradient is multiplied by this first (global-norm clipping).
    pub gradient_scale: f64,
}

/// Whether `device` is the `flex` CPU backend, with or without autodiff.
pub fn is_flex(device: &Device) -> bool {
    use burn::backend::DispatchDevice;
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// Rows of `weight`, one per id.
///
/// # Shapes
/// - `weight`: `[V, D]`, `ids`: `[N]`, result: `[N, D]`
pub fn embedding(weight: Tensor<2>, ids: Tensor<1, Int>) -> Tensor<2> {
    reference::embedding(weight, ids)
}

/// `x · weight + bias`.
///
/// # Shapes
/// - `x`: `[N, K]`, weight: `[K, J]`, bias: `[J]`, result: `[N, J]`
pub fn linear(x: Tensor<2>, layer: Affine) -> Tensor<2> {
    if flex::takes(&x) {
        flex::linear(x, layer)
    } else {
        reference::linear(x, layer)
    }
}

/// Normalises each row to mean 0 and variance 1 (biased), then scales and shifts (Ba, Kiros & Hinton 2016).
///
/// # Shapes
/// - `x`: `[N, D]`, `gain` and `bias`: `[D]`, result: `[N, D]`
pub fn layer_norm(x: Tensor<2>, gain: Tensor<1>, bias: Option<Tensor<1>>, epsilon: f64) -> Tensor<2> {
    if flex::takes(&x) {
        flex::layer_norm(x, gain, bias, epsilon)
    } else {
        reference::layer_norm(x, gain, bias, epsilon)
    }
}

/// x·Φ(x) with the error function, not the tanh approximation (Hendrycks & Gimpel 2016).
///
/// # Shapes
/// - `x` and result: `[N, F]`
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    if flex::takes(&x) {
        flex::gelu(x)
    } else {
        reference::gelu(x)
    }
}

/// GELU(left half) · right half (Shazeer 2020, GEGLU).
///
/// # Shapes
/// - `x`: `[N, 2F]`, result: `[N, F]`
pub fn geglu(x: Tensor<2>) -> Tensor<2> {
    if flex::takes(&x) {
        flex::geglu(x)
    } else {
        reference::geglu(x)
    }
}

/// `activation(x · up + up bias) · down + down bias`: the sublayer between two residuals.
///
/// # Shapes
/// - `x`: `[N, D]`, `up`: `[D, F]`, or `[D, 2F]` with a gate, `down`: `[F, D]`, result: `[N, D]`
pub fn feed_forward(x: Tensor<2>, up: Affine, activation: Activation, down: Affine) -> Tensor<2> {
    if flex::takes(&x) {
        flex::feed_forward(x, up, activation, down)
    } else {
        reference::feed_forward(x, up, activation, down)
    }
}

/// `x + dropout(y)`.
///
/// # Shapes
/// - `x`, `y` and result: `[N, D]`
pub fn residual(x: Tensor<2>, y: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if flex::takes(&x) {
        flex::residual(x, y, dropout)
    } else {
        reference::residual(x, y, dropout)
    }
}

/// The layer norm of `x + dropout(y)`.
///
/// # Shapes
/// - `x`, `y` and result: `[N, D]`, `gain` and `bias`: `[D]`
pub fn residual_norm(
    x: Tensor<2>,
    y: Tensor<2>,
    dropout: Dropout,
    gain: Tensor<1>,
    bias: Option<Tensor<1>>,
    epsilon: f64,
) -> Tensor<2> {
    if flex::takes(&x) {
        flex::residual_norm(x, y, dropout, gain, bias, epsilon)
    } else {
        reference::residual_norm(x, y, dropout, gain, bias, epsilon)
    }
}

/// Rotates queries and keys by their position (Su et al. 2021), each head's first half paired with its second half.
/// Values pass unchanged.
///
/// # Shapes
/// - `qkv` and result: `[N, 3D]`, columns `[q | k | v]`, each split into H heads
pub fn rotary(qkv: Tensor<2>, heads: Heads, base: f64) -> Tensor<2> {
    if flex::takes(&qkv) {
        flex::rotary(qkv, heads, base)
    } else {
        reference::rotary(qkv, heads, base)
    }
}

/// softmax(q·kᵀ / √(D/H)) · v for every window and head; dropout acts on the probabilities.
///
/// # Shapes
/// - `qkv`: `[N, 3D]`, columns `[q | k | v]`, each split into H heads; result: `[N, D]`
pub fn attention(qkv: Tensor<2>, heads: Heads, pattern: Pattern, dropout: Dropout) -> Tensor<2> {
    if flex::takes(&qkv) {
        flex::attention(qkv, heads, pattern, dropout)
    } else {
        reference::attention(qkv, heads, pattern, dropout)
    }
}

/// [`attention`] for some queries alone: the rows of its result at `rows`.
///
/// # Shapes
/// - `qkv`: `[N, 3D]`, `rows`: `[M]` in `0..N`, in any order, result: `[M, D]`
pub fn attention_at(
    qkv: Tensor<2>,
    heads: Heads,
    pattern: Pattern,
    dropout: Dropout,
    rows: Tensor<1, Int>,
) -> Tensor<2> {
    // An autoregressive objective asks for nearly all of them, which the blocks of causal attention do sooner.
    if flex::takes(&qkv) && pattern == Pattern::Bidirectional {
        flex::attention_at(qkv, heads, dropout, rows)
    } else {
        attention(qkv, heads, pattern, dropout).select(0, rows)
    }
}

/// Zeroes a share of the elements and scales the others by 1 / (1 - rate).
///
/// # Shapes
/// - `x` and result: `[N, D]`
pub fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if flex::takes(&x) {
        flex::dropout(x, dropout)
    } else {
        reference::dropout(x, dropout)
    }
}

/// Cross-entropy of a softmax over the vocabulary, whose logits are `hidden · tableᵀ + bias` (a tied head): the weight of
/// `table` is not transposed.
///
/// # Shapes
/// - `hidden`: `[M, D]`, the table's weight: `[V, D]`, bias: `[V]`, `targets` and `weights`: `[M]`
pub fn vocabulary_cross_entropy(
    hidden: Tensor<2>,
    table: Affine,
    targets: Tensor<1, Int>,
    weights: Tensor<1>,
) -> CrossEntropy {
    if flex::takes(&hidden) && !weights.is_tracked() {
        flex::vocabulary_cross_entropy(hidden, table, targets, weights)
    } else {
        reference::vocabulary_cross_entropy(hidden, table, targets, weights)
    }
}

/// Draws one id per row from the softmax of `logits`, by inverting its distribution function at one uniform number
/// per row that depends on the seed and the row alone. Not differentiable.
///
/// # Shapes
/// - `logits`: `[M, V]`, result: `[M]`
pub fn sample(logits: Tensor<2>, seed: u64) -> Tensor<1, Int> {
    if flex::takes(&logits) {
        flex::sample(logits, seed)
    } else {
        reference::sample(logits, seed)
    }
}

/// Σ x², in 64-bit, the same bits for any number of threads.
pub fn squared_norm<const R: usize>(x: &Tensor<R>) -> f64 {
    if flex::takes(x) {
        flex::squared_norm(x)
    } else {
        reference::squared_norm(x)
    }
}

/// One AdamW update of a parameter; returns the parameter and its two moments. All tensors are untracked.
pub fn adamw<const R: usize>(
    parameter: Tensor<R>,
    gradient: Tensor<R>,
    first: Tensor<R>,
    second: Tensor<R>,
    settings: &AdamW,
) -> (Tensor<R>, Tensor<R>, Tensor<R>) {
    if flex::takes(&parameter) {
        flex::adamw(parameter, gradient, first, second, settings)
    } else {
        reference::adamw(parameter, gradient, first, second, settings)
    }
}
