//! Rates of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{LENGTH, SIZE, batch, build, encoder, first_losses, is_a_guess, masked_flops, number};
use crate::common::{
    SPECIAL, any_window, assert_mean, assert_shares, configured, count, examples, hides_whole_words, mean, plain,
    three_deviations, token_budget, vocabulary,
};
use crate::{Batch, Example};
use cloze_backbone::Preset;
use cloze_corpus::Window;
use cloze_foundation::Draw;
use proptest::prelude::*;

#[test]
fn long_words_are_masked_less_often_under_berts_budget() {
    // Relative rates 1.01, .97, .92, .85 for words of 1 to 4 pieces.
    let (mut chosen, mut total) = ([0.0; 4], [0.0; 4]);
    let vocabulary = vocabulary(1000);
    for (index, example) in examples("whole-word", "mode = \"reference\"", 127).enumerate() {
        for word in plain(127, index as u64).words(&vocabulary) {
            total[word.len() - 1] += 1.0;
            chosen[word.len() - 1] += f64::from(example.positions.contains(&(word.start as u32)));
        }
    }
    let average = chosen.iter().sum::<f64>() / total.iter().sum::<f64>();
    for (length, expected) in [1.01, 0.97, 0.92, 0.85].into_iter().enumerate() {
        let relative = chosen[length] / total[length] / average;
        // Beside what the published numbers are rounded by.
        let bound = three_deviations(expected * average, total[length]) / average + 0.005;
        assert!(
            (relative - expected).abs() < bound,
            "{} pieces: {relative:.3} is not {expected} by {bound:.3}",
            length + 1
        );
    }
}

#[test]
fn a_word_meets_one_fate_and_bert_draws_for_every_piece() {
    let vocabulary = vocabulary(1000);
    // Of every word that is hidden how many pieces it has, and whether some of them are [MASK] and some are not.
    let fates = |options: &str| -> Vec<(usize, bool)> {
        let options = format!("{options}\nreplace = {{ mask = 0.5, random = 0.0 }}");
        let of = |(index, example): (usize, Example)| {
            let mut words = plain(128, index as u64).words(&vocabulary);
            words.retain(|word| example.positions.contains(&(word.start as u32)));
            let fate = |word: std::ops::Range<usize>| {
                let pieces = word.len();
                let masked = word
                    .filter(|position| example.inputs[*position] == SPECIAL.mask)
                    .count();
                (pieces, masked != 0 && masked != pieces)
            };
            words.into_iter().map(fate).collect::<Vec<_>>()
        };
        examples("whole-word", &options, 128).enumerate().flat_map(of).collect()
    };
    assert!(fates("").into_iter().all(|(_, is_mixed)| !is_mixed));
    let found = fates("mode = \"reference\"");
    for pieces in 1..=4 {
        let own = found.iter().filter(|(count, _)| *count == pieces);
        let own: Vec<f64> = own.map(|(_, is_mixed)| f64::from(*is_mixed)).collect();
        // All heads and all tails are two of as many ways as there are.
        let expected = 1.0 - 2.0 / 2f64.powi(pieces as i32);
        assert_shares(&[mean(own.iter().copied())], &[expected], own.len() as f64, 0.0);
    }
}

#[test]
fn the_mean_is_over_predictions_and_not_over_windows() {
    // One word of 23 pieces is longer than any budget: bert's rule leaves such a window without a prediction.
    let objective = configured("whole-word", "mode = \"reference\"");
    let long = Window::new(
        [vec![SPECIAL.start], (10..10 + LENGTH as u32 - 1).collect()].concat(),
        (0..LENGTH).map(|place| place < 2).collect(),
    );
    let example = |window: &Window| objective.corrupt(window, &vocabulary(SIZE), 0.0, Draw::new(1, "corruption"));
    let empty = example(&long);
    assert!(empty.positions.is_empty());
    let usual = Window::new(long.ids.iter().rev().copied().collect(), vec![true; LENGTH]);
    let predicting = example(&usual);
    assert!(!predicting.positions.is_empty());
    let model = build(&*objective, Preset::Bert);
    let loss = |examples: &[Example]| number(&model.loss(&Batch::of(examples), Draw::new(1, "step"), false).total);
    let (alone, together) = (loss(std::slice::from_ref(&predicting)), loss(&[predicting, empty]));
    assert!((alone - together).abs() < 1e-5, "{alone} and {together}");
}

#[test]
fn a_coin_for_each_word_is_fair_to_long_ones() {
    let vocabulary = vocabulary(1000);
    let (mut chosen, mut total) = ([0.0; 4], [0.0; 4]);
    let (mut shares, mut variances) = (Vec::new(), Vec::new());
    for (index, example) in examples("whole-word", "select = \"bernoulli\"", 127).enumerate() {
        let window = plain(127, index as u64);
        assert!(hides_whole_words(&window, &example, &vocabulary));
        for word in window.words(&vocabulary) {
            total[word.len() - 1] += 1.0;
            chosen[word.len() - 1] += f64::from(example.positions.contains(&(word.start as u32)));
        }
        // With a coin for each word of n pieces the number of tokens has the variance .15 · .85 · Σ n².
        let squares: usize = window.words(&vocabulary).iter().map(|word| word.len().pow(2)).sum();
        variances.push(0.15 * 0.85 * squares as f64 / 126.0 / 126.0);
        shares.push(count(&example) / 126.0);
    }
    for (chosen, total) in chosen.into_iter().zip(total) {
        assert_shares(&[chosen / total], &[0.15], total, 0.0);
    }
    assert_mean("rate", &shares, 0.15, 0.0);
    // A window's share of tokens varies by .039; by .032 if tokens were chosen singly.
    let expected = mean(variances.into_iter());
    assert!((expected.sqrt() - 0.039).abs() < 0.001, "{expected}");
    let squares: Vec<f64> = shares.iter().map(|share| (share - 0.15).powi(2)).collect();
    assert_mean("variance", &squares, expected, 0.0);
}

#[test]
fn words_fill_the_budget() {
    // round(.15 · 127) = 19 tokens: what a long word leaves, short ones fill.
    assert!(examples("whole-word", "", 128).all(|example| count(&example) == 19.0));
}

proptest! {
    #[test]
    fn words_are_hidden_whole_and_within_the_budget(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let vocabulary = vocabulary(SIZE);
        let draw = Draw::new(seed, "corruption");
        for mode in ["corrected", "reference"] {
            let objective = configured("whole-word", &format!("mode = \"{mode}\""));
            let example = objective.corrupt(&window, &vocabulary, 0.0, draw);
            prop_assert!(hides_whole_words(&window, &example, &vocabulary), "{}", mode);
        }
        let (most, shortest) = token_budget(&window, rate, &vocabulary);
        let example = configured("whole-word", &format!("rate = {rate}")).corrupt(&window, &vocabulary, 0.0, draw);
        prop_assert!(example.positions.len() <= most.max(shortest));
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("whole-word", &format!("mode = \"{mode}\"")));
        assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("whole-word", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
