//! All-Tokens MLM (Clark et al. 2020, section 3.4): the encoder reads a generator's samples and predicts every token, with a
//! gate that copies the token it reads. No implementation was released, so there is no mode.

use crate::electra::GENERATOR_SCORE;
use crate::laws::Rate;
use crate::proposed::Judge;
use crate::replace_mlm::Proposing;
use crate::scoring::{Answerer, Rule, every_position};
use crate::tensors::{FORWARD_AND_BACKWARD, numbers, pass, tensor_ids, tensor_weights};
use crate::{Batch, Entry, Example, Heads, Objective, Sizes};
use burn::module::Module;
use burn::tensor::{Tensor, activation};
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Result};
use cloze_kernels::CrossEntropy;
use cloze_options::Options;

/// Prediction of every token of a text that a generator has changed.
pub static ENTRY: Entry = Entry {
    name: "all-tokens-mlm",
    version: 1,
    title: "All-Tokens MLM",
    citation: "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators, section 3.4",
    summary: "A small generator fills in hidden tokens; the encoder predicts every token, copying those that it trusts.",
    options: Proposing::fields,
    scores: &[
        Rule::new(
            "copy",
            "sum over the tokens of log p(token), copied or predicted, from one pass over the sentence as it is",
            Answerer::Discriminator,
            every_position,
        ),
        GENERATOR_SCORE,
    ],
    configure: |written| Ok(Box::new(AllTokensMlm(Proposing::read(written)?))),
};

struct AllTokensMlm(Proposing);

impl Objective for AllTokensMlm {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn weighed_by(&self) -> Option<(&'static str, Rate)> {
        self.0.weighed_by()
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        self.0.reaches(encoder)
    }

    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        Ok(self.0.fitted(encoder)?.write())
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.slots(progress).asked(window, vocabulary))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        self.0.corrupt(window, vocabulary, progress, draw)
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let copier = Copier {
            head: VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head")),
            gate: Dense::new(encoder.width, 1, true, &init.at("gate")),
        };
        self.0.heads(encoder, vocabulary, init, copier, ENTRY.scores)
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        self.0.plan(encoder).helper().into_iter().collect()
    }

    /// Every token of a window is.
    fn predictions(&self, sizes: &Sizes) -> usize {
        sizes.windows * sizes.length
    }

    /// 3 × (encoder forward at all N positions + 2·N·E·(D + V) of the vocabulary head and 2·N·D of the gate at every one of them + the
    /// generator: 2·N·E·G of the projection where G is not E, its own body read at the M hidden positions, 2·M·E·(G + V) of its head).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let all = sizes.windows * sizes.length;
        let head = VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, all);
        let gate = 2.0 * (all * encoder.width) as f64;
        let body = encoder.forward_flops(sizes.windows, sizes.length, false);
        FORWARD_AND_BACKWARD * (body + head + gate + self.0.plan(encoder).forward_flops(vocabulary, sizes))
    }
}

/// p(token) = D · 1\[the token is read\] + (1 - D) · softmax(token), D the sigmoid of one number a position.
#[derive(Module, Debug)]
struct Copier {
    head: VocabularyHead,
    /// `[D, 1]`.
    gate: Dense,
}

impl Copier {
    /// log D - log(1 - D).
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, result: `[M]`
    fn gates(&self, hidden: Tensor<2>) -> Tensor<1> {
        // Each row by itself: the sums of a product with one column depend on how many rows there are.
        let logits = (hidden * self.gate.weight.val().transpose())
            .sum_dim(1)
            .flatten::<1>(0, 1);
        match &self.gate.bias {
            Some(bias) => logits + bias.val(),
            None => logits,
        }
    }

    /// What is lost on each of some tokens, with the share of it that is the softmax's: the probability that the token was
    /// predicted and not copied.
    fn shares(&self, hidden: Tensor<2>, table: Tensor<2>, read: &[u32], targets: &[u32]) -> Vec<Lost> {
        let device = hidden.device();
        let gates = numbers(self.gates(hidden.clone()));
        let (ids, ones) = (
            tensor_ids(targets, &device),
            tensor_weights(&vec![1.0; targets.len()], &device),
        );
        let each = numbers(self.head.cross_entropy(hidden, table, ids, ones, None).each);
        let tokens = gates.iter().zip(&each).zip(read.iter().zip(targets));
        tokens
            .map(|((gate, each), (read, target))| Lost::of(*gate, *each, read == target))
            .collect()
    }
}

/// What is lost on a token.
#[derive(Clone, Copy, Debug)]
struct Lost {
    /// -log p(token).
    loss: f32,
    /// p(predicted and not copied | the token).
    predicted: f32,
}

impl Lost {
    /// From the gate's log odds and what the softmax loses.
    fn of(gate: f32, softmax: f32, is_read: bool) -> Self {
        let (gate, softmax) = (f64::from(gate), f64::from(softmax));
        // -log σ(x), for any x.
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let predicted = softplus(gate) + softmax;
        if !is_read {
            return Self {
                loss: predicted as f32,
                predicted: 1.0,
            };
        }
        // -log(D + (1 - D) p), the larger part taken out.
        let copied = softplus(-gate);
        let least = copied.min(predicted);
        let loss = least - ((least - copied).exp() + (least - predicted).exp()).ln();
        Self {
            loss: loss as f32,
            predicted: (loss - predicted).exp() as f32,
        }
    }
}

/// What a sum has beside the weighed losses of its rows.
fn beside(found: &CrossEntropy, weights: &[f32]) -> f64 {
    let each = numbers(found.each.clone());
    let losses = each.iter().zip(weights);
    let losses: f64 = losses.map(|(loss, weight)| f64::from(*loss) * f64::from(*weight)).sum();
    f64::from(found.sum.clone().into_scalar::<f32>()) - losses
}

impl Judge for Copier {
    /// The gradient of a mixture's log-likelihood is that of its parts', each weighed by the probability that it was the
    /// source (as in expectation maximisation), so that the softmax goes through the vocabulary head's own kernel.
    fn loss(&self, encoder: &Encoder, proposed: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<1> {
        let device = encoder.device();
        let count = proposed.len().max(1) as f64;
        let hidden = encoder.forward(tensor_ids(proposed, &device), &pass(batch, dropout));
        let frozen = self.clone().valid();
        let table = encoder.tokens.val();
        let lost = frozen.shares(
            hidden.clone().inner(),
            table.clone().inner(),
            proposed,
            &batch.originals,
        );
        let predicted: Vec<f32> = lost.iter().map(|lost| lost.predicted).collect();
        let weights = tensor_weights(&predicted, &device);
        let targets = tensor_ids(&batch.originals, &device);
        // Every softmax has its z-loss, whether it was the source or not.
        let counted = dropout.map(|_| tensor_weights(&vec![1.0; predicted.len()], &device));
        let found = self
            .head
            .cross_entropy(hidden.clone(), table, targets, weights.clone(), counted);
        let z_loss = match encoder.config().z_loss > 0.0 && dropout.is_some() {
            true => beside(&found, &predicted),
            false => 0.0,
        };
        let softmax = found.sum;
        let gates = self.gates(hidden);
        let copied = weights.clone().neg() + 1.0;
        let gate =
            (activation::log_sigmoid(gates.clone().neg()) * weights + activation::log_sigmoid(gates) * copied).sum();
        let parts = (softmax - gate) / count;
        // Its value is another: the uncertainty about the source is part of it.
        let value = lost.iter().map(|lost| f64::from(lost.loss)).sum::<f64>() / count + z_loss / count;
        let of_parts = f64::from(parts.clone().into_scalar::<f32>());
        parts + (value - of_parts)
    }

    fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let hidden = encoder.forward_at(ids, &pass(batch, None), rows);
        let read: Vec<u32> = batch.positions.iter().map(|row| batch.inputs[*row as usize]).collect();
        let lost = self.shares(hidden, encoder.tokens.val(), &read, &batch.targets);
        lost.iter().map(|lost| lost.loss).collect()
    }
}

#[cfg(test)]
mod tests;
