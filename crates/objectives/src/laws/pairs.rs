//! Windows of two segments, and whether they belong together: what BERT's next sentence prediction and ALBERT's sentence order
//! prediction ask beside the masked tokens.

use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_options::words;

words! {
    /// What is asked about the two segments of a window.
    pub enum Pairs {
        /// Whether the second follows the first or is of another window: next sentence prediction (Devlin et al. 2019).
        Next = "next",
        /// Whether they stand in their order: sentence order prediction (Lan et al. 2020).
        Order = "order",
    }
}

/// A window cut in two: `[CLS]` first `[SEP]` second `[SEP]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// What is read.
    pub window: Window,
    /// Segment of each position: the first `[SEP]` belongs to the first.
    pub segments: Vec<u32>,
    /// Whether the second segment is another window's, or they are in the wrong order: BERT's and ALBERT's label 1.
    pub apart: bool,
}

/// Shorter windows are not cut: each segment would be a token.
pub const SHORTEST_PAIR: usize = 8;

impl Pairs {
    /// Cuts a window at a word's beginning in its middle half. One in two has its second segment from `elsewhere` (there is
    /// none in a batch of one window, whose segments then always follow each other), or its segments swapped. What the two
    /// further `[SEP]`s have no place for is left out at the end. `None` for windows too short to be cut.
    ///
    /// google-research/bert and google-research/albert, `create_pretraining_data.py`, cut between sentences of one document;
    /// a window of a stream may begin and end anywhere, and another document may begin in it.
    pub fn cut(self, window: &Window, vocabulary: &Vocabulary, draw: Draw) -> Option<Paired> {
        let length = window.ids.len();
        if length < SHORTEST_PAIR {
            return None;
        }
        let mut stream = draw.purpose("pair").stream();
        let (from, to) = (length / 4, length * 3 / 4);
        let starts: Vec<usize> = (from..to).filter(|position| window.word_starts[*position]).collect();
        let cut = if starts.is_empty() {
            length / 2
        } else {
            starts[stream.below(starts.len())]
        };
        let wants_apart = stream.chance(0.5);
        let elsewhere = window.elsewhere.as_deref().filter(|other| other.ids.len() == length);
        let (own, apart) = match (self, elsewhere) {
            (Self::Next, Some(_)) | (Self::Order, _) => (!wants_apart, wants_apart),
            (Self::Next, None) => (true, false),
        };
        let part = |of: &Window, range: std::ops::Range<usize>| {
            (of.ids[range.clone()].to_vec(), of.word_starts[range].to_vec())
        };
        // Two positions less than the window has are the segments': [CLS] has one already.
        let last = length - 2;
        // As long a text of the other window, from a word's beginning there.
        let from_elsewhere = |other: &Window| {
            let from = (1..=cut)
                .rev()
                .find(|position| other.word_starts[*position])
                .unwrap_or(cut);
            part(other, from..from + last - cut)
        };
        // Pieces of words that the window cuts off stay where they are, or they would tell the order.
        let begins = (1..cut).find(|position| window.word_starts[*position]).unwrap_or(cut);
        let ends = (cut..=last)
            .rev()
            .find(|position| window.word_starts[*position])
            .unwrap_or(last);
        let join = |parts: [std::ops::Range<usize>; 2]| {
            let [(ids, starts), (more, further)] = parts.map(|range| part(window, range));
            ([ids, more].concat(), [starts, further].concat())
        };
        let (first, second) = match (self, elsewhere) {
            (Self::Next, Some(other)) if !own => (part(window, 1..cut), from_elsewhere(other)),
            (Self::Order, _) if !own => (join([1..begins, cut..ends]), join([begins..cut, ends..last])),
            _ => (part(window, 1..cut), part(window, cut..last)),
        };
        let boundary = 1 + first.0.len();
        let end = || (vec![vocabulary.special.end], vec![true]);
        let start = (vec![window.ids[0]], vec![window.word_starts[0]]);
        let parts = [start, first, end(), second, end()];
        let ids: Vec<u32> = parts.iter().flat_map(|(ids, _)| ids.clone()).collect();
        let word_starts = parts.into_iter().flat_map(|(_, starts)| starts).collect();
        let segments = (0..ids.len()).map(|position| u32::from(position > boundary)).collect();
        Some(Paired {
            window: Window {
                visit: window.visit,
                ..Window::new(ids, word_starts)
            },
            segments,
            apart,
        })
    }
}
