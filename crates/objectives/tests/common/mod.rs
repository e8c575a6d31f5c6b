//! A vocabulary, windows with words of one to four pieces, and the registry with both modes.
#![allow(dead_code, reason = "every test file uses its own part")]

use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::{Draw, Stream};
use cloze_objectives::{Entry, OBJECTIVES, Objective};
use proptest::prelude::*;

pub const SPECIAL: SpecialTokens = SpecialTokens {
    pad: 0,
    unknown: 1,
    start: 2,
    end: 3,
    mask: 4,
};

pub fn vocabulary(size: usize) -> Vocabulary {
    Vocabulary::new(size, SPECIAL)
}

/// [CLS], then words of 1, 2, 3 or 4 pieces in the shares 84, 10, 4 and 2 %; `separators` of them in a thousand are
/// followed by [SEP] and `unknowns` in a thousand are [UNK].
pub fn window(length: usize, separators: f64, unknowns: f64, size: usize, stream: &mut Stream) -> Window {
    let mut window = Window {
        ids: vec![SPECIAL.start],
        word_starts: vec![true],
    };
    while window.ids.len() < length {
        if stream.chance(unknowns / 1000.0) {
            window.ids.push(SPECIAL.unknown);
            window.word_starts.push(true);
            continue;
        }
        let pieces = 1 + stream.weighted(&[0.84, 0.10, 0.04, 0.02]);
        for piece in 0..pieces {
            window.ids.push(5 + stream.below(size - 5) as u32);
            window.word_starts.push(piece == 0);
        }
        if stream.chance(separators / 1000.0) {
            window.ids.push(SPECIAL.end);
            window.word_starts.push(true);
        }
    }
    window.ids.truncate(length);
    window.word_starts.truncate(length);
    window
}

/// A window of text only: what the published oracles are about.
pub fn plain(length: usize, example: u64) -> Window {
    window(
        length,
        0.0,
        0.0,
        1000,
        &mut Draw::new(99, "text").example(example).stream(),
    )
}

/// Windows of every kind: short, all special, cut words, several documents, unknown words.
pub fn any_window(size: usize) -> impl Strategy<Value = Window> {
    let token = prop_oneof![
        20 => (5..size as u32, any::<bool>()),
        1 => Just((SPECIAL.end, true)),
        1 => Just((SPECIAL.unknown, true)),
    ];
    prop::collection::vec(token, 1..140).prop_map(|tokens| {
        let (mut ids, mut word_starts) = (vec![SPECIAL.start], vec![true]);
        for (id, starts) in tokens {
            ids.push(id);
            word_starts.push(starts);
        }
        Window { ids, word_starts }
    })
}

/// Every objective in both modes.
pub fn every_objective() -> impl Iterator<Item = (&'static Entry, &'static str, Box<dyn Objective>)> {
    OBJECTIVES.iter().flat_map(|entry| {
        ["corrected", "reference"].map(|mode| (*entry, mode, configured(entry.name, &format!("mode = \"{mode}\""))))
    })
}

pub fn configured(name: &str, options: &str) -> Box<dyn Objective> {
    cloze_objectives::configure(name, &options.parse().expect("a table")).expect("valid options")
}
