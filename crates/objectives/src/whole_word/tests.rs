//! Rates of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{LENGTH, SIZE, batch, build, encoder, first_losses, is_a_guess, masked_flops, number};
use crate::common::{
    SPECIAL, any_window, configured, count, examples, hides_whole_words, mean, plain, token_budget, vocabulary,
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
        // The rarest words, 2 % of 200,000, give a standard deviation of 0.04.
        let tolerance = [0.01, 0.04, 0.06, 0.09][length];
        assert!(
            (relative - expected).abs() < tolerance,
            "{} pieces: {relative:.3}",
            length + 1
        );
    }
}

#[test]
fn a_word_meets_one_fate_and_bert_draws_for_every_piece() {
    let vocabulary = vocabulary(1000);
    let mixed = |options: &str| {
        let options = format!("{options}\nreplace = {{ mask = 0.5, random = 0.0 }}");
        examples("whole-word", &options, 128)
            .enumerate()
            .flat_map(|(index, example)| {
                let words = plain(128, index as u64).words(&vocabulary);
                words.into_iter().map(move |word| {
                    let masked = word
                        .clone()
                        .filter(|position| example.inputs[*position] == SPECIAL.mask)
                        .count();
                    masked != 0 && masked != word.len()
                })
            })
            .filter(|mixed| *mixed)
            .count()
    };
    assert_eq!(mixed(""), 0);
    assert!(mixed("mode = \"reference\"") > 500);
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
    let (mut chosen, mut total, mut shares) = ([0.0; 4], [0.0; 4], Vec::new());
    for (index, example) in examples("whole-word", "select = \"bernoulli\"", 127).enumerate() {
        let window = plain(127, index as u64);
        assert!(hides_whole_words(&window, &example, &vocabulary));
        for word in window.words(&vocabulary) {
            total[word.len() - 1] += 1.0;
            chosen[word.len() - 1] += f64::from(example.positions.contains(&(word.start as u32)));
        }
        shares.push(count(&example) / 126.0);
    }
    for (chosen, total) in chosen.into_iter().zip(total) {
        let deviation = (0.15f64 * 0.85 / total).sqrt();
        assert!((chosen / total - 0.15).abs() < 3.0 * deviation, "{}", chosen / total);
    }
    // A window's share of tokens varies by .039; by .032 if tokens were chosen singly.
    let average = mean(shares.iter().copied());
    let deviation = mean(shares.iter().map(|share| (share - average).powi(2))).sqrt();
    assert!(
        (average - 0.15).abs() < 0.003 && (deviation - 0.039).abs() < 0.002,
        "{average} {deviation}"
    );
}

#[test]
fn words_fill_the_budget_nearly_always() {
    // round(.15 · 127) = 19 tokens.
    assert!(mean(examples("whole-word", "", 128).map(|example| count(&example))) > 18.99);
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
