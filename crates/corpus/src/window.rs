//! A window of the token stream, as objectives see it.

use crate::annotations::{MarkKind, SpanKind};
use crate::{Annotations, Vocabulary};
use cloze_foundation::{Draw, Result};
use std::ops::Range;
use std::sync::Arc;

/// L consecutive positions: `[CLS]`, then L - 1 tokens of the stream, in which every document ends with `[SEP]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Token ids, L of them.
    pub ids: Vec<u32>,
    /// true = a word begins at this position (special tokens begin one each).
    pub word_starts: Vec<bool>,
    /// What else is known of the text; empty unless its source says it.
    pub annotations: Annotations,
    /// Which reading of a training text it is from; none of a text that is read once.
    pub visit: Option<Visit>,
    /// Another window of the text, for whoever asks whether two segments belong together; none where nobody asked for one.
    pub elsewhere: Option<Arc<Window>>,
}

/// A window in one of the epochs of a run: what is to be the same whenever the run comes back to it is drawn from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The window's own draws, whatever the step.
    pub draw: Draw,
    /// How often the run has read the whole text before.
    pub epoch: u64,
}

impl Window {
    /// A window without annotations.
    pub fn new(ids: Vec<u32>, word_starts: Vec<bool>) -> Self {
        Self {
            ids,
            word_starts,
            annotations: Annotations::default(),
            visit: None,
            elsewhere: None,
        }
    }

    /// The window with spans of a kind, from left to right.
    ///
    /// # Errors
    /// Spans that are empty, overlap, do not ascend or leave the window.
    pub fn with_spans(mut self, kind: SpanKind, spans: Vec<Range<usize>>) -> Result<Self> {
        self.annotations.set_spans(kind, spans, self.ids.len())?;
        Ok(self)
    }

    /// The window with marks of a kind, one for each position.
    ///
    /// # Errors
    /// Another number of marks.
    pub fn with_marks(mut self, kind: MarkKind, marks: Vec<bool>) -> Result<Self> {
        self.annotations.set_marks(kind, marks, self.ids.len())?;
        Ok(self)
    }

    /// Keeps the first `length` positions, and of a span that reaches over them what is inside.
    pub fn truncate(&mut self, length: usize) {
        self.ids.truncate(length);
        self.word_starts.truncate(length);
        self.annotations.truncate(length);
    }

    /// The positions that may be hidden: every one that does not hold a special token.
    pub fn candidates(&self, vocabulary: &Vocabulary) -> Vec<u32> {
        (0..self.ids.len() as u32)
            .filter(|position| !vocabulary.is_special(self.ids[*position as usize]))
            .collect()
    }

    /// The words, as ranges of positions without special tokens, from left to right. A window may begin in the middle
    /// of a word; its rest then counts as a word.
    pub fn words(&self, vocabulary: &Vocabulary) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut open = false;
        for (position, id) in self.ids.iter().enumerate() {
            if vocabulary.is_special(*id) {
                open = false;
            } else if open && !self.word_starts[position] {
                words.last_mut().expect("a word is open").end = position + 1;
            } else {
                words.push(position..position + 1);
                open = true;
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpecialTokens;
    use crate::annotations::{ENTITIES, SENTENCE_ENDS};
    use proptest::prelude::*;

    #[test]
    fn words_are_whole_and_hold_no_special_token() {
        let vocabulary = Vocabulary::new(
            20,
            SpecialTokens {
                pad: 0,
                unknown: 1,
                start: 2,
                end: 3,
                mask: 4,
            },
        );
        // The rest of a cut word, a word of two pieces, the end of a document, an unknown word, a word.
        let window = Window::new(
            vec![2, 9, 10, 11, 3, 1, 12],
            vec![true, false, true, false, true, true, true],
        );
        assert_eq!(window.words(&vocabulary), [1..2, 2..4, 6..7]);
        assert_eq!(window.candidates(&vocabulary), [1, 2, 3, 6]);
    }

    fn plain(length: usize) -> Window {
        Window::new(vec![7; length], vec![true; length])
    }

    #[test]
    fn annotations_are_read_by_kind_and_absent_ones_are_empty() {
        let window = plain(6)
            .with_spans(ENTITIES, vec![1..3, 3..4])
            .and_then(|window| window.with_marks(SENTENCE_ENDS, vec![false, false, true, false, false, true]))
            .unwrap();
        assert_eq!(window.annotations.spans(ENTITIES), [1..3, 3..4]);
        assert_eq!(window.annotations.spans(SpanKind("phrases")), &[] as &[Range<usize>]);
        assert!(window.annotations.marked(SENTENCE_ENDS, 5) && !window.annotations.marked(SENTENCE_ENDS, 4));
        assert!(!plain(6).annotations.marked(SENTENCE_ENDS, 5));
        assert_eq!(plain(6).annotations, Annotations::default());
    }

    #[test]
    fn spans_out_of_place_and_too_few_marks_are_refused_by_kind() {
        for spans in [[2..2, 3..4], [1..3, 2..4], [3..4, 1..2], [1..2, 5..7]] {
            let fault = plain(6).with_spans(ENTITIES, spans.to_vec()).unwrap_err();
            assert!(fault.what.contains("`entities`"), "{spans:?}: {fault}");
        }
        assert!(plain(6).with_marks(SENTENCE_ENDS, vec![true; 5]).is_err());
    }

    proptest! {
        #[test]
        fn a_shorter_window_keeps_what_is_inside(marks in prop::collection::vec(any::<bool>(), 1..30), cut in 0usize..30) {
            // The runs of marked positions as spans.
            let spans = |marks: &[bool]| {
                let mut spans: Vec<Range<usize>> = Vec::new();
                for position in (0..marks.len()).filter(|position| marks[*position]) {
                    match spans.last_mut() {
                        Some(span) if span.end == position => span.end += 1,
                        _ => spans.push(position..position + 1),
                    }
                }
                spans
            };
            let annotated = |marks: &[bool]| plain(marks.len())
                .with_spans(ENTITIES, spans(marks))
                .and_then(|window| window.with_marks(SENTENCE_ENDS, marks.to_vec()))
                .unwrap();
            let mut window = annotated(&marks);
            window.truncate(cut);
            prop_assert_eq!(window, annotated(&marks[..cut.min(marks.len())]));
        }
    }
}
