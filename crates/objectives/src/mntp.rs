//! Masked next-token prediction: what is masked is predicted from the position before it, as a causal model would
//! (BehnamGhader et al. 2024; Charpentier & Samuel 2024).

use crate::laws::{Mode, Pool, Rate, Replacement, budget, choose, tiles};
use crate::scoring::{PSEUDO_LOG_LIKELIHOOD_ONE_BEFORE, PSEUDO_LOG_LIKELIHOOD_WORD_L2R_ONE_BEFORE, Rule};
use crate::tensors::vocabulary_flops;
use crate::{Entry, Example, Heads, Objective, Sizes, TokenHeads, Tokens};
use cloze_backbone::{EncoderConfig, Init};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::{Draw, Stream};
use cloze_kernels::Visibility;
use cloze_options::{Options, options};
use std::ops::Range;

/// Masked next-token prediction.
pub static ENTRY: Entry = Entry {
    name: "mntp",
    version: 1,
    title: "MNTP",
    citation: "Charpentier & Samuel 2024, GPT or BERT: why not both?; BehnamGhader et al. 2024, LLM2Vec",
    summary: "Hides a share of the tokens and predicts each from both sides, at the position before it.",
    options: Settings::fields,
    scores: SCORES,
    configure: |written| Ok(Box::new(Mntp(Settings::read(written)?))),
};

const SCORES: &[Rule] = &[
    PSEUDO_LOG_LIKELIHOOD_ONE_BEFORE,
    PSEUDO_LOG_LIKELIHOOD_WORD_L2R_ONE_BEFORE,
];

/// The longest span of GPT-BERT in tokens (ltgoslo/gpt-bert, `pretraining/dataset.py`).
const LONGEST: usize = 3;

options! {
    /// Options of masked next-token prediction.
    #[derive(Copy)]
    struct Settings {
        /// How close to the publication.
        mode: Mode = Mode::Corrected;
        /// The share of the tokens that is predicted.
        rate: Rate = Rate::Fixed(0.15);
        /// What takes their place; the rest is kept as it is.
        replace: Replacement = Replacement::default();
    }
}

struct Mntp(Settings);

/// The positions that may be hidden, in both modes: no special token, as GPT-BERT has it too, and not the first, which has
/// none before it to be predicted from.
fn candidates(window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
    let mut candidates = window.candidates(vocabulary);
    candidates.retain(|position| *position > 0);
    candidates
}

impl Mntp {
    /// What is hidden, as groups of positions that meet one fate.
    fn select(&self, candidates: Vec<u32>, length: usize, progress: f64, stream: &mut Stream) -> Vec<Vec<u32>> {
        let rate = self.0.rate.at(progress);
        match self.0.mode {
            Mode::Corrected => {
                let count = budget(rate, candidates.len());
                let chosen = choose(candidates, count, stream);
                chosen.into_iter().map(|position| vec![position]).collect()
            }
            Mode::Reference => spans(&candidates, tiles(length, LONGEST, stream), rate, stream),
        }
    }
}

/// Tiles in random order until n · rate + U tokens are hidden, at least one; the last comes whole, which hides about two thirds
/// of a token more than that (ltgoslo/gpt-bert, `pretraining/dataset.py`: every span has a random number, and the tokens up
/// to the threshold's are hidden). Ascending.
fn spans(candidates: &[u32], tiles: Vec<Range<usize>>, rate: f64, stream: &mut Stream) -> Vec<Vec<u32>> {
    let inside = |tile: Range<usize>| {
        let first = candidates.partition_point(|position| (*position as usize) < tile.start);
        let end = candidates.partition_point(|position| (*position as usize) < tile.end);
        candidates[first..end].to_vec()
    };
    let mut spans: Vec<Vec<u32>> = tiles.into_iter().map(inside).filter(|span| !span.is_empty()).collect();
    let least = ((candidates.len() as f64 * rate + stream.unit()) as usize).max(1);
    stream.shuffle(&mut spans);
    let mut hidden = 0;
    spans.retain(|span| {
        let taken = hidden < least;
        hidden += span.len();
        taken
    });
    spans.sort_unstable();
    spans
}

impl Objective for Mntp {
    fn options(&self) -> toml::Table {
        self.0.write()
    }

    fn asked(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        Some(self.0.rate.at(progress) * candidates(window, vocabulary).len() as f64)
    }

    fn expected(&self, window: &Window, vocabulary: &Vocabulary, progress: f64) -> Option<f64> {
        let asked = self.asked(window, vocabulary, progress)?;
        Some(match self.0.mode {
            Mode::Corrected => asked,
            // What is left, on average, of the span that reaches the budget: (14/3 / 2 - 1) / 2 for 1 to 3 tokens.
            Mode::Reference => (asked + 2.0 / 3.0).min(candidates(window, vocabulary).len() as f64),
        })
    }

    fn corrupt(&self, window: &Window, vocabulary: &Vocabulary, progress: f64, draw: Draw) -> Example {
        let mut stream = draw.stream();
        let candidates = candidates(window, vocabulary);
        let spans = self.select(candidates, window.ids.len(), progress, &mut stream);
        let mut example = Example::predicting(window, spans.concat());
        // GPT-BERT's random tokens are no special ones either.
        let pool = Pool::Ids(vocabulary.ordinary());
        let fates = self.0.replace.at(progress);
        for span in spans {
            let fate = fates.fate(&mut stream);
            let positions = span.into_iter().map(|position| position as usize);
            let mask = vocabulary.special.mask;
            fate.befall(&mut example.inputs, positions, mask, pool, &mut stream);
        }
        example.positions.iter_mut().for_each(|position| *position -= 1);
        example
    }

    fn heads(&self, encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init) -> Box<dyn Heads> {
        let tokens = Tokens {
            part: "mntp",
            visibility: Visibility::Bidirectional,
            denominator_added: 0.0,
            masked: true,
            rules: SCORES,
        };
        Box::new(TokenHeads::new(encoder, vocabulary, init, tokens).one_before())
    }

    fn has_vocabulary_head(&self) -> bool {
        true
    }

    /// 3 × (encoder forward, whose last block is read at the M positions before the hidden tokens + 2·M·E·(D + V) of the head), as MLM's.
    fn flops(&self, encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes) -> f64 {
        vocabulary_flops(encoder, vocabulary, sizes, false)
    }
}

#[cfg(test)]
mod tests;
