//! Masked language modelling: hide single tokens, predict them (Devlin et al. 2019).

use crate::laws::{Mode, Pool, Rate, Replacement, budget, choose, maskable};
use crate::scoring::{PSEUDO_LOG_LIKELIHOOD, Rule};
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_options::{Options, options};

/// Masked language modelling.
pub static ENTRY: Entry = Entry {
    name: "mlm",
    version: 1,
    title: "MLM",
    citation: "Devlin et al. 2019, BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    summary: "Hides a share of the tokens, each on its own, and predicts them from both sides.",
    options: Masking::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Mlm(Masking::read(written)?))),
};

/// How the models of the objectives that mask and predict tokens score sentences.
pub(crate) const MASKED_SCORES: &[Rule] = &[PSEUDO_LOG_LIKELIHOOD];

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

    /// The same before it is rounded to whole tokens: what the rate means.
    pub(crate) fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        let candidates = self.candidates(window, vocabulary).len();
        let of = match self.mode {
            Mode::Corrected => candidates,
            Mode::Reference => window.ids.len(),
        };
        (self.rate.at(progress) * of as f64).min(candidates as f64)
    }

    /// The positions that may be hidden.
    pub(crate) fn candidates(&self, window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
        (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, self.mode))
            .collect()
    }

    /// Random tokens are ordinary ones; in google-research/bert they are drawn from all ids, special ones included.
    pub(crate) fn pool<'a>(&self, vocabulary: &'a Vocabulary) -> Pool<'a> {
        match self.mode {
            Mode::Corrected => Pool::Ids(vocabulary.ordinary()),
            Mode::Reference => Pool::Everything(vocabulary),
        }
    }

    /// A vocabulary head. google-research/bert, `run_pretraining.py` adds 1e-5 to the denominator of the loss.
    pub(crate) fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "mlm",
            visibility: Visibility::Bidirectional,
            denominator_added: if self.mode == Mode::Reference { 1e-5 } else { 0.0 },
            masked: true,
            rules: MASKED_SCORES,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens))
    }
}

/// Every token on its own.
struct Mlm(Masking);

impl Objective for Mlm {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.asked(window, vocabulary, progress))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let Self(masking) = self;
        let mut stream = draw.stream();
        let candidates = masking.candidates(window, vocabulary);
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

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        self.0.heads(encoder, vocabulary, init)
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}

#[cfg(test)]
mod tests;
