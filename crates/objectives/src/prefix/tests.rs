//! Where windows are cut, who sees whom, and counts by hand.

use crate::common::training::{LENGTH, SIZE, encoder, first_losses, is_a_guess, noticed};
use crate::common::{SPECIAL, assert_equally_likely, configured, examples, mean, plain, vocabulary};
use crate::{Batch, Example};
use cloze_backbone::Preset;
use cloze_foundation::Draw;
use cloze_kernels::Visibility;

/// Where an example's prefix ends: what follows is predicted, each token from the one before it.
fn prefix(example: &Example) -> usize {
    example.positions[0] as usize + 1
}

#[test]
fn every_length_of_a_prefix_is_as_likely_as_any_other() {
    let mut counts = [0.0; 24];
    examples("prefix", "", 24).for_each(|example| counts[prefix(&example)] += 1.0);
    // Uniform on 1 to 23: mean 12, standard deviation 6.633, and so of the mean of 2,000 windows 0.148.
    let drawn = mean(examples("prefix", "", 24).map(|example| prefix(&example) as f64));
    assert!((drawn - 12.0).abs() < 0.45, "{drawn}");
    let squares = mean(examples("prefix", "", 24).map(|example| (prefix(&example) as f64 - 12.0).powi(2)));
    // Variance 44; the fourth central moment of the law is 3,480.8, so that three deviations of its mean are 2.64.
    assert!((squares - 44.0).abs() < 2.64, "{squares}");
    assert_eq!(counts[0], 0.0);
    assert_equally_likely(&counts[1..], 1.0);
}

#[test]
fn what_follows_the_prefix_is_predicted_each_token_from_the_one_before_it() {
    let (window, vocabulary) = (plain(24, 3), vocabulary(1000));
    let example = configured("prefix", "").corrupt(&window, &vocabulary, 0.0, Draw::new(1, "corruption"));
    let cut = prefix(&example);
    assert_eq!(example.inputs, window.ids);
    assert_eq!(example.positions, (cut as u32 - 1..23).collect::<Vec<u32>>());
    assert_eq!(example.targets, window.ids[cut..]);
    assert_eq!(example.visibility, Visibility::prefix(24, cut));
}

#[test]
fn a_window_that_cannot_be_cut_predicts_nothing() {
    for length in [0, 1] {
        let mut window = plain(4, 1);
        window.truncate(length);
        let example = configured("prefix", "").corrupt(&window, &vocabulary(1000), 0.0, Draw::new(1, "corruption"));
        assert!(example.positions.is_empty());
    }
}

#[test]
fn a_prediction_notices_the_prefix_and_what_is_before_it_and_nothing_else() {
    let (objective, vocabulary) = (configured("prefix", ""), vocabulary(SIZE));
    let ids = (0..LENGTH as u32).map(|place| 5 + place * 7 % 50).collect();
    let window = cloze_corpus::Window::new(ids, vec![true; LENGTH]);
    for preset in [Preset::Bert, Preset::Modern] {
        for index in 0..4 {
            let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(2, "corruption").example(index));
            let cut = prefix(&example);
            for (read, noticed) in noticed(&*objective, &example, preset).into_iter().enumerate() {
                for (from, noticed) in example.positions.iter().zip(noticed) {
                    let may = read < cut || read <= *from as usize;
                    assert_eq!(noticed, may, "{preset:?}, cut at {cut}: {from} of {read}");
                }
            }
        }
    }
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    let losses = first_losses(&*configured("prefix", ""));
    assert!(
        losses.len() == 1 && is_a_guess(losses["next-token"], SIZE, 0.15),
        "{losses:?}"
    );
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("prefix", "");
    // Two windows of six, cut after 4 and after 1: the keys that their queries see are 4·4 + 5 + 6 and 1 + .. + 6.
    let example = |cut: u32| Example {
        inputs: vec![SPECIAL.start; 6],
        originals: vec![SPECIAL.start; 6],
        positions: (cut - 1..5).collect(),
        targets: (cut..6).collect(),
        weights: vec![1.0; 6 - cut as usize],
        visibility: Visibility::prefix(6, cut as usize),
        ..Example::default()
    };
    let sizes = Batch::of(&[example(4), example(1)]).sizes();
    let config = encoder(Preset::Bert);
    // Of the one block queries, keys and values of all; 2 and 5 positions are read, which see 4 + 5 and 1 + .. + 5 keys.
    let rows = 12 * 32 * 96;
    let read = 7 * (32 * 32 + 2 * 32 * config.feed_forward) + 2 * (9 + 15) * 32;
    let head = 7 * 32 * (32 + SIZE);
    assert_eq!(
        objective.flops(&config, SIZE, &sizes),
        (3 * 2 * (rows + read + head)) as f64
    );
    // A block before it is computed for all.
    let two = cloze_backbone::EncoderConfig { layers: 2, ..config };
    let all = rows + 12 * (32 * 32 + 2 * 32 * two.feed_forward) + 2 * (27 + 21) * 32;
    assert_eq!(
        objective.flops(&two, SIZE, &sizes),
        (3 * 2 * (rows + read + head + all)) as f64
    );
}
