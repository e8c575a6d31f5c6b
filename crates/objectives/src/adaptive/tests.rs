//! Scores by hand, rates by score, and what is remembered.

use crate::common::training::{SIZE, batch, build, encoder, first_losses, is_a_guess, masked_flops};
use crate::common::{WINDOWS, any_window, configured, plain, token_budget, vocabulary};
use crate::{Answered, Example, Memory, Objective};
use cloze_backbone::{Preset, VocabularyHead};
use cloze_foundation::Draw;
use proptest::prelude::*;

fn answered(truth: &[u32], credit: &[f32]) -> Answered {
    Answered {
        part: 0,
        truth: truth.to_vec(),
        credit: credit.to_vec(),
    }
}

fn examples(objective: &dyn Objective) -> impl Iterator<Item = Example> {
    let vocabulary = vocabulary(1000);
    (0..WINDOWS).map(move |index| {
        let draw = Draw::new(4, "oracle").example(index);
        objective.corrupt(&plain(127, index), &vocabulary, 0.0, draw)
    })
}

#[test]
fn sums_are_those_of_a_count_by_hand() {
    let mut objective = configured("adaptive", "memory = 0.5");
    objective.heed(&[answered(&[6, 5, 6], &[1.0, 0.0, 0.5])]);
    objective.heed(&[answered(&[6], &[0.25])]);
    let memory = objective.memory();
    // 1.5 / 2 + 0.25 of 2 / 2 + 1 answers about 6; of 1 / 2 about 5.
    assert_eq!(memory["credit"], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(memory["asked"], [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 2.0]);
}

/// With 99 answers and half of each kind beside them, the score is what the credit says, and the rates of the three thirds are
/// as their weights: 0.05 + 0.95·(1 - score).
#[test]
fn what_is_known_is_hidden_as_seldom_as_its_score_says() {
    let mut objective = configured("adaptive", "memory = 1");
    for _ in 0..99 {
        // The score of each third of the ids is 0.9, 0.5 and 0.1.
        let truth: Vec<u32> = (0..1000).collect();
        let credit = |id: &u32| [(90.0 - 0.5) / 99.0, 0.5, (10.0 - 0.5) / 99.0][*id as usize % 3] as f32;
        let credit: Vec<f32> = truth.iter().map(credit).collect();
        objective.heed(&[answered(&truth, &credit)]);
    }
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
    let weights = [0.9, 0.5, 0.1].map(|score| 0.05 + 0.95 * (1.0 - score));
    for (more, less) in [(1, 0), (2, 1)] {
        let (ratio, expected) = (rates[more] / rates[less], weights[more] / weights[less]);
        // About 84,000 tokens a third; the rarest rate, .041, has a standard deviation of 1.7 %.
        assert!((ratio / expected - 1.0).abs() < 0.055, "{ratio}, not {expected}");
    }
}

#[test]
fn without_answers_it_hides_like_mlm_and_a_whole_floor_is_mlm() {
    let mut whole = configured("adaptive", "least = 1");
    whole.heed(&[answered(&[7, 8, 9], &[1.0, 1.0, 0.0])]);
    for objective in [configured("adaptive", ""), whole] {
        let mut deciles = [0.0; 10];
        for example in examples(&*objective) {
            for position in example.positions {
                deciles[(position as usize - 1) * 10 / 126] += 1.0;
            }
        }
        for (decile, times) in deciles.into_iter().enumerate() {
            let tokens = (0..126).filter(|place| place * 10 / 126 == decile).count() as f64;
            let rate = times / (tokens * WINDOWS as f64);
            assert!((rate - 19.0 / 126.0).abs() < 0.008, "{decile}: {rate}");
        }
    }
}

#[test]
fn what_was_remembered_is_gone_on_with_and_nothing_else_is_taken() {
    let mut first = configured("adaptive", "");
    first.heed(&[answered(&[20, 21, 700], &[1.0, 0.0, 1.0])]);
    let mut second = configured("adaptive", "");
    second.recall(&first.memory()).unwrap();
    assert!(
        examples(&*first)
            .zip(examples(&*second))
            .take(50)
            .all(|(one, other)| one == other)
    );
    assert_eq!(first.memory(), second.memory());
    let fresh = configured("adaptive", "");
    assert!(
        examples(&*first)
            .zip(examples(&*fresh))
            .take(50)
            .any(|(one, other)| one != other)
    );
    for (name, sums) in [("other", vec![]), ("asked", vec![1.0]), ("asked", vec![f64::NAN; 701])] {
        let mut memory = first.memory();
        memory.insert(name.to_owned(), sums);
        assert!(second.recall(&memory).is_err(), "{name}");
    }
    assert!(configured("mlm", "").recall(&first.memory()).is_err());
    assert!(configured("mlm", "").recall(&Memory::new()).is_ok());

    // A part of a mixture remembers under its own name, and hears what it asked alone.
    let mixture = "mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"adaptive\" }]";
    let mut mixed = configured("mixture", mixture);
    let of = |part| Answered {
        part,
        ..answered(&[5 + part as u32], &[1.0])
    };
    mixed.heed(&[of(0), of(1)]);
    let memory = mixed.memory();
    assert_eq!(memory.keys().collect::<Vec<_>>(), ["adaptive.asked", "adaptive.credit"]);
    assert_eq!(memory["adaptive.credit"], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let mut other = configured("mixture", mixture);
    other.recall(&memory).unwrap();
    assert_eq!(other.memory(), memory);
    assert!(other.recall(&first.memory()).is_err(), "nobody's");
}

proptest! {
    #[test]
    fn the_token_budget_is_filled_exactly(window in any_window(SIZE), seed: u64, rate in 0.01..0.99f64, least in 0.01..1.0f64) {
        let vocabulary = vocabulary(SIZE);
        let mut objective = configured("adaptive", &format!("rate = {rate}\nleast = {least}"));
        let truth: Vec<u32> = (0..SIZE as u32).collect();
        let credit: Vec<f32> = truth.iter().map(|id| (id % 2) as f32).collect();
        (0..5).for_each(|_| objective.heed(&[answered(&truth, &credit)]));
        let example = objective.corrupt(&window, &vocabulary, 0.0, Draw::new(seed, "corruption"));
        prop_assert_eq!(example.positions.len(), token_budget(&window, rate, &vocabulary).0);
    }
}

/// The model says how good its answers were: by its own guesses, and by the probabilities that its losses have.
#[test]
fn answers_are_those_of_the_model() {
    for score in ["accuracy", "probability"] {
        let objective = configured("adaptive", &format!("score = \"{score}\""));
        let (model, batch) = (build(&*objective, Preset::Modern), batch(&*objective));
        let answers = model.loss(&batch, Draw::new(3, "step"), true).answers;
        assert_eq!((answers.len(), answers[0].part), (1, 0));
        assert_eq!(answers[0].truth, batch.targets);
        let credit: Vec<f32> = answers[0].credit.clone().into_data().iter::<f32>().collect();
        let frozen = model.frozen();
        let expected: Vec<f32> = match score {
            "accuracy" => {
                let guesses = frozen.masked_guesses(&batch).unwrap();
                let right = guesses
                    .iter()
                    .zip(&batch.targets)
                    .map(|(guess, truth)| f32::from(guess == truth));
                right.collect()
            }
            _ => frozen
                .masked_losses(&batch)
                .unwrap()
                .into_iter()
                .map(|loss| (-loss).exp())
                .collect(),
        };
        assert_eq!(credit.len(), expected.len());
        let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-6;
        assert!(
            credit.iter().zip(&expected).all(near),
            "{score}: {credit:?}, not {expected:?}"
        );
        assert!(model.loss(&batch, Draw::new(3, "step"), false).answers.is_empty());
    }
    let mlm = configured("mlm", "");
    let loss = build(&*mlm, Preset::Modern).loss(&batch(&*mlm), Draw::new(3, "step"), true);
    assert!(loss.answers.is_empty());
}

#[test]
fn at_first_the_loss_is_that_of_a_guess() {
    let losses = first_losses(&*configured("adaptive", ""));
    assert!(losses.len() == 1 && is_a_guess(losses["mlm"], SIZE, 0.15), "{losses:?}");
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    for (options, looks) in [("", 1.0), ("score = \"probability\"", 0.0)] {
        let objective = configured("adaptive", options);
        let sizes = batch(&*objective).sizes();
        let flops = objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
        let once = VocabularyHead::forward_flops(32, 32, SIZE, sizes.predicted);
        assert_eq!(
            flops,
            masked_flops(false, sizes.predicted, sizes.predicted) + looks * once
        );
    }
}
