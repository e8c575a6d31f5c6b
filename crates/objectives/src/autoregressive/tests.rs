//! What is predicted, and counts by hand.

use crate::common::training::{SIZE, batch, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{configured, plain, vocabulary};
use cloze_backbone::Preset;
use cloze_foundation::Draw;

#[test]
fn every_token_but_the_start_is_predicted_from_the_one_before_it() {
    let (window, vocabulary) = (plain(24, 3), vocabulary(1000));
    let example = configured("autoregressive", "").corrupt(&window, &vocabulary, 0.0, Draw::new(1, "corruption"));
    assert_eq!(example.inputs, window.ids);
    assert_eq!(example.positions, (0..23).collect::<Vec<u32>>());
    assert_eq!(example.targets, window.ids[1..]);
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    let losses = first_losses(&*configured("autoregressive", ""));
    assert!(
        losses.len() == 1 && is_a_guess(losses["next-token"], SIZE, 0.15),
        "{losses:?}"
    );
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("autoregressive", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(true, sizes.predicted, sizes.predicted));
}
