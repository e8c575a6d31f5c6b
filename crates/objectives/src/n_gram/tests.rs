//! Rates of the published implementations, computed from their rules, and counts by hand.

use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{
    SPECIAL, WINDOWS, any_window, assert_mean, configured, count, examples, hides_whole_words, mean, plain,
    token_budget, vocabulary,
};
use cloze_backbone::Preset;
use cloze_corpus::Window;
use cloze_foundation::Draw;
use proptest::prelude::*;

/// The share of the tokens that is hidden in each tenth of windows of 510 words of one piece, window by window.
fn by_decile(options: &str) -> [Vec<f64>; 10] {
    let (objective, vocabulary) = (configured("n-gram", options), vocabulary(1000));
    let window = Window::new([vec![SPECIAL.start], (5..515).collect()].concat(), vec![true; 511]);
    let mut deciles = [const { Vec::new() }; 10];
    for index in 0..WINDOWS {
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(4, "oracle").example(index));
        let mut hidden = [0.0; 10];
        for position in example.positions {
            hidden[(position as usize - 1) / 51] += 1.0 / 51.0;
        }
        deciles
            .iter_mut()
            .zip(hidden)
            .for_each(|(decile, share)| decile.push(share));
    }
    deciles
}

#[test]
fn debertas_last_tenth_is_hardly_ever_hidden() {
    // Published: .167 in the first nine tenths; of the last .009 where no n-gram is longer than a word, .020 up to three words.
    for (longest, published) in [(1, 0.009), (3, 0.020)] {
        // A stretch of 6 n words hides n of them. One n-gram of 6 n begins in each of its last n - 1 places, and reaches as far
        // into the next stretch, which begins behind it. Nothing reaches into the first words of a text.
        let weights: f64 = (1..=longest).map(|n| 1.0 / f64::from(n)).sum();
        let per_stretch = |of: fn(f64) -> f64| -> f64 {
            let lengths = (1..=longest).map(f64::from);
            lengths.map(|n| of(n) / n / weights).sum()
        };
        let reaching: fn(f64) -> f64 = |n| n * (n - 1.0) / 2.0 / (6.0 * n);
        let rate = per_stretch(|n| n) / (6.0 * per_stretch(|n| n) + per_stretch(reaching));
        assert!((rate - 0.167).abs() < 0.002, "{rate}");
        let options = format!("mode = \"reference\"\nplacement = \"windows\"\nlongest = {longest}");
        for (tenth, shares) in by_decile(&options).iter().enumerate() {
            let (expected, rounded) = match tenth {
                0 => (rate - per_stretch(reaching) / 51.0, 0.0),
                1..=7 => (rate, 0.0),
                // The budget may end here.
                8 => (rate, 0.001),
                _ => (published, 0.001),
            };
            assert_mean(&format!("{longest}, tenth {tenth}"), shares, expected, rounded);
        }
    }
}

#[test]
fn our_windows_have_the_rate_to_their_end() {
    for longest in [1, 3] {
        let options = format!("placement = \"windows\"\nlongest = {longest}");
        for (tenth, shares) in by_decile(&options).iter().enumerate() {
            assert_mean(&format!("{longest}, tenth {tenth}"), shares, 0.15, 0.0);
        }
    }
}

#[test]
fn albert_fills_its_budget_to_a_token_or_two() {
    // round(.15 · 128) = 19, and a word that does not fit is left out.
    assert!(examples("n-gram", "mode = \"reference\"", 128).all(|example| example.positions.len() <= 19));
    assert!(mean(examples("n-gram", "mode = \"reference\"", 128).map(|example| count(&example))) > 18.98);
    // round(.15 · 127) = 19.
    assert!(mean(examples("n-gram", "", 128).map(|example| count(&example))) > 18.98);
}

#[test]
fn an_ngram_of_one_word_is_a_word() {
    // The same rule as whole-word masking then, with draws of its own: long words fit less often at the end.
    let lengths = |objective: &str, options: &str| {
        let shares = examples(objective, options, 127).map(|example| {
            let runs = example.positions.chunk_by(|left, right| left + 1 == *right);
            example.positions.len() as f64 / runs.count() as f64
        });
        mean(shares)
    };
    let (words, ngrams) = (lengths("whole-word", ""), lengths("n-gram", "longest = 1"));
    assert!((words - ngrams).abs() < 0.03, "{words} {ngrams}");
    // With up to three words the runs are longer: the law's mean is 1.636 words, of 1.24 tokens each.
    let longer = lengths("n-gram", "");
    assert!(longer > 1.4 * words && longer < 2.0 * words, "{longer} {words}");
}

#[test]
fn an_ngram_meets_one_fate_and_albert_draws_for_every_piece() {
    let mixed = |options: &str| {
        let options = format!("{options}\nlongest = 3\nreplace = {{ mask = 0.5, random = 0.0 }}");
        let vocabulary = vocabulary(1000);
        let is_mixed = |(index, example): (usize, crate::Example)| {
            let words = plain(128, index as u64).words(&vocabulary).into_iter();
            words
                .filter(|word| {
                    let masked = word
                        .clone()
                        .filter(|place| example.inputs[*place] == SPECIAL.mask)
                        .count();
                    masked != 0 && masked != word.len()
                })
                .count()
        };
        examples("n-gram", &options, 128)
            .enumerate()
            .map(is_mixed)
            .sum::<usize>()
    };
    assert_eq!(mixed(""), 0);
    assert!(mixed("mode = \"reference\"") > 500);
}

proptest! {
    #[test]
    fn ngrams_are_whole_words_within_the_budget(
        window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, longest in 1usize..6,
    ) {
        let vocabulary = vocabulary(SIZE);
        let draw = Draw::new(seed, "corruption");
        for placement in ["anywhere", "windows"] {
            let options = format!("rate = {rate}\nlongest = {longest}\nplacement = \"{placement}\"");
            let example = configured("n-gram", &options).corrupt(&window, &vocabulary, 0.0, draw);
            prop_assert!(hides_whole_words(&window, &example, &vocabulary), "{}", placement);
            let (most, shortest) = token_budget(&window, rate, &vocabulary);
            prop_assert!(placement == "windows" || example.positions.len() <= most.max(shortest));
            let reference = configured("n-gram", &format!("mode = \"reference\"\n{options}"));
            prop_assert!(reference.corrupt(&window, &vocabulary, 0.0, draw).positions.len() <= window.ids.len());
        }
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("n-gram", &format!("mode = \"{mode}\"")));
        assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
    }
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("n-gram", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
