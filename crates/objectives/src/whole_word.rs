//! Whole-word masking: hide all pieces of a word together, under a token budget.

use crate::Entry;
use crate::laws::{Selection, toss, words};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Stream;
use cloze_options::Options;
use std::ops::Range;

/// Whole-word masking.
pub static ENTRY: Entry = Entry {
    name: "whole-word",
    version: 1,
    title: "Whole-word MLM",
    citation: "google-research/bert 2019, whole word masking (create_pretraining_data.py); Cui et al. 2021",
    summary: "Hides whole words until a share of the tokens is hidden, and predicts every piece of them.",
    options: Masking::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Hiding(WholeWord(Masking::read(written)?)))),
};

struct WholeWord(Masking);

impl Units for WholeWord {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn masking(&self) -> Masking {
        self.0
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let Self(masking) = self;
        let words = words(window, vocabulary, masking.mode);
        match masking.select {
            Selection::Exact => masking.within_budget(words, window, progress, stream),
            // As the word strategy of ltgoslo/ltg-bert, `training/mlm_dataset.py`: long words are hidden as often as short ones.
            Selection::Bernoulli => toss(words, masking.rate.at(progress), stream),
        }
    }
}

#[cfg(test)]
mod tests;
