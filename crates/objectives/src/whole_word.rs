//! Whole-word masking: hide all pieces of a word together, under a token budget.

use crate::laws::{Mode, words, words_within};
use crate::mlm::{MASKED_SCORES, Masking};
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Heads, Objective, Sizes};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_options::Options;

/// Whole-word masking.
pub static ENTRY: Entry = Entry {
    name: "whole-word",
    version: 1,
    title: "Whole-word MLM",
    citation: "google-research/bert 2019, whole word masking (create_pretraining_data.py); Cui et al. 2021",
    summary: "Hides whole words until a share of the tokens is hidden, and predicts every piece of them.",
    options: Masking::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(WholeWord(Masking::read(written)?))),
};

struct WholeWord(Masking);

impl Objective for WholeWord {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.asked(window, vocabulary, progress))
    }

    fn reads_words(&self) -> bool {
        true
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let Self(masking) = self;
        let mut stream = draw.stream();
        let words = words(window, vocabulary, masking.mode);
        let candidates = words.iter().map(ExactSizeIterator::len).sum();
        let shortest = words.iter().min_by_key(|word| word.len()).cloned();
        let mut chosen = words_within(words, masking.budget(window, candidates, progress), &mut stream);
        if chosen.is_empty() && masking.mode == Mode::Corrected {
            // Every word is longer than the budget: a window without a prediction would teach nothing.
            chosen.extend(shortest);
        }
        let positions = chosen
            .iter()
            .cloned()
            .flatten()
            .map(|position| position as u32)
            .collect();
        let mut example = Example::predicting(window, positions);
        let (mask, pool) = (vocabulary.special.mask, masking.pool(vocabulary));
        for word in chosen {
            match masking.mode {
                Mode::Corrected => {
                    let fate = masking.replace.fate(&mut stream);
                    fate.befall(&mut example.inputs, word, mask, pool, &mut stream);
                }
                // google-research/bert draws for every piece, so that one word may be part [MASK], part itself.
                Mode::Reference => {
                    for piece in word {
                        let fate = masking.replace.fate(&mut stream);
                        fate.befall(&mut example.inputs, [piece], mask, pool, &mut stream);
                    }
                }
            }
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
