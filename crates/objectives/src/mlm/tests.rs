//! Rates and shares of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{SPECIAL, any_window, configured, examples, plain, token_budget, vocabulary};
use cloze_backbone::Preset;
use cloze_foundation::Draw;
use proptest::prelude::*;

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
    // 38,000 draws: three standard deviations are 0.006 and 0.005.
    assert!((masked / selected - 0.8_f64).abs() < 0.006 && (changed / selected - 0.1_f64).abs() < 0.006);
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

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("mlm", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
