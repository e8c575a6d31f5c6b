//! The positions at which a generator is asked, and what it sees there (Clark et al. 2020). Files named here are those of
//! google-research/electra.

use super::{Fate, Mode, Pool, budget, choose, maskable};
use crate::Example;
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Stream;

/// ELECTRA's law of a window's slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slots {
    /// How close to the publication.
    pub mode: Mode,
    /// The share of the tokens that are slots.
    pub rate: f64,
    /// The share of those that the generator sees as `[MASK]`; it sees the others as they are.
    pub masked: f64,
}

impl Slots {
    /// The positions that may be hidden.
    fn candidates(&self, window: &Window, vocabulary: &Vocabulary) -> Vec<u32> {
        (0..window.ids.len() as u32)
            .filter(|position| maskable(window.ids[*position as usize], vocabulary, self.mode))
            .collect()
    }

    /// The number of generator samples, and so of predictions counted by weight, in a window of this many positions, of
    /// which so many may be hidden.
    fn count(&self, length: usize, candidates: usize) -> usize {
        match self.mode {
            Mode::Corrected => budget(self.rate, candidates),
            // `pretrain/pretrain_helpers.py`: the rate is of all positions but padding, at most as many as there are slots.
            Mode::Reference if candidates == 0 => 0,
            Mode::Reference => {
                let slots = ((self.rate + 0.005) * length as f64) as usize;
                ((self.rate * length as f64).round_ties_even() as usize)
                    .min(slots)
                    .max(1)
            }
        }
    }

    /// How many slots the rate means, not rounded.
    pub fn asked(&self, window: &Window, vocabulary: &Vocabulary) -> f64 {
        let candidates = self.candidates(window, vocabulary).len();
        let of = match self.mode {
            Mode::Corrected => candidates,
            Mode::Reference => window.ids.len(),
        };
        (self.rate * of as f64).min(candidates as f64)
    }

    /// A window with its slots as predictions. The inputs are still as they were.
    pub fn choose(&self, window: &Window, vocabulary: &Vocabulary, stream: &mut Stream) -> Example {
        let candidates = self.candidates(window, vocabulary);
        let count = self.count(window.ids.len(), candidates.len());
        match self.mode {
            Mode::Corrected => Example::predicting(window, choose(candidates, count, stream)),
            // `pretrain/pretrain_helpers.py` draws with replacement. A position drawn twice counts twice in the
            // generator's loss: it has weight 2 here.
            Mode::Reference => {
                let mut times = vec![0u8; window.ids.len()];
                for _ in 0..count {
                    let position = candidates[stream.below(candidates.len())] as usize;
                    times[position] = times[position].saturating_add(1);
                }
                let drawn = |position: &u32| times[*position as usize] > 0;
                let mut example = Example::predicting(window, candidates.into_iter().filter(drawn).collect());
                example.weights = example
                    .positions
                    .iter()
                    .map(|position| f32::from(times[*position as usize]))
                    .collect();
                example
            }
        }
    }

    /// Puts `[MASK]` into the share of an example's slots that the generator is to see so.
    pub fn hide(&self, example: &mut Example, vocabulary: &Vocabulary, stream: &mut Stream) {
        for (position, weight) in example.positions.iter().zip(&example.weights) {
            // Each time that a position was drawn is a chance to be masked.
            if (0..*weight as usize).any(|_| stream.chance(self.masked)) {
                let (inputs, nothing) = (&mut example.inputs, Pool::Ids(&[]));
                Fate::Mask.befall(inputs, [*position as usize], vocabulary.special.mask, nothing, stream);
            }
        }
    }
}
