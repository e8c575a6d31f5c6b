//! What an encoder is made of, with every default filled in, and what that costs.

use crate::block::ROTARY_BASE;
use crate::encoder::DECODED;
use crate::{Absolute, Disentangled, DisentangledOptions, Variant};
use cloze_foundation::{Fault, Place, Result};
use cloze_kernels::Precision;
use cloze_options::{Words, options, words};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

words! {
    /// The two encoder families.
    pub enum Preset {
        /// Pre-norm, rotary positions, GEGLU, no biases, no dropout (ModernBERT, Warner et al. 2024, with full attention).
        Modern = "modern",
        /// Post-norm, learned positions, GELU, biases, dropout (Devlin et al. 2019).
        Bert = "bert",
    }
}

impl Preset {
    /// The version of its law: raised when the same options make another network. 1 is no part of a run id; a higher one is
    /// part of the ids of the runs whose encoder is of this family, and of no others.
    pub fn version(self) -> u32 {
        match self {
            // 2: the first block's norm, and the biases and the epsilon of the masked-token head, are ModernBERT's.
            Self::Modern => 2,
            Self::Bert => 1,
        }
    }

    /// The longest window, and what its positions are: the learned positions of the published `bert` (Devlin et al. 2019,
    /// section A.2), the context of ModernBERT (Warner et al. 2024).
    fn positions(self) -> (usize, &'static str) {
        match self {
            Self::Modern => (LONGEST, "rotary"),
            Self::Bert => (512, "learned"),
        }
    }
}

/// The longest window of any preset.
const LONGEST: usize = 8192;

// The upper ends are far beyond any CPU budget; they keep a slip of the pen from overflowing a product.
options! {
    /// An encoder as it is written: what is left out follows from the rest.
    pub struct EncoderOptions {
        /// The family of encoders.
        pub preset: Preset = Preset::Modern;
        /// D, numbers in a hidden state.
        pub width: usize = 128, from(1).to(65_536);
        /// Transformer blocks.
        pub layers: usize = 2, from(1).to(1024);
        /// Blocks with weights of their own, each for equally many layers on end (Lan et al. 2020, ALBERT: 1).
        #[since = "0.2"]
        pub layer_groups: Option<usize> = None, from(1).to(1024) => "one for every layer";
        /// H, attention heads, dividing the width into heads of an even width.
        pub heads: Option<usize> = None, from(1).to(4096) => "one for every 64 of width";
        /// F, columns of the feed-forward's hidden layer (per gate half in `modern`).
        pub feed_forward: Option<usize> = None, from(1).to(1_048_576) => "4 D for `bert`, 8 D / 3 for `modern`";
        /// E, numbers in an embedding; another one than D is projected to it (Lan et al. 2020, factorised embeddings).
        #[since = "0.2"]
        pub embedding_width: Option<usize> = None, from(2).to(65_536) => "the width";
        /// L, positions in a window; at most 512 for `bert`.
        pub window: usize = 64, from(2).to(LONGEST as f64);
        /// The rate of dropout on embeddings, attention probabilities and block outputs; 0 is off.
        pub dropout: Option<f64> = None, from(0).below(1) => "0.1 for `bert`, 0 for `modern`";
        /// Whether `bert` has its norms before attention and feed-forward and behind the last block, and none on embeddings, as GPT-2 (Radford et al. 2019) and Megatron-BERT (Shoeybi et al. 2019); `modern` has it of its own.
        #[since = "0.2"]
        pub pre_norm: bool = false;
        /// What the operands of dense layers' products are rounded to.
        pub precision: Precision = Precision::Float32;
        /// Attention by content and by relative position, each with products of its own (He et al. 2021, DeBERTa), in the place
        /// of learned positions or rotations.
        #[since = "0.2"]
        pub disentangled: Option<DisentangledOptions> = None => "attention by content alone";
        /// Whether every layer after the first reads the embeddings beside the states of the one before, in shares that are learnt (modded-nanogpt, Jordan et al. 2024).
        #[since = "0.2"]
        pub embedding_residual: bool = false;
        /// Where its weights begin: a folder of Hugging Face or of a run, whose encoder it is.
        #[since = "0.2"]
        pub from: Option<PathBuf> = None => "nowhere: they are drawn";
    }
    check Self::fits
}

impl EncoderOptions {
    /// The encoder, every default filled in: heads 64 wide, F = 4D for `bert` and 8D/3 rounded up to a multiple of 32 for
    /// `modern` (about the same parameter count), dropout 0.1 for `bert` and 0 for `modern`.
    pub fn resolve(&self) -> EncoderConfig {
        let Self {
            preset,
            width,
            layers,
            window,
            precision,
            layer_groups,
            embedding_width,
            pre_norm,
            embedding_residual,
            ..
        } = *self;
        let (feed_forward, dropout) = match preset {
            Preset::Bert => (width.saturating_mul(4), 0.1),
            Preset::Modern => (width.saturating_mul(8).div_ceil(3).next_multiple_of(32), 0.0),
        };
        EncoderConfig {
            preset,
            width,
            layers,
            heads: self.heads.unwrap_or((width / 64).max(1)),
            feed_forward: self.feed_forward.unwrap_or(feed_forward),
            window,
            dropout: self.dropout.unwrap_or(dropout),
            segments: 1,
            pre_norm,
            precision,
            layer_groups: layer_groups.filter(|groups| *groups != layers),
            embedding_width: embedding_width.filter(|embedding| *embedding != width),
            disentangled: self.disentangled.map(|options| options.resolve(window)),
            variant: None,
            embedding_residual,
            from: None,
        }
    }

    /// Checks what concerns several options.
    fn fits(&self) -> Result<()> {
        let (positions, kind) = self.preset.positions();
        let window = self.window;
        if window > positions {
            let what = format!("a window of {window} is longer than the {positions} {kind} positions of this preset");
            return Err(Fault::usage(what)
                .at(Place::key("window"))
                .allowed([format!("2 to {positions}")])
                .remedy("shorten the window, or choose preset = \"modern\""));
        }
        if self.pre_norm && self.preset == Preset::Modern {
            return Err(
                Fault::usage("the norms of `modern` stand before attention and feed-forward already")
                    .at(Place::key("pre_norm"))
                    .remedy("leave it out, or choose preset = \"bert\""),
            );
        }
        if self.embedding_residual && self.layers < 2 {
            return Err(
                Fault::usage("no layer comes after the first one, which reads the embeddings anyway")
                    .at(Place::key("embedding_residual"))
                    .remedy("leave it out, or give the encoder more layers"),
            );
        }
        if let Some(groups) = self.layer_groups
            && !self.layers.is_multiple_of(groups)
        {
            let divisors = (1..=self.layers).filter(|groups| self.layers.is_multiple_of(*groups));
            let what = format!("{groups} groups are not of equally many of the {} layers", self.layers);
            return Err(Fault::usage(what)
                .at(Place::key("layer_groups"))
                .allowed(divisors.map(|groups| groups.to_string())));
        }
        if let Some(embedding) = self.embedding_width.filter(|embedding| *embedding > self.width) {
            let what = format!(
                "an embedding of {embedding} numbers is wider than the states of {} that it is projected to",
                self.width
            );
            return Err(Fault::usage(what)
                .at(Place::key("embedding_width"))
                .allowed([format!("2 to {}", self.width)])
                .remedy("factorised embeddings are the narrower of the two (Lan et al. 2020)"));
        }
        if let Some(disentangled) = self.disentangled {
            disentangled.fits(window)?;
            if disentangled.absolute == Absolute::Decoder && self.embedding_residual {
                return Err(Fault::usage(
                    "a decoder reads the last block's input twice, and embeddings would be added to it",
                )
                .at(Place::key("embedding_residual"))
                .remedy("leave it out, or disentangled.absolute"));
            }
            if disentangled.absolute == Absolute::Decoder && self.resolve().projects() {
                return Err(
                    Fault::usage("a decoder adds positions to states, and embeddings have another width here")
                        .at(Place::key("disentangled.absolute"))
                        .allowed([Absolute::Nowhere, Absolute::Embeddings].map(Words::name))
                        .remedy("or leave encoder.embedding_width out"),
                );
            }
        }
        let encoder = self.resolve();
        if encoder.divides_into_heads() {
            return Ok(());
        }
        let EncoderConfig { width, heads, .. } = encoder;
        let heads_fit = (1..=width / 2).filter(|heads| width.is_multiple_of(2 * heads));
        let heads_fit: Vec<String> = heads_fit.map(|heads| heads.to_string()).collect();
        // The key that is wrong is the one that was written.
        if self.heads.is_some() && !heads_fit.is_empty() {
            let what = format!("{heads} heads do not divide a width of {width} into heads of an even width");
            let fault = Fault::usage(what).at(Place::key("heads")).allowed(heads_fit);
            return Err(fault.remedy("or another encoder.width"));
        }
        let what = match heads {
            1 => format!("a width of {width} is odd, and heads have an even width"),
            heads => format!("a width of {width} does not divide into {heads} heads of an even width"),
        };
        let fits = |width: &usize| {
            let other = Self {
                width: *width,
                ..self.clone()
            };
            other.resolve().divides_into_heads()
        };
        let near = [(1..width).rev().find(fits), (width + 1..=2 * width + 1).find(fits)];
        let fault = Fault::usage(what)
            .at(Place::key("width"))
            .allowed(near.into_iter().flatten().map(|width| width.to_string()));
        Err(match heads_fit.is_empty() {
            true => fault,
            false => fault.remedy(format!("or another number of encoder.heads: {}", heads_fit.join(", "))),
        })
    }
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
    /// Whether norms stand before attention and feed-forward where the preset has them behind.
    #[serde(default, skip_serializing_if = "is_not")]
    pub pre_norm: bool,
    /// What the dense layers' operands are rounded to: those of the blocks and of the heads. Attention's are not rounded.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub precision: Precision,
    /// Blocks with weights of their own, if they are fewer than the layers, which they divide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_groups: Option<usize>,
    /// E, if it is another width than D.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_width: Option<usize>,
    /// Relative positions as parts of attention, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disentangled: Option<Disentangled>,
    /// In what an encoder that others trained differs from its preset; experiments have no such key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// Whether later layers read the embeddings too.
    #[serde(default, skip_serializing_if = "is_not")]
    pub embedding_residual: bool,
    /// The folder with whose weights it begins, as it was written; nothing else of the encoder depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
}

fn one() -> usize {
    1
}

/// Left out of what is written, so that files and run ids of earlier versions stay as they are.
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// Left out as well.
fn is_not(flag: &bool) -> bool {
    !flag
}

/// Left out as well.
fn is_usual(precision: &Precision) -> bool {
    *precision == Precision::default()
}

impl EncoderConfig {
    /// The usual choices for a preset, as [`EncoderOptions::resolve`] makes them.
    pub fn preset(preset: Preset, width: usize, layers: usize, window: usize) -> Self {
        let usual = EncoderOptions {
            preset,
            width,
            layers,
            window,
            ..EncoderOptions::default()
        };
        usual.resolve()
    }

    /// Whether the heads divide the width into heads of an even width, as rotations need them.
    pub fn divides_into_heads(&self) -> bool {
        self.width > 0 && self.width.is_multiple_of(2 * self.heads)
    }

    /// How many blocks have weights of their own: as many as there are layers where no layers share them.
    pub fn blocks(&self) -> usize {
        self.layer_groups.unwrap_or(self.layers).min(self.layers)
    }

    /// The block that a layer, counted from 0, goes through: groups are of layers on end (transformers,
    /// `modeling_albert.py`).
    pub(crate) fn block_of(&self, layer: usize) -> usize {
        layer * self.blocks() / self.layers.max(1)
    }

    /// E: the width of the tables that vocabulary heads are tied to.
    pub fn table_width(&self) -> usize {
        self.embedding_width.unwrap_or(self.width)
    }

    /// Where learned positions enter.
    pub(crate) fn absolute(&self) -> Absolute {
        match (self.disentangled, self.preset) {
            (Some(disentangled), _) => disentangled.absolute,
            (None, Preset::Bert) => Absolute::Embeddings,
            (None, Preset::Modern) => Absolute::Nowhere,
        }
    }

    /// Rows of the table of learned positions, if there is one.
    pub fn position_rows(&self) -> Option<usize> {
        (self.absolute() != Absolute::Nowhere).then_some(self.window)
    }

    /// Whether queries and keys are turned by their positions.
    pub(crate) fn turns(&self) -> bool {
        self.preset == Preset::Modern && self.disentangled.is_none()
    }

    /// Whether norms stand before attention and feed-forward, and one behind the last block.
    pub(crate) fn norms_before(&self) -> bool {
        self.preset == Preset::Modern || self.pre_norm
    }

    /// Whether embeddings are normed.
    pub fn norms_embeddings(&self) -> bool {
        !self.pre_norm
    }

    /// Whether embeddings are projected before the first block.
    pub(crate) fn projects(&self) -> bool {
        self.table_width() != self.width
    }

    /// Whether dense layers and norms have biases.
    pub(crate) fn biases(&self) -> bool {
        self.preset == Preset::Bert
    }

    /// Added to the variance in the norms: `layer_norm_eps` and `norm_eps` of the published configurations.
    pub(crate) fn epsilon(&self) -> f64 {
        match (&self.variant, self.preset) {
            (Some(variant), _) => variant.epsilon,
            (None, Preset::Bert) if self.disentangled.is_some() => 1e-7,
            (None, Preset::Bert) => 1e-12,
            (None, Preset::Modern) => 1e-5,
        }
    }

    /// Whether GELU is its approximation by tanh.
    pub(crate) fn approximates(&self) -> bool {
        self.variant.as_ref().is_some_and(|variant| variant.approximate)
    }

    /// The base of a block's rotary frequencies.
    pub(crate) fn rotary_base(&self, block: usize) -> f64 {
        let own = self.variant.as_ref().and_then(|variant| variant.bases.get(block));
        own.copied().unwrap_or(ROTARY_BASE)
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
        let embedding = self.table_width();
        let project = if self.projects() { embedding * width } else { 0 };
        let (relative, of_block) = self.relative_parameters();
        let (norms, block) = match self.preset {
            // One norm, over the embeddings or behind the last block; biases of qkv, attention output, up, down; two norms with
            // gain and bias.
            Preset::Bert => (
                2 * if self.norms_embeddings() { embedding } else { width } + if self.projects() { width } else { 0 },
                matrices + 4 * width + columns + width + 4 * width,
            ),
            // One norm over the embeddings and a final one; two norms with a gain, but one in a first block that reads
            // what is normed already.
            Preset::Modern => {
                let left_out = if self.first_reads_normed() {
                    self.layers.min(1) * width
                } else {
                    0
                };
                (embedding + width - left_out, matrices + 2 * width)
            }
        };
        let rows = vocabulary + self.position_rows().unwrap_or(0) + self.segment_rows();
        let residual = if self.embedding_residual {
            2 * (self.layers - 1)
        } else {
            0
        };
        rows * embedding + project + norms + relative + residual + self.blocks() * (block + of_block)
    }

    /// Of the table of relative positions with its norm, and of its projections in every block.
    fn relative_parameters(&self) -> (usize, usize) {
        let Some(disentangled) = self.disentangled else {
            return (0, 0);
        };
        let (width, bias) = (self.width, usize::from(self.biases()));
        let table = (disentangled.rows() + 1 + bias) * width;
        let projections = if disentangled.shared_keys {
            0
        } else {
            (width + bias) * 2 * width
        };
        (table, projections)
    }

    /// Whether the first block reads nothing but embeddings right after their norm.
    pub(crate) fn first_reads_normed(&self) -> bool {
        !self.projects() && self.blocks() == self.layers
    }

    /// Floating-point operations of one forward pass over `windows` windows of `length` positions, multiply and add
    /// counted apart; a causal pattern does half of the attention products. Embedding look-ups count nothing, and
    /// neither do biases, norms, activations, softmaxes and an embedding residual (3·D for a row and layer): matrix products only, as in Kaplan et al. 2020, table 1.
    ///
    /// Disentangled attention has three products more a layer: the table of 2 S relative positions is projected to queries and
    /// keys, 2·2S·D·2D, whatever the batch is; every query meets the R positions that there are within `length`, 2·R·D, and so
    /// does every key.
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
        let relative = self.table_flops() + 2.0 * windows * length * self.position_flops(length as usize);
        self.project_flops(windows * length) + self.layers as f64 * (dense + attention + relative)
    }

    /// The projections of the table of relative positions in one layer.
    fn table_flops(&self) -> f64 {
        let rows = self.disentangled.map_or(0, |disentangled| disentangled.rows());
        4.0 * rows as f64 * (self.width * self.width) as f64
    }

    /// A query, or a key, with the relative positions that there are within windows of so many positions, in one layer.
    fn position_flops(&self, length: usize) -> f64 {
        let asked = self.disentangled.map_or(0, |disentangled| disentangled.asked(length));
        2.0 * (asked * self.width) as f64
    }

    /// The projection of so many embeddings.
    fn project_flops(&self, rows: f64) -> f64 {
        let columns = if self.projects() { self.width } else { 0 };
        2.0 * rows * self.table_width() as f64 * columns as f64
    }

    /// [`forward_flops`](Self::forward_flops) where hidden states are wanted at `rows` positions of the batch alone, as
    /// [`Encoder::forward_at`](crate::Encoder::forward_at) computes them.
    pub fn forward_flops_at(&self, windows: usize, length: usize, causal: bool, rows: usize) -> f64 {
        let left_out = (windows * length) as f64 - rows as f64;
        // Of causal attention, whose queries an objective reads nearly all, none is left out.
        let attention = if causal {
            0.0
        } else {
            4.0 * length as f64 * self.width as f64 + self.position_flops(length)
        };
        let (width, columns) = (self.width as f64, self.feed_forward_columns() as f64);
        let after_attention = 2.0 * (width * width + width * columns + self.feed_forward as f64 * width);
        self.forward_flops(windows, length, causal) - left_out * (attention + after_attention)
    }

    /// [`forward_flops_at`](Self::forward_flops_at) under any law of who sees whom, in windows of `length` positions: `all` are
    /// the positions of the batch and `read` those at which states are wanted, both with the keys that they see.
    pub fn forward_flops_of(&self, length: usize, all: Queries, read: Queries) -> f64 {
        let (layers, width) = (self.layers as f64, self.width as f64);
        let projected = 2.0 * all.rows as f64 * width * 3.0 * width;
        self.project_flops(all.rows as f64)
            + layers * projected
            + (layers - 1.0) * self.attending_flops(length, all.rows, all)
            + self.attending_flops(length, all.rows, read)
    }

    /// What a query stream costs beside the content of `keys` positions that it looks at: a block computes no keys and values
    /// of it. Of the last block's content nothing but keys and values is read, so that the content is
    /// `forward_flops_of(length, all, Queries::NONE)`.
    pub fn query_stream_flops(&self, length: usize, keys: usize, queries: Queries) -> f64 {
        let (layers, width) = (self.layers as f64, self.width as f64);
        let blocks = layers * (2.0 * queries.rows as f64 * width * width + self.attending_flops(length, keys, queries));
        self.project_flops(queries.rows as f64) + blocks
    }

    /// [`forward_flops_of`](Self::forward_flops_of) where tokens are predicted from the states, as
    /// [`Encoder::decoded_at`](crate::Encoder::decoded_at) computes them: with an enhanced mask decoder two streams of queries
    /// through the last block.
    pub fn decoded_flops_of(&self, length: usize, all: Queries, read: Queries) -> f64 {
        if self.absolute() != Absolute::Decoder {
            return self.forward_flops_of(length, all, read);
        }
        let projected = 2.0 * read.rows as f64 * (self.width * self.width) as f64;
        let stream = projected + self.attending_flops(length, all.rows, read);
        self.forward_flops_of(length, all, Queries::NONE) + DECODED as f64 * stream
    }

    /// [`decoded_flops_of`](Self::decoded_flops_of) for `rows` positions under a plain law, as
    /// [`forward_flops_at`](Self::forward_flops_at).
    pub fn decoded_flops_at(&self, windows: usize, length: usize, causal: bool, rows: usize) -> f64 {
        if self.absolute() != Absolute::Decoder {
            return self.forward_flops_at(windows, length, causal, rows);
        }
        let seeing = |rows: usize| Queries {
            rows,
            pairs: rows * length / if causal { 2 } else { 1 },
        };
        self.decoded_flops_of(length, seeing(windows * length), seeing(rows))
    }

    /// What follows a block's queries, keys and values: scores and values of every pair, output, up and down of every row; and
    /// relative positions with every query and every key.
    fn attending_flops(&self, length: usize, keys: usize, queries: Queries) -> f64 {
        if queries == Queries::NONE {
            return 0.0;
        }
        let relative = self.table_flops() + (queries.rows + keys) as f64 * self.position_flops(length);
        let (width, columns) = (self.width as f64, self.feed_forward_columns() as f64);
        let dense = width * width + width * columns + self.feed_forward as f64 * width;
        2.0 * queries.rows as f64 * dense + 4.0 * queries.pairs as f64 * width + relative
    }
}

/// Rows that go through what follows a block's queries, keys and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queries {
    /// How many.
    pub rows: usize,
    /// How many keys they see, all together.
    pub pairs: usize,
}

impl Queries {
    /// No row at all.
    pub const NONE: Self = Self { rows: 0, pairs: 0 };
}

#[cfg(test)]
mod tests;
