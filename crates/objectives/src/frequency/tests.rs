//! Rates by frequency, and counts by hand.

use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{WINDOWS, any_window, configured, plain, token_budget, vocabulary};
use crate::{Example, Objective};
use cloze_backbone::Preset;
use cloze_corpus::{Statistics, Window};
use cloze_foundation::Draw;
use proptest::prelude::*;

/// A text in which each third id occurs once, the next 16 times, the next 256 times.
fn ready(options: &str, size: usize) -> Box<dyn Objective> {
    let counts = (0..size).map(|id| [1, 16, 256][id % 3]).collect();
    let mut objective = configured("frequency", options);
    objective.prepare(&Statistics::from_unigrams(counts)).unwrap();
    objective
}

fn examples(objective: &dyn Objective) -> impl Iterator<Item = Example> {
    let vocabulary = vocabulary(1000);
    (0..WINDOWS).map(move |index| {
        objective.corrupt(
            &plain(127, index),
            &vocabulary,
            0.0,
            Draw::new(4, "oracle").example(index),
        )
    })
}

#[test]
fn rare_tokens_are_hidden_as_often_as_the_exponent_says() {
    for exponent in [0.0, 0.25, 0.5] {
        let objective = ready(&format!("exponent = {exponent}"), 1000);
        let (mut hidden, mut total) = ([0.0; 3], [0.0; 3]);
        for example in examples(&*objective) {
            // The same rate in all: round(.15 · 126).
            assert_eq!(example.positions.len(), 19);
            example.targets.iter().for_each(|id| hidden[*id as usize % 3] += 1.0);
            example.originals[1..]
                .iter()
                .for_each(|id| total[*id as usize % 3] += 1.0);
        }
        let rates: Vec<f64> = hidden.iter().zip(total).map(|(hidden, total)| hidden / total).collect();
        for (more, less) in [(0, 1), (1, 2)] {
            let ratio = rates[more] / rates[less];
            let expected = 16f64.powf(exponent);
            // About 84,000 tokens a third; the rarest rate, .015, has a standard deviation of 2.9 %.
            assert!(
                (ratio / expected - 1.0).abs() < 0.09,
                "{exponent}: {ratio}, not {expected}"
            );
        }
    }
}

#[test]
fn a_high_exponent_hides_what_is_rare_and_nothing_else_while_it_lasts() {
    let objective = ready("exponent = 4", 1000);
    for example in examples(&*objective) {
        let rare = example.originals[1..].iter().filter(|id| **id % 3 == 0).count();
        assert!(rare > 19, "{rare} rare tokens in a window");
        let frequent = example.targets.iter().filter(|id| **id % 3 != 0).count();
        assert!(frequent <= 1, "{frequent}");
    }
}

#[test]
fn without_counts_it_hides_like_mlm() {
    let objective = configured("frequency", "");
    let mut deciles = [0.0; 10];
    for example in examples(&*objective) {
        for position in example.positions {
            deciles[(position as usize - 1) * 10 / 126] += 1.0;
        }
    }
    // A tenth of 126 tokens is 12 or 13 of them; 19 of 126 are hidden.
    for (decile, times) in deciles.into_iter().enumerate() {
        let tokens = (0..126).filter(|place| place * 10 / 126 == decile).count() as f64;
        let rate = times / (tokens * WINDOWS as f64);
        assert!((rate - 19.0 / 126.0).abs() < 0.008, "{decile}: {rate}");
    }
}

proptest! {
    #[test]
    fn the_token_budget_is_filled_exactly(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, exponent in 0.0..4.0f64) {
        let vocabulary = vocabulary(SIZE);
        let objective = ready(&format!("rate = {rate}\nexponent = {exponent}"), SIZE);
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert_eq!(example.positions.len(), token_budget(&window, rate, &vocabulary).0);
    }
}

#[test]
fn ids_beyond_the_counts_do_no_harm() {
    let objective = ready("", 4);
    let window = Window::new(vec![2, 900, 901, 902], vec![true; 4]);
    let example = objective.corrupt(&window, &vocabulary(1000), 0.0, Draw::new(1, "corruption"));
    assert_eq!(example.positions.len(), 1);
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    let losses = first_losses(&*configured("frequency", ""));
    assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("frequency", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
