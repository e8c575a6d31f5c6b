//! Every objective of the registry, in both modes, and mixtures of them train a tiny encoder, in both presets.

use crate::common::training::{
    SIZE, Trainer, assert_hidden_matrices, assert_loss_has_slopes, batch, build, certain, certainly_replaced, descend,
    encoder, gradients, large, nothing, number,
};
use crate::common::{configured, every_objective, vocabulary};
use burn::tensor::Device;
use cloze_backbone::{Absolute, Disentangled, EncoderConfig, Init, Parameters, Preset};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Model, Objective, configure, find};
use std::collections::BTreeMap;

#[test]
fn the_loss_falls_along_its_gradient() {
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let (mut model, batch) = (build(&*objective, preset), batch(&*objective));
            let losses: Vec<f64> = (0..4).map(|_| descend(&mut model, &batch, 0.05)).collect();
            assert!(
                losses.windows(2).all(|pair| pair[1] < pair[0]),
                "{} ({mode}, {preset:?}): {losses:?}",
                entry.name
            );
        }
    }
}

/// Every whole loss, with what is made of a helper's samples: they are steps, and so they are held where they are.
#[test]
fn every_gradient_is_the_slope_of_its_loss() {
    let rungs = [
        "discriminate = \"masked\"",
        "generator = \"uniform\"",
        "tying = \"none\"",
    ];
    let rungs = rungs.map(|options| (find("electra").unwrap(), options, configured("electra", options)));
    for (entry, mode, objective) in every_objective().chain(rungs) {
        for preset in [Preset::Bert, Preset::Modern] {
            println!("{} ({mode}, {preset:?})", entry.name); // shown where a parameter of it is off
            let model = certain(large(build(&*objective, preset)));
            let batch = batch(&*objective);
            let mut parameters = 0;
            model.each_parameter(&mut |_, _| parameters += 1);
            assert_eq!(assert_loss_has_slopes(&model, &batch), parameters);
            if !objective.helpers(&encoder(preset)).is_empty() {
                let parts = model.loss(&batch, Draw::new(3, "step"), false).parts;
                let (_, replaced) = parts.iter().find(|(name, _)| name == "replaced").unwrap();
                let expected = certainly_replaced(&batch);
                assert!(expected > 0.05 && (number(replaced) - expected).abs() < 1e-6);
            }
        }
    }
}

/// The same of a generator's own loss as it begins, which its samples are no part of; and whoever judges them moves nothing of it.
#[test]
fn a_generators_gradients_are_the_slopes_of_its_own_loss() {
    let mut generators = 0;
    for (entry, mode, objective) in every_objective() {
        let Some((weight, _)) = objective.weighed_by() else {
            continue;
        };
        let mut options = objective.options();
        options.insert(weight.to_owned(), 0.0.into());
        println!("{} ({mode})", entry.name);
        let (alone, batch) = (configure(entry.name, &options).unwrap(), batch(&*objective));
        let [usual, alone] = [&*objective, &*alone].map(|objective| large(build(objective, Preset::Modern)));
        let moved = assert_loss_has_slopes(&alone, &batch);
        let [usual, alone] = [usual, alone].map(|model| {
            let mut found = gradients(&model, &batch);
            found.retain(|path, _| path.starts_with("generator"));
            found
        });
        assert!(alone.len() > 10 && moved >= alone.len(), "{moved}");
        assert_eq!(usual, alone);
        generators += 1;
    }
    assert!(generators >= 6, "{generators}");
}

/// Those with a helper too: its samples are new in every step, and the hidden tokens themselves once it knows the batch.
#[test]
fn one_batch_is_learnt_by_heart() {
    for (entry, mode, objective) in every_objective() {
        let batch = batch(&*objective);
        let mut trainer = Trainer::new(build(&*objective, Preset::Modern), 1e-2);
        let losses: Vec<f64> = (0..120).map(|step| trainer.step(&batch, step)).collect();
        let (first, last) = (losses[0], losses[119]);
        assert!(last < 0.3 * first, "{} ({mode}): from {first} to {last}", entry.name);
    }
}

#[test]
fn every_parameter_gets_a_finite_gradient_that_is_not_zero() {
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let (model, batch) = (build(&*objective, preset), batch(&*objective));
            let gradients = gradients(&model, &batch);
            model.each_parameter(&mut |path, _| {
                let at = format!("{path} of {} ({mode}, {preset:?})", entry.name);
                let gradient = gradients.get(path).unwrap_or_else(|| panic!("no gradient for {at}"));
                assert!(
                    gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.0),
                    "{at}"
                );
            });
        }
    }
}

/// Trains and asks, and gives the model's FLOPs.
fn learns_on(objective: &dyn Objective, config: &EncoderConfig, at: &str) -> f64 {
    let init = Init::new(1, &Device::flex().autodiff());
    let mut model = objective.build(config, &vocabulary(SIZE), &init);
    let batch = batch(objective);
    let gradients = gradients(&model, &batch);
    model.each_parameter(&mut |path, _| {
        let moves = gradients
            .get(path)
            .is_some_and(|numbers| numbers.iter().any(|number| *number != 0.0));
        assert!(moves, "{at}: nothing moves {path}");
    });
    let losses: Vec<f64> = (0..3).map(|_| descend(&mut model, &batch, 0.05)).collect();
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{at}: {losses:?}");
    let sentence = [vec![2, 7, 8, 9, 3]];
    for rule in model.rules() {
        let scores = model.score(rule, &sentence, &vocabulary(SIZE)).unwrap();
        assert!(
            scores[0].is_finite() && scores[0] < 0.0,
            "{at}, {}: {scores:?}",
            rule.name
        );
    }
    assert_eq!(model.states(&sentence)[0].dims(), [5, 32], "{at}");
    objective.flops(config, SIZE, &batch.sizes())
}

/// ALBERT's encoder, whose tables have another width than its states and whose layers share a block.
#[test]
fn every_objective_learns_on_an_encoder_with_shared_layers_and_factorised_embeddings() {
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let plain = EncoderConfig {
                layers: 2,
                layer_groups: Some(1),
                ..encoder(preset)
            };
            let config = EncoderConfig {
                embedding_width: Some(12),
                ..plain.clone()
            };
            let at = format!("{} ({mode}, {preset:?})", entry.name);
            let flops = learns_on(&*objective, &config, &at);
            // The projection is paid for by every encoder that reads the text.
            assert_ne!(
                flops,
                objective.flops(&plain, SIZE, &batch(&*objective).sizes()),
                "{at}"
            );
        }
    }
}

/// DeBERTa's encoder, with and without its mask decoder, which is refused where it would have nothing to do.
#[test]
fn every_objective_learns_on_an_encoder_with_disentangled_attention() {
    let mut decoding = 0;
    for (entry, mode, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let with = |absolute| EncoderConfig {
                layers: 2,
                disentangled: Some(Disentangled {
                    position_buckets: 4,
                    max_relative_positions: encoder(preset).window,
                    shared_keys: true,
                    absolute,
                }),
                ..encoder(preset)
            };
            let at = format!("{} ({mode}, {preset:?})", entry.name);
            let mut flops = Vec::new();
            for absolute in [Absolute::Nowhere, Absolute::Decoder] {
                let config = with(absolute);
                if objective.on(&config).is_ok() {
                    flops.push(learns_on(&*objective, &config, &at));
                } else {
                    assert!(
                        absolute == Absolute::Decoder && !objective.predicts_by_decoder(),
                        "{at}"
                    );
                }
            }
            decoding += flops.len() - 1;
            let plain = EncoderConfig {
                disentangled: None,
                ..with(Absolute::Nowhere)
            };
            let sizes = batch(&*objective).sizes();
            assert!(flops[0] > objective.flops(&plain, SIZE, &sizes), "{at}");
            assert!(flops.get(1).is_none_or(|decoded| *decoded != flops[0]), "{at}");
        }
    }
    assert!(decoding > 10, "{decoding}");
}

#[test]
fn arms_with_one_seed_start_from_one_encoder() {
    let encoder = |objective: &dyn Objective| {
        let mut found = BTreeMap::new();
        build(objective, Preset::Bert).each_parameter(&mut |path, parameter| {
            if path.starts_with("encoder.") {
                found.insert(path.to_owned(), parameter.numbers().unwrap());
            }
        });
        found
    };
    let first = encoder(&*configured("mlm", ""));
    assert!(first.len() > 10);
    for (entry, mode, objective) in every_objective() {
        let mut found = encoder(&*objective);
        // Two segments have a table of their own.
        found.remove("encoder.segments");
        assert_eq!(found, first, "{} ({mode})", entry.name);
    }
}

/// What an optimizer and a plan count without a model, helpers and parts included.
#[test]
fn hidden_matrices_are_counted_as_they_are() {
    for (_, _, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            assert_hidden_matrices(&*objective, preset);
        }
    }
}

#[test]
fn a_frozen_model_gives_the_same_losses() {
    for (entry, mode, objective) in every_objective() {
        let (model, batch) = (build(&*objective, Preset::Bert), batch(&*objective));
        let loss = |model: &Model| number(&model.loss(&batch, Draw::new(3, "step"), false).total);
        assert_eq!(loss(&model), loss(&model.frozen()), "{} ({mode})", entry.name);
        assert_eq!(
            model.masked_losses(&batch),
            model.frozen().masked_losses(&batch),
            "{} ({mode})",
            entry.name
        );
        if let Some(losses) = model.masked_losses(&batch) {
            assert_eq!(losses.len(), batch.positions.len(), "{} ({mode})", entry.name);
            let guesses = model.masked_guesses(&batch).expect("who has losses has guesses");
            assert_eq!(guesses.len(), losses.len());
            // The likeliest of V ids has at least 1/V; what was not guessed has at most one half.
            for ((guess, target), loss) in guesses.iter().zip(&batch.targets).zip(losses) {
                let (least, most) = if guess == target {
                    (0.0, (SIZE as f32).ln())
                } else {
                    (2f32.ln(), f32::INFINITY)
                };
                assert!(
                    (least - 1e-4..=most + 1e-4).contains(&loss),
                    "{} ({mode}): {loss}",
                    entry.name
                );
            }
        }
    }
}

/// The ids with their probabilities: all of them add up to 1, the first is the guess, and the target's is what its loss says.
#[test]
fn answers_are_the_guesses_with_the_probabilities_of_the_losses() {
    for (entry, mode, objective) in every_objective() {
        let at = format!("{} ({mode})", entry.name);
        let (model, batch) = (build(&*objective, Preset::Modern).frozen(), batch(&*objective));
        let answers = |count| {
            let answers = model.answers(&batch, count);
            answers.unwrap_or_else(|| panic!("{at} predicts no tokens"))
        };
        let (all, few) = (answers(SIZE), answers(2));
        assert_eq!(all.len(), batch.positions.len(), "{at}");
        for (all, few) in all.iter().zip(&few) {
            assert!(few[..] == all[..2] && all.len() == SIZE, "{at}: {few:?}");
            assert!(all.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{at}: {all:?}");
            let sum: f32 = all.iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{at}: {sum}");
        }
        let lost = all.iter().zip(&batch.targets).map(|(answers, target)| {
            let (_, share) = answers.iter().find(|(id, _)| id == target).unwrap();
            -share.ln()
        });
        let lost: Vec<f32> = lost.collect();
        match (model.masked_losses(&batch), model.masked_guesses(&batch)) {
            (Some(losses), Some(guesses)) => {
                assert!(all.iter().map(|answers| answers[0].0).eq(guesses), "{at}");
                let pairs = lost.iter().zip(&losses);
                let worst = pairs.fold(0.0f32, |most, (one, other)| most.max((one - other).abs()));
                assert!(worst < 1e-4, "{at}: {worst}");
            }
            // Whoever looks back predicts with weights of 1.
            _ => {
                let mean = lost.iter().copied().map(f64::from).sum::<f64>() / lost.len() as f64;
                let loss = number(&model.loss(&batch, Draw::new(3, "step"), false).total);
                assert!((mean - loss).abs() < 1e-4, "{at}: {mean}, not {loss}");
            }
        }
    }
}

#[test]
fn a_batch_without_a_prediction_has_a_finite_loss() {
    for (entry, mode, objective) in every_objective() {
        let model = build(&*objective, Preset::Modern);
        let example = objective.corrupt(&nothing(), &vocabulary(SIZE), 0.0, Draw::new(1, "corruption"));
        let loss = model.loss(&Batch::of(&[example]), Draw::new(1, "step"), true).total;
        assert!(number(&loss).is_finite(), "{} ({mode})", entry.name);
        loss.backward();
    }
}

#[test]
fn flops_are_more_than_the_encoders_and_grow_with_the_predictions() {
    let config = encoder(Preset::Bert);
    for (entry, mode, objective) in every_objective() {
        let sizes = batch(&*objective).sizes();
        let flops = objective.flops(&config, SIZE, &sizes);
        let body = |causal| config.forward_flops_at(sizes.windows, sizes.length, causal, sizes.predicted);
        assert!(
            flops > 3.0 * f64::min(body(false), body(true)),
            "{} ({mode})",
            entry.name
        );
        let mut more = sizes.clone();
        more.predicted += 1;
        // Of a mixture each part costs what its own windows do.
        more.portions.iter_mut().for_each(|(_, own)| own.predicted += 1);
        assert!(objective.flops(&config, SIZE, &more) > flops, "{} ({mode})", entry.name);
    }
}

#[test]
fn at_first_every_part_of_the_loss_is_finite_and_named_once() {
    for (entry, mode, objective) in every_objective() {
        let (model, batch) = (build(&*objective, Preset::Modern), batch(&*objective));
        let parts = model.loss(&batch, Draw::new(3, "step"), true).parts;
        let values: BTreeMap<&str, f64> = parts.iter().map(|(name, value)| (&**name, number(value))).collect();
        assert!(
            !parts.is_empty() && values.len() == parts.len(),
            "{} ({mode}): {values:?}",
            entry.name
        );
        assert!(
            values.values().all(|value| value.is_finite()),
            "{} ({mode}): {values:?}",
            entry.name
        );
    }
}
