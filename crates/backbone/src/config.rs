//! What an encoder is made of, with every default filled in, and what that costs.

use cloze_foundation::{Fault, Result};
use serde::{Deserialize, Serialize};

/// The two encoder families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Post-norm, learned positions, GELU, biases, dropout (Devlin et al. 2019).
    Bert,
    /// Pre-norm, rotary positions, GEGLU, no biases, no dropout (after ModernBERT, Warner et al. 2024).
    Modern,
}

/// A resolved encoder: nothing left to default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The family.
    pub preset: Preset,
    /// D.
    pub width: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// H; divides the width into an even head width.
    pub heads: usize,
    /// F: columns of the feed-forward's hidden layer (per gate half in `modern`).
    pub feed_forward: usize,
    /// L: positions in a window, and the largest learned position.
    pub window: usize,
    /// Dropout rate on embeddings, attention probabilities and block outputs.
    pub dropout: f64,
}

impl EncoderConfig {
    /// The usual choices for a preset: heads 64 wide, F = 4D for `bert` and 8D/3 rounded up to a multiple of 32 for
    /// `modern` (the same parameter count), dropout 0.1 for `bert` and 0 for `modern`.
    pub fn preset(preset: Preset, width: usize, layers: usize, window: usize) -> Self {
        let feed_forward = match preset {
            Preset::Bert => 4 * width,
            Preset::Modern => (8 * width).div_ceil(3).next_multiple_of(32),
        };
        let dropout = if preset == Preset::Bert { 0.1 } else { 0.0 };
        Self { preset, width, layers, heads: (width / 64).max(1), feed_forward, window, dropout }
    }

    /// Checks what the arithmetic needs.
    ///
    /// # Errors
    /// A usage fault whose place is the key (`encoder.heads`, ...).
    pub fn check(&self) -> Result<()> {
        todo!("helper: zero sizes, heads not dividing width, odd head width, dropout outside [0,1), {}", Fault::usage("x"))
    }

    /// Trainable numbers of the encoder alone (embeddings included, heads of objectives excluded).
    pub fn parameters(&self, _vocabulary: usize) -> usize {
        todo!()
    }

    /// Floating-point operations of one forward pass over `windows` windows of `length` positions, multiply and add
    /// counted apart; a causal pattern does half of the attention products. Embedding look-ups count nothing.
    pub fn forward_flops(&self, _windows: usize, _length: usize, _causal: bool) -> f64 {
        todo!()
    }
}
