//! The encoder: embeddings, blocks, hidden states as `[N, D]`.

use crate::alike::Alike;
use crate::block::{Block, Reads, through};
use crate::init::STANDARD_DEVIATION;
use crate::{EncoderConfig, Forward, Init, LayerNorm, Preset, QueryStream};
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};

/// The shared encoder.
///
/// `bert` is Devlin et al. 2019; its segment embeddings are there where an objective has more than one segment. `modern`
/// is ModernBERT (Warner et al. 2024) with full attention in every block: its norms and biases stand where they stand there,
/// with its epsilons (`tests/parity`).
#[derive(Module, Debug)]
pub struct Encoder {
    /// Token embeddings, `[V, D]`; the table that vocabulary heads are tied to.
    pub tokens: Param<Tensor<2>>,
    /// Learned positions, `[window, D]`: `bert` only.
    positions: Option<Param<Tensor<2>>>,
    /// Learned segments, `[segments, D]`, if there is more than one.
    segments: Option<Param<Tensor<2>>>,
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
            segments: (config.segment_rows() > 0)
                .then(|| init.normal("segments", [config.segments, config.width], STANDARD_DEVIATION)),
            norm: norm("norm"),
            blocks: (0..config.layers)
                .map(|layer| {
                    let reads = if layer == 0 { Reads::Normed } else { Reads::Raw };
                    Block::new(config, reads, &init.at("blocks").at(layer))
                })
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
    pub fn forward(&self, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        let x = self.embed(ids, how);
        through(&self.blocks, self.final_norm.as_ref(), x, &self.config, how, None)
    }

    /// [`forward`](Self::forward) at some positions. Nothing reads the last block's other outputs, so what follows its
    /// queries, keys and values is computed for these alone: in a masked objective that is most of the block.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, `rows`: `[M]` in `0..N`, result: `[M, D]`
    pub fn forward_at(&self, ids: Tensor<1, Int>, how: &Forward, rows: Tensor<1, Int>) -> Tensor<2> {
        if let (Some(alike), Some((first, others))) = (Alike::of(self, &ids, how), self.blocks.split_first()) {
            let x = self.embed(alike.ids, &alike.how);
            let last = others.is_empty().then_some(&rows);
            let x = first.forward_alike(x, alike.kinds, &self.config, how, last);
            let rows = (!others.is_empty()).then_some(rows);
            return through(others, self.final_norm.as_ref(), x, &self.config, how, rows);
        }
        let x = self.embed(ids, how);
        through(&self.blocks, self.final_norm.as_ref(), x, &self.config, how, Some(rows))
    }

    /// The embeddings and each block's output; the last one is what [`forward`](Self::forward) gives (in `modern`,
    /// after the final norm).
    ///
    /// # Shapes
    /// - `ids`: `[N]`, results: layers + 1 of `[N, D]`
    pub fn layers(&self, ids: Tensor<1, Int>, how: &Forward) -> Vec<Tensor<2>> {
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
    pub fn embed(&self, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        self.embedded(cloze_kernels::embedding(self.tokens.val(), ids), how, "embeddings")
    }

    /// A query stream's states after the last block, over the content that `ids` are; nothing reads the last block's content.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[M, D]`
    pub fn forward_queries(&self, ids: Tensor<1, Int>, how: &Forward, stream: &QueryStream) -> Tensor<2> {
        let mut x = self.embed(ids, how);
        let mut g = self.embedded(stream.embedded.clone(), &stream.how(how), "query-embeddings");
        for (index, block) in self.blocks.iter().enumerate() {
            let layer = index + 1;
            // Both streams read the same keys and values.
            let content = block.projected(x.clone(), &self.config, how);
            g = block.forward_queries(g, content.clone(), &self.config, how, layer, stream);
            if layer < self.blocks.len() {
                x = block.attending(x, content, &self.config, how, layer, None);
            }
        }
        self.finish(g)
    }

    /// With positions and segments, normalised and with dropout.
    ///
    /// # Shapes
    /// - `x` and result: `[N, D]`
    fn embedded(&self, x: Tensor<2>, how: &Forward, place: &str) -> Tensor<2> {
        let x = match &self.positions {
            Some(table) => how.with_positions(x, table.val()),
            None => x,
        };
        let x = match &self.segments {
            Some(table) => how.with_segments(x, table.val()),
            None => x,
        };
        cloze_kernels::dropout(self.norm.forward(x), how.dropout(self.config.dropout, 0, place))
    }

    fn finish(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.final_norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}
