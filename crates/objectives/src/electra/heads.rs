//! What ELECTRA puts on the encoder: the generator beside it and the discriminator's head. Files named here are those of
//! google-research/electra.

use super::ENTRY;
use crate::scoring::{Answerer, Rule};
use crate::tensors::{cross_entropy, gather, guesses, mean, numbers, pass, tensor_ids, tensor_weights};
use crate::{Batch, Heads, Loss};
use burn::module::Module;
use burn::tensor::{Tensor, activation};
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, Trunk, VocabularyHead};
use cloze_corpus::Vocabulary;
use cloze_foundation::Draw;
use cloze_kernels::CrossEntropy;

/// A head that makes the encoder the discriminator, and a generator that shares the encoder's embeddings (tokens,
/// positions, their norm).
///
/// No gradient flows from the discriminator to the generator: what passes between them are integers.
#[derive(Module, Debug)]
pub(super) struct ElectraHeads {
    /// `[D, G]`, G the generator's width; none where that is D (`model/modeling.py`, `embeddings_project`).
    generator_project: Option<Dense>,
    generator: Trunk,
    generator_head: VocabularyHead,
    /// `[D, D]`.
    discriminator_dense: Dense,
    /// `[D, 1]`.
    discriminator_output: Dense,
    discriminator_weight: f64,
    denominator_added: f64,
}

impl ElectraHeads {
    /// On an encoder of width `width`, with the discriminator's weight and what is added to the denominator of the
    /// generator's loss.
    pub(super) fn new(
        width: usize,
        generator: &EncoderConfig,
        vocabulary: &Vocabulary,
        init: &Init,
        [discriminator_weight, denominator_added]: [f64; 2],
    ) -> Self {
        let dense = |input, output, name: &str| Dense::new(input, output, true, &init.at(name));
        Self {
            generator_project: (generator.width != width).then(|| dense(width, generator.width, "generator_project")),
            generator: Trunk::new(generator, &init.at("generator")),
            generator_head: VocabularyHead::new(generator, width, vocabulary.size, &init.at("generator_head")),
            discriminator_dense: dense(width, width, "discriminator_dense"),
            discriminator_output: dense(width, 1, "discriminator_output"),
            discriminator_weight,
            denominator_added,
        }
    }

    /// The generator's hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, G]`
    fn generate(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let how = pass(batch, dropout);
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let embedded = encoder.embed(ids, &how);
        let projected = match &self.generator_project {
            Some(project) => project.forward(embedded),
            None => embedded,
        };
        self.generator.forward_at(projected, &how, rows)
    }

    /// Of the generator, from its hidden states.
    fn cross_entropy(&self, encoder: &Encoder, generated: Tensor<2>, batch: &Batch) -> CrossEntropy {
        cross_entropy(&self.generator_head, generated, encoder.tokens.val(), batch)
    }

    /// The batch as the discriminator reads it: originals, with samples from the generator at the predicted positions.
    ///
    /// A position of weight w gets w samples; `scatter_update` in `pretrain/pretrain_helpers.py` puts their integer mean
    /// there, which is some unrelated token (issue #41 of that repository).
    ///
    /// # Shapes
    /// - `generated`: `[M, G]`, result: N ids
    fn propose(&self, encoder: &Encoder, generated: Tensor<2>, batch: &Batch, seed: u64) -> Vec<u32> {
        let mut replaced = batch.originals.clone();
        let rows: Vec<u32> = (0..)
            .zip(&batch.weights)
            .flat_map(|(row, weight)| std::iter::repeat_n(row, *weight as usize))
            .collect();
        if rows.is_empty() {
            return replaced;
        }
        // The tape has no use for these logits: the head is frozen and its inputs leave the tape.
        let head = self.generator_head.clone().valid();
        let table = encoder.tokens.val().inner();
        let samples = cloze_kernels::sample(head.logits(gather(generated.inner(), &rows), table), seed);
        let mut samples = samples.into_data().iter::<u32>().collect::<Vec<u32>>().into_iter();
        for (position, weight) in batch.positions.iter().zip(&batch.weights) {
            let count = *weight as usize;
            let sum: u64 = samples.by_ref().take(count).map(u64::from).sum();
            if let Some(mean) = sum.checked_div(count as u64) {
                replaced[*position as usize] = mean as u32;
            }
        }
        replaced
    }

    /// log p(replaced) - log p(original) for every position.
    ///
    /// # Shapes
    /// - `ids`: N of them, result: `[N, 1]`
    fn judge(&self, encoder: &Encoder, ids: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let ids = tensor_ids(ids, &encoder.device());
        self.verdicts(encoder.forward(ids, &pass(batch, dropout)))
    }

    /// The same from hidden states.
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, result: `[M, 1]`
    fn verdicts(&self, hidden: Tensor<2>) -> Tensor<2> {
        let states = cloze_kernels::gelu(self.discriminator_dense.forward(hidden));
        // Each row by itself: the sums of a product with one column depend on how many rows there are.
        let Dense { weight, bias, .. } = &self.discriminator_output;
        let logits = (states * weight.val().transpose()).sum_dim(1);
        match bias {
            Some(bias) => logits + bias.val().unsqueeze(),
            None => logits,
        }
    }
}

impl Heads for ElectraHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = |part: &str| training.then(|| draw.purpose(part));
        let generated = self.generate(encoder, batch, dropout("generator dropout"));
        let sum = self.cross_entropy(encoder, generated.clone(), batch).sum;
        let generator = mean(sum, &batch.weights, self.denominator_added);

        let proposed = self.propose(encoder, generated, batch, draw.purpose("generator sample").seed());
        // -1 where a token was replaced, 1 where it is the original: a correct guess is an original.
        let originals = proposed.iter().zip(&batch.originals);
        let signs: Vec<f32> = originals
            .map(|(now, before)| if now == before { 1.0 } else { -1.0 })
            .collect();
        let replaced = signs.iter().filter(|sign| **sign < 0.0).count() as f32 / signs.len().max(1) as f32;
        let logits = self
            .judge(encoder, &proposed, batch, dropout("dropout"))
            .flatten::<1>(0, 1);
        let device = logits.device();
        // log p(right verdict) is log σ(-logit) for an original and log σ(logit) for a replaced token. The mean is over
        // all positions, [CLS] and [SEP] included (`run_pretraining.py`), in both modes.
        let discriminator = activation::log_sigmoid(logits * -tensor_weights(&signs, &device))
            .mean()
            .neg();
        Loss::new(generator.clone() + discriminator.clone() * self.discriminator_weight)
            .with("generator", generator)
            .with("discriminator", discriminator)
            .with("replaced", tensor_weights(&[replaced], &device))
    }

    fn rules(&self) -> &[Rule] {
        ENTRY.scores
    }

    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32> {
        match rule.who {
            Answerer::Generator => numbers(
                self.cross_entropy(encoder, self.generate(encoder, batch, None), batch)
                    .each,
            ),
            Answerer::Encoder | Answerer::Discriminator => {
                let device = encoder.device();
                let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &device));
                let logits = self.verdicts(encoder.forward_at(ids, &pass(batch, None), rows));
                numbers(activation::log_sigmoid(logits.neg()).neg().flatten::<1>(0, 1))
            }
        }
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        Some(Answerer::Generator)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        let generated = self.generate(encoder, batch, None);
        Some(numbers(self.cross_entropy(encoder, generated, batch).each))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let generated = self.generate(encoder, batch, None);
        Some(guesses(&self.generator_head, generated, encoder.tokens.val(), batch))
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}
