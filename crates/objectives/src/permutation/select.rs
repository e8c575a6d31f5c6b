//! Which tokens of a window are predicted: spans, each somewhere in a context of its own.

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

    /// Spans of whole words, n of them somewhere in a context of n over the rate words, the first of which begins before the
    /// window, so that every place of it is as likely. Spans at random are given up where there are too many for the budget, and
    /// single words at random fill what is left of it.
    pub fn of_words(&self, window: &Window, vocabulary: &Vocabulary, stream: &mut Stream) -> Vec<u32> {
        let words = words(window, vocabulary, Mode::Corrected);
        let tokens = |words: &[Range<usize>]| -> usize { words.iter().map(ExactSizeIterator::len).sum() };
        let budget = budget(self.rate, tokens(&words));
        let mut spans = self.walk(&words, stream);
        stream.shuffle(&mut spans);
        let mut left = budget;
        let mut is_chosen = vec![false; words.len()];
        for span in spans {
            let length = tokens(&words[span.clone()]);
            if length <= left {
                left -= length;
                is_chosen[span].fill(true);
            }
        }
        let of = |chosen: bool| -> Vec<Range<usize>> {
            let indices = (0..words.len()).filter(|index| is_chosen[*index] == chosen);
            indices.map(|index| words[index].clone()).collect()
        };
        let (mut chosen, rest) = (of(true), of(false));
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

    /// The spans as ranges of words: what lies in the window of each, up to where the text is interrupted.
    fn walk(&self, words: &[Range<usize>], stream: &mut Stream) -> Vec<Range<usize>> {
        let weights: Vec<f64> = (1..=self.longest).map(|n| 1.0 / n as f64).collect();
        let mut spans = Vec::new();
        let mut from = 0;
        let mut before_the_window = None;
        loop {
            let length = 1 + stream.weighted(&weights);
            let context = ((length as f64 / self.rate).round() as usize).max(length);
            // Counted from where the first context begins.
            let ahead = *before_the_window.get_or_insert_with(|| stream.below(context));
            let start = from + stream.below(context - length + 1);
            from += context;
            let inside = start.saturating_sub(ahead)..(start + length).saturating_sub(ahead).min(words.len());
            if inside.start < inside.end {
                let run = (inside.start + 1..inside.end).find(|word| words[*word].start != words[*word - 1].end);
                spans.push(inside.start..run.unwrap_or(inside.end));
            }
            if from.saturating_sub(ahead) >= words.len() {
                break;
            }
        }
        spans
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
