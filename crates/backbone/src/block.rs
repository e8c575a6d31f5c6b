//! One transformer block: attention, then feed-forward, each with a residual and a norm.

use crate::embedding_residual::EmbeddingResidual;
use crate::value_embeddings::ValueEmbeddings;
use crate::variant::approximate_gelu;
use crate::{Dense, EncoderConfig, Forward, Init, LayerNorm, Preset, QueryStream};
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use cloze_kernels::{Activation, Disentangled, Dropout, Positions, Rotary};
use std::ops::Range;

/// Base of the rotary frequencies (Su et al. 2021).
pub(crate) const ROTARY_BASE: f64 = 10_000.0;

/// What a block reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Embeddings right after their norm.
    Normed,
    /// Anything else.
    Raw,
}

/// What every block of one forward pass is told.
pub(crate) struct Pass<'a> {
    pub(crate) config: &'a EncoderConfig,
    pub(crate) how: &'a Forward,
    /// `[2 S, D]`: the relative positions, normed, where attention is disentangled.
    pub(crate) relative: Option<Tensor<2>>,
    /// `[N, D]`: the embeddings, and how later layers read them, where they do.
    pub(crate) residual: Option<(&'a EmbeddingResidual, Tensor<2>)>,
    /// `[N, D]`: what tokens add to the values of later layers, and how, where they do.
    pub(crate) values: Option<(&'a ValueEmbeddings, Tensor<2>)>,
}

impl Pass<'_> {
    /// What a layer, counted from 0, reads where the one before gave `x`.
    ///
    /// # Shapes
    /// - `x` and result: `[N, D]`
    pub(crate) fn read(&self, x: Tensor<2>, layer: usize) -> Tensor<2> {
        match &self.residual {
            Some((residual, embedded)) => residual.mixed(x, embedded, layer),
            None => x,
        }
    }

    /// Queries, keys and values of a layer, counted from 0, with what tokens add to the values.
    ///
    /// # Shapes
    /// - `qkv` and result: `[N, 3D]`
    fn valued(&self, qkv: Tensor<2>, layer: usize) -> Tensor<2> {
        match &self.values {
            Some((values, rows)) => values.added(qkv, rows, layer),
            None => qkv,
        }
    }
}

/// A block. The norms come after the residual in `bert` (Devlin et al. 2019), before the sublayer in `modern` and where `bert` is
/// told so.
#[derive(Module, Debug)]
pub struct Block {
    /// `[D, 3D]`, columns `[q | k | v]`.
    qkv: Dense,
    /// `[D, 2D]`, columns `[q | k]`: of relative positions, where these are not projected as the content is.
    relative: Option<Dense>,
    /// `[D, D]`.
    output: Dense,
    /// None where a pre-norm block reads what is normed already.
    attention_norm: Option<LayerNorm>,
    /// `[D, F]`, or `[D, 2F]` with the gate's half first.
    up: Dense,
    /// `[F, D]`.
    down: Dense,
    feed_forward_norm: LayerNorm,
    /// Of its rotary frequencies.
    #[module(skip)]
    rotary_base: f64,
}

impl Block {
    /// `reads` says what comes in: a pre-norm block above the embeddings' norm has none of its own before attention
    /// (transformers, `modeling_modernbert.py`: `attn_norm` of layer 0 is the identity).
    pub(crate) fn new(config: &EncoderConfig, reads: Reads, rotary_base: f64, init: &Init) -> Self {
        let (width, biases) = (config.width, config.biases());
        let dense = |name: &str, input: usize, output: usize| {
            let deviation = config.initial_values.deviation(name, input);
            Dense::drawn(input, output, biases, deviation, &init.at(name))
        };
        let norm = |name: &str| LayerNorm::new(width, biases, config.epsilon(), &init.at(name));
        Self {
            qkv: dense("qkv", width, 3 * width),
            relative: (config
                .disentangled
                .is_some_and(|disentangled| !disentangled.shared_keys))
            .then(|| dense("relative", width, 2 * width)),
            output: dense("output", width, width),
            attention_norm: (config.preset == Preset::Bert || reads == Reads::Raw).then(|| norm("attention_norm")),
            up: dense("up", width, config.feed_forward_columns()),
            down: dense("down", config.feed_forward, width),
            feed_forward_norm: norm("feed_forward_norm"),
            rotary_base,
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
        pass: &Pass<'_>,
        layer: usize,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
        let qkv = self.projected(x.clone(), pass, layer);
        self.attending(x, qkv, pass, layer, rows)
    }

    /// [`forward`](Self::forward) of a first layer where many rows are alike: of each kind there is one in `x`.
    ///
    /// # Shapes
    /// - `x`: `[K, D]`, `kinds`: `[N]` in `0..K`, `rows`: `[M]`, result: `[N, D]`, with rows `[M, D]`
    pub(crate) fn forward_alike(
        &self,
        x: Tensor<2>,
        kinds: Tensor<1, Int>,
        pass: &Pass<'_>,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
        let qkv = self.qkv.forward(self.before_attention(x.clone(), pass.config));
        let qkv = self.placed(qkv.select(0, kinds.clone()), pass);
        self.attending(x.select(0, kinds), qkv, pass, 1, rows)
    }

    /// What follows the queries, keys and values.
    pub(crate) fn attending(
        &self,
        x: Tensor<2>,
        qkv: Tensor<2>,
        pass: &Pass<'_>,
        layer: usize,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
        let Pass { config, how, .. } = pass;
        let (heads, visibility) = (how.heads(config), &how.visibility);
        let probabilities = how.dropout(config.dropout, layer, "attention");
        let places = ["attention-output", "feed-forward-output"];
        let dropouts = places.map(|place| how.dropout(config.dropout, layer, place));
        let y = match (self.positions(pass, layer), rows) {
            (Some(positions), rows) => {
                let rows = rows.cloned();
                cloze_kernels::disentangled_attention(qkv, positions, heads, visibility, probabilities, rows)
            }
            (None, Some(rows)) => cloze_kernels::attention_at(qkv, heads, visibility, probabilities, rows.clone()),
            (None, None) => cloze_kernels::attention(qkv, heads, visibility, probabilities),
        };
        let x = match rows {
            Some(rows) => x.select(0, rows.clone()),
            None => x,
        };
        self.after_attention(x, y, config, dropouts)
    }

    /// The relative positions as this block's attention reads them. Each block drops from the table anew (`pos_dropout` of
    /// transformers, `modeling_deberta_v2.py`).
    fn positions(&self, pass: &Pass<'_>, layer: usize) -> Option<Disentangled> {
        let Pass {
            config, how, relative, ..
        } = pass;
        let dropout = how.dropout(config.dropout, layer, "relative-positions");
        let table = cloze_kernels::dropout(relative.clone()?, dropout);
        let table = match &self.relative {
            Some(own) => own.forward(table),
            None => self.qkv.first(2 * config.width, table),
        };
        let relative = config.disentangled?.relative(how.places());
        Some(Disentangled { table, relative })
    }

    /// The query stream `g` over what the content stream's [`projected`](Self::projected) gives, with the weights that both
    /// share.
    ///
    /// # Shapes
    /// - `content`: `[N, 3D]`, `g` and result: `[M, D]`
    pub(crate) fn forward_queries(
        &self,
        g: Tensor<2>,
        content: Tensor<2>,
        pass: &Pass<'_>,
        layer: usize,
        stream: &QueryStream,
    ) -> Tensor<2> {
        let Pass { config, how, .. } = pass;
        let queries = self.qkv.first(config.width, self.before_attention(g.clone(), config));
        let queries = self.turned(queries, config, config.width, stream.places(how));
        let queries = stream.scaled(queries, how);
        let places = ["query-attention", "query-attention-output", "query-feed-forward-output"];
        let [probabilities, attended, fed] = places.map(|place| how.dropout(config.dropout, layer, place));
        let rows = Some(stream.rows(&g.device()));
        let (heads, law) = (how.heads(config), &stream.visibility);
        let y = match self.positions(pass, layer) {
            Some(positions) => cloze_kernels::disentangled_query_attention(
                queries,
                content,
                positions,
                heads,
                law,
                probabilities,
                rows,
            ),
            None => cloze_kernels::query_attention(queries, content, heads, law, probabilities, rows),
        };
        self.after_attention(g, y, config, [attended, fed])
    }

    /// What attention reads.
    fn before_attention(&self, x: Tensor<2>, config: &EncoderConfig) -> Tensor<2> {
        match &self.attention_norm {
            Some(norm) if config.norms_before() => norm.forward(x),
            _ => x,
        }
    }

    /// Queries, keys and values of a layer, counted from 1, turned and scaled.
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, result: `[N, 3D]`
    pub(crate) fn projected(&self, x: Tensor<2>, pass: &Pass<'_>, layer: usize) -> Tensor<2> {
        let qkv = self.placed(self.qkv.forward(self.before_attention(x, pass.config)), pass);
        pass.valued(qkv, layer - 1)
    }

    /// The entropy of what each row looks at, in nats.
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, result: `[N, H]`
    pub(crate) fn attention_entropy(&self, x: Tensor<2>, pass: &Pass<'_>, layer: usize) -> Tensor<2> {
        let (qkv, relative) = (self.projected(x, pass, layer), self.positions(pass, layer));
        let Pass { config, how, .. } = pass;
        cloze_kernels::reference::attention_entropy(qkv, relative, how.heads(config), &how.visibility)
    }

    /// Queries, keys and values as the rows' places have them.
    ///
    /// # Shapes
    /// - `qkv` and result: `[N, 3D]`
    fn placed(&self, qkv: Tensor<2>, Pass { config, how, .. }: &Pass<'_>) -> Tensor<2> {
        how.scaled(self.turned(qkv, config, 2 * config.width, how.places()))
    }

    /// The rest of the block: `y` are the heads' values, and the dropouts those of both sublayers' outputs.
    ///
    /// # Shapes
    /// - `x`, `y` and result: `[N, D]`
    fn after_attention(
        &self,
        x: Tensor<2>,
        y: Tensor<2>,
        config: &EncoderConfig,
        [attended, fed]: [Dropout; 2],
    ) -> Tensor<2> {
        let y = self.output.forward(y);
        match config.norms_before() {
            false => {
                let x = match &self.attention_norm {
                    Some(norm) => norm.of_residual(x, y, attended),
                    None => cloze_kernels::residual(x, y, attended),
                };
                let y = self.feed_forward(x.clone(), config);
                self.feed_forward_norm.of_residual(x, y, fed)
            }
            true => {
                let x = cloze_kernels::residual(x, y, attended);
                let y = self.feed_forward(self.feed_forward_norm.forward(x.clone()), config);
                cloze_kernels::residual(x, y, fed)
            }
        }
    }

    fn feed_forward(&self, x: Tensor<2>, config: &EncoderConfig) -> Tensor<2> {
        let activation = match config.preset {
            Preset::Bert if config.approximates() => {
                let hidden = approximate_gelu(self.up.forward(x));
                return self.down.forward(hidden);
            }
            Preset::Bert => Activation::Gelu,
            Preset::Modern => Activation::Geglu,
        };
        cloze_kernels::feed_forward(x, self.up.affine(), activation, self.down.affine())
    }

    /// With the first columns turned by the rows' positions where these are rotations.
    fn turned(&self, x: Tensor<2>, config: &EncoderConfig, columns: usize, positions: Positions) -> Tensor<2> {
        if !config.turns() {
            return x;
        }
        let how = Rotary {
            base: self.rotary_base,
            head_width: config.width / config.heads,
            columns,
            positions,
        };
        cloze_kernels::rotary(x, &how)
    }
}

/// A block for every group of layers; `first` says what the first one reads.
pub(crate) fn blocks(config: &EncoderConfig, first: Reads, init: &Init) -> Vec<Block> {
    let reads = |block: usize| if block == 0 { first } else { Reads::Raw };
    let block = |block: usize| {
        let base = config.rotary_base(block);
        Block::new(config, reads(block), base, &init.at("blocks").at(block))
    };
    (0..config.blocks()).map(block).collect()
}

/// Some layers, counted from 0, each through its block; the last one at `rows` alone where these are given.
///
/// # Shapes
/// - `x`: `[N, D]`, `rows`: `[M]`, result: `[N, D]`, with rows `[M, D]`
pub(crate) fn through(
    blocks: &[Block],
    x: Tensor<2>,
    layers: Range<usize>,
    pass: &Pass<'_>,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    layers.fold(x, |x, layer| {
        let rows = rows.as_ref().filter(|_| layer + 1 == pass.config.layers);
        let x = pass.read(x, layer);
        blocks[pass.config.block_of(layer)].forward(x, pass, layer + 1, rows)
    })
}
