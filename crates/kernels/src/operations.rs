//! Every operation's public entry, and who computes it.

use crate::{
    Activation, AdamW, Affine, CrossEntropy, Disentangled, Dropout, Heads, Rotary, Softmax, Visibility, flex, reference,
};
use burn::tensor::{Int, Tensor};

/// The first of the modules that takes the first argument computes, otherwise the reference.
macro_rules! first_that_takes {
    ($first:ident, $name:ident $arguments:tt;) => {
        reference::$name $arguments
    };
    ($first:ident, $name:ident $arguments:tt; $module:ident $($others:ident)*) => {
        if $module::takes(&$first) {
            $module::$name $arguments
        } else {
            first_that_takes!($first, $name $arguments; $($others)*)
        }
    };
}

/// `fn name(arguments) -> result => [modules];`: the modules have a function of this name and these arguments, and so has the
/// reference. A kernel for another backend is its module's name here.
macro_rules! operations {
    ($($(#[$meta:meta])* fn $name:ident $(<const $rank:ident: usize>)? ($first:ident: $tensor:ty $(, $argument:ident: $type:ty)* $(,)?)
        -> $result:ty => [$($module:ident),*];)*) => {$(
        $(#[$meta])*
        pub fn $name $(<const $rank: usize>)? ($first: $tensor $(, $argument: $type)*) -> $result {
            first_that_takes!($first, $name ($first $(, $argument)*); $($module)*)
        }
    )*};
}

operations! {
    /// Rows of `weight`, one per id.
    ///
    /// # Shapes
    /// - `weight`: `[V, D]`, `ids`: `[N]`, result: `[N, D]`
    fn embedding(weight: Tensor<2>, ids: Tensor<1, Int>) -> Tensor<2> => [];

    /// `x · weight + bias`.
    ///
    /// # Shapes
    /// - `x`: `[N, K]`, weight: `[K, J]`, bias: `[J]`, result: `[N, J]`
    fn linear(x: Tensor<2>, layer: Affine) -> Tensor<2> => [flex];

    /// Normalises each row to mean 0 and variance 1 (biased), then scales and shifts (Ba, Kiros & Hinton 2016).
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, `gain` and `bias`: `[D]`, result: `[N, D]`
    fn layer_norm(x: Tensor<2>, gain: Tensor<1>, bias: Option<Tensor<1>>, epsilon: f64) -> Tensor<2> => [flex];

    /// x·Φ(x) with the error function, not the tanh approximation (Hendrycks & Gimpel 2016).
    ///
    /// # Shapes
    /// - `x` and result: `[N, F]`
    fn gelu(x: Tensor<2>) -> Tensor<2> => [flex];

    /// GELU(left half) · right half (Shazeer 2020, GEGLU).
    ///
    /// # Shapes
    /// - `x`: `[N, 2F]`, result: `[N, F]`
    fn geglu(x: Tensor<2>) -> Tensor<2> => [flex];

    /// `activation(x · up + up bias) · down + down bias`: the sublayer between two residuals.
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, `up`: `[D, F]`, or `[D, 2F]` with a gate, `down`: `[F, D]`, result: `[N, D]`
    fn feed_forward(x: Tensor<2>, up: Affine, activation: Activation, down: Affine) -> Tensor<2> => [flex];

    /// `x + dropout(y)`.
    ///
    /// # Shapes
    /// - `x`, `y` and result: `[N, D]`
    fn residual(x: Tensor<2>, y: Tensor<2>, dropout: Dropout) -> Tensor<2> => [flex];

    /// The layer norm of `x + dropout(y)`.
    ///
    /// # Shapes
    /// - `x`, `y` and result: `[N, D]`, `gain` and `bias`: `[D]`
    fn residual_norm(
        x: Tensor<2>,
        y: Tensor<2>,
        dropout: Dropout,
        gain: Tensor<1>,
        bias: Option<Tensor<1>>,
        epsilon: f64,
    ) -> Tensor<2> => [flex];

    /// Turns the first columns of every row by the row's position (Su et al. 2021), each head's first half paired with its
    /// second half. The other columns, values, pass unchanged.
    ///
    /// # Shapes
    /// - `x` and result: `[N, C]`, the turned columns split into heads
    fn rotary(x: Tensor<2>, how: &Rotary) -> Tensor<2> => [flex];

    /// Multiplies each row's query, its first D columns, by a scale of its own, and so the scores of its attention.
    ///
    /// # Shapes
    /// - `x` and result: `[N, C]`, `scales`: `[N]`
    fn scale_queries(x: Tensor<2>, width: usize, scales: Tensor<1>) -> Tensor<2> => [];

    /// softmax(q·kᵀ / √(D/H)) · v over what each query sees, for every window and head; dropout acts on the probabilities.
    /// A query that sees nothing gets zeros.
    ///
    /// # Shapes
    /// - `qkv`: `[N, 3D]`, columns `[q | k | v]`, each split into H heads; result: `[N, D]`
    fn attention(qkv: Tensor<2>, heads: Heads, visibility: &Visibility, dropout: Dropout) -> Tensor<2> => [flex];

    /// [`attention`] for some queries alone: the rows of its result at `rows`.
    ///
    /// # Shapes
    /// - `qkv`: `[N, 3D]`, `rows`: `[M]` in `0..N`, in any order, result: `[M, D]`
    fn attention_at(
        qkv: Tensor<2>,
        heads: Heads,
        visibility: &Visibility,
        dropout: Dropout,
        rows: Tensor<1, Int>,
    ) -> Tensor<2> => [flex];

    /// [`attention`] of a query stream over the keys and values of a content stream (Yang et al. 2019). Query m stands at
    /// position `rows[m]`, whose rank, group and dropout it has; without rows at position m.
    ///
    /// # Shapes
    /// - `queries`: `[M, D]`, `content`: `[N, 2D]` or `[N, 3D]`, whose last columns are `[k | v]`, `rows`: `[M]` in `0..N`,
    ///   in any order, result: `[M, D]`
    fn query_attention(
        queries: Tensor<2>,
        content: Tensor<2>,
        heads: Heads,
        visibility: &Visibility,
        dropout: Dropout,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> => [flex];

    /// [`attention`] whose scores are (q·k + q·k' + k·q') / √(3 D/H), where k' and q' are the rows of the table for how far the
    /// query stands behind the key (He et al. 2021, equation 4): content to content, content to position, position to content.
    /// With rows for these queries alone, as [`attention_at`].
    ///
    /// # Shapes
    /// - `qkv`: `[N, 3D]`, the table: `[2S, 2D]`, `rows`: `[M]` in `0..N`, in any order, result: `[N, D]`, with rows `[M, D]`
    fn disentangled_attention(
        qkv: Tensor<2>,
        positions: Disentangled,
        heads: Heads,
        visibility: &Visibility,
        dropout: Dropout,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> => [flex];

    /// [`query_attention`] with the scores of [`disentangled_attention`].
    ///
    /// # Shapes
    /// - `queries`: `[M, D]`, `content`: `[N, 2D]` or `[N, 3D]`, the table: `[2S, 2D]`, `rows`: `[M]`, result: `[M, D]`
    fn disentangled_query_attention(
        queries: Tensor<2>,
        content: Tensor<2>,
        positions: Disentangled,
        heads: Heads,
        visibility: &Visibility,
        dropout: Dropout,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> => [flex];

    /// Zeroes a share of the elements and scales the others by 1 / (1 - rate).
    ///
    /// # Shapes
    /// - `x` and result: `[N, D]`
    fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> => [flex];

    /// Cross-entropy of a softmax over the vocabulary, whose logits are `hidden · tableᵀ + bias` (a tied head): the weight
    /// of `table` is not transposed.
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, the table's weight: `[V, D]`, bias: `[V]`, `targets` and `weights`: `[M]`
    fn vocabulary_cross_entropy(
        hidden: Tensor<2>,
        table: Affine,
        targets: Tensor<1, Int>,
        weights: Tensor<1>,
        softmax: Softmax,
    ) -> CrossEntropy => [flex];

    /// c·tanh(x / c): nearly x where it is small beside the cap c, and never beyond it (Gemma Team 2024, Gemma 2, section 2:
    /// logit soft-capping).
    ///
    /// # Shapes
    /// - `x` and result: `[M, V]`
    fn soft_cap(x: Tensor<2>, cap: f64) -> Tensor<2> => [flex];

    /// Draws one id per row from the softmax of `logits`, by inverting its distribution function at one uniform number
    /// per row that depends on the seed and the row alone. Not differentiable.
    ///
    /// # Shapes
    /// - `logits`: `[M, V]`, result: `[M]`
    fn sample(logits: Tensor<2>, seed: u64) -> Tensor<1, Int> => [flex];

    /// Σ x², in 64-bit, the same bits for any number of threads.
    fn squared_norm<const R: usize>(x: &Tensor<R>) -> f64 => [flex];

    /// The matrix of the same singular vectors whose singular values are about 1, by Newton-Schulz iterations of
    /// [`NEWTON_SCHULZ`](crate::NEWTON_SCHULZ) from x / ‖x‖ (Jordan et al. 2024). Untracked.
    ///
    /// # Shapes
    /// - `x` and result: `[N, M]`
    fn orthogonalise(x: Tensor<2>, iterations: usize) -> Tensor<2> => [flex];

    /// One AdamW update of a parameter; returns the parameter and its two moments. All tensors are untracked.
    fn adamw<const R: usize>(
        parameter: Tensor<R>,
        gradient: Tensor<R>,
        first: Tensor<R>,
        second: Tensor<R>,
        settings: &AdamW,
    ) -> (Tensor<R>, Tensor<R>, Tensor<R>) => [flex];
}
