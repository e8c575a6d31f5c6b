//! One transformer block: attention, then feed-forward, each with a residual and a norm.

use crate::{Dense, EncoderConfig, Forward, Init, LayerNorm, Preset};
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use cloze_kernels::{Activation, Heads};

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

    /// `layer` counts from 1 and tells this block's dropout from the others'. With `rows`, what follows the queries,
    /// keys and values is computed for these alone.
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, `rows`: `[M]`, result: `[N, D]`, with rows `[M, D]`
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        config: &EncoderConfig,
        how: Forward,
        layer: usize,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
        let at_rows = |x: Tensor<2>| match rows {
            Some(rows) => x.select(0, rows.clone()),
            None => x,
        };
        let attended = how.dropout(config.dropout, layer, "attention-output");
        let fed = how.dropout(config.dropout, layer, "feed-forward-output");
        match config.preset {
            Preset::Bert => {
                let y = self.attend(x.clone(), config, how, layer, rows);
                let x = self
                    .attention_norm
                    .of_residual(at_rows(x), self.output.forward(y), attended);
                let y = self.feed_forward(x.clone(), config);
                self.feed_forward_norm.of_residual(x, y, fed)
            }
            Preset::Modern => {
                let y = self.attend(self.attention_norm.forward(x.clone()), config, how, layer, rows);
                let x = cloze_kernels::residual(at_rows(x), self.output.forward(y), attended);
                let y = self.feed_forward(self.feed_forward_norm.forward(x.clone()), config);
                cloze_kernels::residual(x, y, fed)
            }
        }
    }

    /// The heads' values, before the output layer.
    fn attend(
        &self,
        x: Tensor<2>,
        config: &EncoderConfig,
        how: Forward,
        layer: usize,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
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
        match rows {
            Some(rows) => cloze_kernels::attention_at(qkv, heads, how.pattern, probabilities, rows.clone()),
            None => cloze_kernels::attention(qkv, heads, how.pattern, probabilities),
        }
    }

    fn feed_forward(&self, x: Tensor<2>, config: &EncoderConfig) -> Tensor<2> {
        let activation = match config.preset {
            Preset::Bert => Activation::Gelu,
            Preset::Modern => Activation::Geglu,
        };
        cloze_kernels::feed_forward(x, self.up.affine(), activation, self.down.affine())
    }
}

/// All blocks, then the final norm if there is one; the last block at `rows` alone where these are given.
///
/// # Shapes
/// - `x`: `[N, D]`, `rows`: `[M]`, result: `[N, D]`, with rows `[M, D]`
pub(crate) fn through(
    blocks: &[Block],
    final_norm: Option<&LayerNorm>,
    x: Tensor<2>,
    config: &EncoderConfig,
    how: Forward,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    let last = blocks.iter().enumerate().fold(x, |x, (index, block)| {
        let rows = rows.as_ref().filter(|_| index + 1 == blocks.len());
        block.forward(x, config, how, index + 1, rows)
    });
    match final_norm {
        Some(norm) => norm.forward(last),
        None => last,
    }
}
