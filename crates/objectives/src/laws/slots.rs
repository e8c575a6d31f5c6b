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
            Mode::Reference => ((self.rate * length as f64).round_ties_even() as usize)
                .min(self.slots(length))
                .max(1),
        }
    }

    /// How many slots `reference` has room for.
    fn slots(&self, length: usize) -> usize {
        ((self.rate + 0.005) * length as f64) as usize
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

    /// How many different positions that is on average: k draws with replacement from n positions give n (1 - (1 - 1/n)ᵏ) of them. k is not
    /// rounded, and none is drawn because one has to be: a rate that windows are too short for is to be seen.
    pub fn expected(&self, window: &Window, vocabulary: &Vocabulary) -> f64 {
        let candidates = self.candidates(window, vocabulary).len();
        match self.mode {
            Mode::Reference if candidates > 0 => {
                let length = window.ids.len();
                let draws = (self.rate * length as f64).min(self.slots(length) as f64);
                let positions = candidates as f64;
                positions * (1.0 - (1.0 - 1.0 / positions).powf(draws))
            }
            Mode::Corrected | Mode::Reference => self.asked(window, vocabulary),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{assert_mean, plain, vocabulary};
    use cloze_foundation::Draw;

    #[test]
    fn draws_with_replacement_find_as_many_positions_as_their_law_says() {
        let (window, vocabulary) = (plain(128, 1), vocabulary(1000));
        // Of 127 tokens behind [CLS] 32, 64 and 96 draws find 28.4, 50.4 and 67.5.
        for (rate, by_hand) in [(0.25, 28.385), (0.5, 50.426), (0.75, 67.541)] {
            let slots = |mode| Slots {
                mode,
                rate,
                masked: 1.0,
            };
            let found: Vec<f64> = (0..2000)
                .map(|index| {
                    let mut stream = Draw::new(3, "slots").example(index).stream();
                    let example = slots(Mode::Reference).choose(&window, &vocabulary, &mut stream);
                    example.positions.len() as f64
                })
                .collect();
            let expected = slots(Mode::Reference).expected(&window, &vocabulary);
            assert!((expected - by_hand).abs() < 1e-3, "{expected}");
            assert_mean(&format!("{rate}"), &found, expected, 0.0);
            assert_eq!(slots(Mode::Reference).asked(&window, &vocabulary), 128.0 * rate);
            // Without replacement every draw finds one.
            assert_eq!(slots(Mode::Corrected).expected(&window, &vocabulary), 127.0 * rate);
        }
        // Of 64 positions 9 are drawn: the product is 9.6, and no more than 0.155 of them are allowed. 9 draws from 63 find 8.449.
        let slots = Slots {
            mode: Mode::Reference,
            rate: 0.15,
            masked: 1.0,
        };
        assert!((slots.expected(&plain(64, 1), &vocabulary) - 8.4492).abs() < 1e-3);
        let nothing = Window::new(vec![vocabulary.special.start], vec![true]);
        let slots = Slots {
            mode: Mode::Reference,
            rate: 0.5,
            masked: 1.0,
        };
        assert_eq!(slots.expected(&nothing, &vocabulary), 0.0);
    }
}
