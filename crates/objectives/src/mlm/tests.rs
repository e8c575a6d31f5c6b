//! Rates and shares of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{SIZE, batch, build, encoder, first_losses, is_a_guess, masked_flops, number};
use crate::common::{
    SPECIAL, WINDOWS, any_window, assert_equally_likely, assert_shares, configured, count, examples, mean, plain,
    token_budget, vocabulary,
};
use cloze_backbone::Preset;
use cloze_corpus::{Visit, Window};
use cloze_foundation::Draw;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn berts_count_is_of_all_positions_and_rounds_half_to_even() {
    // round(0.15 · 128) = 19 with [CLS] in the base; round(0.5 · 13) = 6 by banker's rounding, where 7 is usual.
    assert!(examples("mlm", "mode = \"reference\"", 128).all(|example| example.positions.len() == 19));
    assert!(examples("mlm", "mode = \"reference\"\nrate = 0.5", 13).all(|example| example.positions.len() == 6));
    assert!(examples("mlm", "rate = 0.5", 14).all(|example| example.positions.len() == 7));
}

#[test]
fn masked_kept_and_random_tokens_have_berts_shares() {
    let (mut masked, mut changed, mut selected) = (0.0, 0.0, 0.0);
    for example in examples("mlm", "", 128) {
        for position in &example.positions {
            let (now, before) = (
                example.inputs[*position as usize],
                example.originals[*position as usize],
            );
            selected += 1.0;
            masked += f64::from(now == SPECIAL.mask);
            changed += f64::from(now != SPECIAL.mask && now != before);
        }
    }
    // One of a thousand random tokens is the one that was there.
    assert_shares(&[masked / selected, changed / selected], &[0.8, 0.1], selected, 0.0002);
}

#[test]
fn berts_random_tokens_may_be_special_and_ours_may_not() {
    let special = |options: &str| {
        examples("mlm", options, 64)
            .flat_map(|example| example.inputs.into_iter().skip(1))
            .filter(|id| *id < 5 && *id != SPECIAL.mask)
            .count()
    };
    assert_eq!(special("replace = { mask = 0.0, random = 1.0 }"), 0);
    assert!(special("mode = \"reference\"\nreplace = { mask = 0.0, random = 1.0 }") > 20);
}

#[test]
fn a_changing_rate_follows_progress() {
    let objective = configured("mlm", "rate = { from = 0.3, to = 0.15 }");
    let counts = [0.0, 0.5, 1.0].map(|progress| {
        objective
            .corrupt(&plain(201, 0), &vocabulary(1000), progress, Draw::new(1, "oracle"))
            .positions
            .len()
    });
    assert_eq!(counts, [60, 45, 30]);
}

#[test]
fn coins_leave_short_windows_without_a_mask() {
    // .85 to the power of the tokens: 27 % at 8, 7.4 % at 16, .55 % at 32.
    for tokens in [8, 16, 32] {
        let found = examples("mlm", "select = \"bernoulli\"", tokens + 1);
        let empty = mean(found.map(|example| f64::from(example.positions.is_empty())));
        let expected = 0.85f64.powi(tokens as i32);
        let deviation = (expected * (1.0 - expected) / WINDOWS as f64).sqrt();
        assert!((empty - expected).abs() < 3.0 * deviation, "{tokens}: {empty}");
    }
}

#[test]
fn coins_hide_the_rate_on_average_and_an_exact_count_never_varies() {
    let shares = |select: &str| {
        let options = format!("select = \"{select}\"");
        let share = |example| count(&example) / 126.0;
        let shares: Vec<f64> = examples("mlm", &options, 127).map(share).collect();
        let average = mean(shares.iter().copied());
        let variance = mean(shares.iter().map(|share| (share - average).powi(2)));
        (average, variance.sqrt())
    };
    // Standard deviation sqrt(.15 · .85 / 126) = .0318 of a window's share; of what is found as that, 1 / sqrt(2n) of it.
    let (average, deviation) = shares("bernoulli");
    let expected = (0.15f64 * 0.85 / 126.0).sqrt();
    assert!(
        (average - 0.15).abs() < 3.0 * expected / (WINDOWS as f64).sqrt(),
        "{average}"
    );
    assert!(
        (deviation - expected).abs() < 3.0 * expected / (2.0 * WINDOWS as f64).sqrt(),
        "{deviation}"
    );
    let (average, deviation) = shares("exact");
    assert!((average - 19.0 / 126.0).abs() < 1e-12 && deviation < 1e-12);
}

#[test]
fn fewer_tokens_are_predicted_than_are_hidden() {
    // Wettig et al.: hide 40 %, predict 20 %. round(.4 · 125) = 50, half of which are predicted.
    let mut places = [0.0; 50];
    for example in examples(
        "mlm",
        "rate = 0.4\npredict = 0.5\nreplace = { mask = 1, random = 0 }",
        126,
    ) {
        let hidden = (0..126).filter(|place| example.inputs[*place as usize] == SPECIAL.mask);
        let hidden: Vec<u32> = hidden.collect();
        assert_eq!((hidden.len(), example.positions.len()), (50, 25));
        for (position, target) in example.positions.iter().zip(&example.targets) {
            places[hidden.binary_search(position).unwrap()] += 1.0;
            assert_eq!(example.originals[*position as usize], *target);
        }
    }
    // Any of the hidden ones, half of them in each window.
    assert_equally_likely(&places, 25.0);
    let one = configured("mlm", "predict = 0.01");
    assert_eq!(
        one.corrupt(&plain(64, 0), &vocabulary(1000), 0.0, Draw::new(1, "x"))
            .positions
            .len(),
        1
    );
}

#[test]
fn more_tokens_are_predicted_than_are_hidden() {
    // Hide 15 %, predict 45 %. round(.15 · 125) = 19, and 38 of the others.
    let mut places = [0.0; 126];
    for example in examples(
        "mlm",
        "rate = 0.15\npredict = 3.0\nreplace = { mask = 1, random = 0 }",
        126,
    ) {
        let is_hidden = |place: u32| example.inputs[place as usize] == SPECIAL.mask;
        assert_eq!((0..126).filter(|place| is_hidden(*place)).count(), 19);
        assert_eq!(example.positions.len(), 57);
        assert!(example.positions.is_sorted_by(|one, other| one < other));
        let hidden = example.positions.iter().filter(|place| is_hidden(**place)).count();
        assert_eq!(hidden, 19, "all that is hidden is predicted");
        for (position, target) in example.positions.iter().zip(&example.targets) {
            assert_eq!(example.originals[*position as usize], *target);
            if !is_hidden(*position) {
                assert_eq!(example.inputs[*position as usize], *target, "read as it is");
                places[*position as usize] += 1.0;
            }
        }
    }
    // Any of the others.
    assert_eq!(places[0], 0.0, "[CLS]");
    assert_equally_likely(&places[1..], 38.0);
    // What is hidden does not depend on what else is predicted.
    let inputs = |predict: &str| {
        let window = plain(64, 0);
        let objective = configured("mlm", predict);
        objective
            .corrupt(&window, &vocabulary(1000), 0.0, Draw::new(1, "x"))
            .inputs
    };
    assert_eq!(inputs("predict = 3.0"), inputs(""));
    // A rate of one in three leaves nothing to predict beyond a third of it more.
    let objective = configured("mlm", "rate = 0.33\npredict = 3.03");
    let example = objective.corrupt(&plain(101, 0), &vocabulary(1000), 0.0, Draw::new(1, "x"));
    assert_eq!(example.positions.len(), 100);
}

#[test]
fn static_masks_come_back_and_dynamic_ones_do_not() {
    let vocabulary = vocabulary(1000);
    // What a window reads in so many epochs, each at another step.
    let readings = |options: &str, number: u64, epochs: u64| -> Vec<Vec<u32>> {
        let objective = configured("mlm", options);
        let reading = |epoch| {
            let visit = Some(Visit {
                draw: Draw::new(1, "window").example(number),
                epoch,
            });
            let window = Window { visit, ..plain(64, 0) };
            objective
                .corrupt(&window, &vocabulary, 0.0, Draw::new(1, "corruption").step(epoch))
                .inputs
        };
        (0..epochs).map(reading).collect()
    };
    let different = |readings: &[Vec<u32>]| readings.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(different(&readings("", 0, 12)), 12);
    for copies in [1, 2, 4] {
        let options = format!("copies = {copies}");
        let found = readings(&options, 0, 12);
        assert_eq!(different(&found), copies);
        // Each once, then again in the same order.
        assert_eq!(different(&found[..copies]), copies);
        assert!(
            found
                .iter()
                .zip(&found[copies..])
                .all(|(before, after)| before == after)
        );
        assert_ne!(found, readings(&options, 1, 12), "another window has masks of its own");
    }
    // Not all windows begin with the same copy: over 64 of them, both of two come first.
    let first: BTreeSet<bool> = (0..64)
        .map(|number| {
            let [one, two] = [1, 2].map(|copies| readings(&format!("copies = {copies}"), number, 1));
            one == two
        })
        .collect();
    assert_eq!(first.len(), 2);
    // A text that is read once has no masks of its own.
    let [fixed, usual] = ["copies = 1", ""]
        .map(|options| configured("mlm", options).corrupt(&plain(64, 0), &vocabulary, 0.0, Draw::new(1, "corruption")));
    assert_eq!(fixed, usual);
}

proptest! {
    #[test]
    fn the_token_budget_is_filled_exactly(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let vocabulary = vocabulary(SIZE);
        let example = configured("mlm", &format!("rate = {rate}")).corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert_eq!(example.positions.len(), token_budget(&window, rate, &vocabulary).0);
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("mlm", &format!("mode = \"{mode}\"")));
        assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
    }
}

/// 1e-5, which is as much as all of these weights.
#[test]
fn berts_denominator_has_a_little_added() {
    let mut batch = batch(&*configured("mlm", ""));
    let each = 1e-5 / batch.weights.len() as f32;
    batch.weights.fill(each);
    let [corrected, reference] = ["corrected", "reference"].map(|mode| {
        let model = build(&*configured("mlm", &format!("mode = \"{mode}\"")), Preset::Modern);
        number(&model.loss(&batch, Draw::new(3, "step"), false).total)
    });
    assert!((reference / corrected - 0.5).abs() < 1e-4, "{reference} of {corrected}");
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("mlm", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
