//! A window of the token stream, as objectives see it.

use crate::Vocabulary;
use std::ops::Range;

/// L consecutive positions: `[CLS]`, then L - 1 tokens of the stream, in which every document ends with `[SEP]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Token ids, L of them.
    pub ids: Vec<u32>,
    /// true = a word begins at this position (special tokens begin one each).
    pub word_starts: Vec<bool>,
}

impl Window {
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
        let window = Window {
            ids: vec![2, 9, 10, 11, 3, 1, 12],
            word_starts: vec![true, false, true, false, true, true, true],
        };
        assert_eq!(window.words(&vocabulary), [1..2, 2..4, 6..7]);
        assert_eq!(window.candidates(&vocabulary), [1, 2, 3, 6]);
    }
}
