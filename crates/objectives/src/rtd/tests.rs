//! Shares of the published implementation, computed from its rules; whose gradient moves which table; and counts by hand.

use super::*;
use crate::Model;
use crate::common::training::{
    LENGTH, SIZE, assert_hidden_matrices, assert_slopes, batch, build, descend, encoder, first_losses, gradients,
    is_a_guess, number,
};
use crate::common::{SPECIAL, configured, examples, mean, three_deviations};
use burn::tensor::Device;
use cloze_backbone::{Parameters, Preset};
use std::collections::BTreeMap;

const SHARINGS: [&str; 3] = ["es", "nes", "gdes"];

/// How often each tenth of a window is hidden.
fn deciles(options: &str, length: usize) -> [f64; 10] {
    let (mut hidden, mut all) = ([0.0; 10], [0.0; 10]);
    for example in examples("rtd", options, length) {
        (0..length).for_each(|position| all[position * 10 / length] += 1.0);
        for position in &example.positions {
            hidden[*position as usize * 10 / length] += 1.0;
        }
    }
    std::array::from_fn(|decile| hidden[decile] / all[decile])
}

#[test]
fn in_the_reference_the_last_tenth_is_hardly_ever_hidden() {
    // One in six of each of the first nine tenths, and .009 of the last: round(.15 · 512) = 77 of 85 windows of six tokens.
    let reference = deciles("mode = \"reference\"", 512);
    for (decile, share) in reference.iter().enumerate() {
        // Of the positions of a tenth those that are in the 77 windows behind [CLS]. One of six is chosen, so that shares vary
        // less than by coins.
        let own: Vec<usize> = (0..512).filter(|position| position * 10 / 512 == decile).collect();
        let reached = own.iter().filter(|position| (1..=77 * 6).contains(*position)).count();
        let expected = reached as f64 / 6.0 / own.len() as f64;
        let published = if decile < 9 { 0.167 } else { 0.009 };
        assert!((expected - published).abs() < 0.004, "tenth {decile}: {expected}");
        let bound = three_deviations(expected, 2000.0 * own.len() as f64);
        assert!((share - expected).abs() < bound, "tenth {decile}: {reference:?}");
    }
    let corrected = deciles("", 512);
    // 77 of 511 tokens; [CLS] is one of the 51 positions of the first tenth.
    let bound = three_deviations(0.15, 2000.0 * 51.0);
    for (decile, share) in corrected.iter().enumerate() {
        let possible = if decile == 0 { 50.0 / 51.0 } else { 1.0 };
        assert!(
            (share - 77.0 / 511.0 * possible).abs() < bound,
            "tenth {decile}: {corrected:?}"
        );
    }
}

#[test]
fn the_reference_hides_one_token_in_every_window() {
    for example in examples("rtd", "mode = \"reference\"", 128).take(300) {
        assert_eq!(example.positions.len(), 19);
        for (place, position) in example.positions.iter().enumerate() {
            // 127 tokens behind [CLS], in windows of six.
            assert_eq!((*position as usize - 1) / 6, place);
        }
    }
}

#[test]
fn every_hidden_token_is_masked_and_no_other() {
    for mode in ["corrected", "reference"] {
        for example in examples("rtd", &format!("mode = \"{mode}\""), 64).take(300) {
            let masked: Vec<u32> = (0..64)
                .filter(|at| example.inputs[*at as usize] == SPECIAL.mask)
                .collect();
            assert_eq!(masked, example.positions, "{mode}");
        }
    }
    let count = mean(examples("rtd", "rate = 0.3", 101).map(|example| example.positions.len() as f64));
    assert_eq!(count, 30.0);
}

#[test]
fn at_first_both_losses_are_those_of_a_guess_however_embeddings_are_shared() {
    for sharing in SHARINGS {
        let losses = first_losses(&*configured("rtd", &format!("sharing = \"{sharing}\"")));
        assert!(is_a_guess(losses["generator"], SIZE, 0.15), "{sharing}: {losses:?}");
        assert!(is_a_guess(losses["discriminator"], 2, 0.15), "{sharing}: {losses:?}");
    }
}

/// Paths of what moves without the discriminator's loss, and with next to nothing else.
fn moved(sharing: &str, weight: &str) -> BTreeMap<String, Vec<f32>> {
    let options = format!("sharing = \"{sharing}\"\ndiscriminator_weight = {weight}");
    let objective = configured("rtd", &options);
    let mut found = gradients(&build(&*objective, Preset::Bert), &batch(&*objective));
    found.retain(|_, numbers| numbers.iter().any(|number| *number != 0.0));
    found
}

#[test]
fn who_moves_which_table_is_what_the_sharing_says() {
    let tables = ["encoder.tokens", "encoder.positions"];
    let added = ["added_tokens", "added_positions"];
    for sharing in SHARINGS {
        let (generators, both) = (moved(sharing, "0"), moved(sharing, "50"));
        // The generator moves the encoder's tables unless it has its own.
        for table in tables {
            assert_eq!(generators.contains_key(table), sharing != "nes", "{sharing}, {table}");
            assert!(both.contains_key(table), "{sharing}, {table}");
            // The discriminator adds nothing to them where they are disentangled, and does otherwise.
            assert_eq!(
                generators.get(table) == both.get(table),
                sharing == "gdes",
                "{sharing}, {table}"
            );
        }
        for table in added {
            assert!(!generators.contains_key(table), "{sharing}");
            assert_eq!(both.contains_key(table), sharing == "gdes", "{sharing}, {table}");
        }
        // Norms and blocks of the encoder are the discriminator's however tables are shared.
        assert!(
            generators
                .keys()
                .all(|path| !path.starts_with("encoder.") || tables.contains(&path.as_str()))
        );
        let own = |found: &BTreeMap<String, Vec<f32>>| {
            let own = found.iter().filter(|(path, _)| path.starts_with("generator"));
            own.map(|(path, numbers)| (path.clone(), numbers.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(own(&generators), own(&both), "{sharing}");
    }
}

#[test]
fn a_disentangled_encoder_is_read_with_what_was_added() {
    let objective = configured("rtd", "");
    for preset in [Preset::Bert, Preset::Modern] {
        let mut model = build(&*objective, preset);
        let sentence = [vec![SPECIAL.start, 7, 8, 9, SPECIAL.end]];
        let states = |model: &Model| -> Vec<f32> {
            let states = model.frozen().states(&sentence);
            states
                .iter()
                .flat_map(|layer| layer.to_data().iter::<f32>().collect::<Vec<_>>())
                .collect()
        };
        let mlm = build(&*configured("mlm", ""), preset);
        assert_eq!(states(&model), states(&mlm), "at first nothing is added");
        // Half of the table moved over to what is added: the same sum.
        let before = states(&model);
        let mut tables = BTreeMap::new();
        model.each_parameter(&mut |path, parameter| {
            if let Some(name) = path.strip_prefix("encoder.") {
                tables.insert(format!("added_{name}"), parameter.clone().inner().scaled(0.5));
            }
        });
        let halved = tables.clone();
        model.change_parameters(&mut |path, parameter| match path {
            "encoder.tokens" | "encoder.positions" => parameter.inner().scaled(0.5),
            _ => halved.get(path).cloned().unwrap_or_else(|| parameter.inner()),
        });
        let near = before.iter().zip(states(&model)).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near, "{preset:?}");
        model.change_parameters(&mut |path, parameter| match path {
            "added_tokens" => parameter.inner().scaled(-3.0),
            _ => parameter.inner(),
        });
        assert_ne!(states(&model), before, "{preset:?}");
    }
}

#[test]
fn every_verdict_knows_the_first_position_of_its_own_window_and_no_other() {
    let (config, init) = (encoder(Preset::Bert), Init::new(1, &Device::flex()));
    let judge = Conditioned {
        added_tokens: None,
        added_positions: None,
        norm: LayerNorm::of(&config, 32, &init.at("norm")),
        discriminator: Discriminator::new(&config, false, &init.at("discriminator")),
    };
    let here = init.normal("here", [3, 32], 1.0).val();
    let (one, other) = (
        init.normal("one", [3, 32], 1.0).val(),
        init.normal("other", [3, 32], 1.0).val(),
    );
    let verdicts = |first: Tensor<2>| {
        judge
            .verdicts(here.clone(), first)
            .into_data()
            .iter::<f32>()
            .collect::<Vec<f32>>()
    };
    assert_ne!(verdicts(one), verdicts(other));
    let batch = Batch {
        windows: 3,
        length: 5,
        ..Batch::default()
    };
    assert_eq!(firsts(&[0, 3, 4, 5, 9, 12], &batch), [0, 0, 0, 5, 5, 10]);
}

#[test]
fn gradients_are_slopes() {
    let (config, init) = (encoder(Preset::Bert), Init::new(1, &Device::flex().autodiff()));
    let encoder = Encoder::new(&config, SIZE, &init.at("encoder"));
    let judge = Conditioned {
        added_tokens: Some(init.zeros([SIZE, 32])),
        added_positions: Some(init.zeros([LENGTH, 32])),
        norm: LayerNorm::of(&config, 32, &init.at("norm")),
        discriminator: Discriminator::new(&config, false, &init.at("discriminator")),
    };
    let batch = batch(&*configured("rtd", ""));
    let of_judge = |judge: &Conditioned| judge.loss(&encoder, &batch.inputs, &batch, None);
    assert_eq!(assert_slopes(&judge, &of_judge), 8);
    // Its own tables get none from here.
    let gradients = judge.loss(&encoder, &batch.inputs, &batch, None).backward();
    encoder.each_parameter(&mut |path, parameter| {
        let none = matches!(path, "tokens" | "positions");
        assert_eq!(parameter.grad(&gradients).is_none(), none, "{path}");
    });
}

#[test]
fn every_sharing_learns_with_all_that_it_has() {
    for sharing in SHARINGS {
        for preset in [Preset::Bert, Preset::Modern] {
            let objective = configured("rtd", &format!("sharing = \"{sharing}\"\ngenerator_layers = 2"));
            let (mut model, batch) = (build(&*objective, preset), batch(&*objective));
            assert_hidden_matrices(&*objective, preset);
            let gradients = gradients(&model, &batch);
            model.each_parameter(&mut |path, _| {
                let moves = gradients
                    .get(path)
                    .is_some_and(|numbers| numbers.iter().any(|number| *number != 0.0));
                assert!(moves, "{sharing}, {preset:?}: nothing moves {path}");
            });
            let losses: Vec<f64> = (0..4).map(|_| descend(&mut model, &batch, 0.05)).collect();
            assert!(
                losses.windows(2).all(|pair| pair[1] < pair[0]),
                "{sharing}, {preset:?}: {losses:?}"
            );
            let loss = |model: &Model| number(&model.loss(&batch, Draw::new(3, "step"), false).total);
            assert_eq!(loss(&model), loss(&model.frozen()), "{sharing}, {preset:?}");
        }
    }
}

#[test]
fn the_generator_is_half_as_deep_and_flops_are_a_count_by_hand() {
    let config = EncoderConfig {
        layers: 5,
        ..encoder(Preset::Bert)
    };
    let objective = configured("rtd", "");
    assert_eq!(objective.helpers(&config)[0].layers, 3);
    let sizes = batch(&*objective).sizes();
    let (rows, predicted) = (4 * LENGTH, sizes.predicted);
    let layer = rows * (32 * 96 + 2 * LENGTH * 32 + 32 * 32 + 2 * 32 * 128);
    let last = rows * 32 * 96 + predicted * (2 * LENGTH * 32 + 32 * 32 + 2 * 32 * 128);
    let head = predicted * 32 * (32 + SIZE);
    let verdicts = rows * (32 * 32 + 32);
    for sharing in SHARINGS {
        let flops = configured("rtd", &format!("sharing = \"{sharing}\"")).flops(&config, SIZE, &sizes);
        assert_eq!(flops, 6.0 * (7 * layer + last + head + verdicts) as f64, "{sharing}");
    }
    // The usual depth is written as if nothing were said.
    let fitted = |layers: usize| {
        configured("rtd", &format!("generator_layers = {layers}"))
            .fitted(&config)
            .unwrap()
    };
    assert_eq!(fitted(3), objective.fitted(&config).unwrap());
    assert_eq!(fitted(5)["generator_layers"].as_integer(), Some(5));
}
