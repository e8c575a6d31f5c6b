//! What padding, order and parts do to fine-tuning: nothing that can be seen in a score.

use super::batches::{Training, asked};
use super::examples::padded;
use super::head::TaskHead;
use super::*;
use burn::tensor::Device;
use cloze_backbone::{Encoder, EncoderConfig, Init, Preset};
use cloze_corpus::fragment;
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_objectives::{Batch, Example};

const WINDOW: usize = 24;

fn exercise(length: usize, reads: Reads) -> Exercise {
    let ids: Vec<u32> = (0..length as u32)
        .map(|place| 5 + (place * 7 + length as u32) % 30)
        .collect();
    let read: Vec<u32> = match reads {
        Reads::Text => (0..length as u32).collect(),
        Reads::Words | Reads::Ends => (0..length as u32).step_by(2).collect(),
    };
    let targets = match reads {
        Reads::Text => vec![1],
        Reads::Words => read.iter().map(|position| position % 3).collect(),
        Reads::Ends => vec![read[0], read[read.len() - 1]],
    };
    Exercise {
        ids,
        second: None,
        read,
        targets,
    }
}

/// As a model of such a law reads it.
fn example(exercise: &Exercise, visibility: &Visibility, reads: Reads) -> Example {
    let weight = if reads == Reads::Text {
        1.0 / exercise.read.len() as f32
    } else {
        1.0
    };
    Example {
        visibility: visibility.clone(),
        positions: exercise.read.clone(),
        weights: vec![weight; exercise.read.len()],
        targets: exercise.targets.clone(),
        ..Example::reading(&exercise.ids)
    }
}

#[test]
fn what_fills_a_window_changes_neither_scores_nor_the_loss() {
    let device = Device::flex();
    for preset in [Preset::Bert, Preset::Modern] {
        let config = EncoderConfig {
            heads: 2,
            ..EncoderConfig::preset(preset, 16, 2, WINDOW)
        };
        let encoder = Encoder::new(&config, 40, &Init::new(1, &device));
        for (reads, outputs) in [(Reads::Text, 3), (Reads::Words, 3), (Reads::Ends, 2)] {
            let head = TaskHead::new(config.width, outputs, reads, &Init::new(2, &device));
            for visibility in [Visibility::Bidirectional, Visibility::Causal] {
                let alone = example(&exercise(13, reads), &visibility, reads);
                let filled = padded(&alone, WINDOW, 0);
                assert_eq!(filled.inputs.len(), WINDOW);
                let full = example(&exercise(WINDOW, reads), &visibility, reads);
                let [one, two] = [vec![alone.clone()], vec![filled.clone(), full.clone()]].map(|examples| {
                    let scores = head.scores(&encoder, &Batch::of(&examples), None);
                    scores.into_data().iter::<f32>().collect::<Vec<f32>>()
                });
                for (alone, together) in one.iter().zip(&two) {
                    assert!((alone - together).abs() < 1e-5, "{preset} {reads:?} {alone} {together}");
                }
                let loss = |example: &Example| {
                    use cloze_objectives::Heads;
                    let batch = Batch::of(std::slice::from_ref(example));
                    head.loss(&encoder, &batch, Draw::new(1, "none"), false)
                        .total
                        .into_scalar::<f32>()
                };
                assert!((loss(&alone) - loss(&filled)).abs() < 1e-5, "{preset} {reads:?}");
            }
        }
    }
}

#[test]
fn the_loss_of_an_answer_is_the_mean_of_those_of_both_its_ends() {
    let device = Device::flex();
    let config = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 16, 2, WINDOW)
    };
    let encoder = Encoder::new(&config, 40, &Init::new(1, &device));
    let head = TaskHead::new(config.width, 2, Reads::Ends, &Init::new(2, &device));
    let exercises = [WINDOW, 13].map(|length| exercise(length, Reads::Ends));
    let examples = exercises
        .each_ref()
        .map(|one| padded(&example(one, &Visibility::Bidirectional, Reads::Ends), WINDOW, 0));
    let batch = Batch::of(&examples);
    let scores: Vec<f32> = head.scores(&encoder, &batch, None).into_data().iter().collect();
    // One row for each position that is read, window after window; a softmax over the rows of a window.
    let (mut rows, mut losses) = (scores.chunks(2), Vec::new());
    for exercise in &exercises {
        let of_window: Vec<&[f32]> = rows.by_ref().take(exercise.read.len()).collect();
        for (column, target) in exercise.targets.iter().enumerate() {
            let right = exercise.read.iter().position(|position| position == target).unwrap();
            let scores = of_window.iter().map(|row| f64::from(row[column]));
            let sum: f64 = scores.map(f64::exp).sum();
            losses.push(sum.ln() - f64::from(of_window[right][column]));
        }
    }
    assert!(
        losses.windows(2).all(|two| (two[0] - two[1]).abs() > 1e-4),
        "{losses:?}"
    );
    let expected = losses.iter().sum::<f64>() / losses.len() as f64;
    let found = cloze_objectives::Heads::loss(&head, &encoder, &batch, Draw::new(1, "none"), false).total;
    let found = f64::from(found.into_scalar::<f32>());
    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
}

#[test]
fn an_epoch_has_every_example_once_in_an_order_that_their_order_does_not_decide() {
    let examples = || (3..WINDOW).flat_map(|length| (0..5).map(move |copy| (length, copy)));
    let made = |(length, copy): (usize, u32)| {
        let mut one = exercise(length, Reads::Text);
        one.ids[0] = copy;
        (one.key(), example(&one, &Visibility::Causal, Reads::Text))
    };
    let forwards = Training::new(examples().map(made), 8, WINDOW, 0);
    let mut reversed: Vec<_> = examples().collect();
    reversed.reverse();
    let backwards = Training::new(reversed.into_iter().map(made), 8, WINDOW, 0);
    let draw = |epoch| Draw::new(1, "order").step(epoch);
    let batches = forwards.epoch(draw(0));
    assert_eq!(batches, backwards.epoch(draw(0)));
    assert_ne!(batches, forwards.epoch(draw(1)));
    assert_eq!(batches.len(), forwards.epoch(draw(1)).len());
    assert_eq!(
        batches.iter().map(|batch| batch.windows).sum::<usize>(),
        5 * (WINDOW - 3)
    );
    assert!(batches.iter().all(|batch| batch.windows <= 8 && batch.length % 8 == 0));
}

#[test]
fn every_example_gets_its_own_answer_whatever_is_asked_beside_it() {
    let examples: Vec<Example> = [5, 3, 5, 9, 3]
        .iter()
        .map(|length| {
            example(
                &exercise(*length, Reads::Words),
                &Visibility::Bidirectional,
                Reads::Words,
            )
        })
        .collect();
    let answers = asked(
        &examples,
        |example| example.positions.len(),
        |batch| {
            // A matrix of few rows would be added up in another order.
            assert!(batch.windows >= 16);
            batch
                .positions
                .iter()
                .map(|position| batch.inputs[*position as usize] as f32)
                .collect()
        },
    );
    for (example, answer) in examples.iter().zip(answers) {
        let own: Vec<f32> = example
            .positions
            .iter()
            .map(|position| example.inputs[*position as usize] as f32)
            .collect();
        assert_eq!(answer, own);
    }
}

#[test]
fn a_development_part_is_chosen_by_what_examples_say_and_keeps_equal_ones_together() {
    let all: Vec<String> = (0..400).map(|index| format!("text {}", index % 200)).collect();
    let (train, dev) = parted(all.clone(), 0.1, String::as_str).unwrap();
    assert_eq!((train.len(), dev.len()), (360, 40));
    assert!(dev.iter().all(|one| !train.contains(one)));
    let reversed = parted(all.into_iter().rev().collect(), 0.1, String::as_str).unwrap();
    let sorted = |mut part: Vec<String>| {
        part.sort();
        part
    };
    assert_eq!(sorted(reversed.1), sorted(dev));
    let two = parted(vec!["a".to_owned(), "b".to_owned()], 0.9, String::as_str).unwrap();
    assert_eq!((two.0.len(), two.1.len()), (1, 1));
    assert!(parted(vec!["a".to_owned(); 5], 0.5, String::as_str).is_err());
}

#[test]
fn the_planned_length_of_a_sentence_is_that_of_the_language() {
    let sentences = fragment::labelled(1, 2000);
    let words: usize = sentences.iter().map(|one| one.text.split(' ').count()).sum();
    let mean = words as f64 / sentences.len() as f64;
    assert!((mean - BUILT_IN_WORDS).abs() < 0.3, "{mean}");
}
