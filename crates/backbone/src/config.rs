//! What an encoder is made of, with every default filled in, and what that costs.

use cloze_foundation::{Fault, Result};
use cloze_kernels::Precision;
use serde::{Deserialize, Serialize};

/// BERT's epsilon of layer normalisation (`layer_norm_eps` of its configuration).
pub(crate) const BERT_EPSILON: f64 = 1e-12;

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
    /// Kinds of segments: with two or more there is a table of learned segment embeddings. An objective of pairs asks for
    /// it; experiments have no such key.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub segments: usize,
    /// What the dense layers' operands are rounded to: those of the blocks and of the heads. Attention's are not rounded.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub precision: Precision,
}

fn one() -> usize {
    1
}

/// Left out of what is written, so that files and run ids of earlier versions stay as they are.
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// Left out as well.
fn is_usual(precision: &Precision) -> bool {
    *precision == Precision::default()
}

impl EncoderConfig {
    /// The usual choices for a preset: heads 64 wide, F = 4D for `bert` and 8D/3 rounded up to a multiple of 32 for
    /// `modern` (about the same parameter count), dropout 0.1 for `bert` and 0 for `modern`.
    pub fn preset(preset: Preset, width: usize, layers: usize, window: usize) -> Self {
        let feed_forward = match preset {
            Preset::Bert => width.saturating_mul(4),
            Preset::Modern => width.saturating_mul(8).div_ceil(3).next_multiple_of(32),
        };
        let dropout = if preset == Preset::Bert { 0.1 } else { 0.0 };
        Self {
            preset,
            width,
            layers,
            heads: (width / 64).max(1),
            feed_forward,
            window,
            dropout,
            segments: 1,
            precision: Precision::default(),
        }
    }

    /// Checks what the arithmetic needs.
    ///
    /// # Errors
    /// A usage fault whose place is the key (`encoder.heads`, ...).
    pub fn check(&self) -> Result<()> {
        // The upper ends are far beyond any CPU budget; they keep a slip of the pen from overflowing a product.
        let sizes = [
            ("width", self.width, 65_536),
            ("layers", self.layers, 1_024),
            ("heads", self.heads, 4_096),
            ("feed_forward", self.feed_forward, 1_048_576),
            ("window", self.window, 65_536),
            ("segments", self.segments, 1_024),
        ];
        for (key, value, most) in sizes {
            if !(1..=most).contains(&value) {
                return Err(Fault::usage(format!("{key} = {value} is out of range"))
                    .at(format!("encoder.{key}"))
                    .allowed([format!("1 to {most}")]));
            }
        }
        if !self.width.is_multiple_of(2 * self.heads) {
            let possible = (1..=self.width / 2).filter(|heads| self.width.is_multiple_of(2 * heads));
            let fault = Fault::usage(format!(
                "{} heads do not divide a width of {} into heads of an even width",
                self.heads, self.width
            ))
            .at("encoder.heads");
            return Err(match possible.map(|heads| heads.to_string()).collect::<Vec<_>>() {
                possible if possible.is_empty() => fault.remedy("choose an even encoder.width"),
                possible => fault.allowed(possible).remedy("or another encoder.width"),
            });
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Fault::usage(format!("dropout = {} is not a rate", self.dropout))
                .at("encoder.dropout")
                .allowed(["0 (off) to below 1"]));
        }
        Ok(())
    }

    /// Whether dense layers and norms have biases.
    pub(crate) fn biases(&self) -> bool {
        self.preset == Preset::Bert
    }

    /// Added to the variance in the norms.
    pub(crate) fn epsilon(&self) -> f64 {
        match self.preset {
            Preset::Bert => BERT_EPSILON,
            Preset::Modern => 1e-5,
        }
    }

    /// Columns of the feed-forward's first matrix: both gate halves in `modern`.
    pub(crate) fn feed_forward_columns(&self) -> usize {
        match self.preset {
            Preset::Bert => self.feed_forward,
            Preset::Modern => 2 * self.feed_forward,
        }
    }

    /// Rows of the table of segments: none where all is one segment.
    pub(crate) fn segment_rows(&self) -> usize {
        if self.segments > 1 { self.segments } else { 0 }
    }

    /// Trainable numbers of the encoder alone (embeddings included, heads of objectives excluded).
    pub fn parameters(&self, vocabulary: usize) -> usize {
        let (width, hidden, columns) = (self.width, self.feed_forward, self.feed_forward_columns());
        let matrices = 4 * width * width + width * columns + hidden * width;
        let (positions, norms, block) = match self.preset {
            // One norm over the embeddings; biases of qkv, attention output, up, down; two norms with gain and bias.
            Preset::Bert => (
                self.window * width,
                2 * width,
                matrices + 4 * width + columns + width + 4 * width,
            ),
            // One norm over the embeddings and a final one; two norms with a gain.
            Preset::Modern => (0, 2 * width, matrices + 2 * width),
        };
        vocabulary * width + positions + self.segment_rows() * width + norms + self.layers * block
    }

    /// Floating-point operations of one forward pass over `windows` windows of `length` positions, multiply and add
    /// counted apart; a causal pattern does half of the attention products. Embedding look-ups count nothing, and
    /// neither do biases, norms, activations and softmaxes: matrix products only, as in Kaplan et al. 2020, table 1.
    pub fn forward_flops(&self, windows: usize, length: usize, causal: bool) -> f64 {
        let (width, hidden, columns) = (
            self.width as f64,
            self.feed_forward as f64,
            self.feed_forward_columns() as f64,
        );
        let (windows, length) = (windows as f64, length as f64);
        let dense = 2.0 * windows * length * (4.0 * width * width + width * columns + hidden * width);
        // q·kᵀ and probabilities·v: 2·L²·D each.
        let attention = 4.0 * windows * length * length * width * if causal { 0.5 } else { 1.0 };
        self.layers as f64 * (dense + attention)
    }

    /// [`forward_flops`](Self::forward_flops) where hidden states are wanted at `rows` positions of the batch alone, as
    /// [`Encoder::forward_at`](crate::Encoder::forward_at) computes them.
    pub fn forward_flops_at(&self, windows: usize, length: usize, causal: bool, rows: usize) -> f64 {
        let left_out = (windows * length) as f64 - rows as f64;
        // Of causal attention, whose queries an objective reads nearly all, none is left out.
        let attention = if causal {
            0.0
        } else {
            4.0 * length as f64 * self.width as f64
        };
        let (width, columns) = (self.width as f64, self.feed_forward_columns() as f64);
        let after_attention = 2.0 * (width * width + width * columns + self.feed_forward as f64 * width);
        self.forward_flops(windows, length, causal) - left_out * (attention + after_attention)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny(preset: Preset) -> EncoderConfig {
        EncoderConfig {
            preset,
            width: 4,
            layers: 3,
            heads: 2,
            feed_forward: 6,
            window: 8,
            dropout: 0.0,
            segments: 1,
            precision: Precision::default(),
        }
    }

    #[test]
    fn flops_agree_with_a_count_by_hand() {
        // B = 2, L = 5, so N = 10 rows. Per block: qkv 2·10·4·12 = 960, output 2·10·4·4 = 320,
        // scores 2·(2 windows)·5·5·4 = 400 and the same for values; bert: up and down 2·10·4·6 = 480 each.
        assert_eq!(
            tiny(Preset::Bert).forward_flops(2, 5, false),
            3.0 * (960.0 + 320.0 + 800.0 + 960.0)
        );
        assert_eq!(
            tiny(Preset::Bert).forward_flops(2, 5, true),
            3.0 * (960.0 + 320.0 + 400.0 + 960.0)
        );
        // modern: up has both gate halves, 2·10·4·12 = 960.
        assert_eq!(
            tiny(Preset::Modern).forward_flops(2, 5, false),
            3.0 * (960.0 + 320.0 + 800.0 + 1440.0)
        );
    }

    #[test]
    fn the_last_block_counts_what_it_computes() {
        // 3 of 10 rows: the last block's scores 2·3·5·4 = 120, and the same for values, output 2·3·4·4 = 96, bert's up and
        // down 2·3·4·6 = 144 each.
        assert_eq!(
            tiny(Preset::Bert).forward_flops_at(2, 5, false, 3),
            2.0 * (960.0 + 320.0 + 800.0 + 960.0) + 960.0 + 240.0 + 96.0 + 288.0
        );
        for preset in [Preset::Bert, Preset::Modern] {
            let all = tiny(preset).forward_flops(2, 5, true);
            assert_eq!(tiny(preset).forward_flops_at(2, 5, true, 10), all);
        }
    }

    #[test]
    fn presets_have_about_the_same_blocks() {
        for width in [128, 256, 384, 768] {
            let block = |preset| {
                let two = EncoderConfig::preset(preset, width, 2, 128);
                let one = EncoderConfig {
                    layers: 1,
                    ..two.clone()
                };
                assert!(two.check().is_ok());
                (two.parameters(100) - one.parameters(100)) as f64
            };
            let ratio = block(Preset::Modern) / block(Preset::Bert);
            assert!((0.97..1.05).contains(&ratio), "width {width}: {ratio}");
        }
    }

    #[test]
    fn what_the_arithmetic_cannot_do_is_refused_with_its_key() {
        type Change = fn(&mut EncoderConfig);
        let fault = |change: Change| {
            let mut config = tiny(Preset::Bert);
            change(&mut config);
            config.check().unwrap_err()
        };
        let cases: [(Change, &str); 8] = [
            (|c| c.width = 0, "encoder.width"),
            (|c| c.layers = 0, "encoder.layers"),
            (|c| c.heads = 0, "encoder.heads"),
            (|c| c.heads = 3, "encoder.heads"),
            (|c| c.heads = 4, "encoder.heads"),
            (|c| c.window = usize::MAX, "encoder.window"),
            (|c| c.dropout = 1.0, "encoder.dropout"),
            (|c| c.dropout = f64::NAN, "encoder.dropout"),
        ];
        for (change, place) in cases {
            let fault = fault(change);
            assert_eq!(fault.place.as_deref(), Some(place), "{fault}");
            assert!(fault.allowed.is_some(), "{fault}");
        }
        assert_eq!(fault(|c| c.heads = 3).allowed.as_deref(), Some("1, 2"));
    }
}
