//! The generator beside the encoder: a masked language model whose samples take the place of hidden tokens. Files named here
//! are those of google-research/electra.

use crate::tensors::{answers, cross_entropy, gather, guesses, numbers, pass, tensor_ids};
use crate::{Batch, Sizes};
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use cloze_backbone::{Dense, Disentangled, Encoder, EncoderConfig, Init, LayerNorm, Trunk, VocabularyHead};
use cloze_corpus::Vocabulary;
use cloze_foundation::{Draw, Fault, Place, Result};
use cloze_kernels::CrossEntropy;

/// What a generator has of the encoder beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shares {
    /// Nothing.
    Nothing,
    /// The tables of tokens, positions and segments, under a norm of its own.
    Tables,
    /// The tables and their norm.
    Embeddings,
    /// Everything but the head.
    Everything,
}

/// A generator to be built.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The network; with [`Shares::Everything`] the encoder's own.
    pub(crate) network: EncoderConfig,
    pub(crate) shares: Shares,
    /// E, the width of the encoder's tables.
    table: usize,
}

impl Plan {
    pub(crate) fn new(encoder: &EncoderConfig, network: EncoderConfig, shares: Shares) -> Self {
        let table = encoder.table_width();
        Self { network, shares, table }
    }

    /// Whether what it has of the encoder's embeddings has to be projected (`model/modeling.py`, `embeddings_project`).
    fn projects(&self) -> bool {
        matches!(self.shares, Shares::Tables | Shares::Embeddings) && self.network.width != self.table
    }

    /// The width of the table that its head is tied to.
    fn tied(&self) -> usize {
        match self.shares {
            Shares::Nothing => self.network.table_width(),
            Shares::Tables | Shares::Embeddings | Shares::Everything => self.table,
        }
    }

    /// The encoder that is trained beside the shared one, if it is another.
    pub(crate) fn helper(&self) -> Option<EncoderConfig> {
        (self.shares != Shares::Everything).then(|| self.network.clone())
    }

    /// Forward FLOPs: 2·N·E·G of the projection, the body with its last block read at the M predicted positions, and 2·M·E·(G + V) of the
    /// head there.
    pub(crate) fn forward_flops(&self, vocabulary: usize, sizes: &Sizes) -> f64 {
        let Sizes {
            windows,
            length,
            predicted,
            ..
        } = *sizes;
        let width = self.network.width;
        let projected = if self.projects() { windows * length } else { 0 };
        2.0 * (projected * self.table * width) as f64
            + self.network.forward_flops_at(windows, length, false, predicted)
            + VocabularyHead::forward_flops(width, self.tied(), vocabulary, predicted)
    }
}

/// An encoder like this one of another width and depth, on embeddings that are projected for it: a head for every 64 columns,
/// but one at least, and a feed-forward layer in proportion (`get_generator_config` in `run_pretraining.py`, where it is 4 G
/// because BERT's is 4 D). Its layers share blocks as the encoder's do where they can be divided so.
fn network(encoder: &EncoderConfig, width: usize, layers: usize) -> EncoderConfig {
    EncoderConfig {
        heads: (width / 64).max(1),
        feed_forward: (encoder.feed_forward * width).div_ceil(encoder.width.max(1)),
        width,
        ..of_depth(encoder, layers)
    }
}

/// [`network`] of a share of the encoder's width.
pub(crate) fn of_share(encoder: &EncoderConfig, share: f64, layers: usize) -> EncoderConfig {
    network(
        encoder,
        (share * encoder.width as f64).round_ties_even() as usize,
        layers,
    )
}

/// The share of the encoder's width that a share is rounded to.
///
/// # Errors
/// A width that does not divide into heads, at `generator_width`, with the nearest shares that do.
pub(crate) fn divided(encoder: &EncoderConfig, share: f64) -> Result<f64> {
    let width = of_share(encoder, share, 1).width;
    let rounded = |width: usize| width as f64 / encoder.width as f64;
    let fits = |width: &usize| network(encoder, *width, 1).divides_into_heads();
    if fits(&width) {
        return Ok(rounded(width));
    }
    let what = format!(
        "{share} of a width of {} is a generator of width {width}, which does not divide into heads of an even width",
        encoder.width
    );
    let near = [(1..width).rev().find(fits), (width + 1..=encoder.width).find(fits)];
    let near = near.into_iter().flatten();
    Err(Fault::usage(what)
        .at(Place::key("generator_width"))
        .allowed(near.map(|width| format!("{} for {width}", rounded(width)))))
}

/// Whether a generator is no deeper than the encoder that it helps.
///
/// # Errors
/// More layers, at `generator_layers`.
pub(crate) fn no_deeper(encoder: &EncoderConfig, layers: Option<usize>) -> Result<()> {
    match layers.filter(|layers| *layers > encoder.layers) {
        None => Ok(()),
        Some(layers) => {
            let what = format!(
                "a generator of {layers} layers is deeper than the encoder, which has {}",
                encoder.layers
            );
            Err(Fault::usage(what)
                .at(Place::key("generator_layers"))
                .allowed([format!("1 to {}", encoder.layers)])
                .remedy("a generator is the smaller of the two"))
        }
    }
}

/// An encoder like this one of another depth, without a decoder and without value embeddings: it is the smaller of the two, and
/// where it shares embeddings its blocks know no tokens.
pub(crate) fn of_depth(encoder: &EncoderConfig, layers: usize) -> EncoderConfig {
    let fit = |groups: &usize| *groups < layers && layers.is_multiple_of(*groups);
    EncoderConfig {
        layers,
        layer_groups: encoder.layer_groups.filter(fit),
        embedding_width: None,
        disentangled: encoder.disentangled.map(Disentangled::without_decoder),
        embedding_residual: encoder.embedding_residual && layers > 1,
        value_embeddings: false,
        ..encoder.clone()
    }
}

/// A generator. No gradient flows to it from who reads its samples: what passes between them are integers.
#[derive(Module, Debug)]
pub(crate) struct Generator {
    /// Over E, where the encoder's tables are shared and their norm is not.
    generator_norm: Option<LayerNorm>,
    /// `[E, G]`, G the generator's width; none where that is E, or where embeddings are not shared alone.
    generator_project: Option<Dense>,
    /// Its body, where embeddings are shared alone.
    generator: Option<Trunk>,
    /// Its body and embeddings, where nothing is shared.
    generator_encoder: Option<Encoder>,
    generator_head: VocabularyHead,
}

impl Generator {
    pub(crate) fn new(plan: &Plan, vocabulary: &Vocabulary, init: &Init) -> Self {
        let Plan { network, shares, table } = plan;
        let beside = matches!(shares, Shares::Tables | Shares::Embeddings);
        // A norm like those of the network, whatever its width is.
        let norm = || LayerNorm::of(network, *table, &init.at("generator_norm"));
        let project = || Dense::new(*table, network.width, true, &init.at("generator_project"));
        let whole = || Encoder::new(network, vocabulary.size, &init.at("generator_encoder"));
        Self {
            generator_norm: (*shares == Shares::Tables && network.norms_embeddings()).then(norm),
            generator_project: plan.projects().then(project),
            generator: beside.then(|| Trunk::new(network, &init.at("generator"))),
            generator_encoder: (*shares == Shares::Nothing).then(whole),
            generator_head: VocabularyHead::new(network, plan.tied(), vocabulary.size, &init.at("generator_head")),
        }
    }

    /// The table that the head is tied to.
    fn table(&self, encoder: &Encoder) -> Tensor<2> {
        self.generator_encoder.as_ref().unwrap_or(encoder).tokens.val()
    }

    /// The hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, G]`
    pub(crate) fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let how = pass(batch, dropout);
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let Some(body) = &self.generator else {
            let whole = self.generator_encoder.as_ref().unwrap_or(encoder);
            return whole.forward_at(ids, &how, rows);
        };
        let embedded = match &self.generator_norm {
            Some(norm) => encoder.embed_under(norm, ids, &how),
            None => encoder.embed(ids, &how),
        };
        let projected = match &self.generator_project {
            Some(project) => project.forward(embedded),
            None => embedded,
        };
        body.forward_at(projected, &how, rows)
    }

    /// From its hidden states.
    pub(crate) fn cross_entropy(
        &self,
        encoder: &Encoder,
        hidden: Tensor<2>,
        batch: &Batch,
        training: bool,
    ) -> CrossEntropy {
        cross_entropy(&self.generator_head, hidden, self.table(encoder), batch, training)
    }

    /// What it loses on every target of a batch.
    pub(crate) fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        let hidden = self.hidden(encoder, batch, None);
        numbers(self.cross_entropy(encoder, hidden, batch, false).each)
    }

    /// The most probable id at every predicted position.
    pub(crate) fn guesses(&self, encoder: &Encoder, batch: &Batch) -> Vec<u32> {
        let hidden = self.hidden(encoder, batch, None);
        guesses(&self.generator_head, hidden, self.table(encoder), batch)
    }

    /// As [`guesses`](Self::guesses), the most probable ones with their probabilities.
    pub(crate) fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Vec<Vec<(u32, f32)>> {
        let hidden = self.hidden(encoder, batch, None);
        answers(&self.generator_head, hidden, self.table(encoder), batch, count)
    }

    /// The batch with samples at the predicted positions, and originals everywhere else; never the original where it is
    /// disallowed (`disallow_correct` in `configure_pretraining.py`).
    ///
    /// A position of weight w gets w samples; `scatter_update` in `pretrain/pretrain_helpers.py` puts their integer mean
    /// there, which is some unrelated token (issue #41 of that repository).
    ///
    /// # Shapes
    /// - `hidden`: `[M, G]`, result: N ids
    pub(crate) fn propose(
        &self,
        encoder: &Encoder,
        hidden: Tensor<2>,
        batch: &Batch,
        seed: u64,
        disallow_correct: bool,
    ) -> Vec<u32> {
        let rows: Vec<u32> = (0..)
            .zip(&batch.weights)
            .flat_map(|(row, weight)| std::iter::repeat_n(row, *weight as usize))
            .collect();
        if rows.is_empty() {
            return batch.originals.clone();
        }
        // The tape has no use for these logits: the head is frozen and its inputs leave the tape.
        let head = self.generator_head.clone().valid();
        let table = self.table(encoder).inner();
        let mut logits = head.logits(gather(hidden.inner(), &rows), table);
        if disallow_correct {
            let targets: Vec<u32> = rows.iter().map(|row| batch.targets[*row as usize]).collect();
            logits = without(logits, &targets);
        }
        let samples = cloze_kernels::sample(logits, seed);
        means(batch, samples.into_data().iter::<u32>())
    }
}

/// Logits that leave one id out in every row.
///
/// # Shapes
/// - `logits` and result: `[M, V]`, `ids`: M of them
fn without(logits: Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let ([rows, columns], device) = (logits.dims(), logits.device());
    let left_out = tensor_ids(ids, &device).reshape([rows, 1]).expand([rows, columns]);
    let all = Tensor::<1, Int>::arange(0..columns as i64, &device);
    let all = all.reshape([1, columns]).expand([rows, columns]);
    logits.mask_fill(all.equal(left_out), -1e9)
}

/// The batch's originals with the integer mean of as many samples as its weight says at every predicted position.
fn means(batch: &Batch, mut samples: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut replaced = batch.originals.clone();
    for (position, weight) in batch.positions.iter().zip(&batch.weights) {
        let count = *weight as usize;
        let sum: u64 = samples.by_ref().take(count).map(u64::from).sum();
        if let Some(mean) = sum.checked_div(count as u64) {
            replaced[*position as usize] = mean as u32;
        }
    }
    replaced
}

#[cfg(test)]
mod tests;
