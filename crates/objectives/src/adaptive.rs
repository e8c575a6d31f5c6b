//! Adaptive masking: what the model predicts well already is hidden less often, at the same rate in all.

use crate::laws::{Mode, Rate, Replacement};
use crate::masking::{MASKED_SCORES, Masking};
use crate::token_heads::Credit;
use crate::units::{Hiding, Units, nothing_but};
use crate::{Answered, Entry, Memory};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Fault, Result, Stream};
use cloze_options::{Options, options};
use std::ops::Range;

/// Adaptive masking.
pub static ENTRY: Entry = Entry {
    name: "adaptive",
    version: 1,
    title: "Adaptive MLM",
    citation: "Edman & Fraser 2025, Mask and You Shall Receive: Optimizing Masked Language Modeling For Pretraining BabyLMs",
    summary: "Hides a share of the tokens, those more often that the model predicts badly, and predicts them from both sides.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| {
        Ok(Box::new(Hiding(Adaptive {
            settings: Settings::read(written)?,
            known: Known::default(),
        })))
    },
};

options! {
    /// Options of adaptive masking.
    #[derive(Copy)]
    struct Settings {
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes their place; the rest is kept as it is.
        replace: Replacement = Replacement::default();
        /// What an answer counts as.
        score: Credit = Credit::Accuracy;
        /// How much of what was answered before a step counts after it: 0.99 forgets half in 69 steps, 1 nothing.
        memory: f64 = 0.99, from(0).to(1);
        /// How likely the best known token is hidden still, beside one that is never predicted right; 1 is MLM.
        least: Rate = Rate::Fixed(0.05), above(0).to(1);
    }
}

/// How well each token is predicted: sums over its predictions, older ones counting less.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    /// What the answers were worth, by id.
    credit: Vec<f64>,
    /// How many there were, by id.
    asked: Vec<f64>,
}

/// The names of both in an objective's memory.
const CREDIT: &str = "credit";
const ASKED: &str = "asked";

impl Known {
    /// Half an answer of each kind is counted beside those that were given, so that nothing is certain after one
    /// (serdardoesml/babylm25, `train_mask.py`, `update_mask_weights`).
    fn score(&self, id: u32) -> f64 {
        let of = |sums: &[f64]| sums.get(id as usize).copied().unwrap_or(0.0);
        (of(&self.credit) + 0.5) / (of(&self.asked) + 1.0)
    }

    /// A step later.
    fn hear(&mut self, answered: &Answered, memory: f64) {
        for sums in [&mut self.credit, &mut self.asked] {
            sums.iter_mut().for_each(|sum| *sum *= memory);
        }
        for (id, credit) in answered.truth.iter().zip(&answered.credit) {
            let id = *id as usize;
            if id >= self.asked.len() {
                self.credit.resize(id + 1, 0.0);
                self.asked.resize(id + 1, 0.0);
            }
            self.credit[id] += f64::from(*credit);
            self.asked[id] += 1.0;
        }
    }
}

struct Adaptive {
    settings: Settings,
    known: Known,
}

impl Adaptive {
    /// How likely a token is hidden beside others. One of which nothing is known has the score of a guess between two.
    fn weight(&self, id: u32, progress: f64) -> f64 {
        let least = self.settings.least.at(progress);
        least + (1.0 - least) * (1.0 - self.known.score(id))
    }
}

impl Units for Adaptive {
    fn options(&self) -> toml::Table {
        self.settings.write()
    }

    fn masking(&self) -> Masking {
        Masking::plain(Mode::Corrected, self.settings.rate, self.settings.replace)
    }

    fn reads_words(&self) -> bool {
        false
    }

    fn credit(&self) -> Option<Credit> {
        Some(self.settings.score)
    }

    fn heed(&mut self, answered: &[Answered]) {
        answered
            .iter()
            .for_each(|answered| self.known.hear(answered, self.settings.memory));
    }

    fn memory(&self) -> Memory {
        let Known { credit, asked } = self.known.clone();
        Memory::from([(CREDIT.to_owned(), credit), (ASKED.to_owned(), asked)])
    }

    fn recall(&mut self, memory: &Memory) -> Result<()> {
        nothing_but(&[CREDIT, ASKED], memory)?;
        let of = |name| memory.get(name).cloned().unwrap_or_default();
        let known = Known {
            credit: of(CREDIT),
            asked: of(ASKED),
        };
        let is_sum = |sums: &[f64]| sums.iter().all(|sum| sum.is_finite() && *sum >= 0.0);
        if known.credit.len() != known.asked.len() || !is_sum(&known.credit) || !is_sum(&known.asked) {
            return Err(Fault::run("what adaptive masking remembers are no sums over answers"));
        }
        self.known = known;
        Ok(())
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let weight = |id| self.weight(id, progress);
        self.masking().weighted(weight, window, vocabulary, progress, stream)
    }
}

#[cfg(test)]
mod tests;
