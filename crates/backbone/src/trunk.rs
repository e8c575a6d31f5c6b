//! Blocks without embeddings: the body of a second, smaller network beside the encoder.

use crate::block::Block;
use crate::{EncoderConfig, Forward, Init, LayerNorm, Preset};
use burn::module::Module;
use burn::tensor::Tensor;

/// Transformer blocks whose input is already embedded (ELECTRA's generator shares the encoder's tables).
#[derive(Module, Debug)]
pub struct Trunk {
    blocks: Vec<Block>,
    final_norm: Option<LayerNorm>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Trunk {
    /// Draws the blocks of an encoder of this configuration.
    pub fn new(config: &EncoderConfig, init: &Init) -> Self {
        let norm = || LayerNorm::new(config.width, config.biases(), config.epsilon(), &init.at("final_norm"));
        Self {
            blocks: (0..config.layers)
                .map(|layer| Block::new(config, &init.at("blocks").at(layer)))
                .collect(),
            final_norm: (config.preset == Preset::Modern).then(norm),
            config: config.clone(),
        }
    }

    /// # Shapes
    /// - `x` and result: `[N, D]`
    pub fn forward(&self, x: Tensor<2>, how: Forward) -> Tensor<2> {
        let blocks = self.blocks.iter().enumerate();
        let last = blocks.fold(x, |x, (index, block)| block.forward(x, &self.config, how, index + 1));
        match &self.final_norm {
            Some(norm) => norm.forward(last),
            None => last,
        }
    }
}
