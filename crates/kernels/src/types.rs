//! What the operations are told beside their tensors.

use burn::tensor::Tensor;
use cloze_options::words;
use std::sync::Arc;

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

/// The position of every row of an `[N, ..]` matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Positions {
    /// 0 to L - 1 in every window of this many rows.
    Counted(usize),
    /// `[N]`: documents that start at 0 again, slots that stand for others.
    Given(Arc<[u32]>),
}

/// Which columns are turned by their row's position, and how fast (Su et al. 2021).
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// Base of the frequencies.
    pub base: f64,
    /// Columns of a head, whose first half is paired with its second half.
    pub head_width: usize,
    /// So many columns, from the first on, are turned: 2D of `[q | k | v]`, D of queries alone.
    pub columns: usize,
    /// Where each row stands.
    pub positions: Positions,
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

#[expect(clippy::derivable_impls, reason = "words! makes the enum")]
impl Default for Precision {
    fn default() -> Self {
        Self::Float32
    }
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
    /// [`gelu`](crate::gelu).
    Gelu,
    /// [`geglu`](crate::geglu).
    Geglu,
}

/// What is asked of a softmax over the vocabulary beside its cross-entropy. Nothing, unless something is said.
#[derive(Clone, Debug, Default)]
pub struct Softmax {
    /// c, where logits are [capped](crate::soft_cap).
    pub cap: Option<f64>,
    /// `[M]`: what (ln Z)² of each row is multiplied by and added to the sum, Z being what the softmax divides by (Chowdhery et al.
    /// 2022, PaLM, section 5: z-loss).
    pub normalisers: Option<Tensor<1>>,
}

/// A loss and what it was made of.
pub struct CrossEntropy {
    /// Σ weight·nll, and what is added for [normalisers](Softmax::normalisers), tracked. Shape `[1]`.
    pub sum: Tensor<1>,
    /// Negative log-likelihood of each row's target in nats, untracked. Shape `[M]`.
    pub each: Tensor<1>,
}

/// Muon's polynomial: X becomes aX + (bA + cA²)X with A = X·Xᵀ (KellerJordan/Muon, `muon.py`). Its slope at 0 is as large as
/// keeps all singular values within about 0.7 to 1.2.
pub const NEWTON_SCHULZ: [f64; 3] = [3.4445, -4.7750, 2.0315];

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
