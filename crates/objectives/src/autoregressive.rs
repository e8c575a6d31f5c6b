//! Autoregressive language modelling: predict every token from those before it.

use crate::laws::Mode;
use crate::tensors::{cross_entropy, mean, numbers, pass, tensor_ids, vocabulary_flops};
use crate::{Batch, Entry, Example, Loss, Model, Objective, Sizes, scoring};
use burn::module::Module;
use cloze_backbone::{Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::{CrossEntropy, Pattern};
use cloze_options::{Options, options};

/// Autoregressive language modelling.
pub static ENTRY: Entry = Entry {
    name: "autoregressive",
    title: "Autoregressive",
    citation: "Radford et al. 2018, Improving Language Understanding by Generative Pre-Training",
    summary: "Hides nothing: every position looks at itself and what is before it, and predicts the next token.",
    options: Settings::fields,
    scores: &[(
        "left-to-right",
        "sum over the tokens of log p(token | those before it), beginning with [CLS]; [SEP] is not scored",
    )],
    configure: |written| Ok(Box::new(Autoregressive(Settings::read(written)?))),
};

options! {
    /// Options of the autoregressive objective.
    #[derive(Copy)]
    struct Settings {
        /// Both modes are the same thing here, for the published rule has no quirk.
        mode: Mode = Mode::Corrected;
    }
}

struct Autoregressive(Settings);

impl Objective for Autoregressive {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _progress: f64, _draw: Draw) -> Example {
        let mut example = Example::of(window);
        for (position, next) in window.ids.iter().enumerate().skip(1) {
            if *next != vocabulary.special.start {
                example.positions.push(position as u32 - 1);
                example.targets.push(*next);
                example.weights.push(1.0);
            }
        }
        example
    }

    fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Model> {
        Box::new(CausalModel {
            encoder: Encoder::new(encoder, vocabulary.size, &init.at("encoder")),
            head: VocabularyHead::new(encoder.width, encoder.width, vocabulary.size, &init.at("head")),
        })
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, true)
    }
}

/// The encoder, looking back only, with a head for the next token.
#[derive(Module, Debug)]
struct CausalModel {
    encoder: Encoder,
    head: VocabularyHead,
}

impl CausalModel {
    fn cross_entropy(&self, batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        let device = self.encoder.tokens.val().device();
        let how = pass(batch, Pattern::Causal, dropout);
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &device));
        let hidden = self.encoder.forward_at(ids, how, rows);
        cross_entropy(&self.head, hidden, self.encoder.tokens.val(), batch)
    }
}

impl Model for CausalModel {
    fn loss(&self, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let sum = self.cross_entropy(batch, training.then(|| draw.purpose("dropout"))).sum;
        let total = mean(sum, &batch.weights, 0.0);
        Loss {
            parts: vec![("next-token", total.clone().inner())],
            total,
        }
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn scores(&self) -> &'static [&'static str] {
        &["left-to-right"]
    }

    fn score(&self, _rule: &str, sentences: &[Vec<u32>], vocabulary: &Vocabulary) -> Vec<f64> {
        scoring::left_to_right(sentences, vocabulary, &|batch| {
            numbers(self.cross_entropy(batch, None).each)
        })
    }

    fn masked_losses(&self, _batch: &Batch) -> Option<Vec<f32>> {
        None
    }

    fn frozen(&self) -> Box<dyn Model> {
        Box::new(self.clone().valid())
    }
}
