//! A vocabulary, windows with words of one to four pieces, and the registry with both modes.
#![allow(dead_code, reason = "every test file uses its own part")]

pub mod training;

use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::{Draw, Stream};
use cloze_objectives::{Entry, Example, MIXTURE, OBJECTIVES, Objective, find};
use cloze_options::Kind;
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
    let mut window = Window::new(vec![SPECIAL.start], vec![true]);
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
    window.truncate(length);
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
        Window::new(ids, word_starts)
    })
}

/// What stands beside the registry's list and its modes, with a name in the place of the mode: questions about two segments, and
/// mixtures with a head for each part and with one for both.
const BESIDE: [(&str, &str, &str); 4] = [
    ("mlm", "next", "pairs = \"next\""),
    ("mlm", "order", "pairs = \"order\""),
    (
        MIXTURE,
        "own heads",
        "mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }]",
    ),
    (
        MIXTURE,
        "one head",
        "mixture = [{ objective = \"autoregressive\", share = 0.5, weight = 2 }, { objective = \"mlm\", pairs = \"order\" }]
         vocabulary_head = \"shared\"",
    ),
];

/// All that an arm can train: [`registered`] and what stands beside it.
pub fn every_objective() -> impl Iterator<Item = (&'static Entry, &'static str, Box<dyn Objective>)> {
    let beside = |(name, label, options)| (find(name).expect("an entry"), label, configured(name, options));
    registered().chain(BESIDE.map(beside))
}

/// Every objective of the registry in every mode that it has, or as it is where it has none.
pub fn registered() -> impl Iterator<Item = (&'static Entry, &'static str, Box<dyn Objective>)> {
    OBJECTIVES.iter().flat_map(|entry| {
        let fields = (entry.options)();
        let modes: Vec<&str> = match fields
            .iter()
            .find(|field| field.name == "mode")
            .map(|field| &field.kind)
        {
            Some(Kind::Words(words)) => words.iter().map(|word| word.name).collect(),
            _ => vec![""],
        };
        modes.into_iter().map(move |mode| {
            let options = if mode.is_empty() {
                String::new()
            } else {
                format!("mode = \"{mode}\"")
            };
            (*entry, mode, configured(entry.name, &options))
        })
    })
}

pub fn configured(name: &str, options: &str) -> Box<dyn Objective> {
    cloze_objectives::configure(name, &options.parse().expect("a table")).expect("valid options")
}

/// How many windows the published rates and shares are computed over.
pub const WINDOWS: u64 = 2000;

/// Examples of one objective over plain text windows of this length.
pub fn examples(objective: &str, options: &str, length: usize) -> impl Iterator<Item = Example> + use<> {
    let objective = configured(objective, options);
    let vocabulary = vocabulary(1000);
    (0..WINDOWS).map(move |index| {
        let draw = Draw::new(4, "oracle").example(index);
        objective.corrupt(&plain(length, index), &vocabulary, 0.0, draw)
    })
}

/// Three standard deviations of a share of this size over so many independent draws.
pub fn three_deviations(share: f64, draws: f64) -> f64 {
    3.0 * (share * (1.0 - share) / draws).sqrt()
}

/// Every share of so many independent draws is within three standard deviations of its own, beside what the expected ones are
/// rounded by.
pub fn assert_shares(found: &[f64], expected: &[f64], draws: f64, rounded: f64) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        // Beside what a sum of many numbers is rounded by.
        let bound = three_deviations(*expected, draws) + rounded + 1e-9;
        assert!(
            (found - expected).abs() < bound,
            "{place}: {found} is not {expected} by {bound}"
        );
    }
}

/// Counts of equally likely places, each draw of which takes `each` different ones of them: the sum of squared deviations over
/// their variance is that of as many normal numbers as there are places, but for one, and is within three standard deviations.
pub fn assert_equally_likely(counts: &[f64], each: f64) {
    let places = counts.len() as f64;
    let expected = counts.iter().sum::<f64>() / places;
    let squares: f64 = counts.iter().map(|count| (count - expected).powi(2)).sum();
    // Counts of places that exclude each other vary together: by one over the number of places less than alone.
    let found = squares / (expected * (1.0 - each / places)) * (places - 1.0) / places;
    let (mean, bound) = (places - 1.0, 3.0 * (2.0 * (places - 1.0)).sqrt());
    assert!(
        (found - mean).abs() < bound,
        "{found} is not {mean} by {bound}: {counts:?}"
    );
}

/// The mean of numbers that are drawn independently, one a window, is within three standard deviations of it, which the
/// numbers tell, beside what the expected one is rounded by.
pub fn assert_mean(what: &str, values: &[f64], expected: f64, rounded: f64) {
    let found = mean(values.iter().copied());
    let variance = mean(values.iter().map(|value| (value - found).powi(2)));
    let bound = 3.0 * (variance / values.len() as f64).sqrt() + rounded;
    assert!(
        (found - expected).abs() < bound,
        "{what}: {found} is not {expected} by {bound}"
    );
}

pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// How many positions an example predicts.
pub fn count(example: &Example) -> f64 {
    example.positions.len() as f64
}

/// `rate` of the candidates of a window, rounded, at least one; and the length of its shortest word.
pub fn token_budget(window: &Window, rate: f64, vocabulary: &Vocabulary) -> (usize, usize) {
    let candidates = window.candidates(vocabulary).len();
    let words = window.words(vocabulary);
    let shortest = words.iter().map(ExactSizeIterator::len).min().unwrap_or(0);
    (
        ((rate * candidates as f64).round() as usize).max(1).min(candidates),
        shortest,
    )
}

/// No word of the window is hidden in part.
pub fn hides_whole_words(window: &Window, example: &Example, vocabulary: &Vocabulary) -> bool {
    window.words(vocabulary).into_iter().all(|word| {
        let hidden = |position: &usize| example.positions.binary_search(&(*position as u32)).is_ok();
        let chosen = word.clone().filter(hidden).count();
        chosen == 0 || chosen == word.len()
    })
}
