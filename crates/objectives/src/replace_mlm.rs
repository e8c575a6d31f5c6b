//! Replace MLM (Clark et al. 2020, section 3.4): masked language modelling whose encoder reads a generator's samples in place
//! of `[MASK]`. No implementation was released, so there is no mode.

use crate::electra::GENERATOR_SCORE;
use crate::generator::{self, Generator, Plan, Shares};
use crate::laws::{Mode, Rate, Slots};
use crate::proposed::{Judge, Proposed, ProposedHeads};
use crate::scoring::{Answerer, Rule, every_position};
use crate::tensors::{FORWARD_AND_BACKWARD, cross_entropy, mean, numbers, pass, tensor_ids, vocabulary_flops};
use crate::{Batch, Entry, Example, Heads, Objective, Sizes};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Result};
use cloze_kernels::CrossEntropy;
use cloze_options::{Options, options};

/// Masked language modelling without `[MASK]`.
pub static ENTRY: Entry = Entry {
    name: "replace-mlm",
    version: 1,
    title: "Replace MLM",
    citation: "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators, section 3.4",
    summary: "A small generator fills in hidden tokens; the encoder predicts what stood there.",
    options: Proposing::fields,
    scores: &[
        Rule::new(
            "restoration",
            "sum over the tokens of log p(token | the sentence as it is), from one pass: no token is hidden",
            Answerer::Encoder,
            every_position,
        ),
        GENERATOR_SCORE,
    ],
    configure: |written| Ok(Box::new(ReplaceMlm(Proposing::read(written)?))),
};

options! {
    /// Options of the objectives that predict tokens in a text that a generator has changed.
    #[derive(Copy)]
    pub(crate) struct Proposing {
        /// The share of the tokens that the generator predicts.
        rate: Rate = Rate::Fixed(0.15);
        /// The share of those that the generator sees as [MASK]; it sees the others as they are.
        masked: Rate = Rate::Fixed(0.85), above(0).to(1);
        /// The generator's width as a share of the encoder's.
        generator_width: f64 = 0.25, above(0).to(1);
        /// The generator's layers.
        generator_layers: Option<usize> = None, from(1).to(1024) => "as many as the encoder's";
        /// The weight of the encoder's loss beside the generator's.
        encoder_weight: Rate = Rate::Fixed(1.0), from(0);
    }
}

impl Proposing {
    pub(crate) fn slots(&self, progress: f64) -> Slots {
        Slots {
            mode: Mode::Corrected,
            rate: self.rate.at(progress),
            masked: self.masked.at(progress),
        }
    }

    /// The generator: ELECTRA's, with the encoder's embeddings.
    pub(crate) fn plan(&self, encoder: &EncoderConfig) -> Plan {
        let layers = self.generator_layers.unwrap_or(encoder.layers);
        let network = generator::of_share(encoder, self.generator_width, layers);
        Plan::new(encoder, network, Shares::Embeddings)
    }

    pub(crate) fn weighed_by(&self) -> Option<(&'static str, Rate)> {
        Some(("encoder_weight", self.encoder_weight))
    }

    pub(crate) fn reaches(&self, encoder: &EncoderConfig) -> Result<()> {
        generator::no_deeper(encoder, self.generator_layers)
    }

    /// Written alike where it is the same generator.
    pub(crate) fn fitted(&self, encoder: &EncoderConfig) -> Result<Self> {
        Ok(Self {
            generator_width: generator::divided(encoder, self.generator_width)?,
            generator_layers: self.generator_layers.filter(|layers| *layers != encoder.layers),
            ..*self
        })
    }

    pub(crate) fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let (slots, mut stream) = (self.slots(progress), draw.stream());
        let mut example = slots.choose(window, vocabulary, &mut stream);
        slots.hide(&mut example, vocabulary, &mut stream);
        example.progress = progress;
        example
    }

    pub(crate) fn heads<J: Judge>(
        &self,
        encoder: &EncoderConfig,
        vocabulary: &Vocabulary,
        init: &Init,
        judge: J,
        rules: &'static [Rule],
    ) -> Box<dyn Heads> {
        let how = Proposed {
            part: "encoder",
            weight: self.encoder_weight,
            denominator_added: 0.0,
            disallow_correct: false,
            rules,
        };
        Box::new(ProposedHeads {
            generator: Some(Generator::new(&self.plan(encoder), vocabulary, init)),
            judge,
            how,
        })
    }
}

struct ReplaceMlm(Proposing);

impl Objective for ReplaceMlm {
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
        let head = VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head"));
        self.0.heads(encoder, vocabulary, init, Restorer { head }, ENTRY.scores)
    }

    fn helpers(&self, encoder: &EncoderConfig) -> Vec<EncoderConfig> {
        self.0.plan(encoder).helper().into_iter().collect()
    }

    /// 3 × (encoder forward, whose last block is read at the M hidden positions + 2·M·E·(D + V) of the head + the generator: 2·N·E·G of the
    /// projection where G is not E, its own body read at M positions, 2·M·E·(G + V) of its head).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let generator = self.0.plan(encoder).forward_flops(vocabulary, sizes);
        vocabulary_flops(encoder, vocabulary, sizes, false) + FORWARD_AND_BACKWARD * generator
    }
}

/// A vocabulary head at the positions that the generator has filled in.
#[derive(Module, Debug)]
struct Restorer {
    head: VocabularyHead,
}

impl Restorer {
    /// `dropout` are the draws of training.
    fn cross_entropy(&self, encoder: &Encoder, ids: &[u32], batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        let [ids, rows] = [ids, &batch.positions].map(|numbers| tensor_ids(numbers, &encoder.device()));
        let hidden = encoder.forward_at(ids, &pass(batch, dropout), rows);
        cross_entropy(&self.head, hidden, encoder.tokens.val(), batch, dropout.is_some())
    }
}

impl Judge for Restorer {
    fn loss(&self, encoder: &Encoder, proposed: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<1> {
        let sum = self.cross_entropy(encoder, proposed, batch, dropout).sum;
        mean(sum, &batch.weights, 0.0)
    }

    fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        numbers(self.cross_entropy(encoder, &batch.inputs, batch, None).each)
    }
}

#[cfg(test)]
mod tests;
