//! What a token adds to the values of attention by itself, whatever its state is.

use crate::embedding_residual::mixed;
use crate::{EncoderConfig, Init};
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};

/// A second table of tokens. In every layer after the first the values of attention are `a v + b e`: v the values as they are
/// projected, e the row of the token that is read there, a and b of the layer's own (KellerJordan/modded-nanogpt,
/// `train_gpt_medium.py`: `value_embeds` and the lambdas of `CausalSelfAttention`; five tables for the outer ten of 16 layers there,
/// one for all layers here).
#[derive(Module, Debug)]
pub(crate) struct ValueEmbeddings {
    /// `[V, D]`: 0 at first, so that an encoder with it begins as one without.
    table: Param<Tensor<2>>,
    /// a, `[layers - 1]`: 1 at first.
    kept: Param<Tensor<1>>,
    /// b, `[layers - 1]`: 1 at first, so that the table learns from the first step on.
    added: Param<Tensor<1>>,
}

impl ValueEmbeddings {
    /// Those of an encoder which has them.
    pub(crate) fn of(config: &EncoderConfig, vocabulary: usize, init: &Init) -> Option<Self> {
        let later = config.layers.saturating_sub(1);
        (config.value_embeddings && later > 0).then(|| Self {
            table: init.zeros([vocabulary, config.width]),
            kept: init.ones([later]),
            added: init.ones([later]),
        })
    }

    /// What tokens add, one for every key.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[N, D]`
    pub(crate) fn rows(&self, ids: Tensor<1, Int>) -> Tensor<2> {
        cloze_kernels::embedding(self.table.val(), ids)
    }

    /// Queries, keys and values of a layer, counted from 0, with what the tokens add.
    ///
    /// # Shapes
    /// - `qkv` and result: `[N, 3D]`, `rows`: `[N, D]`
    pub(crate) fn added(&self, qkv: Tensor<2>, rows: &Tensor<2>, layer: usize) -> Tensor<2> {
        let Some(place) = layer.checked_sub(1) else { return qkv };
        let [_, width] = rows.dims();
        let values = qkv.clone().narrow(1, 2 * width, width);
        let values = mixed(values, rows, [&self.kept, &self.added], place);
        Tensor::cat(vec![qkv.narrow(1, 0, 2 * width), values], 1)
    }
}
