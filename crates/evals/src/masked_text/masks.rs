//! Which positions of a window are hidden: single tokens, whole words or spans of words, at one rate.

use cloze_corpus::{Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::Example;
use std::ops::Range;

/// Words of a span.
const SPAN: usize = 3;

/// What is hidden as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Tokens,
    Words,
    Spans,
}

impl Unit {
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Tokens, "tokens"), (Self::Words, "words"), (Self::Spans, "spans")];

    /// The units of a window, as ranges of positions. The last span may have fewer words.
    fn of(self, window: &Window, vocabulary: &Vocabulary) -> Vec<Range<usize>> {
        let words = window.words(vocabulary);
        match self {
            Self::Tokens => {
                let tokens = window.candidates(vocabulary).into_iter();
                tokens
                    .map(|position| position as usize..position as usize + 1)
                    .collect()
            }
            Self::Words => words,
            // Words with a special token between them are no span.
            Self::Spans => words
                .chunk_by(|a, b| a.end == b.start)
                .flat_map(|together| together.chunks(SPAN))
                .filter_map(|words| Some(words.first()?.start..words.last()?.end))
                .collect(),
        }
    }

    /// A window with units hidden until `rate` of its tokens are, or so many that one unit more would be farther from it; one
    /// unit at least, if there is one.
    pub(super) fn mask(self, window: &Window, vocabulary: &Vocabulary, rate: f64, draw: Draw) -> Example {
        let wanted = rate * window.candidates(vocabulary).len() as f64;
        let mut units = self.of(window, vocabulary);
        draw.stream().shuffle(&mut units);
        let mut positions: Vec<u32> = Vec::new();
        for unit in units {
            let short = wanted - positions.len() as f64;
            if !positions.is_empty() && short < unit.len() as f64 / 2.0 {
                break;
            }
            positions.extend(unit.start as u32..unit.end as u32);
        }
        positions.sort_unstable();
        let mut example = Example::predicting(window, positions);
        for position in &example.positions {
            example.inputs[*position as usize] = vocabulary.special.mask;
        }
        example
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;

    /// Words of two tokens; position 0 is `[CLS]`, and a document ends in the middle.
    fn window() -> (Window, Vocabulary) {
        let special = SpecialTokens {
            pad: 0,
            unknown: 1,
            start: 2,
            end: 3,
            mask: 4,
        };
        let mut ids: Vec<u32> = (0..81)
            .map(|position| if position == 0 { 2 } else { 5 + position })
            .collect();
        ids[41] = 3;
        let starts = (0..81).map(|position| {
            position == 41 || (position < 41 && position % 2 == 1) || (position > 41 && position % 2 == 0)
        });
        (Window::new(ids, starts.collect()), Vocabulary::new(500, special))
    }

    #[test]
    fn units_are_hidden_whole_at_the_stated_rate_and_the_same_each_time() {
        let (window, vocabulary) = window();
        for (unit, _) in Unit::ALL {
            let draw = |index| Draw::new(1, "masks").example(index);
            let example = unit.mask(&window, &vocabulary, 0.2, draw(0));
            assert_eq!(example, unit.mask(&window, &vocabulary, 0.2, draw(0)));
            assert_ne!(
                example.positions,
                unit.mask(&window, &vocabulary, 0.2, draw(1)).positions
            );
            let off = (example.positions.len() as f64 - 0.2 * 79.0).abs();
            assert!(off <= 3.0, "{unit:?}: {} positions", example.positions.len());
            for part in unit.of(&window, &vocabulary) {
                let hidden = part.clone().filter(|place| example.inputs[*place] == 4).count();
                assert!(hidden == 0 || hidden == part.len(), "{unit:?} {part:?}");
            }
            for (place, id) in example.inputs.iter().enumerate() {
                assert!(*id == 4 || *id == window.ids[place]);
            }
        }
    }

    #[test]
    fn spans_are_of_three_words_and_reach_over_no_end_of_a_document() {
        let (window, vocabulary) = window();
        let spans = Unit::Spans.of(&window, &vocabulary);
        assert_eq!(spans[0], 1..7);
        assert!(spans.iter().all(|span| !span.contains(&41)), "{spans:?}");
        let empty = Window::new(vec![2, 3], vec![true; 2]);
        assert!(
            Unit::Words
                .mask(&empty, &vocabulary, 0.2, Draw::new(1, "masks"))
                .positions
                .is_empty()
        );
    }
}
