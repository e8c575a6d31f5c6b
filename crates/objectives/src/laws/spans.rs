//! The lengths of spans, and runs of selected positions.

use cloze_foundation::{Fault, Place, Result, Stream};
use std::ops::Range;

/// A geometric law over span lengths in words, cut off at a longest one and renormalised (Joshi et al. 2020, SpanBERT,
/// section 3.1): P(n) ∝ p·(1 - p)ⁿ⁻¹ for n = 1 ..= longest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpanLaw {
    /// p, the probability of stopping after each word.
    pub stop: f64,
    /// The longest span in words.
    pub longest: usize,
}

impl SpanLaw {
    /// Draws a length, by inverting the distribution function.
    pub fn draw(&self, stream: &mut Stream) -> usize {
        let rest = 1.0 - self.stop;
        // 1 - restⁿ is the untruncated distribution function at n.
        let reached = stream.unit() * (1.0 - rest.powf(self.longest as f64));
        if rest <= 0.0 {
            return 1;
        }
        let length = ((1.0 - reached).ln() / rest.ln()).floor() as usize + 1;
        length.min(self.longest)
    }
}

/// Whether a number of words or tokens fits into a window; the `usual` one, which nobody asked for, does into any.
///
/// # Errors
/// A number beyond the window, at its key: whatever it is there, the same spans are hidden.
pub fn within(key: &'static str, asked: usize, usual: usize, window: usize) -> Result<()> {
    if asked <= window.max(usual) {
        return Ok(());
    }
    Err(
        Fault::usage(format!("`{key}` is {asked}, and a window has {window} positions"))
            .at(Place::key(key))
            .allowed([format!("1 to {}", window.max(usual))])
            .remedy("or lengthen encoder.window"),
    )
}

/// `length` positions tiled with spans of 1 to `longest`, each length as likely as any other; the last is cut where they end.
pub fn tiles(length: usize, longest: usize, stream: &mut Stream) -> Vec<Range<usize>> {
    let mut tiles = Vec::new();
    let mut start = 0;
    while start < length {
        let end = length.min(start + 1 + stream.below(longest.max(1)));
        tiles.push(start..end);
        start = end;
    }
    tiles
}

/// A law over lengths by which a length n is 1/n as likely as 1: P(n) ∝ 1/n for n = 1 ..= longest (google-research/albert,
/// `create_pretraining_data.py`; microsoft/DeBERTa, `DeBERTa/apps/tasks/mlm_task.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocal {
    /// The longest length.
    pub longest: usize,
}

impl Reciprocal {
    /// Draws a length.
    pub fn draw(&self, stream: &mut Stream) -> usize {
        let share = |n: usize| 1.0 / n as f64;
        let mut left = stream.unit() * (1..=self.longest).map(share).sum::<f64>();
        for n in 1..self.longest {
            left -= share(n);
            if left < 0.0 {
                return n;
            }
        }
        self.longest.max(1)
    }
}

/// Hides (true) so many of the words, from the first on as long as they follow each other, and stops with the budget, in the
/// middle of a word if need be (facebookresearch/SpanBERT, `data/masking.py`). Gives what is left of the budget.
pub fn hide_words(words: &[Range<usize>], length: usize, budget: usize, hidden: &mut [bool]) -> usize {
    let mut left = budget;
    let mut end = words.first().map_or(0, |word| word.start);
    for word in words.iter().take(length) {
        if word.start != end {
            break;
        }
        for position in word.clone() {
            if left > 0 && !hidden[position] {
                hidden[position] = true;
                left -= 1;
            }
        }
        end = word.end;
    }
    left
}

/// Maximal runs of `true`.
pub fn runs(selected: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for position in (0..selected.len()).filter(|position| selected[*position]) {
        match runs.last_mut() {
            Some(run) if run.end == position => run.end += 1,
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::assert_shares;
    use cloze_foundation::Draw;
    use proptest::prelude::*;

    /// Shares of the lengths from 1 on among so many draws, and their mean.
    fn lengths(longest: usize, mut draw: impl FnMut() -> usize) -> (Vec<f64>, f64) {
        let mut shares = vec![0.0; longest];
        for _ in 0..DRAWS {
            shares[draw() - 1] += 1.0 / f64::from(DRAWS);
        }
        let mean = (1..).zip(&shares).map(|(n, share)| f64::from(n) * share).sum();
        (shares, mean)
    }

    const DRAWS: u32 = 1_000_000;

    /// Holds lengths against a law of weights, and the law against the published numbers, which are rounded to four places.
    fn assert_law(weights: &[f64], published: &[f64], published_mean: f64, draw: impl FnMut() -> usize) {
        let sum: f64 = weights.iter().sum();
        let law: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        let moment = |power| {
            (1..)
                .zip(&law)
                .map(|(n, share)| f64::from(n).powi(power) * share)
                .sum::<f64>()
        };
        assert!(
            law.iter().zip(published).all(|(law, told)| (law - told).abs() <= 5e-5),
            "{law:?}"
        );
        assert!((moment(1) - published_mean).abs() <= 5e-4, "{}", moment(1));
        let (shares, mean) = lengths(weights.len(), draw);
        assert_shares(&shares, &law, f64::from(DRAWS), 0.0);
        let bound = 3.0 * ((moment(2) - moment(1).powi(2)) / f64::from(DRAWS)).sqrt() + 1e-9;
        assert!((mean - moment(1)).abs() < bound, "mean {mean}");
    }

    #[test]
    fn lengths_follow_spanberts_law() {
        let weights: Vec<f64> = (0..10).map(|n| 0.2 * 0.8f64.powi(n)).collect();
        let published = [
            0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.0470, 0.0376, 0.0301,
        ];
        let mut stream = Draw::new(11, "spans").stream();
        let law = SpanLaw { stop: 0.2, longest: 10 };
        assert_law(&weights, &published, 3.797, || law.draw(&mut stream));
    }

    #[test]
    fn lengths_follow_the_law_of_one_over_n() {
        for (longest, published, mean) in [
            (1, vec![1.0], 1.0),
            (3, vec![0.5455, 0.2727, 0.1818], 1.636),
            (5, vec![0.4380, 0.2190, 0.1460, 0.1095, 0.0876], 2.190),
        ] {
            let weights: Vec<f64> = (1..=longest).map(|n| 1.0 / n as f64).collect();
            let mut stream = Draw::new(12, "n-grams").stream();
            assert_law(&weights, &published, mean, || Reciprocal { longest }.draw(&mut stream));
        }
    }

    proptest! {
        #[test]
        fn a_length_is_never_zero_nor_beyond_the_longest(stop in 1e-6..=1.0f64, longest in 1usize..40, seed: u64) {
            let length = SpanLaw { stop, longest }.draw(&mut Draw::new(seed, "spans").stream());
            prop_assert!((1..=longest).contains(&length));
        }

        #[test]
        fn runs_cover_exactly_what_is_selected(selected in prop::collection::vec(any::<bool>(), 0..100)) {
            let runs = runs(&selected);
            prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start));
            let covered: Vec<usize> = runs.into_iter().flatten().collect();
            let expected: Vec<usize> = (0..selected.len()).filter(|position| selected[*position]).collect();
            prop_assert_eq!(covered, expected);
        }
    }
}
