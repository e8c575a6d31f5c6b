//! A corrupted window as a person reads it.

use super::count::{predicted, reading};
use cloze_corpus::{Tokenizer, Window};
use cloze_kernels::Visibility;
use cloze_objectives::Example;

/// Positions whose sight is drawn.
const DRAWN: usize = 16;

/// A window of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What stands there: `[small cat -> MASK MASK]` is two tokens that are predicted and what is read in their place, `[small cat]` two
    /// that are predicted and read as they are, and `(small -> MASK)` one that is hidden and not asked for.
    pub text: String,
    /// Who sees whom among the first positions, a line for each that looks: `#` for what it sees. Empty where everybody sees
    /// everybody.
    pub sight: Vec<String>,
}

impl Shown {
    /// A window and what an objective made of it.
    pub fn of(window: &Window, example: &Example, tokenizer: &Tokenizer) -> Self {
        Self {
            text: shown(window, example, tokenizer),
            sight: sight(example),
        }
    }
}

fn sight(example: &Example) -> Vec<String> {
    if example.visibility == Visibility::Bidirectional {
        return Vec::new();
    }
    let (length, drawn) = (example.inputs.len(), example.inputs.len().min(DRAWN));
    let sees = |query: usize, key: usize| {
        if example.visibility.sees(length, query, key) {
            '#'
        } else {
            '.'
        }
    };
    (0..drawn)
        .map(|query| (0..drawn).map(|key| sees(query, key)).collect())
        .collect()
}

/// The text of a window: see [`Shown::text`].
fn shown(window: &Window, example: &Example, tokenizer: &Tokenizer) -> String {
    let special = tokenizer.vocabulary().special;
    let predicted = predicted(window, example);
    let ordinary = |place: &usize| !tokenizer.vocabulary().is_special(window.ids[*place]);
    // Where everything is predicted there is nothing to point at.
    let all = (0..window.ids.len()).filter(ordinary).all(|place| predicted[place]);
    let reading = reading(window, example);
    let read = |place: usize| reading[place];
    let fate = |place: usize| (predicted[place] && !all, read(place) != window.ids[place]);
    let word = |id: u32| {
        if id == special.mask {
            return "MASK".to_owned();
        }
        let piece = tokenizer.piece(id).unwrap_or_default();
        // How tokenizers write that a piece begins a word, or does not.
        piece.trim_start_matches(['\u{120}', '\u{2581}']).to_owned()
    };
    let mut text = String::new();
    let mut place = 0;
    while place < window.ids.len() {
        let end = (place + 1..window.ids.len()).find(|next| fate(*next) != fate(place));
        let end = end.unwrap_or(window.ids.len());
        let original = tokenizer.decode(&window.ids[place..end]);
        // The rest of a word, as WordPiece writes it.
        let original = original.trim().trim_start_matches("##");
        let found = || {
            (place..end)
                .map(|place| word(read(place)))
                .collect::<Vec<_>>()
                .join(" ")
        };
        if place > 0 && window.word_starts[place] {
            text.push(' ');
        }
        text += &match fate(place) {
            (false, false) => original.to_owned(),
            (true, false) => format!("[{original}]"),
            (true, true) => format!("[{original} -> {}]", found()),
            (false, true) => format!("({original} -> {})", found()),
        };
        place = end;
    }
    if all {
        format!("{text} (every token is predicted)")
    } else {
        text
    }
}
