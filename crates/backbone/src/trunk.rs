//! Blocks without embeddings: the body of a second, smaller network beside the encoder.

use crate::block::{Block, Pass, Reads, blocks, through};
use crate::embedding_residual::EmbeddingResidual;
use crate::relative::RelativePositions;
use crate::{EncoderConfig, Forward, Init, LayerNorm};
use burn::module::Module;
use burn::tensor::{Int, Tensor};

/// Transformer blocks whose input is already embedded (ELECTRA's generator shares the encoder's tables). Relative positions
/// are its own. It knows no tokens, so that these add nothing to its values.
#[derive(Module, Debug)]
pub struct Trunk {
    relative: Option<RelativePositions>,
    blocks: Vec<Block>,
    residual: Option<EmbeddingResidual>,
    final_norm: Option<LayerNorm>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Trunk {
    /// Draws the blocks of an encoder of this configuration. What they read has been projected since its norm, so the first
    /// block has all of its norms.
    pub fn new(config: &EncoderConfig, init: &Init) -> Self {
        let norm = || LayerNorm::new(config.width, config.biases(), config.epsilon(), &init.at("final_norm"));
        Self {
            relative: RelativePositions::of(config, init),
            blocks: blocks(config, Reads::Raw, init),
            residual: EmbeddingResidual::of(config, &init.at("residual")),
            final_norm: config.norms_before().then(norm),
            config: config.clone(),
        }
    }

    /// The hidden states at some positions: see [`Encoder::forward_at`](crate::Encoder::forward_at).
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, `rows`: `[M]` in `0..N`, result: `[M, D]`
    pub fn forward_at(&self, x: Tensor<2>, how: &Forward, rows: Tensor<1, Int>) -> Tensor<2> {
        let pass = Pass {
            config: &self.config,
            how,
            relative: self.relative.as_ref().map(RelativePositions::normed),
            residual: self.residual.as_ref().map(|residual| (residual, x.clone())),
            values: None,
        };
        let last = through(&self.blocks, x, 0..self.config.layers, &pass, Some(rows));
        match &self.final_norm {
            Some(norm) => norm.forward(last),
            None => last,
        }
    }
}
