//! The vocabulary of a text made by hand, and what is hidden of it.

use super::{Pmi, Settings, measure};
use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{SPECIAL, any_window, configured, hides_whole_words, token_budget, vocabulary};
use crate::laws::{Mode, Phrases};
use crate::units::{Hiding, Units};
use crate::{Example, Objective};
use cloze_backbone::Preset;
use cloze_corpus::ngrams::token;
use cloze_corpus::{Ngrams, Statistics, Window};
use cloze_foundation::Draw;
use proptest::prelude::*;

/// 20 to 59 at random; before some of them "10 15", of which the first word has a second piece, 11, or "12 13 14".
fn text(words: usize) -> Vec<(u32, bool)> {
    let mut stream = Draw::new(3, "text").stream();
    let mut text = Vec::new();
    for _ in 0..words {
        match stream.below(20) {
            0 => text.extend([(10, true), (11, false), (15, true)]),
            1 => text.extend([(12, true), (13, true), (14, true)]),
            _ => {}
        }
        text.push((20 + stream.below(40) as u32, true));
    }
    text
}

fn ngrams(above: u64) -> Ngrams {
    let text = text(4000);
    Ngrams::count(|| text.iter().copied(), &vocabulary(SIZE), above)
}

fn spell(ids: &[u32]) -> Vec<u32> {
    ids.iter().map(|id| token(*id, *id != 11)).collect()
}

fn ready(options: &str) -> Box<dyn Objective> {
    let mut objective = configured("pmi", options);
    objective.prepare(&Statistics::from_ngrams(10, ngrams(10))).unwrap();
    objective
}

#[test]
fn the_measure_is_that_of_a_computation_by_hand() {
    // "5 6" twice, "5" thrice, "6" twice, "7" twice; 7 words, 6 places for two of them, 5 for three.
    let text: Vec<(u32, bool)> = [5, 6, 7, 5, 6, 7, 5].map(|id| (id, true)).to_vec();
    let ngrams = Ngrams::count(|| text.iter().copied(), &vocabulary(SIZE), 0);
    let close = |ids: &[u32], expected: f64| {
        let found = measure(&spell(ids), &ngrams).unwrap();
        assert!((found - expected.ln()).abs() < 1e-12, "{ids:?}: {found}");
    };
    close(&[5, 6], (2.0 / 6.0) / (3.0 / 7.0 * 2.0 / 7.0));
    // The likeliest parts of "5 6 7" are 5 and "6 7": 3/7 · 2/6, more than 2/6 · 2/7 and 3/7 · 2/7 · 2/7.
    close(&[5, 6, 7], (2.0 / 5.0) / (3.0 / 7.0 * 2.0 / 6.0));
    assert_eq!(measure(&spell(&[5]), &ngrams), None);
    assert_eq!(measure(&spell(&[5, 7]), &ngrams), None);
}

#[test]
fn words_that_belong_together_are_the_vocabulary() {
    let of = |mode, vocabulary, above| {
        let settings = Settings {
            mode,
            vocabulary,
            ..Settings::default()
        };
        let phrases = Phrases::default();
        Pmi { settings, phrases }.vocabulary(&ngrams(above))
    };
    let together = [&[10, 11, 15][..], &[12, 13], &[13, 14], &[12, 13, 14]].map(spell);
    let all = of(Mode::Corrected, 1.0, 10);
    assert!(together.iter().all(|ngram| all.contains(ngram)), "{all:?}");
    for mode in [Mode::Corrected, Mode::Reference] {
        // At least one of each length that there is: of two and three words the ones that belong together.
        let best = of(mode, 0.01, 10);
        let of_length = |n: usize| {
            best.iter()
                .filter(|ngram| Ngrams::words(ngram).count() == n)
                .collect::<Vec<_>>()
        };
        assert!(
            of_length(2).len() == 1 && together.contains(of_length(2)[0]),
            "{best:?}"
        );
        assert_eq!(of_length(3), [&spell(&[12, 13, 14])]);
    }
    // With rarer ones there are many that are no more frequent than by chance; the published rank has no such bound, and
    // prefers frequent ones.
    let [corrected, reference] = [Mode::Corrected, Mode::Reference].map(|mode| of(mode, 1.0, 1));
    assert!(
        corrected.len() < reference.len(),
        "{} {}",
        corrected.len(),
        reference.len()
    );
}

#[test]
fn the_published_rank_prefers_frequent_ngrams_and_ours_those_that_belong_together() {
    // "5 6" 12 times among 20 of each word, "7 8" 100 times among 120, each followed by a word that there is once.
    let mut text = Vec::new();
    for (run, times) in [
        (&[7, 8][..], 100),
        (&[7], 20),
        (&[8], 20),
        (&[5, 6], 12),
        (&[5], 8),
        (&[6], 8),
    ] {
        for _ in 0..times {
            let once = 100 + text.len() as u32;
            text.extend(run.iter().copied().chain([once]).map(|id| (id, true)));
        }
    }
    // log p(w) / (p(5) p(6)) is greater for "5 6", and log p(w)² / (p(5) p(6)) for "7 8".
    let all = text.len() as f64;
    let measure = |both: f64, each: f64| ((both / all) / (each / all).powi(2)).ln();
    let rank = |both: f64, each: f64| measure(both, each) + (both / all).ln();
    assert!(measure(12.0, 20.0) > measure(100.0, 120.0) && rank(12.0, 20.0) < rank(100.0, 120.0));
    let best = |mode| {
        let settings = Settings {
            mode,
            vocabulary: 0.01,
            ..Settings::default()
        };
        let ngrams = Ngrams::count(|| text.iter().copied(), &vocabulary(1000), 10);
        let phrases = Phrases::default();
        Pmi { settings, phrases }.vocabulary(&ngrams)
    };
    assert_eq!(best(Mode::Corrected), [spell(&[5, 6])]);
    assert_eq!(best(Mode::Reference), [spell(&[7, 8])]);
}

#[test]
fn an_ngram_is_hidden_whole_with_one_fate() {
    for mode in ["corrected", "reference"] {
        let options =
            format!("mode = \"{mode}\"\nvocabulary = 0.01\nreplace = {{ mask = 0.5, random = 0 }}\nrate = 0.3");
        let objective = ready(&options);
        let (mut hidden, mut seen) = (0, 0);
        for index in 0..200 {
            let words = text(4000).into_iter().skip(index * 17).take(63);
            let (mut ids, mut starts) = (vec![SPECIAL.start], vec![true]);
            for (id, start) in words {
                ids.push(id);
                starts.push(start);
            }
            let window = Window::new(ids, starts);
            let Example { positions, inputs, .. } = objective.corrupt(
                &window,
                &vocabulary(SIZE),
                0.0,
                Draw::new(1, "corruption").example(index as u64),
            );
            for first in 1..62 {
                if window.ids[first..first + 3] != [12, 13, 14] {
                    continue;
                }
                let chosen = (first..first + 3)
                    .filter(|place| positions.binary_search(&(*place as u32)).is_ok())
                    .count();
                let masked = inputs[first..first + 3]
                    .iter()
                    .filter(|id| **id == SPECIAL.mask)
                    .count();
                assert!(
                    [0, 3].contains(&chosen) && [0, 3].contains(&masked),
                    "{mode}: {chosen} {masked}"
                );
                hidden += usize::from(chosen == 3);
                seen += 1;
            }
        }
        assert!(hidden > seen / 6 && hidden < seen / 2, "{hidden} of {seen}");
    }
}

#[test]
fn a_text_without_repeated_ngrams_is_refused() {
    let mut objective = configured("pmi", "");
    let text: Vec<(u32, bool)> = (0..50).map(|index| (5 + index, true)).collect();
    let ngrams = Ngrams::count(|| text.iter().copied(), &vocabulary(SIZE), 10);
    let fault = objective.prepare(&Statistics::from_ngrams(10, ngrams)).unwrap_err();
    assert!(
        fault.what.contains("no n-gram") && fault.remedy.is_some() && fault.exit_status() == 2,
        "{fault}"
    );
    assert!(objective.prepare(&Statistics::default()).is_err());
}

proptest! {
    #[test]
    fn units_are_whole_words_within_the_budget(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let vocabulary = vocabulary(SIZE);
        let mut pmi = Pmi { settings: Settings::default(), phrases: Phrases::default() };
        pmi.settings.rate = crate::laws::Rate::Fixed(rate);
        // Every two neighbours of the window are a phrase.
        let words = window.words(&vocabulary);
        let spelt = |range: std::ops::Range<usize>| range.map(|at| token(window.ids[at], window.word_starts[at])).collect();
        pmi.phrases = words.windows(2).filter(|pair| pair[0].end == pair[1].start)
            .map(|pair| spelt(pair[0].start..pair[1].end)).collect();
        prop_assert!(!pmi.draws_for_pieces());
        let example = Hiding(pmi).corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert!(hides_whole_words(&window, &example, &vocabulary));
        // The shortest unit is a word or two.
        let (most, _) = token_budget(&window, rate, &vocabulary);
        let longest = words.windows(2).map(|pair| pair[0].len() + pair[1].len()).max();
        let longest = longest.or(words.first().map(ExactSizeIterator::len)).unwrap_or(0);
        prop_assert!(example.positions.len() <= most.max(longest));
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("pmi", &format!("mode = \"{mode}\"")));
        assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("pmi", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
