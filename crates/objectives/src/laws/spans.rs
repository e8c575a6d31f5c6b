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
    Err(Fault::usage(format!("`{key}` is {asked}, and a window has {window} positions"))
        .at(Place::key(key))
        .allowed([format!("1 to {}", window.max(usual))])
        .remedy("or lengthen encoder.window"))
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
    use cloze_foundation::Draw;
    use proptest::prelude::*;

    #[test]
    fn lengths_follow_spanberts_law() {
        // Probabilities for p = 0.2 and at most 10 words, from the formula.
        const EXPECTED: [f64; 10] = [
            0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.0470, 0.0376, 0.0301,
        ];
        let law = SpanLaw { stop: 0.2, longest: 10 };
        let mut stream = Draw::new(11, "spans").stream();
        let draws = 200_000;
        let mut counts = [0u32; 10];
        for _ in 0..draws {
            counts[law.draw(&mut stream) - 1] += 1;
        }
        // Four standard deviations of a share of 0.22 are 0.0037.
        for (count, expected) in counts.iter().zip(EXPECTED) {
            assert!(
                (f64::from(*count) / f64::from(draws) - expected).abs() < 0.004,
                "{counts:?}"
            );
        }
        let mean: f64 = counts
            .iter()
            .zip(1..)
            .map(|(count, n)| f64::from(*count * n))
            .sum::<f64>()
            / f64::from(draws);
        assert!((mean - 3.797).abs() < 0.03, "mean {mean}");
    }

    #[test]
    fn lengths_follow_the_law_of_one_over_n() {
        for (longest, expected) in [
            (1, vec![1.0]),
            (3, vec![0.5455, 0.2727, 0.1818]),
            (5, vec![0.4380, 0.2190, 0.1460, 0.1095, 0.0876]),
        ] {
            let mut stream = Draw::new(12, "n-grams").stream();
            let draws = 200_000;
            let mut counts = vec![0.0; longest];
            for _ in 0..draws {
                counts[Reciprocal { longest }.draw(&mut stream) - 1] += 1.0 / f64::from(draws);
            }
            // Three standard deviations of a share of a half are .0034.
            let close = |(found, expected): (&f64, &f64)| (found - expected).abs() < 0.0034;
            assert!(counts.iter().zip(&expected).all(close), "{counts:?}");
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
