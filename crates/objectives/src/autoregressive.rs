//! Autoregressive language modelling: predict every token from those before it.

use crate::laws::OnlyMode;
use crate::scoring::LEFT_TO_RIGHT;
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_options::{Options, options};

/// Autoregressive language modelling.
pub static ENTRY: Entry = Entry {
    name: "autoregressive",
    version: 1,
    title: "Autoregressive",
    citation: "Radford et al. 2018, Improving Language Understanding by Generative Pre-Training",
    summary: "Hides nothing: every position looks at itself and what is before it, and predicts the next token.",
    options: Settings::fields,
    scores: &[LEFT_TO_RIGHT],
    configure: |written| Ok(Box::new(Autoregressive(Settings::read(written)?))),
};

options! {
    /// Options of the autoregressive objective.
    #[derive(Copy)]
    struct Settings {
        /// There is one mode: the published rule has no quirk that could be corrected.
        mode: OnlyMode = OnlyMode::Corrected;
    }
}

struct Autoregressive(Settings);

impl Objective for Autoregressive {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _progress: f64, _draw: Draw) -> Example {
        Example {
            visibility: Visibility::Causal,
            ..Example::following(window, 1, vocabulary)
        }
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "next-token",
            visibility: Visibility::Causal,
            denominator_added: 0.0,
            masked: false,
            rules: ENTRY.scores,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens))
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// 3 × (encoder forward with half of the attention's products, as a position sees those up to its own, what follows attention in
    /// the last block at the M positions that predict + 2·M·E·(D + V) of the head). M is nearly all.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, true)
    }
}

#[cfg(test)]
mod tests;
