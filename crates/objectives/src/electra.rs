//! ELECTRA: a small masked language model proposes replacements, the encoder tells which tokens were replaced (Clark et
//! al. 2020). Files named here are those of google-research/electra.

mod heads;

use crate::laws::{Fate, Mode, Pool, Rate, budget, choose, maskable};
use crate::scoring::{Answerer, Rule, each_masked, every_position};
use crate::tensors::FORWARD_AND_BACKWARD;
use crate::{Entry, Example, Heads, Objective, Sizes};
use cloze_backbone::{EncoderConfig, Init, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Fault, Place, Result};
use cloze_options::{Options, options};
use heads::ElectraHeads;

/// Replaced-token detection.
pub static ENTRY: Entry = Entry {
    name: "electra",
    // 2: the generator has the width that is asked for, in one head for every 64 columns.
    version: 2,
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
    /// The generator: as deep as the encoder, its width G the given share.
    fn generator(&self, encoder: &EncoderConfig) -> EncoderConfig {
        let share = self.0.generator_width * encoder.width as f64;
        of_width(encoder, share.round_ties_even() as usize)
    }

    /// The number of generator samples, and so of predictions counted by weight, in a window of this many positions, of
    /// which so many may be hidden.
    fn count(&self, length: usize, candidates: usize, progress: f64) -> usize {
        let rate = self.0.rate.at(progress);
        match self.0.mode {
            Mode::Corrected => budget(rate, candidates),
            // `pretrain/pretrain_helpers.py`: the rate is of all positions but padding, at most as many as there are slots.
            Mode::Reference if candidates == 0 => 0,
            Mode::Reference => {
                let slots = ((rate + 0.005) * length as f64) as usize;
                ((rate * length as f64).round_ties_even() as usize).min(slots).max(1)
            }
        }
    }

    /// The positions that may be hidden.
    fn candidates(&self, window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
        (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, self.0.mode))
            .collect()
    }
}

/// An encoder like this one of another width: a head for every 64 columns, but one at least, and a feed-forward layer in
/// proportion (`get_generator_config` in `run_pretraining.py`, where it is 4 G because BERT's is 4 D).
fn of_width(encoder: &EncoderConfig, width: usize) -> EncoderConfig {
    EncoderConfig {
        width,
        heads: (width / 64).max(1),
        feed_forward: (encoder.feed_forward * width).div_ceil(encoder.width.max(1)),
        ..encoder.clone()
    }
}

impl Objective for Electra {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    /// A share that gives no whole number of columns is written as the one that it is rounded to.
    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        let width = self.generator(encoder).width;
        let share = |width: usize| width as f64 / encoder.width as f64;
        let fits = |width: &usize| of_width(encoder, *width).divides_into_heads();
        if fits(&width) {
            let generator_width = share(width);
            return Ok(Settings {
                generator_width,
                ..self.0
            }
            .write());
        }
        let what = format!(
            "{} of a width of {} is a generator of width {width}, which does not divide into heads of an even width",
            self.0.generator_width, encoder.width
        );
        let near = [(1..width).rev().find(fits), (width + 1..=encoder.width).find(fits)];
        let near = near.into_iter().flatten();
        Err(Fault::usage(what)
            .at(Place::key("generator_width"))
            .allowed(near.map(|width| format!("{} for {width}", share(width)))))
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        let candidates = self.candidates(window, vocabulary).len();
        let of = match self.0.mode {
            Mode::Corrected => candidates,
            Mode::Reference => window.ids.len(),
        };
        Some((self.0.rate.at(progress) * of as f64).min(candidates as f64))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let settings = &self.0;
        let mut stream = draw.stream();
        let candidates = self.candidates(window, vocabulary);
        let count = self.count(window.ids.len(), candidates.len(), progress);
        let mut example = match settings.mode {
            Mode::Corrected => Example::predicting(window, choose(candidates, count, &mut stream)),
            // `pretrain/pretrain_helpers.py` draws with replacement. A position drawn twice counts twice in the
            // generator's loss: it has weight 2 here.
            Mode::Reference => {
                let mut times = vec![0u8; window.ids.len()];
                for _ in 0..count {
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
        let generator = self.generator(encoder);
        // `run_pretraining.py`.
        let added = if self.0.mode == Mode::Reference { 1e-6 } else { 0.0 };
        let weight = self.0.discriminator_weight;
        Box::new(ElectraHeads::new(
            encoder.width,
            &generator,
            vocabulary,
            init,
            [weight, added],
        ))
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        vec![self.generator(encoder)]
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let generator = self.generator(encoder);
        let (tokens, width) = ((sizes.windows * sizes.length) as f64, encoder.width as f64);
        let bodies = encoder.forward_flops(sizes.windows, sizes.length, false)
            + generator.forward_flops_at(sizes.windows, sizes.length, false, sizes.predicted);
        let project = if generator.width == encoder.width {
            0.0
        } else {
            2.0 * tokens * width * generator.width as f64
        };
        let proposals = VocabularyHead::forward_flops(generator.width, encoder.width, vocabulary, sizes.predicted);
        let verdicts = 2.0 * tokens * (width * width + width);
        FORWARD_AND_BACKWARD * (bodies + project + proposals + verdicts)
    }
}

#[cfg(test)]
mod tests;
