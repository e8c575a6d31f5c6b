//! Masked language modelling: hide single tokens, predict them (Devlin et al. 2019).

use crate::Entry;
use crate::laws::{Selection, choose, toss};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Stream;
use cloze_options::Options;
use std::ops::Range;

/// Masked language modelling.
pub static ENTRY: Entry = Entry {
    name: "mlm",
    version: 1,
    title: "MLM",
    citation: "Devlin et al. 2019, BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    summary: "Hides a share of the tokens, each on its own, and predicts them from both sides.",
    options: Masking::fields,
    scores: MASKED_SCORES,
    configure: |written| Ok(Box::new(Hiding(Mlm(Masking::read(written)?)))),
};

/// Every token on its own.
struct Mlm(Masking);

impl Units for Mlm {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn masking(&self) -> Masking {
        self.0
    }

    fn reads_words(&self) -> bool {
        false
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let Self(masking) = self;
        let candidates = masking.candidates(window, vocabulary);
        let chosen = match masking.select {
            Selection::Exact => {
                let count = masking.budget(window, candidates.len(), progress);
                choose(candidates, count, stream)
            }
            Selection::Bernoulli => toss(candidates, masking.rate.at(progress), stream),
        };
        let token = |position: u32| position as usize..position as usize + 1;
        chosen.into_iter().map(token).collect()
    }
}

#[cfg(test)]
mod tests;
