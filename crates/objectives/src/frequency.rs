//! Frequency-informed masking: rare tokens are hidden more often than frequent ones, at the same rate in all.

use crate::Entry;
use crate::laws::{Mode, Rate, Replacement};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_corpus::{Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Result, Stream};
use cloze_options::{Options, options};
use std::ops::Range;

/// Frequency-informed masking.
pub static ENTRY: Entry = Entry {
    name: "frequency",
    version: 1,
    title: "Frequency-informed MLM",
    citation: "Kosmopoulou et al. 2025, Masked Diffusion Language Models with Frequency-Informed Training (the idea); Mikolov et \
               al. 2013, Distributed Representations of Words and Phrases (a power of the count)",
    summary: "Hides a share of the tokens, rare ones more often, and predicts them from both sides.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| {
        Ok(Box::new(Hiding(Frequency {
            settings: Settings::read(written)?,
            weights: Vec::new(),
        })))
    },
};

options! {
    /// Options of frequency-informed masking.
    #[derive(Copy)]
    struct Settings {
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes their place; the rest is kept as it is.
        replace: Replacement = Replacement::default();
        /// How much rarity counts: a token that is twice as frequent is hidden two to this power times less often; 0 is MLM.
        exponent: f64 = 0.5, from(0).to(4);
    }
}

struct Frequency {
    settings: Settings,
    /// By id; none before [`prepare`](Units::prepare).
    weights: Vec<f64>,
}

impl Units for Frequency {
    fn options(&self) -> toml::Table {
        self.settings.write()
    }

    fn masking(&self) -> Masking {
        Masking::plain(Mode::Corrected, self.settings.rate, self.settings.replace)
    }

    fn reads_words(&self) -> bool {
        false
    }

    fn needs(&self) -> Vec<Statistic> {
        vec![Statistic::Unigrams]
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        // An id that the training text does not have counts as one that it has once.
        let weight = |count: &u64| ((*count).max(1) as f64).powf(-self.settings.exponent);
        self.weights = statistics.unigrams()?.iter().map(weight).collect();
        Ok(())
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let weight = |id: u32| self.weights.get(id as usize).copied().unwrap_or(1.0);
        self.masking().weighted(weight, window, vocabulary, progress, stream)
    }
}

#[cfg(test)]
mod tests;
