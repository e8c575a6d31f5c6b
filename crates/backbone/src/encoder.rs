//! The encoder: embeddings, blocks, hidden states as `[N, D]`.

use crate::block::{Block, through};
use crate::init::STANDARD_DEVIATION;
use crate::{EncoderConfig, Init, LayerNorm, Preset};
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};
use cloze_foundation::Draw;
use cloze_kernels::{Dropout, Pattern};

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

impl Forward {
    /// The dropout of one place in one layer (layer 0 is the embeddings).
    pub(crate) fn dropout(&self, rate: f64, layer: usize, place: &str) -> Dropout {
        match self.dropout {
            Some(draw) if rate > 0.0 => Dropout {
                rate,
                seed: draw.example(layer as u64).purpose(place).seed(),
            },
            _ => Dropout::OFF,
        }
    }
}

/// The shared encoder.
///
/// `bert` is Devlin et al. 2019 without segment embeddings (there is one segment). `modern` follows ModernBERT
/// (Warner et al. 2024) in norms, positions, gates and absent biases, with full attention in every block.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Token embeddings, `[V, D]`; the table that vocabulary heads are tied to.
    pub tokens: Param<Tensor<2>>,
    /// Learned positions, `[window, D]`: `bert` only.
    positions: Option<Param<Tensor<2>>>,
    norm: LayerNorm,
    blocks: Vec<Block>,
    final_norm: Option<LayerNorm>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Encoder {
    /// Draws an encoder. Its parameters depend on (seed, path) only, not on the objective around it.
    pub fn new(config: &EncoderConfig, vocabulary: usize, init: &Init) -> Self {
        let norm = |name: &str| LayerNorm::new(config.width, config.biases(), config.epsilon(), &init.at(name));
        let bert = config.preset == Preset::Bert;
        Self {
            tokens: init.normal("tokens", [vocabulary, config.width], STANDARD_DEVIATION),
            positions: bert.then(|| init.normal("positions", [config.window, config.width], STANDARD_DEVIATION)),
            norm: norm("norm"),
            blocks: (0..config.layers)
                .map(|layer| Block::new(config, &init.at("blocks").at(layer)))
                .collect(),
            final_norm: (!bert).then(|| norm("final_norm")),
            config: config.clone(),
        }
    }

    /// What it was made from.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Where its parameters are.
    pub fn device(&self) -> Device {
        self.tokens.val().device()
    }

    /// # Shapes
    /// - `ids`: `[N]` with N = batch · length, result: `[N, D]`
    pub fn forward(&self, ids: Tensor<1, Int>, how: Forward) -> Tensor<2> {
        let x = self.embed(ids, how);
        through(&self.blocks, self.final_norm.as_ref(), x, &self.config, how, None)
    }

    /// [`forward`](Self::forward) at some positions. Nothing reads the last block's other outputs, so what follows its
    /// queries, keys and values is computed for these alone: in a masked objective that is most of the block.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, `rows`: `[M]` in `0..N`, result: `[M, D]`
    pub fn forward_at(&self, ids: Tensor<1, Int>, how: Forward, rows: Tensor<1, Int>) -> Tensor<2> {
        let x = self.embed(ids, how);
        through(&self.blocks, self.final_norm.as_ref(), x, &self.config, how, Some(rows))
    }

    /// The embeddings and each block's output; the last one is what [`forward`](Self::forward) gives (in `modern`,
    /// after the final norm).
    ///
    /// # Shapes
    /// - `ids`: `[N]`, results: layers + 1 of `[N, D]`
    pub fn layers(&self, ids: Tensor<1, Int>, how: Forward) -> Vec<Tensor<2>> {
        let mut states = vec![self.embed(ids, how)];
        for (index, block) in self.blocks.iter().enumerate() {
            states.push(block.forward(states[index].clone(), &self.config, how, index + 1, None));
        }
        let last = states.pop().map(|last| self.finish(last));
        states.extend(last);
        states
    }

    /// The embeddings, normalised and with dropout: what the blocks read.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[N, D]`
    pub fn embed(&self, ids: Tensor<1, Int>, how: Forward) -> Tensor<2> {
        debug_assert!(how.length <= self.config.window, "a window longer than the positions");
        let width = self.config.width;
        let mut x = cloze_kernels::embedding(self.tokens.val(), ids);
        if let Some(positions) = &self.positions {
            let positions = positions
                .val()
                .slice([0..how.length, 0..width])
                .reshape([1, how.length, width]);
            x = (x.reshape([how.batch, how.length, width]) + positions).reshape([how.batch * how.length, width]);
        }
        cloze_kernels::dropout(self.norm.forward(x), how.dropout(self.config.dropout, 0, "embeddings"))
    }

    fn finish(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.final_norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}
