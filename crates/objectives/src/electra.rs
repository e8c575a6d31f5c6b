//! ELECTRA: a small masked language model proposes replacements, the encoder tells which tokens were replaced (Clark et
//! al. 2020). Files named here are those of google-research/electra.

use crate::laws::{Fate, Mode, Pool, Rate, budget, choose, maskable};
use crate::tensors::{
    FORWARD_AND_BACKWARD, cross_entropy, gather, guesses, mean, numbers, pass, tensor_ids, tensor_weights,
};
use crate::{Batch, Entry, Example, Loss, Model, Objective, Sizes, scoring};
use burn::module::Module;
use burn::tensor::{Int, Tensor, activation};
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, Trunk, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Pattern;
use cloze_options::{Options, options};

/// Replaced-token detection.
pub static ENTRY: Entry = Entry {
    name: "electra",
    title: "ELECTRA",
    citation: "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators",
    summary: "A small generator fills in hidden tokens; the encoder tells for every token whether it was replaced.",
    options: Settings::fields,
    scores: &[
        (
            "discriminator",
            "sum over the tokens of log(1 - p(replaced)), from one pass over the sentence as it is",
        ),
        (
            "generator",
            "pseudo-log-likelihood by the generator, each token masked in turn",
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

    fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Model> {
        let (width, generator) = (encoder.width, self.generator(encoder));
        let dense = |input, output, name: &str| Dense::new(input, output, true, &init.at(name));
        Box::new(ElectraModel {
            encoder: Encoder::new(encoder, vocabulary.size, &init.at("encoder")),
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

/// The encoder as discriminator, and a generator that shares its embeddings (tokens, positions, their norm).
///
/// No gradient flows from the discriminator to the generator: what passes between them are integers.
#[derive(Module, Debug)]
struct ElectraModel {
    encoder: Encoder,
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

impl ElectraModel {
    fn ids(&self, ids: &[u32]) -> Tensor<1, Int> {
        tensor_ids(ids, &self.encoder.tokens.val().device())
    }

    /// The generator's hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, G]`
    fn generate(&self, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let how = pass(batch, Pattern::Bidirectional, dropout);
        let embedded = self.encoder.embed(self.ids(&batch.inputs), how);
        let projected = self.generator_project.forward(embedded);
        self.generator.forward_at(projected, how, self.ids(&batch.positions))
    }

    fn generator_losses(&self, batch: &Batch) -> Vec<f32> {
        let hidden = self.generate(batch, None);
        numbers(cross_entropy(&self.generator_head, hidden, self.encoder.tokens.val(), batch).each)
    }

    /// The batch as the discriminator reads it: originals, with samples from the generator at the predicted positions.
    ///
    /// A position of weight w gets w samples; `scatter_update` in `pretrain/pretrain_helpers.py` puts their integer mean
    /// there, which is some unrelated token (issue #41 of that repository).
    ///
    /// # Shapes
    /// - `generated`: `[M, G]`, result: N ids
    fn propose(&self, generated: Tensor<2>, batch: &Batch, seed: u64) -> Vec<u32> {
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
        let table = self.encoder.tokens.val().inner();
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
    fn judge(&self, ids: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let hidden = self
            .encoder
            .forward(self.ids(ids), pass(batch, Pattern::Bidirectional, dropout));
        self.discriminator_output
            .forward(cloze_kernels::gelu(self.discriminator_dense.forward(hidden)))
    }
}

impl Model for ElectraModel {
    fn loss(&self, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = |part: &str| training.then(|| draw.purpose(part));
        let generated = self.generate(batch, dropout("generator dropout"));
        let sum = cross_entropy(
            &self.generator_head,
            generated.clone(),
            self.encoder.tokens.val(),
            batch,
        )
        .sum;
        let generator = mean(sum, &batch.weights, self.denominator_added);

        let proposed = self.propose(generated, batch, draw.purpose("generator sample").seed());
        // -1 where a token was replaced, 1 where it is the original: a correct guess is an original.
        let originals = proposed.iter().zip(&batch.originals);
        let signs: Vec<f32> = originals
            .map(|(now, before)| if now == before { 1.0 } else { -1.0 })
            .collect();
        let replaced = signs.iter().filter(|sign| **sign < 0.0).count() as f32 / signs.len().max(1) as f32;
        let logits = self.judge(&proposed, batch, dropout("dropout")).flatten::<1>(0, 1);
        let device = logits.device();
        // log p(right verdict) is log σ(-logit) for an original and log σ(logit) for a replaced token. The mean is over
        // all positions, [CLS] and [SEP] included (`run_pretraining.py`), in both modes.
        let discriminator = activation::log_sigmoid(logits * -tensor_weights(&signs, &device))
            .mean()
            .neg();
        let parts = vec![
            ("generator", generator.clone().inner()),
            ("discriminator", discriminator.clone().inner()),
            ("replaced", tensor_weights(&[replaced], &device).inner()),
        ];
        Loss {
            total: generator + discriminator * self.discriminator_weight,
            parts,
        }
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn scores(&self) -> &'static [&'static str] {
        &["discriminator", "generator"]
    }

    fn score(&self, rule: &str, sentences: &[Vec<u32>], vocabulary: &Vocabulary) -> Vec<f64> {
        if rule == "generator" {
            return scoring::pseudo_log_likelihood(sentences, vocabulary, &|batch| self.generator_losses(batch));
        }
        scoring::every_position(sentences, vocabulary, &|batch| {
            let logits = gather(self.judge(&batch.inputs, batch, None), &batch.positions);
            numbers(activation::log_sigmoid(logits.neg()).neg().flatten::<1>(0, 1))
        })
    }

    fn masked_losses(&self, batch: &Batch) -> Option<Vec<f32>> {
        Some(self.generator_losses(batch))
    }

    fn masked_guesses(&self, batch: &Batch) -> Option<Vec<u32>> {
        let (hidden, table) = (self.generate(batch, None), self.encoder.tokens.val());
        Some(guesses(&self.generator_head, hidden, table, batch))
    }

    fn frozen(&self) -> Box<dyn Model> {
        Box::new(self.clone().valid())
    }
}
