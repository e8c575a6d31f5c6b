//! The embeddings once more before every later layer, in shares that are learnt.

use crate::{EncoderConfig, Init};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// What a layer after the first reads: `a x + b x0`, x the states of the layer before, x0 the embeddings, a and b of its own
/// (KellerJordan/modded-nanogpt, `train_gpt2.py`: `lambdas`; the first layer reads x0 itself).
#[derive(Module, Debug)]
pub(crate) struct EmbeddingResidual {
    /// a, `[layers - 1]`: 1 at first.
    kept: Param<Tensor<1>>,
    /// b, `[layers - 1]`: 0 at first, so that an encoder with it begins as one without.
    added: Param<Tensor<1>>,
}

impl EmbeddingResidual {
    /// That of an encoder which has one.
    pub(crate) fn of(config: &EncoderConfig, init: &Init) -> Option<Self> {
        let later = config.layers.saturating_sub(1);
        (config.embedding_residual && later > 0).then(|| Self {
            kept: init.ones([later]),
            added: init.zeros([later]),
        })
    }

    /// What a layer, counted from 0, reads.
    ///
    /// # Shapes
    /// - `x`, `embedded` and result: `[N, D]`
    pub(crate) fn mixed(&self, x: Tensor<2>, embedded: &Tensor<2>, layer: usize) -> Tensor<2> {
        match layer.checked_sub(1) {
            Some(place) => mixed(x, embedded, [&self.kept, &self.added], place),
            None => x,
        }
    }
}

/// `a x + b y`, a and b the shares at a place.
///
/// # Shapes
/// - `x`, `y` and result: `[N, D]`
pub(crate) fn mixed(x: Tensor<2>, y: &Tensor<2>, [a, b]: [&Param<Tensor<1>>; 2], place: usize) -> Tensor<2> {
    let of = |shares: &Param<Tensor<1>>| shares.val().narrow(0, place, 1).reshape([1, 1]);
    x * of(a) + y.clone() * of(b)
}
