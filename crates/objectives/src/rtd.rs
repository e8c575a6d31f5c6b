//! DeBERTaV3's replaced-token detection (He et al. 2023): ELECTRA's task with a generator of half the depth, all hidden tokens
//! as `[MASK]`, verdicts that know `[CLS]`, and three ways to share embeddings. Files named here are those of
//! microsoft/DeBERTa.

use crate::discriminator::{Discriminator, verdict_loss, verdict_losses};
use crate::electra::GENERATOR_SCORE;
use crate::generator::{Generator, Plan, Shares, no_deeper, of_depth};
use crate::laws::{Mode, Rate, Slots, maskable};
use crate::proposed::{Judge, Proposed, ProposedHeads};
use crate::scoring::{Answerer, Rule, every_position};
use crate::tensors::{FORWARD_AND_BACKWARD, gather, pass, tensor_ids};
use crate::{Batch, Entry, Example, Heads, Objective, Sizes};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, LayerNorm};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Result, Stream};
use cloze_options::{Options, options, words};

/// Replaced-token detection with a deep generator.
pub static ENTRY: Entry = Entry {
    name: "rtd",
    version: 1,
    title: "RTD (DeBERTaV3)",
    citation: "He et al. 2023, DeBERTaV3: Improving DeBERTa using ELECTRA-Style Pre-Training with Gradient-Disentangled \
               Embedding Sharing",
    summary: "A shallower generator fills in hidden tokens; the encoder tells for every token whether it was replaced, \
              with embeddings that each of the two moves by itself.",
    options: Settings::fields,
    scores: &[
        Rule::new(
            "discriminator",
            "sum over the tokens of log(1 - p(replaced)), from one pass over the sentence as it is",
            Answerer::Discriminator,
            every_position,
        ),
        GENERATOR_SCORE,
    ],
    configure: |written| Ok(Box::new(Rtd(Settings::read(written)?))),
};

words! {
    /// What generator and discriminator have of each other's embeddings.
    enum Sharing {
        /// Embedding sharing: one table, moved by both.
        Shared = "es",
        /// No embedding sharing: a table each.
        Apart = "nes",
        /// Gradient-disentangled: the discriminator's table is the generator's, from which it takes no gradient, plus one of
        /// its own.
        Disentangled = "gdes",
    }
}

options! {
    /// Options of replaced-token detection as in DeBERTaV3.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that are hidden and that the generator predicts.
        rate: Rate = Rate::Fixed(0.15);
        /// The generator's layers; it is as wide as the encoder.
        generator_layers: Option<usize> = None, from(1).to(1024) => "half of the encoder's, rounded up";
        /// How token and position embeddings are shared.
        sharing: Sharing = Sharing::Disentangled;
        /// The weight of the discriminator's loss beside the generator's.
        discriminator_weight: Rate = Rate::Fixed(50.0), from(0);
    }
}

struct Rtd(Settings);

impl Rtd {
    /// ELECTRA's slots, all masked.
    fn slots(&self, progress: f64) -> Slots {
        Slots {
            mode: Mode::Corrected,
            rate: self.0.rate.at(progress),
            masked: 1.0,
        }
    }

    fn usual_layers(encoder: &EncoderConfig) -> usize {
        encoder.layers.div_ceil(2)
    }

    /// `apps/tasks/rtd_task.py`: the generator's norm over the embeddings is its own however they are shared.
    fn plan(&self, encoder: &EncoderConfig) -> Plan {
        let layers = self.0.generator_layers.unwrap_or_else(|| Self::usual_layers(encoder));
        match self.0.sharing {
            Sharing::Apart => {
                let network = EncoderConfig {
                    embedding_width: encoder.embedding_width,
                    ..of_depth(encoder, layers)
                };
                Plan::new(encoder, network, Shares::Nothing)
            }
            Sharing::Shared | Sharing::Disentangled => Plan::new(encoder, of_depth(encoder, layers), Shares::Tables),
        }
    }

    /// The positions that `apps/tasks/mlm_task.py` (`NGramMaskGenerator`) hides: one in every window of ⌊1 / rate⌋ candidates,
    /// from left to right until the rate of all positions is reached, so that the last tenth of a text is hardly ever hidden.
    fn in_windows(&self, window: &Window, vocabulary: &Vocabulary, rate: f64, stream: &mut Stream) -> Vec<u32> {
        let candidates: Vec<u32> = (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, Mode::Corrected))
            .collect();
        let size = ((1.0 / rate) as usize).max(1);
        let count = ((rate * window.ids.len() as f64).round_ties_even() as usize).max(1);
        let windows = candidates.chunks(size);
        windows.map(|own| own[stream.below(own.len())]).take(count).collect()
    }
}

impl Objective for Rtd {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn weighed_by(&self) -> Option<(&'static str, Rate)> {
        Some(("discriminator_weight", self.0.discriminator_weight))
    }

    fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        no_deeper(encoder, self.0.generator_layers)
    }

    fn fitted(&self, encoder: &EncoderConfig) -> Result<toml::Table> {
        let usual = Self::usual_layers(encoder);
        let fitted = Settings {
            generator_layers: self.0.generator_layers.filter(|layers| *layers != usual),
            ..self.0
        };
        Ok(fitted.write())
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.slots(progress).asked(window, vocabulary))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let (slots, mut stream) = (self.slots(progress), draw.stream());
        let mut example = match self.0.mode {
            Mode::Corrected => slots.choose(window, vocabulary, &mut stream),
            Mode::Reference => {
                let positions = self.in_windows(window, vocabulary, slots.rate, &mut stream);
                Example::predicting(window, positions)
            }
        };
        slots.hide(&mut example, vocabulary, &mut stream);
        example.progress = progress;
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let disentangled = self.0.sharing == Sharing::Disentangled;
        let added = |rows: usize| init.zeros([rows, encoder.table_width()]);
        let judge = Conditioned {
            added_tokens: disentangled.then(|| added(vocabulary.size)),
            added_positions: encoder.position_rows().filter(|_| disentangled).map(added),
            norm: LayerNorm::of(encoder, encoder.width, &init.at("norm")),
            discriminator: Discriminator::new(encoder, false, &init.at("discriminator")),
        };
        let how = Proposed {
            part: "discriminator",
            weight: self.0.discriminator_weight,
            denominator_added: 0.0,
            disallow_correct: false,
            rules: ENTRY.scores,
        };
        Box::new(ProposedHeads {
            generator: Some(Generator::new(&self.plan(encoder), vocabulary, init)),
            judge,
            how,
        })
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        self.plan(encoder).helper().into_iter().collect()
    }

    /// 3 × (encoder forward at all N positions + 2·N·D·(D + 1) of the verdicts + the generator, which is as wide as the encoder: its own body
    /// with the last block read at the M hidden positions, 2·M·E·(D + V) of its head, and 2·N·E·D of the projection where E is not D).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let body = encoder.forward_flops(sizes.windows, sizes.length, false);
        let verdicts = Discriminator::forward_flops(encoder.width, sizes.windows * sizes.length);
        FORWARD_AND_BACKWARD * (body + verdicts + self.plan(encoder).forward_flops(vocabulary, sizes))
    }
}

/// ELECTRA's head over the norm of a position's state plus that of its window's first position, which is `[CLS]`
/// (`apps/models/replaced_token_detection_model.py`).
#[derive(Module, Debug)]
struct Conditioned {
    /// `[V, E]`: what the discriminator adds to the generator's tokens.
    added_tokens: Option<Param<Tensor<2>>>,
    /// `[window, E]`: and to its positions.
    added_positions: Option<Param<Tensor<2>>>,
    norm: LayerNorm,
    discriminator: Discriminator,
}

impl Conditioned {
    /// log p(replaced) - log p(original) from the states at some positions and at the first ones of their windows.
    ///
    /// # Shapes
    /// - `here` and `first`: `[M, D]`, result: `[M, 1]`
    fn verdicts(&self, here: Tensor<2>, first: Tensor<2>) -> Tensor<2> {
        self.discriminator.verdicts(self.norm.forward(here + first))
    }
}

/// The first positions of the windows that positions are in.
fn firsts(rows: &[u32], batch: &Batch) -> Vec<u32> {
    let length = batch.length.max(1) as u32;
    rows.iter().map(|row| row - row % length).collect()
}

impl Judge for Conditioned {
    fn loss(&self, encoder: &Encoder, proposed: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<1> {
        let own = self.reader(encoder);
        let ids = tensor_ids(proposed, &encoder.device());
        let states = own.as_ref().unwrap_or(encoder).forward(ids, &pass(batch, dropout));
        let all: Vec<u32> = (0..proposed.len() as u32).collect();
        let first = gather(states.clone(), &firsts(&all, batch));
        verdict_loss(self.verdicts(states, first), proposed, &batch.originals)
    }

    fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        let (own, count) = (self.reader(encoder), batch.positions.len());
        let both = [&batch.positions[..], &firsts(&batch.positions, batch)].concat();
        let [ids, both] = [&batch.inputs, &both].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let states = own
            .as_ref()
            .unwrap_or(encoder)
            .forward_at(ids, &pass(batch, None), both);
        let (here, first) = (states.clone().slice(0..count), states.slice(count..2 * count));
        verdict_losses(self.verdicts(here, first))
    }

    fn reader(&self, encoder: &Encoder) -> Option<Encoder> {
        let tokens = self.added_tokens.as_ref()?.val();
        Some(encoder.with_added(tokens, self.added_positions.as_ref().map(Param::val)))
    }
}

#[cfg(test)]
mod tests;
