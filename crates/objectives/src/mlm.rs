//! Masked language modelling: hide single tokens, predict them (Devlin et al. 2019).

use crate::laws::{Mode, Pool, Rate, Replacement, budget, choose, maskable};
use crate::tensors::{cross_entropy, guesses, mean, numbers, pass, tensor_ids, vocabulary_flops};
use crate::{Batch, Entry, Example, Loss, Model, Objective, Sizes, scoring};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::{CrossEntropy, Pattern};
use cloze_options::{Options, options};

/// Masked language modelling.
pub static ENTRY: Entry = Entry {
    name: "mlm",
    title: "MLM",
    citation: "Devlin et al. 2019, BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    summary: "Hides a share of the tokens, each on its own, and predicts them from both sides.",
    options: Masking::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Mlm(Masking::read(written)?))),
};

/// The documentation of the scores of [`MaskedModel`].
pub(crate) const MASKED_SCORES: &[(&str, &str)] = &[(
    "pseudo-log-likelihood",
    "sum over the tokens of log p(token | all the others), each masked in turn (Salazar et al. 2020)",
)];

options! {
    /// Options of the objectives that mask and predict tokens.
    #[derive(Copy)]
    pub struct Masking {
        /// How close to the publication.
        pub mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        pub rate: Rate = Rate::Fixed(0.15);
        /// What takes their place; the rest is kept as it is.
        pub replace: Replacement = Replacement::default();
    }
}

impl Masking {
    /// The number of tokens to select in a window with this many candidates.
    ///
    /// google-research/bert, `create_pretraining_data.py` takes the rate of all positions, `[CLS]` and `[SEP]` included,
    /// and rounds half to even as Python does.
    pub(crate) fn budget(&self, window: &Window, candidates: usize, progress: f64) -> usize {
        let rate = self.rate.at(progress);
        match self.mode {
            Mode::Corrected => budget(rate, candidates),
            Mode::Reference => ((rate * window.ids.len() as f64).round_ties_even() as usize)
                .max(1)
                .min(candidates),
        }
    }

    /// Random tokens are ordinary ones; in google-research/bert they are drawn from all ids, special ones included.
    pub(crate) fn pool<'a>(&self, vocabulary: &'a Vocabulary) -> Pool<'a> {
        match self.mode {
            Mode::Corrected => Pool::Ids(vocabulary.ordinary()),
            Mode::Reference => Pool::Everything(vocabulary),
        }
    }

    /// google-research/bert, `run_pretraining.py` adds 1e-5 to the denominator of the loss.
    pub(crate) fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Model> {
        let added = if self.mode == Mode::Reference { 1e-5 } else { 0.0 };
        Box::new(MaskedModel::new(encoder, vocabulary, added, init))
    }
}

/// The objective.
struct Mlm(Masking);

impl Objective for Mlm {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let Self(masking) = self;
        let mut stream = draw.stream();
        let candidates: Vec<u32> = (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, masking.mode))
            .collect();
        let count = masking.budget(window, candidates.len(), progress);
        let mut example = Example::predicting(window, choose(candidates, count, &mut stream));
        for position in &example.positions {
            let fate = masking.replace.fate(&mut stream);
            let pool = masking.pool(vocabulary);
            fate.befall(
                &mut example.inputs,
                [*position as usize],
                vocabulary.special.mask,
                pool,
                &mut stream,
            );
        }
        example
    }

    fn build(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Model> {
        self.0.build(encoder, vocabulary, init)
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}

/// The encoder with a masked-token head.
#[derive(Module, Debug)]
pub(crate) struct MaskedModel {
    encoder: Encoder,
    head: VocabularyHead,
    denominator_added: f64,
}

impl MaskedModel {
    fn new(encoder: &EncoderConfig, vocabulary: &Vocabulary, denominator_added: f64, init: &Init) -> Self {
        Self {
            encoder: Encoder::new(encoder, vocabulary.size, &init.at("encoder")),
            head: VocabularyHead::new(encoder.width, encoder.width, vocabulary.size, &init.at("head")),
            denominator_added,
        }
    }

    /// Hidden states at the predicted positions.
    fn hidden(&self, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let [ids, rows] =
            [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &self.encoder.tokens.val().device()));
        self.encoder
            .forward_at(ids, pass(batch, Pattern::Bidirectional, dropout), rows)
    }

    fn cross_entropy(&self, batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        cross_entropy(
            &self.head,
            self.hidden(batch, dropout),
            self.encoder.tokens.val(),
            batch,
        )
    }
}

impl Model for MaskedModel {
    fn loss(&self, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let sum = self.cross_entropy(batch, training.then(|| draw.purpose("dropout"))).sum;
        let total = mean(sum, &batch.weights, self.denominator_added);
        Loss {
            parts: vec![("mlm", total.clone().inner())],
            total,
        }
    }

    fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn scores(&self) -> &'static [&'static str] {
        &["pseudo-log-likelihood"]
    }

    fn score(&self, _rule: &str, sentences: &[Vec<u32>], vocabulary: &Vocabulary) -> Vec<f64> {
        scoring::pseudo_log_likelihood(sentences, vocabulary, &|batch| {
            numbers(self.cross_entropy(batch, None).each)
        })
    }

    fn masked_losses(&self, batch: &Batch) -> Option<Vec<f32>> {
        Some(numbers(self.cross_entropy(batch, None).each))
    }

    fn masked_guesses(&self, batch: &Batch) -> Option<Vec<u32>> {
        Some(guesses(
            &self.head,
            self.hidden(batch, None),
            self.encoder.tokens.val(),
            batch,
        ))
    }

    fn frozen(&self) -> Box<dyn Model> {
        Box::new(self.clone().valid())
    }
}
