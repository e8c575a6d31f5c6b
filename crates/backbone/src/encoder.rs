//! The encoder: embeddings, blocks, hidden states as `[N, D]`.

use crate::alike::Alike;
use crate::block::{Block, Pass, Reads, blocks, through};
use crate::embedding_residual::EmbeddingResidual;
use crate::forward::ids as tensor_ids;
use crate::init::STANDARD_DEVIATION;
use crate::relative::RelativePositions;
use crate::value_embeddings::ValueEmbeddings;
use crate::{Absolute, Dense, EncoderConfig, Forward, Init, LayerNorm, QueryStream};
use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor};

/// How often an enhanced mask decoder goes through the last block.
pub(crate) const DECODED: usize = 2;

/// The shared encoder.
///
/// `bert` is Devlin et al. 2019; its segment embeddings are there where an objective has more than one segment. `modern`
/// is ModernBERT (Warner et al. 2024) with full attention in every block: its norms and biases stand where they stand there,
/// with its epsilons (`tests/parity`).
#[derive(Module, Debug)]
pub struct Encoder {
    /// Token embeddings, `[V, E]`; the table that vocabulary heads are tied to.
    pub tokens: Param<Tensor<2>>,
    /// Learned positions, `[window, E]`: of `bert`, unless its attention knows how far apart tokens are.
    positions: Option<Param<Tensor<2>>>,
    /// Learned segments, `[segments, E]`, if there is more than one.
    segments: Option<Param<Tensor<2>>>,
    /// Over E.
    norm: Option<LayerNorm>,
    /// `[E, D]`, where E is not D (Lan et al. 2020; transformers, `modeling_albert.py`: `embedding_hidden_mapping_in`).
    project: Option<Dense>,
    /// Of disentangled attention, one for all blocks.
    relative: Option<RelativePositions>,
    /// One for every group of layers.
    blocks: Vec<Block>,
    /// The embeddings before later layers, where these read them.
    residual: Option<EmbeddingResidual>,
    /// What tokens add to the values of later layers, where they do.
    values: Option<ValueEmbeddings>,
    final_norm: Option<LayerNorm>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Encoder {
    /// Draws an encoder. Its parameters depend on (seed, path) only, not on the objective around it.
    pub fn new(config: &EncoderConfig, vocabulary: usize, init: &Init) -> Self {
        let (width, embedding, biases) = (config.width, config.table_width(), config.biases());
        let norm = |name: &str, width| LayerNorm::of(config, width, &init.at(name));
        let table = |name: &str, rows| init.normal(name, [rows, embedding], STANDARD_DEVIATION);
        let first = if config.first_reads_normed() {
            Reads::Normed
        } else {
            Reads::Raw
        };
        Self {
            tokens: table("tokens", vocabulary),
            positions: config.position_rows().map(|rows| table("positions", rows)),
            segments: (config.segment_rows() > 0).then(|| table("segments", config.segments)),
            norm: config.norms_embeddings().then(|| norm("norm", embedding)),
            project: config
                .projects()
                .then(|| Dense::new(embedding, width, biases, &init.at("project"))),
            relative: RelativePositions::of(config, init),
            blocks: blocks(config, first, init),
            residual: EmbeddingResidual::of(config, &init.at("residual")),
            values: ValueEmbeddings::of(config, vocabulary, &init.at("values")),
            final_norm: config.norms_before().then(|| norm("final_norm", width)),
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

    /// How blocks go over states that begin as `x`, where `ids` are read.
    ///
    /// # Shapes
    /// - `x`: `[N, D]`, `ids`: `[N]`
    fn pass<'a>(&'a self, how: &'a Forward, x: &Tensor<2>, ids: Tensor<1, Int>) -> Pass<'a> {
        let values = self.values.as_ref();
        Pass {
            config: &self.config,
            how,
            relative: self.relative.as_ref().map(RelativePositions::normed),
            residual: self.residual.as_ref().map(|residual| (residual, x.clone())),
            values: values.map(|values| (values, values.rows(ids))),
        }
    }

    /// # Shapes
    /// - `ids`: `[N]` with N = batch · length, result: `[N, D]`
    pub fn forward(&self, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        let x = self.read(ids.clone(), how);
        let pass = self.pass(how, &x, ids);
        let last = through(&self.blocks, x, 0..self.config.layers, &pass, None);
        self.finish(last)
    }

    /// [`forward`](Self::forward) at some positions. Nothing reads the last block's other outputs, so what follows its
    /// queries, keys and values is computed for these alone: in a masked objective that is most of the block.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, `rows`: `[M]` in `0..N`, result: `[M, D]`
    pub fn forward_at(&self, ids: Tensor<1, Int>, how: &Forward, rows: Tensor<1, Int>) -> Tensor<2> {
        let last = match (Alike::of(self, &ids, how), self.blocks.first()) {
            (Some(alike), Some(first)) => {
                let x = self.read(alike.ids, &alike.how);
                let pass = self.pass(how, &x, ids);
                let is_last = self.config.layers == 1;
                let x = first.forward_alike(x, alike.kinds, &pass, is_last.then_some(&rows));
                through(
                    &self.blocks,
                    x,
                    1..self.config.layers,
                    &pass,
                    (!is_last).then_some(rows),
                )
            }
            _ => {
                let x = self.read(ids.clone(), how);
                let pass = self.pass(how, &x, ids);
                through(&self.blocks, x, 0..self.config.layers, &pass, Some(rows))
            }
        };
        self.finish(last)
    }

    /// [`forward_at`](Self::forward_at) for predictions of tokens. With an enhanced mask decoder the last block is gone through
    /// twice by queries that begin as its input plus their absolute positions, over keys and values of that input
    /// (He et al. 2021, section 3.2; microsoft/DeBERTa, `apps/models/masked_language_model.py`: `emd_context_layer`).
    ///
    /// # Shapes
    /// - `ids`: `[N]`, `rows`: M of them below N, result: `[M, D]`
    pub fn decoded_at(&self, ids: Tensor<1, Int>, how: &Forward, rows: &[u32]) -> Tensor<2> {
        let at = tensor_ids(rows, &self.device());
        let decoder = self.config.absolute() == Absolute::Decoder;
        let Some(positions) = self.positions.as_ref().filter(|_| decoder) else {
            return self.forward_at(ids, how, at);
        };
        let (x, last) = (self.read(ids.clone(), how), self.config.layers - 1);
        let pass = self.pass(how, &x, ids);
        let x = through(&self.blocks, x, 0..last, &pass, None);
        let states = x.clone().select(0, at);
        let stream = QueryStream {
            embedded: states.clone(),
            rows: rows.to_vec(),
            visibility: how.visibility.clone(),
        };
        let queries = stream.how(how).with_positions(states, positions.val());
        let block = &self.blocks[self.config.block_of(last)];
        let content = block.projected(x, &pass, self.config.layers);
        let twice = self.config.layers..self.config.layers + DECODED;
        let decoded = twice.fold(queries, |queries, layer| {
            block.forward_queries(queries, content.clone(), &pass, layer, &stream)
        });
        self.finish(decoded)
    }

    /// The embeddings and each block's output; the last one is what [`forward`](Self::forward) gives (in `modern`,
    /// after the final norm).
    ///
    /// # Shapes
    /// - `ids`: `[N]`, results: layers + 1 of `[N, D]`
    pub fn layers(&self, ids: Tensor<1, Int>, how: &Forward) -> Vec<Tensor<2>> {
        let mut states = vec![self.read(ids.clone(), how)];
        let pass = self.pass(how, &states[0], ids);
        for layer in 0..self.config.layers {
            let block = &self.blocks[self.config.block_of(layer)];
            states.push(block.forward(pass.read(states[layer].clone(), layer), &pass, layer + 1, None));
        }
        let last = states.pop().map(|last| self.finish(last));
        states.extend(last);
        states
    }

    /// Beside what [`layers`](Self::layers) gives, the entropy of every row's attention by layer, in nats.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, results: layers + 1 of `[N, D]`, layers of `[N, H]`
    pub fn layers_with_entropy(&self, ids: Tensor<1, Int>, how: &Forward) -> (Vec<Tensor<2>>, Vec<Tensor<2>>) {
        let states = self.layers(ids.clone(), how);
        let pass = self.pass(how, &states[0], ids);
        let of_layer = |layer: usize| {
            let block = &self.blocks[self.config.block_of(layer)];
            block.attention_entropy(pass.read(states[layer].clone(), layer), &pass, layer + 1)
        };
        let entropies = (0..self.config.layers).map(of_layer).collect();
        (states, entropies)
    }

    /// The embeddings, normalised where this encoder does so, and with dropout.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[N, E]`
    pub fn embed(&self, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        self.embed_with(self.norm.as_ref(), ids, how)
    }

    /// [`embed`](Self::embed) under another norm.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[N, E]`
    pub fn embed_under(&self, norm: &LayerNorm, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        self.embed_with(Some(norm), ids, how)
    }

    fn embed_with(&self, norm: Option<&LayerNorm>, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        self.embedded(
            cloze_kernels::embedding(self.tokens.val(), ids),
            norm,
            how,
            "embeddings",
        )
    }

    /// What the blocks read.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[N, D]`
    fn read(&self, ids: Tensor<1, Int>, how: &Forward) -> Tensor<2> {
        self.projected(self.embed(ids, how))
    }

    /// # Shapes
    /// - `x`: `[N, E]`, result: `[N, D]`
    fn projected(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.project {
            Some(project) => project.forward(x),
            None => x,
        }
    }

    /// A query stream's states after the last block, over the content that `ids` are; nothing reads the last block's content.
    ///
    /// # Shapes
    /// - `ids`: `[N]`, result: `[M, D]`
    pub fn forward_queries(&self, ids: Tensor<1, Int>, how: &Forward, stream: &QueryStream) -> Tensor<2> {
        let mut x = self.read(ids.clone(), how);
        let pass = self.pass(how, &x, ids);
        let mut g = self.projected(self.embedded(
            stream.embedded.clone(),
            self.norm.as_ref(),
            &stream.how(how),
            "query-embeddings",
        ));
        // What queries begin with. Keys and values are the content's, and so is what they know of tokens and positions.
        let of_queries = Pass {
            residual: self.residual.as_ref().map(|residual| (residual, g.clone())),
            relative: None,
            values: None,
            ..pass
        };
        for layer in 1..=self.config.layers {
            let block = &self.blocks[self.config.block_of(layer - 1)];
            (x, g) = (pass.read(x, layer - 1), of_queries.read(g, layer - 1));
            // Both streams read the same keys and values.
            let content = block.projected(x.clone(), &pass, layer);
            g = block.forward_queries(g, content.clone(), &pass, layer, stream);
            if layer < self.config.layers {
                x = block.attending(x, content, &pass, layer, None);
            }
        }
        self.finish(g)
    }

    /// With positions and segments, normalised if there is a norm, and with dropout.
    ///
    /// # Shapes
    /// - `x` and result: `[N, E]`
    fn embedded(&self, x: Tensor<2>, norm: Option<&LayerNorm>, how: &Forward, place: &str) -> Tensor<2> {
        let x = match &self.positions {
            Some(table) if self.config.absolute() == Absolute::Embeddings => how.with_positions(x, table.val()),
            _ => x,
        };
        let x = match &self.segments {
            Some(table) => how.with_segments(x, table.val()),
            None => x,
        };
        let x = match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        cloze_kernels::dropout(x, how.dropout(self.config.dropout, 0, place))
    }

    /// The encoder on tables that are its own, from which no gradient returns, and what is added to them (He et al. 2023,
    /// DeBERTaV3: gradient-disentangled embedding sharing). Only what is added is learnt from.
    ///
    /// # Shapes
    /// - `tokens`: `[V, E]`, `positions`: `[window, E]`
    pub fn with_added(&self, tokens: Tensor<2>, positions: Option<Tensor<2>>) -> Self {
        let plus = |table: &Param<Tensor<2>>, added: Tensor<2>| {
            let table = table.val();
            let constant = if table.is_autodiff() {
                Tensor::from_inner(table.inner())
            } else {
                table
            };
            Param::initialized(ParamId::new(), constant + added)
        };
        let positions = match (&self.positions, positions) {
            (Some(table), Some(added)) => Some(plus(table, added)),
            _ => self.positions.clone(),
        };
        Self {
            tokens: plus(&self.tokens, tokens),
            positions,
            ..self.clone()
        }
    }

    fn finish(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.final_norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}
