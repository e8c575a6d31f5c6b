//! Building blocks and the heads that objectives put on the encoder.

use crate::Init;
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use cloze_kernels::CrossEntropy;

/// A dense layer `x · weight + bias`, weight `[K, J]`.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[K, J]`.
    pub weight: Param<Tensor<2>>,
    /// `[J]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Dense {
    /// N(0, 0.02) weight, zero bias.
    pub fn new(input: usize, output: usize, bias: bool, init: &Init) -> Self {
        let weight = init.normal("weight", [input, output], crate::init::STANDARD_DEVIATION);
        Self { weight, bias: bias.then(|| init.zeros([output])) }
    }

    /// # Shapes
    /// - `x`: `[N, K]`, result: `[N, J]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        cloze_kernels::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }
}

/// Layer normalisation with a learned gain and, in `bert`, a bias.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[D]`.
    pub gain: Param<Tensor<1>>,
    /// `[D]`.
    pub bias: Option<Param<Tensor<1>>>,
    epsilon: f64,
}

impl LayerNorm {
    /// Gain 1, bias 0.
    pub fn new(width: usize, bias: bool, epsilon: f64, init: &Init) -> Self {
        Self { gain: init.ones([width]), bias: bias.then(|| init.zeros([width])), epsilon }
    }

    /// # Shapes
    /// - `x` and result: `[N, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        cloze_kernels::layer_norm(x, self.gain.val(), self.bias.as_ref().map(Param::val), self.epsilon)
    }
}

/// BERT's masked-token head: dense, GELU, layer norm, then a decoder tied to an embedding table plus its own bias.
#[derive(Module, Debug)]
pub struct VocabularyHead {
    /// `[K, E]`: from the hidden width to the width of the tied table.
    pub dense: Dense,
    /// Over E.
    pub norm: LayerNorm,
    /// `[V]`.
    pub bias: Param<Tensor<1>>,
}

impl VocabularyHead {
    /// A head from hidden states of width `width` to a table of width `embedding` with `vocabulary` rows.
    pub fn new(_width: usize, _embedding: usize, _vocabulary: usize, _init: &Init) -> Self {
        todo!()
    }

    /// The transformed hidden states that the tied table is multiplied with.
    ///
    /// # Shapes
    /// - `hidden`: `[M, K]`, result: `[M, E]`
    pub fn transform(&self, _hidden: Tensor<2>) -> Tensor<2> {
        todo!()
    }

    /// # Shapes
    /// - `hidden`: `[M, K]` (gathered), `table`: `[V, E]`, result: `[M, V]`
    pub fn logits(&self, _hidden: Tensor<2>, _table: Tensor<2>) -> Tensor<2> {
        todo!()
    }

    /// Cross-entropy of the targets. An empty selection gives 0.
    ///
    /// # Shapes
    /// - `hidden`: `[M, K]`, `table`: `[V, E]`, `targets` and `weights`: `[M]`
    pub fn cross_entropy(&self, _hidden: Tensor<2>, _table: Tensor<2>, _targets: Tensor<1, Int>, _weights: Tensor<1>) -> CrossEntropy {
        todo!()
    }

    /// Forward FLOPs for `predicted` positions.
    pub fn forward_flops(_width: usize, _embedding: usize, _vocabulary: usize, _predicted: usize) -> f64 {
        todo!()
    }
}
