//! Shares of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{LENGTH, SIZE, batch, build, encoder, first_losses, gradients, is_a_guess, masked_flops};
use crate::common::{SPECIAL, any_window, configured, count, examples, mean, token_budget, vocabulary};
use cloze_backbone::Preset;
use cloze_foundation::Draw;
use proptest::prelude::*;

#[test]
fn electra_draws_with_replacement_in_reference_mode_only() {
    // 19 draws of 126 candidates hit 17.69 different positions at L = 128; 77 draws hit 71.5 at L = 512. Windows of cloze
    // have no [SEP] here, so one candidate more: 17.70 and 71.53.
    for (length, draws, unique) in [(128, 19.0, 17.70), (512, 77.0, 71.53)] {
        let reference = || examples("electra", "mode = \"reference\"", length);
        assert!(reference().all(|example| f64::from(example.weights.iter().sum::<f32>()) == draws));
        let realised = mean(reference().map(|example| count(&example)));
        assert!((realised - unique).abs() < 0.12, "L = {length}: {realised}");
    }
    assert!(
        examples("electra", "", 128)
            .all(|example| example.positions.len() == 19 && example.weights.iter().all(|weight| *weight == 1.0))
    );
}

#[test]
fn electra_masks_85_percent_and_puts_in_no_random_token() {
    let (mut masked, mut selected) = (0.0, 0.0);
    for example in examples("electra", "", 128) {
        for position in &example.positions {
            let now = example.inputs[*position as usize];
            assert!(now == SPECIAL.mask || now == example.originals[*position as usize]);
            selected += 1.0;
            masked += f64::from(now == SPECIAL.mask);
        }
    }
    assert!((masked / selected - 0.85_f64).abs() < 0.006);
    // [MASK] on about .119 of the positions in the reference.
    let share = mean(
        examples("electra", "mode = \"reference\"", 128)
            .map(|example| example.inputs.iter().filter(|id| **id == SPECIAL.mask).count() as f64 / 128.0),
    );
    assert!((share - 0.119).abs() < 0.001, "{share}");
}

proptest! {
    #[test]
    fn the_token_budget_is_filled_exactly(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64) {
        let vocabulary = vocabulary(SIZE);
        let objective = configured("electra", &format!("rate = {rate}"));
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert_eq!(example.positions.len(), token_budget(&window, rate, &vocabulary).0);
    }
}

#[test]
fn at_first_both_losses_are_those_of_a_guess() {
    for mode in ["corrected", "reference"] {
        let losses = first_losses(&*configured("electra", &format!("mode = \"{mode}\"")));
        assert!(is_a_guess(losses["generator"], SIZE, 0.15), "{mode}: {losses:?}");
        assert!(is_a_guess(losses["discriminator"], 2, 0.15), "{mode}: {losses:?}");
        assert!((0.05..0.2).contains(&losses["replaced"]), "{mode}: {losses:?}");
    }
}

#[test]
fn no_gradient_of_the_discriminator_reaches_the_generator() {
    let generator = |weight: &str| {
        let objective = configured("electra", &format!("discriminator_weight = {weight}"));
        let mut found = gradients(&build(&*objective, Preset::Bert), &batch(&*objective));
        found.retain(|path, _| path.starts_with("generator"));
        found
    };
    assert!(generator("0").len() > 10);
    assert_eq!(generator("0"), generator("50"));
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let (objective, config) = (configured("electra", ""), encoder(Preset::Bert));
    let sizes = batch(&*objective).sizes();
    // The generator is as wide as this encoder: 32 is the least width.
    let discriminator = 3.0 * config.forward_flops(4, LENGTH, false);
    let dense = 3.0 * 2.0 * (4 * LENGTH * (32 * 32 + 32 * 32 + 32)) as f64;
    let flops = objective.flops(&config, SIZE, &sizes);
    assert_eq!(
        flops,
        discriminator + masked_flops(false, sizes.predicted, sizes.predicted) + dense
    );
}

#[test]
fn each_of_its_rules_is_answered_by_its_own_network() {
    let model = build(&*configured("electra", ""), Preset::Modern).frozen();
    let sentence = [[SPECIAL.start, 7, 8, 9, SPECIAL.end].to_vec()];
    let score = |name: &str| {
        model
            .score(model.rule(name).unwrap(), &sentence, &vocabulary(SIZE))
            .unwrap()[0]
            / 3.0
    };
    // Near a guess among two, and among all ids.
    assert!((score("discriminator") + 2f64.ln()).abs() < 0.15);
    assert!((score("generator") + (SIZE as f64).ln()).abs() < 0.5);
}
