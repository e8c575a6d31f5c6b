//! What is asked about segments, by whom, and what it costs.

use super::*;
use crate::common::training::{LENGTH, SIZE, Trainer, build, encoder, gradients, number, windows};
use crate::common::{configured, vocabulary, window};
use crate::laws::{Pairs, SHORTEST_PAIR};
use crate::{Objective, Sizes};
use cloze_backbone::{EncoderConfig, Preset};
use cloze_corpus::Window;

fn batch(objective: &dyn Objective, count: u64) -> Batch {
    let corrupt = |(window, index): (Window, u64)| {
        objective.corrupt(&window, &vocabulary(SIZE), 0.5, Draw::new(5, "pairs").example(index))
    };
    Batch::of(&windows(count).into_iter().zip(0..).map(corrupt).collect::<Vec<_>>())
}

fn asking(pairs: &str) -> Box<dyn Objective> {
    configured("mlm", &format!("pairs = \"{pairs}\""))
}

#[test]
fn a_window_is_cut_into_segments_that_follow_each_other_in_half_of_the_cases() {
    let vocabulary = vocabulary(SIZE);
    let end = vocabulary.special.end;
    for (pairs, name) in [(Pairs::Next, "next"), (Pairs::Order, "order")] {
        let mut apart = 0;
        for (index, window) in (0..).zip(windows(400)) {
            let draw = Draw::new(1, "cut").example(index);
            let paired = pairs.cut(&window, &vocabulary, draw).unwrap();
            let ids = &paired.window.ids;
            assert_eq!((ids.len(), ids[0], ids[LENGTH - 1]), (LENGTH, window.ids[0], end));
            let second = paired.segments.iter().position(|segment| *segment == 1).unwrap();
            assert_eq!(ids[second - 1], end);
            assert!(paired.segments[second..].iter().all(|segment| *segment == 1));
            let has_none = !window.word_starts[LENGTH / 4..LENGTH * 3 / 4].contains(&true);
            let begins_a_word = paired.window.word_starts[second];
            assert!(begins_a_word || has_none, "a segment begins with a word");
            let (first, rest) = (&ids[1..second - 1], &ids[second..LENGTH - 1]);
            let text = &window.ids[1..LENGTH - 2];
            let other = &window.elsewhere.as_ref().unwrap().ids;
            match (paired.apart, pairs) {
                (false, _) => assert_eq!([first, rest].concat(), text, "{name}"),
                (true, Pairs::Next) => {
                    assert!(text.starts_with(first) && other.windows(rest.len()).any(|part| part == rest));
                }
                (true, Pairs::Order) => {
                    // What the window cuts off of its first and last word is where it was.
                    let begins = |place: &usize| window.word_starts[*place];
                    let lead = (1..LENGTH - 2).find(begins).unwrap() - 1;
                    let tail = LENGTH - 2 - (1..=LENGTH - 2).rev().find(begins).unwrap();
                    let (own, end) = rest.split_at(rest.len() - tail);
                    assert_eq!([&first[..lead], own, &first[lead..], end].concat(), text);
                }
            }
            apart += u32::from(paired.apart);
        }
        // Three standard deviations of 400 coins are 30.
        assert!((170..=230).contains(&apart), "{name}: {apart}");
    }
    // Who has no other window is never told that segments are apart.
    let alone = Window {
        elsewhere: None,
        ..windows(2)[0].clone()
    };
    let cut = |index| {
        Pairs::Next
            .cut(&alone, &vocabulary, Draw::new(1, "cut").example(index))
            .unwrap()
    };
    assert!((0..50).all(|index| !cut(index).apart));
}

#[test]
fn eight_positions_are_cut_and_seven_are_not() {
    for (length, is_cut) in [(SHORTEST_PAIR - 1, false), (SHORTEST_PAIR, true)] {
        let text = window(length, 50.0, 20.0, SIZE, &mut Draw::new(7, "text").stream());
        let paired = Pairs::Order.cut(&text, &vocabulary(SIZE), Draw::new(1, "cut"));
        assert_eq!(paired.is_some(), is_cut, "{length}");
        let config = EncoderConfig {
            window: length,
            ..encoder(Preset::Modern)
        };
        let fitted = asking("order").fitted(&config);
        assert_eq!(fitted.is_ok(), is_cut, "{length}");
        if let Err(fault) = fitted {
            assert_eq!(fault.place().as_deref(), Some("pairs"), "{fault}");
        }
    }
}

#[test]
fn the_loss_is_that_of_the_tokens_plus_a_verdict_of_ln_2() {
    for preset in [Preset::Bert, Preset::Modern] {
        for pairs in ["next", "order"] {
            let objective = asking(pairs);
            let batch = batch(&*objective, 32);
            assert_eq!(batch.extra(APART).len(), 32);
            assert!(batch.segment_ids.is_some() && objective.segments() == 2);
            let model = build(&*objective, preset);
            let loss = model.loss(&batch, Draw::new(3, "step"), false);
            let part = |name: &str| number(&loss.parts.iter().find(|(part, _)| part == name).unwrap().1);
            assert!((part("mlm") + part("pairs") - number(&loss.total)).abs() < 1e-5);
            assert!((part("pairs") - 2f64.ln()).abs() < 0.05, "{}", part("pairs"));
            // The tokens' loss is what it is without the verdict.
            let answers = model.masked_losses(&batch).unwrap();
            let mean = answers.iter().map(|loss| f64::from(*loss)).sum::<f64>() / answers.len() as f64;
            assert!((mean - part("mlm")).abs() < 1e-5);
            let found = gradients(&model, &batch);
            let known: Vec<&String> = found.keys().collect();
            for path in [
                "pooler.weight",
                "verdict.weight",
                "verdict.bias",
                "head.dense.weight",
                "encoder.segments",
            ] {
                assert!(
                    found
                        .get(path)
                        .is_some_and(|slopes| slopes.iter().any(|slope| *slope != 0.0)),
                    "{path} in {preset:?}: {known:?}"
                );
            }
        }
    }
}

#[test]
fn the_verdict_can_be_learnt_by_heart() {
    let objective = asking("order");
    let batch = batch(&*objective, 8);
    let mut trainer = Trainer::new(build(&*objective, Preset::Modern), 0.01);
    let pairs = |model: &crate::Model| {
        let loss = model.loss(&batch, Draw::new(3, "step"), false);
        number(&loss.parts.iter().find(|(part, _)| part == "pairs").unwrap().1)
    };
    (0..200).for_each(|step| _ = trainer.step(&batch, step));
    let loss = pairs(&trainer.model);
    assert!(loss < 0.1, "{loss}");
}

#[test]
fn it_costs_the_last_block_at_the_first_positions_and_two_small_layers() {
    let config = encoder(Preset::Bert);
    let (plain, asking) = (configured("mlm", ""), asking("next"));
    let sizes = |cut: usize| Sizes {
        windows: 4,
        length: 16,
        predicted: 10,
        extra: std::iter::once((APART, cut)).filter(|(_, cut)| *cut > 0).collect(),
        ..Sizes::default()
    };
    let (without, with) = (
        plain.flops(&config, SIZE, &sizes(0)),
        asking.flops(&config, SIZE, &sizes(4)),
    );
    let width = config.width as f64;
    // Four rows more are read from the last block; beside that 2·4·D·D for the pooler and 2·4·D·2 for the answers.
    let read = config.forward_flops_at(4, 16, false, 14) - config.forward_flops_at(4, 16, false, 10);
    assert_eq!(with - without, 3.0 * (read + 8.0 * width * width + 16.0 * width));
}
