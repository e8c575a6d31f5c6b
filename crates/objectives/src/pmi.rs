//! PMI masking: hide together the words of n-grams that occur together more often than chance would have it (Levine et al.
//! 2021). The vocabulary of n-grams is computed from the training text.

use crate::Entry;
use crate::laws::{Mode, Phrases, Rate, Replacement, with_words, words};
use crate::masking::{MASKED_SCORES, Masking};
use crate::units::{Hiding, Units};
use cloze_corpus::{Ngrams, Statistic, Statistics, Vocabulary, Window};
use cloze_foundation::{Fault, Place, Result, Stream};
use cloze_options::{Options, options};
use std::ops::Range;

/// PMI masking.
pub static ENTRY: Entry = Entry {
    name: "pmi",
    version: 1,
    title: "PMI masking",
    citation: "Levine et al. 2021, PMI-Masking: Principled masking of correlated spans",
    summary: "Hides n-grams whose words occur together more often than by chance, and other words singly, each whole.",
    options: Settings::fields,
    scores: MASKED_SCORES,
    configure: |written| {
        Ok(Box::new(Hiding(Pmi {
            settings: Settings::read(written)?,
            phrases: Phrases::default(),
        })))
    },
};

/// The shares of the vocabulary that n-grams of 2, 3, 4 and 5 words have (AI21Labs/pmi-masking, `README.md`).
const SHARES: [f64; 4] = [0.5, 0.25, 0.125, 0.125];

options! {
    /// Options of PMI masking.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes the place of an n-gram or a word, drawn once for all of it.
        replace: Replacement = Replacement::default();
        /// An n-gram has to occur more often than this.
        occurrences: u64 = 10, from(1).to(1000000);
        /// How many of the n-grams that do are in the vocabulary, as a share of them.
        vocabulary: f64 = 0.1, above(0).to(1);
    }
}

/// How much more often the words of an n-gram occur together than its likeliest parts do by chance: the logarithm of p(w) over
/// the greatest product of the p(s) of the parts that it can be cut into. `None` if it is a single word or is not counted.
fn measure(ngram: &[u32], ngrams: &Ngrams) -> Option<f64> {
    let words: Vec<&[u32]> = Ngrams::words(ngram).collect();
    let mut ends: Vec<usize> = vec![0];
    ends.extend(words.iter().scan(0, |end, word| {
        *end += word.len();
        Some(*end)
    }));
    // Of the first words, the likeliest parts; all of them at once are no parts.
    let mut best = vec![0.0];
    for to in 1..=words.len() {
        let part = |from: usize| Some(best[from] + ngrams.probability(&ngram[ends[from]..ends[to]])?.ln());
        let parts = (0..to).filter(|from| *from > 0 || to < words.len()).filter_map(part);
        best.push(parts.fold(f64::NEG_INFINITY, f64::max));
    }
    let measure = ngrams.probability(ngram)?.ln() - best[words.len()];
    (words.len() > 1 && measure.is_finite()).then_some(measure)
}

struct Pmi {
    settings: Settings,
    /// None before [`prepare`](Units::prepare).
    phrases: Phrases,
}

impl Pmi {
    /// The n-grams of the vocabulary. `corrected` ranks by the paper's measure and takes none that is not above chance. The list
    /// that AI21Labs/pmi-masking published is ranked by log p(w)²/∏p(s), which has p(w) once more, and has no such bound.
    fn vocabulary(&self, ngrams: &Ngrams) -> Vec<Vec<u32>> {
        let mut ranked: [Vec<(f64, &[u32])>; SHARES.len()] = Default::default();
        for (ngram, _) in ngrams.iter() {
            let Some(measure) = measure(ngram, ngrams) else {
                continue;
            };
            let of_length = &mut ranked[Ngrams::words(ngram).count() - 2];
            match self.settings.mode {
                Mode::Corrected => of_length.push((measure, ngram)),
                Mode::Reference => {
                    let frequency = ngrams.probability(ngram).map_or(f64::NEG_INFINITY, f64::ln);
                    of_length.push((measure + frequency, ngram));
                }
            }
        }
        let all: usize = ranked.iter().map(Vec::len).sum();
        let size = self.settings.vocabulary * all as f64;
        let is_above_chance = |measure: f64| self.settings.mode == Mode::Reference || measure > 0.0;
        let mut vocabulary = Vec::new();
        for (mut of_length, share) in ranked.into_iter().zip(SHARES) {
            of_length.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
            let most = (size * share).ceil() as usize;
            let best = of_length
                .into_iter()
                .take(most)
                .take_while(|(measure, _)| is_above_chance(*measure));
            vocabulary.extend(best.map(|(_, ngram)| ngram.to_vec()));
        }
        vocabulary
    }
}

impl Units for Pmi {
    fn options(&self) -> toml::Table {
        self.settings.write()
    }

    fn masking(&self) -> Masking {
        let own = &self.settings;
        Masking::plain(own.mode, own.rate, own.replace)
    }

    fn needs(&self) -> Vec<Statistic> {
        vec![Statistic::Ngrams {
            above: self.settings.occurrences,
        }]
    }

    fn prepare(&mut self, statistics: &Statistics) -> Result<()> {
        let above = self.settings.occurrences;
        self.phrases = self.vocabulary(statistics.ngrams(above)?).into_iter().collect();
        if self.phrases.is_empty() {
            let what = format!(
                "PMI masking has no n-gram: none of 2 to {} words occurs more than {above} times in the training text and more \
                 often than by chance",
                cloze_corpus::ngrams::LONGEST
            );
            return Err(Fault::usage(what).at(Place::key("occurrences")).remedy(
                "give more text, lower `occurrences`, or hide whole words, as `whole-word` does: that is what would be left",
            ));
        }
        Ok(())
    }

    /// The publication draws once for a unit, so both modes do.
    fn draws_for_pieces(&self) -> bool {
        false
    }

    fn choose(
        &self,
        window: &Window,
        vocabulary: &Vocabulary,
        progress: f64,
        stream: &mut Stream,
    ) -> Vec<Range<usize>> {
        let masking = self.masking();
        let words = words(window, vocabulary, masking.mode);
        let units = with_words(self.phrases.find(window, &words, stream), words);
        masking.within_budget(units, window, progress, stream)
    }
}

#[cfg(test)]
mod tests;
