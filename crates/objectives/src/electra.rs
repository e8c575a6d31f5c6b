//! ELECTRA: a small masked language model proposes replacements, the encoder tells which tokens were replaced (Clark et
//! al. 2020). Files named here are those of google-research/electra.

use crate::laws::{Fate, Mode, Pool, Rate, budget, choose, maskable};
use crate::scoring::{Answerer, Rule, each_masked, every_position};
use crate::tensors::{
    FORWARD_AND_BACKWARD, cross_entropy, gather, guesses, mean, numbers, pass, tensor_ids, tensor_weights,
};
use crate::{Batch, Entry, Example, Heads, Loss, Objective, Sizes};
use burn::module::Module;
use burn::tensor::{Tensor, activation};
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, Trunk, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::CrossEntropy;
use cloze_options::{Options, options};

/// Replaced-token detection.
pub static ENTRY: Entry = Entry {
    name: "electra",
    version: 1,
    title: "ELECTRA",
    citation: "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators",
    summary: "A small generator fills in hidden tokens; the encoder tells for every token whether it was replaced.",
    options: Settings::fields,
    scores: &[
        Rule::new(
            "discriminator",
            "sum over the tokens of log(1 - p(replaced)), from one pass over the sentence as it is",
            Answerer::Discriminator,
            every_position,
        ),
        Rule::new(
            "generator",
            "pseudo-log-likelihood by the generator, each token masked in turn",
            Answerer::Generator,
            each_masked,
        ),
    ],
    configure: |written| Ok(Box::new(Electra(Settings::read(written)?))),
};

// The defaults are those of the small model in `configure_pretraining.py`. The 0.85 is a constant in
// `pretrain/pretrain_helpers.py`, not one minus the rate.
options! {
    /// Options of ELECTRA.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that the generator predicts.
        rate: Rate = Rate::Fixed(0.15);
        /// The share of those that the generator sees as [MASK]; it sees the others as they are.
        masked: f64 = 0.85, from(0).to(1);
        /// The generator's width as a share of the encoder's.
        generator_width: f64 = 0.25, above(0).to(1);
        /// The weight of the discriminator's loss beside the generator's.
        discriminator_weight: f64 = 50.0, from(0);
    }
}

struct Electra(Settings);

impl Electra {
    /// The generator: as deep as the encoder, its width the given share, at least 32, rounded up to whole heads of the
    /// encoder's head width, and never wider than the encoder.
    fn generator(&self, encoder: &EncoderConfig) -> EncoderConfig {
        let head_width = (encoder.width / encoder.heads.max(1)).max(1);
        let share = (self.0.generator_width * encoder.width as f64).round() as usize;
        let width = share.max(32).next_multiple_of(head_width).min(encoder.width);
        EncoderConfig {
            width,
            heads: (width / head_width).max(1),
            feed_forward: (encoder.feed_forward * width).div_ceil(encoder.width.max(1)),
            ..encoder.clone()
        }
    }
}

impl Objective for Electra {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let settings = &self.0;
        let mut stream = draw.stream();
        let candidates: Vec<u32> = (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, settings.mode))
            .collect();
        let rate = settings.rate.at(progress);
        let mut example = match settings.mode {
            Mode::Corrected => {
                let count = budget(rate, candidates.len());
                Example::predicting(window, choose(candidates, count, &mut stream))
            }
            // `pretrain/pretrain_helpers.py` draws with replacement, and the rate is of all positions but padding. A
            // position drawn twice counts twice in the generator's loss: it has weight 2 here.
            Mode::Reference => {
                let length = window.ids.len() as f64;
                let slots = ((rate + 0.005) * length) as usize;
                let count = ((rate * length).round_ties_even() as usize).min(slots).max(1);
                let mut times = vec![0u8; window.ids.len()];
                for _ in 0..if candidates.is_empty() { 0 } else { count } {
                    let position = candidates[stream.below(candidates.len())] as usize;
                    times[position] = times[position].saturating_add(1);
                }
                let drawn = |position: &u32| times[*position as usize] > 0;
                let mut example = Example::predicting(window, candidates.into_iter().filter(drawn).collect());
                example.weights = example
                    .positions
                    .iter()
                    .map(|position| f32::from(times[*position as usize]))
                    .collect();
                example
            }
        };
        for (position, weight) in example.positions.iter().zip(&example.weights) {
            // Each time that a position was drawn is a chance to be masked.
            if (0..*weight as usize).any(|_| stream.chance(settings.masked)) {
                let inputs = &mut example.inputs;
                Fate::Mask.befall(
                    inputs,
                    [*position as usize],
                    vocabulary.special.mask,
                    Pool::Ids(&[]),
                    &mut stream,
                );
            }
        }
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let (width, generator) = (encoder.width, self.generator(encoder));
        let dense = |input, output, name: &str| Dense::new(input, output, true, &init.at(name));
        Box::new(ElectraHeads {
            generator_project: dense(width, generator.width, "generator_project"),
            generator: Trunk::new(&generator, &init.at("generator")),
            generator_head: VocabularyHead::new(generator.width, width, vocabulary.size, &init.at("generator_head")),
            discriminator_dense: dense(width, width, "discriminator_dense"),
            discriminator_output: dense(width, 1, "discriminator_output"),
            discriminator_weight: self.0.discriminator_weight,
            // `run_pretraining.py`.
            denominator_added: if self.0.mode == Mode::Reference { 1e-6 } else { 0.0 },
        })
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let generator = self.generator(encoder);
        let (tokens, width) = ((sizes.windows * sizes.length) as f64, encoder.width as f64);
        let bodies = encoder.forward_flops(sizes.windows, sizes.length, false)
            + generator.forward_flops_at(sizes.windows, sizes.length, false, sizes.predicted);
        let project = 2.0 * tokens * width * generator.width as f64;
        let proposals = VocabularyHead::forward_flops(generator.width, encoder.width, vocabulary, sizes.predicted);
        let verdicts = 2.0 * tokens * (width * width + width);
        FORWARD_AND_BACKWARD * (bodies + project + proposals + verdicts)
    }
}

/// A head that makes the encoder the discriminator, and a generator that shares the encoder's embeddings (tokens,
/// positions, their norm).
///
/// No gradient flows from the discriminator to the generator: what passes between them are integers.
#[derive(Module, Debug)]
struct ElectraHeads {
    /// `[D, G]`, G the generator's width.
    generator_project: Dense,
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
    /// The generator's hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, G]`
    fn generate(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let how = pass(batch, dropout);
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let projected = self.generator_project.forward(encoder.embed(ids, &how));
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
        self.discriminator_output
            .forward(cloze_kernels::gelu(self.discriminator_dense.forward(hidden)))
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

#[cfg(test)]
mod tests;
