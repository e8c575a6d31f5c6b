//! Times, weights and what they divide, the bound, and counts by hand.

use crate::common::training::{LENGTH, SIZE, batch, build, encoder, masked_flops, number};
use crate::common::{SPECIAL, configured, count, examples, mean, plain, vocabulary};
use crate::{Batch, Example, scoring};
use cloze_backbone::Preset;
use cloze_foundation::Draw;

/// Of all windows, also those without a mask.
fn tokens(example: &Example) -> f64 {
    f64::from(Batch::of(std::slice::from_ref(example)).extra(super::TOKENS)[0])
}

#[test]
fn half_of_the_tokens_are_masked_on_average_and_all_by_the_mask() {
    for (mode, expected) in [("corrected", 0.5005), ("reference", 0.5000)] {
        let options = format!("mode = \"{mode}\"");
        let share = mean(examples("diffusion", &options, 128).map(|example| count(&example) / tokens(&example)));
        // The standard deviation of a uniform time is 0.289, of the share 0.291; three of the mean's are 0.0195.
        assert!((share - expected).abs() < 0.0195, "{mode}: {share}");
        for example in examples("diffusion", &options, 64) {
            for (position, (now, before)) in example.inputs.iter().zip(&example.originals).enumerate() {
                let masked = example.positions.binary_search(&(position as u32)).is_ok();
                assert_eq!(*now, if masked { SPECIAL.mask } else { *before });
            }
        }
    }
}

#[test]
fn weights_are_one_over_the_time_and_add_up_to_all_tokens() {
    for (mode, tokens_of_128, expected) in [("corrected", 127.0, 1.0), ("reference", 128.0, 0.999)] {
        let mut sums = Vec::new();
        for example in examples("diffusion", &format!("mode = \"{mode}\""), 128) {
            assert_eq!(tokens(&example), tokens_of_128);
            assert!(
                example
                    .weights
                    .iter()
                    .all(|weight| *weight == example.weights[0] && *weight >= 1.0)
            );
            sums.push(example.weights.iter().copied().map(f64::from).sum::<f64>() / tokens_of_128);
        }
        // Of one window the variance is the mean of (1 - t) / (t · 127), which is 0.047: three deviations of the mean are 0.0145.
        let sum = mean(sums.into_iter());
        assert!((sum - expected).abs() < 0.0145, "{mode}: {sum}");
    }
}

/// The time that a window had, where it masked something.
fn time(example: &Example) -> Option<f64> {
    example.weights.first().map(|weight| 1.0 / f64::from(*weight))
}

#[test]
fn times_begin_at_the_smallest_and_fill_a_batch_evenly() {
    for smallest in [0.001, 0.1, 0.5] {
        let options = format!("smallest_time = {smallest}");
        let objective = configured("diffusion", &options);
        for step in 0..50 {
            for index in 0..8 {
                let draw = Draw::new(2, "corruption")
                    .step(step)
                    .example(u64::from(index))
                    .among(index, 8);
                let example = objective.corrupt(&plain(128, u64::from(index)), &vocabulary(1000), 0.0, draw);
                let interval = |edge: u32| smallest + (1.0 - smallest) * f64::from(edge) / 8.0;
                if let Some(time) = time(&example) {
                    assert!(
                        time > interval(index) - 1e-6 && time < interval(index + 1) + 1e-6,
                        "{time}"
                    );
                }
            }
        }
        let alone: Vec<f64> = examples("diffusion", &options, 128)
            .filter_map(|example| time(&example))
            .collect();
        assert!(alone.iter().all(|time| *time > smallest - 1e-6 && *time < 1.0 + 1e-6));
        let least = alone.iter().copied().fold(1.0, f64::min);
        // Of 2,000 uniform times the least is below a hundredth of the way; a window so near to no mask may have none.
        assert!(least < smallest + 0.01 * (1.0 - smallest) + 0.01, "{least}");
    }
}

/// A model that guesses loses ln V a masked token: the weights' sum of that, over all tokens and not over the masked ones.
#[test]
fn at_first_the_loss_is_that_of_a_guess_by_weight_over_all_tokens() {
    for mode in ["corrected", "reference"] {
        let objective = configured("diffusion", &format!("mode = \"{mode}\""));
        let (model, batch) = (build(&*objective, Preset::Modern), batch(&*objective));
        let loss = number(&model.loss(&batch, Draw::new(3, "step"), true).total);
        let weights: f64 = batch.weights.iter().copied().map(f64::from).sum();
        let all: u32 = batch.extra(super::TOKENS).iter().sum();
        let ratio = weights / f64::from(all);
        assert!((ratio - 1.0).abs() > 0.02, "the ratio says nothing");
        let guess = (SIZE as f64).ln() * ratio;
        assert!((loss / guess - 1.0).abs() < 0.04, "{mode}: {loss}, not {guess}");
    }
}

fn sentence(words: u32) -> Vec<u32> {
    let words = (0..words).map(|word| 5 + word * 3 % 50);
    std::iter::once(SPECIAL.start)
        .chain(words)
        .chain([SPECIAL.end])
        .collect()
}

#[test]
fn the_bound_asks_about_every_number_of_masked_tokens_as_often() {
    let (vocabulary, sentence) = (vocabulary(SIZE), sentence(8));
    let questions = super::evenly_masked(&sentence.clone().into(), &vocabulary);
    assert_eq!(questions.len(), 32);
    let mut counts = [0; 9];
    for question in &questions {
        let masked = question.positions.len();
        counts[masked] += 1;
        for (position, (now, before)) in question.inputs.iter().zip(&sentence).enumerate() {
            let is_asked = question.positions.contains(&(position as u32));
            assert_eq!(*now, if is_asked { SPECIAL.mask } else { *before });
        }
        assert!(
            question
                .weights
                .iter()
                .all(|weight| (f64::from(*weight) * masked as f64 - 8.0 / 32.0).abs() < 1e-6)
        );
    }
    // The place within the intervals is the sentence's own, and the same for all of them.
    assert_eq!(counts, [0, 4, 4, 4, 4, 4, 4, 4, 4]);
    // Whoever loses k on every token where k are masked has -(1 + .. + 8) · 8 / 8.
    let losses = |batch: &Batch| {
        let place = |position: &u32| (*position as usize / batch.length) * batch.length;
        let masked = |start: usize| {
            batch.inputs[start..start + batch.length]
                .iter()
                .filter(|id| **id == SPECIAL.mask)
        };
        batch
            .positions
            .iter()
            .map(|position| masked(place(position)).count() as f32)
            .collect()
    };
    let score = scoring::score(
        super::evenly_masked,
        &[sentence.into()],
        &vocabulary,
        &losses,
        1,
        &|_| (),
    )[0];
    assert!((score + 36.0).abs() < 1e-4, "{score}");
}

#[test]
fn a_sentence_is_asked_the_same_questions_for_ever_and_another_one_others() {
    let vocabulary = vocabulary(SIZE);
    let questions = |sentence: &[u32]| super::evenly_masked(&sentence.to_vec().into(), &vocabulary);
    assert_eq!(questions(&sentence(12)), questions(&sentence(12)));
    let mut other = sentence(12);
    other[3] += 1;
    let positions = |sentence: &[u32]| -> Vec<Vec<u32>> {
        questions(sentence)
            .into_iter()
            .map(|question| question.positions)
            .collect()
    };
    assert_ne!(positions(&sentence(12)), positions(&other));
    assert!(questions(&[SPECIAL.start, SPECIAL.end]).is_empty());
}

/// Tokens that are masked are not in what the model reads.
#[test]
fn a_hidden_token_is_seen_by_nobody() {
    let objective = configured("diffusion", "");
    let (window, vocabulary, draw) = (plain(LENGTH, 1), vocabulary(1000), Draw::new(1, "corruption"));
    let example = objective.corrupt(&window, &vocabulary, 0.0, draw);
    let mut other = window.clone();
    for position in &example.positions {
        other.ids[*position as usize] = 5 + (window.ids[*position as usize] + 3) % 900;
    }
    let changed = objective.corrupt(&other, &vocabulary, 0.0, draw);
    assert_eq!(changed.inputs, example.inputs);
    assert_ne!(changed.targets, example.targets);
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let objective = configured("diffusion", "");
    let sizes = batch(&*objective).sizes();
    let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
    assert_eq!(flops, masked_flops(false, sizes.predicted, sizes.predicted));
}
