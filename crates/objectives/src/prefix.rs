//! Prefix language modelling: the beginning of a window is read from both sides, the rest is predicted from left to right.

use crate::laws::OnlyMode;
use crate::scoring::LEFT_TO_RIGHT;
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_options::{Options, options};

/// Prefix language modelling.
pub static ENTRY: Entry = Entry {
    name: "prefix",
    version: 1,
    title: "Prefix LM",
    citation: "Raffel et al. 2020, Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
    summary: "Cuts every window in two: the prefix sees all of itself, what follows looks back only and is predicted.",
    options: Settings::fields,
    scores: &[LEFT_TO_RIGHT],
    configure: |written| Ok(Box::new(Prefix(Settings::read(written)?))),
};

options! {
    /// Options of the prefix language model.
    #[derive(Copy)]
    struct Settings {
        /// There is one mode: the published rule has no quirk that could be corrected.
        mode: OnlyMode = OnlyMode::Corrected;
    }
}

struct Prefix(Settings);

impl Objective for Prefix {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    /// The prefix has 1 to L - 1 positions, each length as often as any other
    /// (google-research/text-to-text-transfer-transformer, `t5/data/preprocessors.py`: `random_prefix_noise_mask`).
    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, _progress: f64, draw: Draw) -> Example {
        let length = window.ids.len();
        if length < 2 {
            return Example::of(window);
        }
        let prefix = 1 + draw.stream().below(length - 1);
        Example {
            visibility: Visibility::prefix(length, prefix),
            ..Example::following(window, prefix, vocabulary)
        }
    }

    /// A text that is there as a whole is read as a prefix.
    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "next-token",
            visibility: Visibility::Bidirectional,
            denominator_added: 0.0,
            masked: false,
            rules: ENTRY.scores,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens))
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// 3 × (encoder forward, in which each position is counted with as many keys as it sees, P in the prefix of P positions and its own
    /// place behind it + 2·M·E·(D + V) of the head on the M tokens behind the prefix).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, true)
    }
}

#[cfg(test)]
mod tests;
