//! Building blocks and the heads that objectives put on the encoder.

use crate::variant::approximate_gelu;
use crate::{EncoderConfig, Init};
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use cloze_kernels::{Affine, CrossEntropy, Dropout, Precision, Softmax};

/// A dense layer `x · weight + bias`, weight `[K, J]`.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[K, J]`.
    pub weight: Param<Tensor<2>>,
    /// `[J]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Of its products.
    #[module(skip)]
    pub precision: Precision,
}

impl Dense {
    /// N(0, 0.02²) weight, zero bias.
    pub fn new(input: usize, output: usize, bias: bool, init: &Init) -> Self {
        Self::drawn(input, output, bias, crate::init::STANDARD_DEVIATION, init)
    }

    /// N(0, `deviation`²) weight, zero bias.
    pub(crate) fn drawn(input: usize, output: usize, bias: bool, deviation: f64, init: &Init) -> Self {
        let weight = init.normal("weight", [input, output], deviation);
        Self {
            weight,
            bias: bias.then(|| init.zeros([output])),
            precision: init.precision(),
        }
    }

    /// # Shapes
    /// - `x`: `[N, K]`, result: `[N, J]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        cloze_kernels::linear(x, self.affine())
    }

    /// The first columns of what [`forward`](Self::forward) gives.
    ///
    /// # Shapes
    /// - `x`: `[N, K]`, result: `[N, columns]`
    pub(crate) fn first(&self, columns: usize, x: Tensor<2>) -> Tensor<2> {
        let Affine {
            weight,
            bias,
            precision,
        } = self.affine();
        let layer = Affine {
            weight: weight.slice_dim(1, 0..columns),
            bias: bias.map(|bias| bias.slice(0..columns)),
            precision,
        };
        cloze_kernels::linear(x, layer)
    }

    /// Its parameters, for an operation that does more than one layer.
    pub(crate) fn affine(&self) -> Affine {
        Affine {
            weight: self.weight.val(),
            bias: self.bias.as_ref().map(Param::val),
            precision: self.precision,
        }
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
        Self {
            gain: init.ones([width]),
            bias: bias.then(|| init.zeros([width])),
            epsilon,
        }
    }

    /// A norm over `width` columns as such an encoder has them.
    pub fn of(encoder: &EncoderConfig, width: usize, init: &Init) -> Self {
        Self::new(width, encoder.biases(), encoder.epsilon(), init)
    }

    /// # Shapes
    /// - `x` and result: `[N, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        cloze_kernels::layer_norm(x, self.gain.val(), self.bias.as_ref().map(Param::val), self.epsilon)
    }

    /// Of `x + dropout(y)`.
    ///
    /// # Shapes
    /// - `x`, `y` and result: `[N, D]`
    pub(crate) fn of_residual(&self, x: Tensor<2>, y: Tensor<2>, dropout: Dropout) -> Tensor<2> {
        let bias = self.bias.as_ref().map(Param::val);
        cloze_kernels::residual_norm(x, y, dropout, self.gain.val(), bias, self.epsilon)
    }
}

/// What becomes of the logits of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logits {
    /// What they stay below.
    cap: Option<f64>,
    /// z of the z-loss; 0 is off.
    z_loss: f64,
}

impl Logits {
    /// As they are in the heads of such an encoder.
    pub fn of(encoder: &EncoderConfig) -> Self {
        Self {
            cap: encoder.logit_cap,
            z_loss: encoder.z_loss,
        }
    }

    /// # Shapes
    /// - `logits` and result: `[M, V]`
    fn capped(self, logits: Tensor<2>) -> Tensor<2> {
        match self.cap {
            Some(cap) => cloze_kernels::soft_cap(logits, cap),
            None => logits,
        }
    }

    /// Cross-entropy of the targets from what a table is multiplied with, capped, and beside it the z-loss z·(ln Z)² of every row
    /// as often as the row is `counted`: `None` outside of training, where there is none.
    ///
    /// # Shapes
    /// - `x`: `[M, E]`, the table's weight: `[V, E]`, `targets`, `weights` and `counted`: `[M]`
    pub fn cross_entropy(
        self,
        x: Tensor<2>,
        table: Affine,
        targets: Tensor<1, Int>,
        weights: Tensor<1>,
        counted: Option<Tensor<1>>,
    ) -> CrossEntropy {
        let counted = counted.filter(|_| self.z_loss > 0.0);
        let softmax = Softmax {
            cap: self.cap,
            normalisers: counted.map(|counted| counted * self.z_loss),
        };
        cloze_kernels::vocabulary_cross_entropy(x, table, targets, weights, softmax)
    }
}

/// The masked-token head: dense, GELU, layer norm, then a decoder tied to an embedding table plus its own bias. BERT's has
/// biases in the dense layer and the norm; ModernBERT's has the decoder's bias alone (`classifier_bias`, `norm_bias`,
/// `decoder_bias` of its configuration).
#[derive(Module, Debug)]
pub struct VocabularyHead {
    /// `[K, E]`: from the hidden width to the width of the tied table.
    pub dense: Dense,
    /// Over E.
    pub norm: LayerNorm,
    /// `[V]`.
    pub bias: Param<Tensor<1>>,
    /// Whether its GELU is the approximation by tanh.
    #[module(skip)]
    approximate: bool,
    #[module(skip)]
    logits: Logits,
}

impl VocabularyHead {
    /// A head from the hidden states of such an encoder to a table of width `embedding` with `vocabulary` rows.
    pub fn new(encoder: &EncoderConfig, embedding: usize, vocabulary: usize, init: &Init) -> Self {
        let biases = encoder.biases();
        Self {
            dense: Dense::new(encoder.width, embedding, biases, &init.at("dense")),
            norm: LayerNorm::new(embedding, biases, encoder.epsilon(), &init.at("norm")),
            bias: init.zeros([vocabulary]),
            approximate: encoder.approximates(),
            logits: Logits::of(encoder),
        }
    }

    /// The transformed hidden states that the tied table is multiplied with.
    ///
    /// # Shapes
    /// - `hidden`: `[M, K]`, result: `[M, E]`
    pub fn transform(&self, hidden: Tensor<2>) -> Tensor<2> {
        let hidden = self.dense.forward(hidden);
        self.norm.forward(match self.approximate {
            true => approximate_gelu(hidden),
            false => cloze_kernels::gelu(hidden),
        })
    }

    /// # Shapes
    /// - `hidden`: `[M, K]` (gathered), `table`: `[V, E]`, result: `[M, V]`
    pub fn logits(&self, hidden: Tensor<2>, table: Tensor<2>) -> Tensor<2> {
        let logits = cloze_kernels::linear(self.transform(hidden), self.decoder(table).transposed());
        self.logits.capped(logits)
    }

    /// Cross-entropy of the targets, as [`Logits::cross_entropy`] has it. An empty selection gives 0.
    ///
    /// # Shapes
    /// - `hidden`: `[M, K]`, `table`: `[V, E]`, `targets`, `weights` and `counted`: `[M]`
    pub fn cross_entropy(
        &self,
        hidden: Tensor<2>,
        table: Tensor<2>,
        targets: Tensor<1, Int>,
        weights: Tensor<1>,
        counted: Option<Tensor<1>>,
    ) -> CrossEntropy {
        if targets.dims()[0] == 0 {
            // Tracked, so that a batch without a prediction can still be trained on (to no effect).
            return CrossEntropy {
                sum: self.bias.val().sum() * 0.0,
                each: weights.inner(),
            };
        }
        let (x, decoder) = (self.transform(hidden), self.decoder(table));
        self.logits.cross_entropy(x, decoder, targets, weights, counted)
    }

    fn decoder(&self, table: Tensor<2>) -> Affine {
        Affine {
            weight: table,
            bias: Some(self.bias.val()),
            precision: self.dense.precision,
        }
    }

    /// Forward FLOPs for `predicted` positions: the dense layer and the decoder.
    pub fn forward_flops(width: usize, embedding: usize, vocabulary: usize, predicted: usize) -> f64 {
        2.0 * predicted as f64 * embedding as f64 * (width as f64 + vocabulary as f64)
    }
}
