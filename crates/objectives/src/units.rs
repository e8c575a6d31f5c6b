//! Objectives that hide units of a window (tokens, words, phrases) and predict their tokens. Which units is all that one of
//! them has to say: the fates of what is chosen, the heads and their cost are the same.

use crate::laws::Mode;
use crate::mlm::Masking;
use crate::tensors::vocabulary_flops;
use crate::{Example, Heads, Objective, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Draw, Result, Stream};
use std::ops::Range;

/// Which units of a window are hidden.
pub(crate) trait Units: Send + Sync {
    /// As [`Objective::options`].
    fn options(&self) -> toml::Table;

    /// How many tokens are hidden, what becomes of them, and which of them are predicted.
    fn masking(&self) -> Masking;

    /// As [`Objective::reads_words`].
    fn reads_words(&self) -> bool {
        true
    }

    /// As [`Objective::needs`].
    fn needs(&self) -> Vec<Statistic> {
        Vec::new()
    }

    /// As [`Objective::prepare`].
    fn prepare(&mut self, _statistics: &Statistics) -> Result<()> {
        Ok(())
    }

    /// The chosen units, ascending, none of which overlap.
    fn choose(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, stream: &mut Stream)
    -> Vec<Range<usize>>;

    /// Whether every piece of a unit meets a fate of its own. google-research/bert and google-research/albert draw for every
    /// piece, so that one word may be part [MASK], part itself.
    fn draws_for_pieces(&self) -> bool {
        self.masking().mode == Mode::Reference
    }

    /// As [`Objective::asked`].
    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> f64 {
        self.masking().asked(window, vocabulary, progress)
    }
}

/// The objective that hides these units.
pub(crate) struct Hiding<U>(pub U);

impl<U: Units> Objective for Hiding<U> {
    fn options(&self) -> toml::Table {
        self.0.options()
    }

    fn needs(&self) -> Vec<Statistic> {
        self.0.needs()
    }

    fn reads_words(&self) -> bool {
        self.0.reads_words()
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        self.0.prepare(statistics)
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.asked(window, vocabulary, progress))
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let masking = self.0.masking();
        let mut stream = masking.stream(window, draw);
        let chosen = self.0.choose(window, vocabulary, progress, &mut stream);
        let positions = chosen.iter().cloned().flatten();
        let mut example = Example::predicting(window, positions.map(|position| position as u32).collect());
        let (mask, pool) = (vocabulary.special.mask, masking.pool(vocabulary));
        for unit in chosen {
            if self.0.draws_for_pieces() {
                for piece in unit {
                    let fate = masking.replace.fate(&mut stream);
                    fate.befall(&mut example.inputs, [piece], mask, pool, &mut stream);
                }
            } else {
                let fate = masking.replace.fate(&mut stream);
                fate.befall(&mut example.inputs, unit, mask, pool, &mut stream);
            }
        }
        masking.predict_some(&mut example, &mut stream);
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        self.0.masking().heads(encoder, vocabulary, init)
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// 3 × (encoder forward + vocabulary head on the M predicted positions).
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}
