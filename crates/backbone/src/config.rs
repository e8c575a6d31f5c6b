//! What an encoder is made of, with every default filled in, and what that costs.

use crate::block::ROTARY_BASE;
use crate::{Absolute, Disentangled, DisentangledOptions, Variant};
use cloze_foundation::{Fault, Place, Result};
use cloze_kernels::Precision;
use cloze_options::{Words, options, words};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

mod flops;

pub use flops::Queries;

words! {
    /// The two encoder families.
    pub enum Preset {
        /// Pre-norm, rotary positions, GEGLU, no biases, no dropout (ModernBERT, Warner et al. 2024, with full attention).
        Modern = "modern",
        /// Post-norm, learned positions, GELU, biases, dropout (Devlin et al. 2019).
        Bert = "bert",
    }
}

words! {
    /// How the matrices of the blocks are drawn. Tables and heads are N(0, 0.02²) always.
    pub enum InitialValues {
        /// N(0, 0.02²) (BERT, GPT-2).
        Normal = "normal",
        /// N(0, 1 / (4 inputs)), and zeros where a block adds to what it has read, so that at first it adds nothing
        /// (modded-nanogpt, Jordan et al. 2024, where they are uniform with that deviation).
        FanIn = "fan-in",
    }
}

impl InitialValues {
    /// The standard deviation of a matrix of a block, by its name.
    pub(crate) fn deviation(self, name: &str, inputs: usize) -> f64 {
        match self {
            Self::Normal => crate::init::STANDARD_DEVIATION,
            Self::FanIn if matches!(name, "output" | "down") => 0.0,
            Self::FanIn => 0.5 * (inputs.max(1) as f64).powf(-0.5),
        }
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
        /// Whether tokens have a second table, whose rows are added to the values of attention in every layer after the first, in shares that are learnt (modded-nanogpt, Jordan et al. 2024).
        #[since = "0.2"]
        pub value_embeddings: bool = false;
        /// c, where the logits l of every softmax over the vocabulary are c·tanh(l / c), in training and in every answer (Gemma Team 2024, Gemma 2: 30).
        #[since = "0.2"]
        pub logit_cap: Option<f64> = None, from(1).to(1000) => "none";
        /// z of the loss z·(ln Z)² that stands beside every cross-entropy over the vocabulary in training, Z being what its softmax divides by (Chowdhery et al. 2022, PaLM: 1e-4). The training loss contains it; held-out losses and scores do not.
        #[since = "0.2"]
        pub z_loss: f64 = 0.0, from(0);
        /// How the matrices of the blocks are drawn.
        #[since = "0.2"]
        pub initial_values: InitialValues = InitialValues::Normal;
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
            value_embeddings,
            logit_cap,
            z_loss,
            initial_values,
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
            value_embeddings,
            logit_cap,
            z_loss,
            initial_values,
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
        if self.value_embeddings && self.layers < 2 {
            return Err(
                Fault::usage("no layer comes after the first one, to whose values nothing is added")
                    .at(Place::key("value_embeddings"))
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
    /// Whether tokens add rows of a table of their own to the values of later layers.
    #[serde(default, skip_serializing_if = "is_not")]
    pub value_embeddings: bool,
    /// What the logits of every vocabulary head stay below, if there is a cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logit_cap: Option<f64>,
    /// z of the z-loss in training; 0 is none.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub z_loss: f64,
    /// How the matrices of the blocks are drawn.
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    pub initial_values: InitialValues,
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
fn is_nothing(number: &f64) -> bool {
    *number == 0.0
}

fn normal() -> InitialValues {
    InitialValues::Normal
}

/// Left out as well.
fn is_normal(values: &InitialValues) -> bool {
    *values == InitialValues::Normal
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
        // Two shares for every layer after the first.
        let shares = |used: bool| if used { 2 * (self.layers - 1) } else { 0 };
        let values = match self.value_embeddings {
            true => vocabulary * width,
            false => 0,
        };
        let later = shares(self.embedding_residual) + values + shares(self.value_embeddings);
        rows * embedding + project + norms + relative + later + self.blocks() * (block + of_block)
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
}

#[cfg(test)]
mod tests;
