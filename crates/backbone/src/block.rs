//! One transformer block: attention, then feed-forward, each with a residual and a norm.

use crate::{Dense, EncoderConfig, Forward, Init, LayerNorm, Preset};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_kernels::Heads;

/// Base of the rotary frequencies (Su et al. 2021).
const ROTARY_BASE: f64 = 10_000.0;

/// A block. The norms come after the residual in `bert` (Devlin et al. 2019), before the sublayer in `modern`.
#[derive(Module, Debug)]
pub struct Block {
    /// `[D, 3D]`, columns `[q | k | v]`.
    qkv: Dense,
    /// `[D, D]`.
    output: Dense,
    attention_norm: LayerNorm,
    /// `[D, F]`, or `[D, 2F]` with the gate's half first.
    up: Dense,
    /// `[F, D]`.
    down: Dense,
    feed_forward_norm: LayerNorm,
}

impl Block {
    pub(crate) fn new(config: &EncoderConfig, init: &Init) -> Self {
        let (width, biases) = (config.width, config.biases());
        let dense = |name: &str, input: usize, output: usize| Dense::new(input, output, biases, &init.at(name));
        let norm = |name: &str| LayerNorm::new(width, biases, config.epsilon(), &init.at(name));
        Self {
            qkv: dense("qkv", width, 3 * width),
            output: dense("output", width, width),
            attention_norm: norm("attention_norm"),
            up: dense("up", width, config.feed_forward_columns()),
            down: dense("down", config.feed_forward, width),
            feed_forward_norm: norm("feed_forward_norm"),
        }
    }

    /// `layer` counts from 1 and tells this block's dropout from the others'.
    ///
    /// # Shapes
    /// - `x` and result: `[N, D]`
    pub(crate) fn forward(&self, x: Tensor<2>, config: &EncoderConfig, how: Forward, layer: usize) -> Tensor<2> {
        match config.preset {
            Preset::Bert => {
                let x = self
                    .attention_norm
                    .forward(x.clone() + self.attend(x, config, how, layer));
                self.feed_forward_norm
                    .forward(x.clone() + self.feed_forward(x, config, how, layer))
            }
            Preset::Modern => {
                let x = x.clone() + self.attend(self.attention_norm.forward(x), config, how, layer);
                x.clone() + self.feed_forward(self.feed_forward_norm.forward(x), config, how, layer)
            }
        }
    }

    fn attend(&self, x: Tensor<2>, config: &EncoderConfig, how: Forward, layer: usize) -> Tensor<2> {
        let heads = Heads {
            batch: how.batch,
            length: how.length,
            heads: config.heads,
        };
        let qkv = self.qkv.forward(x);
        let qkv = match config.preset {
            Preset::Bert => qkv,
            Preset::Modern => cloze_kernels::rotary(qkv, heads, ROTARY_BASE),
        };
        let probabilities = how.dropout(config.dropout, layer, "attention");
        let y = self
            .output
            .forward(cloze_kernels::attention(qkv, heads, how.pattern, probabilities));
        cloze_kernels::dropout(y, how.dropout(config.dropout, layer, "attention-output"))
    }

    fn feed_forward(&self, x: Tensor<2>, config: &EncoderConfig, how: Forward, layer: usize) -> Tensor<2> {
        let hidden = self.up.forward(x);
        let hidden = match config.preset {
            Preset::Bert => cloze_kernels::gelu(hidden),
            Preset::Modern => cloze_kernels::geglu(hidden),
        };
        cloze_kernels::dropout(
            self.down.forward(hidden),
            how.dropout(config.dropout, layer, "feed-forward-output"),
        )
    }
}
