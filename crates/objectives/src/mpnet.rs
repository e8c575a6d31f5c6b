//! MPNet: the predicted tokens of a window have a random order, as in a permutation language model, but every prediction knows
//! where all of them stand (Song et al. 2020).
//!
//! Behind a window's own positions stand slots, one for every predicted token, with `[MASK]` and its position. The content is both:
//! a token that is not predicted sees its like and all slots; a predicted one sees itself, those before it in the order, and the
//! slots of those behind it. A query stands at each predicted position and sees the same but for the token itself, its own slot
//! in its place. So everybody sees every position of the window exactly once.

mod slots;

use crate::example::READ_IN_PLACE;
use crate::laws::{Mode, Pool, Rate, Replacement, budget, choose};
use crate::masking::MASKED_SCORES;
use crate::scoring::{Answerer, Rule};
use crate::tensors::{FORWARD_AND_BACKWARD, answers, cross_entropy, guesses, mean, numbers, pass, tensor_ids};
use crate::{Batch, Entry, Example, Extra, Heads, Loss, Objective, Sizes};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, Queries, QueryStream, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::{CrossEntropy, Ranks};
use cloze_options::{Options, options};
use slots::Slotted;

/// MPNet.
pub static ENTRY: Entry = Entry {
    name: "mpnet",
    version: 1,
    title: "MPNet",
    citation: "Song et al. 2020, MPNet: Masked and Permuted Pre-training for Language Understanding",
    summary: "Predicts a share of the tokens in a random order, each from the rest of the window, from those before it in the \
              order, and from masks where those behind it stand.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Mpnet(Settings::read(written)?))),
};

/// What stands in the slots, one for every prediction.
const SLOTS: &str = READ_IN_PLACE;
/// The place of every prediction in the order, from 0.
const ORDER: &str = "mpnet_order";

options! {
    /// Options of MPNet.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What stands in a slot; the rest has the token itself.
        replace: Replacement = Replacement::default();
    }
}

struct Mpnet(Settings);

impl Mpnet {
    /// microsoft/MPNet, `pretraining/fairseq/tasks/masked_permutation_lm.py`, takes special tokens for any others.
    fn candidates(&self, window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
        match self.0.mode {
            Mode::Corrected => window.candidates(vocabulary),
            Mode::Reference => (0..window.ids.len() as u32).collect(),
        }
    }
}

impl Objective for Mpnet {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        let candidates = self.candidates(window, vocabulary).len();
        Some(self.0.rate.at(progress) * candidates as f64)
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let mut stream = draw.stream();
        let candidates = self.candidates(window, vocabulary);
        let (rate, most) = (self.0.rate.at(progress), candidates.len());
        let count = match self.0.mode {
            Mode::Corrected => budget(rate, most),
            // As Python rounds.
            Mode::Reference => ((rate * most as f64).round_ties_even() as usize).min(most),
        };
        let mut example = Example::predicting(window, choose(candidates, count, &mut stream));
        let mut order: Vec<u32> = (0..count as u32).collect();
        stream.shuffle(&mut order);
        let mut ranks = vec![0; window.ids.len()];
        for (position, place) in example.positions.iter().zip(&order) {
            ranks[*position as usize] = place + 1;
        }
        example.visibility = Ranks::new(ranks).into();
        let (mut slots, pool) = (example.targets.clone(), Pool::Ids(vocabulary.ordinary()));
        let fates = self.0.replace.at(progress);
        for slot in 0..slots.len() {
            let fate = fates.fate(&mut stream);
            fate.befall(&mut slots, [slot], vocabulary.special.mask, pool, &mut stream);
        }
        example.extra.insert(SLOTS, Extra::Numbers(slots));
        example.extra.insert(ORDER, Extra::Numbers(order));
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        Box::new(MpnetHeads {
            head: VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head")),
        })
    }

    /// 3 × (the content stream, of L positions a window and the M slots, but for what follows the last block's keys and values + the
    /// query stream at M positions + 2·M·E·(D + V) of the head). Every position and query sees L keys. Where windows differ in M, what fills them up is not counted. An answer
    /// without slots is that of a masked language model.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        let Sizes {
            windows,
            length,
            predicted,
            ..
        } = *sizes;
        let slots = sizes.extra.get(SLOTS).copied().unwrap_or(0);
        let seeing = |rows: usize| Queries {
            rows,
            pairs: rows * length,
        };
        let body = match slots {
            0 => encoder.forward_flops_at(windows, length, false, predicted),
            _ => {
                let content = encoder.forward_flops_of(length, seeing(windows * length + slots), Queries::NONE);
                content + encoder.query_stream_flops(length, windows * length + slots, seeing(predicted))
            }
        };
        let head = VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, predicted);
        FORWARD_AND_BACKWARD * (body + head)
    }
}

/// A vocabulary head: over the queries where there are slots, over the content where tokens are masked in their places.
#[derive(Module, Debug)]
struct MpnetHeads {
    head: VocabularyHead,
}

impl MpnetHeads {
    /// States at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, D]`
    fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let device = encoder.device();
        let slots = batch.extra(SLOTS);
        if slots.is_empty() {
            let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &device));
            return encoder.forward_at(ids, &pass(batch, dropout), rows);
        }
        let Slotted { content, rows, seen } = Slotted::of(batch);
        let stream = QueryStream {
            embedded: cloze_kernels::embedding(encoder.tokens.val(), tensor_ids(slots, &device)),
            rows,
            visibility: seen.into(),
        };
        encoder.forward_queries(tensor_ids(&content.inputs, &device), &pass(&content, dropout), &stream)
    }

    /// `dropout` are the draws of training.
    fn cross_entropy(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        let hidden = self.hidden(encoder, batch, dropout);
        cross_entropy(&self.head, hidden, encoder.tokens.val(), batch, dropout.is_some())
    }
}

impl Heads for MpnetHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = training.then(|| draw.purpose("dropout"));
        let sum = self.cross_entropy(encoder, batch, dropout).sum;
        let total = mean(sum, &batch.weights, 0.0);
        Loss::new(total.clone()).with("mpnet", total)
    }

    fn rules(&self) -> &[Rule] {
        MASKED_SCORES
    }

    fn losses(&self, encoder: &Encoder, _rule: &Rule, batch: &Batch) -> Vec<f32> {
        numbers(self.cross_entropy(encoder, batch, None).each)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        Some(Answerer::Encoder)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        Some(numbers(self.cross_entropy(encoder, batch, None).each))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let hidden = self.hidden(encoder, batch, None);
        Some(guesses(&self.head, hidden, encoder.tokens.val(), batch))
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        let hidden = self.hidden(encoder, batch, None);
        Some(answers(&self.head, hidden, encoder.tokens.val(), batch, count))
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}

#[cfg(test)]
mod tests;
