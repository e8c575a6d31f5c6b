//! The encoder: embeddings, blocks, hidden states as `[N, D]`.

use crate::{EncoderConfig, Init};
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use cloze_foundation::Draw;
use cloze_kernels::Pattern;

/// How one forward pass is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Forward {
    /// Windows, B.
    pub batch: usize,
    /// Positions each, L; at most the configured window.
    pub length: usize,
    /// Who looks at whom.
    pub pattern: Pattern,
    /// Draws of dropout; `None` in evaluation.
    pub dropout: Option<Draw>,
}

/// The shared encoder.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Token embeddings, `[V, D]`; the table that vocabulary heads are tied to.
    pub tokens: Param<Tensor<2>>,
}

impl Encoder {
    /// Draws an encoder. Its parameters depend on (seed, path) only, not on the objective around it.
    pub fn new(_config: &EncoderConfig, _vocabulary: usize, _init: &Init) -> Self {
        todo!()
    }

    /// # Shapes
    /// - `ids`: `[N]` with N = batch · length, result: `[N, D]`
    pub fn forward(&self, ids: Tensor<1, Int>, how: Forward) -> Tensor<2> {
        self.layers(ids, how).pop().expect("an encoder has at least its embeddings")
    }

    /// The embeddings and each block's output; the last one is what [`forward`](Self::forward) gives (in `modern`,
    /// after the final norm).
    ///
    /// # Shapes
    /// - `ids`: `[N]`, results: layers + 1 of `[N, D]`
    pub fn layers(&self, _ids: Tensor<1, Int>, _how: Forward) -> Vec<Tensor<2>> {
        todo!()
    }
}
