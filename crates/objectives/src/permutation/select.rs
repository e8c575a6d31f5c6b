//! Which tokens of a window are predicted: spans, each somewhere in a context of its own, from left to right.

use crate::laws::{Mode, budget, words, words_within};
use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Stream;
use std::ops::Range;

/// Spans of 1 to `longest`, n with the probability 1/n over their sum, each in a context of n over the rate.
pub(super) struct Spans {
    pub rate: f64,
    pub longest: usize,
}

impl Spans {
    /// A length, its context, and how much of that stands before it, uniform from nothing to all but one.
    pub fn draw(&self, most: usize, stream: &mut Stream) -> (usize, usize, usize) {
        let weights: Vec<f64> = (1..=self.longest).map(|n| 1.0 / n as f64).collect();
        let length = (1 + stream.weighted(&weights)).min(most);
        let context = ((length as f64 / self.rate) as usize).max(1);
        let before = stream.below(context);
        (length, context, before)
    }

    /// Spans of whole words: one begins at the first word that begins in its context behind what stands before it, and ends
    /// before a word that would overshoot the budget and where the text is interrupted. What the walk leaves of the budget is
    /// filled with single words.
    pub fn of_words(&self, window: &Window, vocabulary: &Vocabulary, stream: &mut Stream) -> Vec<u32> {
        let words = words(window, vocabulary, Mode::Corrected);
        let mut left = budget(self.rate, words.iter().map(ExactSizeIterator::len).sum());
        let mut chosen: Vec<Range<usize>> = Vec::new();
        let mut rest = Vec::new();
        let (mut next, mut from) = (0, 0);
        while left > 0 {
            let (length, context, before) = self.draw(usize::MAX, stream);
            let first = next + words[next..].partition_point(|word| word.start < from + before);
            rest.extend_from_slice(&words[next..first]);
            next = first;
            if next == words.len() {
                break;
            }
            let start = words[next].start;
            let mut end = start;
            for word in words[next..].iter().take(length) {
                if word.start != end || word.len() > left {
                    break;
                }
                (left, end, next) = (left - word.len(), word.end, next + 1);
                chosen.push(word.clone());
            }
            if end == start {
                // The budget is too small for this word; later ones may fit.
                rest.push(words[next].clone());
                (next, end) = (next + 1, words[next].end);
            }
            from = end + context - before;
        }
        rest.extend_from_slice(&words[next..]);
        let shortest = rest.iter().min_by_key(|word| word.len()).cloned();
        chosen.extend(words_within(rest, left, stream));
        if chosen.is_empty() {
            // Every word is longer than the budget: a window without a prediction would teach nothing.
            chosen.extend(shortest);
        }
        let mut targets: Vec<u32> = chosen.into_iter().flatten().map(|position| position as u32).collect();
        targets.sort_unstable();
        targets
    }

    /// zihangdai/xlnet, `data_utils.py`, `_sample_mask`: the budget is of all positions; a span begins with a word, but its end
    /// is searched for by looking at its first piece again and again, which makes it n pieces; one that would touch the
    /// window's end is given up, and the rest of the budget is filled with single positions at random. Of all these the
    /// special ones are dropped.
    pub fn of_pieces(&self, window: &Window, vocabulary: &Vocabulary, stream: &mut Stream) -> Vec<u32> {
        let positions = window.ids.len();
        let mut left = budget(self.rate, positions);
        let mut chosen = vec![false; positions];
        let mut from = 0;
        while left > 0 && from < positions {
            let (length, context, before) = self.draw(left, stream);
            let start = (from + before..positions).find(|position| window.word_starts[*position]);
            let Some(start) = start else { break };
            let end = start + length;
            if end >= positions {
                break;
            }
            chosen[start..end].fill(true);
            left -= length;
            from = end + context - before;
        }
        while left > 0 {
            let position = stream.below(positions);
            left -= usize::from(!chosen[position]);
            chosen[position] = true;
        }
        let special = vocabulary.special;
        let functional = |position: &u32| [special.start, special.end].contains(&window.ids[*position as usize]);
        let chosen = (0..positions as u32).filter(|position| chosen[*position as usize]);
        chosen.filter(|position| !functional(position)).collect()
    }
}
