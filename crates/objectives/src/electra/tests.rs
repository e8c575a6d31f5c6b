//! Shares of the published implementation, computed from its rules, and counts by hand.

use crate::common::training::{
    LENGTH, SIZE, Trainer, assert_hidden_matrices, batch, build, descend, encoder, first_losses, gradients, is_a_guess,
    masked_flops, number,
};
use crate::common::{
    SPECIAL, WINDOWS, any_window, assert_equally_likely, configured, count, examples, mean, three_deviations,
    token_budget, vocabulary,
};
use crate::{Batch, Example, Model};
use burn::tensor::{Tensor, TensorData};
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, Preset};
use cloze_corpus::Window;
use cloze_foundation::Draw;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How many different ones of so many places are hit by so many draws, each of which counts with this probability: mean and
/// variance.
fn different(places: f64, draws: i32, counts: f64) -> (f64, f64) {
    let (one, both) = (
        (1.0 - counts / places).powi(draws),
        (1.0 - 2.0 * counts / places).powi(draws),
    );
    let variance = places * (places - 1.0) * both + places * one - (places * one).powi(2);
    (places * (1.0 - one), variance)
}

#[test]
fn electra_draws_with_replacement_in_reference_mode_only() {
    // 19 draws of 126 candidates hit 17.69 different positions at L = 128; 77 draws hit 71.5 at L = 512. Windows of cloze
    // have no [SEP] here, so one candidate more.
    assert!((different(126.0, 19, 1.0).0 - 17.69).abs() < 0.02 && (different(510.0, 77, 1.0).0 - 71.5).abs() < 0.05);
    for (length, draws) in [(128, 19), (512, 77)] {
        let reference = || examples("electra", "mode = \"reference\"", length);
        assert!(reference().all(|example| example.weights.iter().sum::<f32>() == draws as f32));
        let realised = mean(reference().map(|example| count(&example)));
        let (expected, variance) = different(length as f64 - 1.0, draws, 1.0);
        let bound = 3.0 * (variance / WINDOWS as f64).sqrt();
        assert!(
            (realised - expected).abs() < bound,
            "L = {length}: {realised}, not {expected} by {bound}"
        );
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
    assert!((masked / selected - 0.85_f64).abs() < three_deviations(0.85, selected));
}

#[test]
fn electras_masks_are_on_the_published_share_of_the_positions() {
    // .119 of them at L = 128 and .120 at L = 512: as many as are hit by the draws that become [MASK].
    for (length, draws, published) in [(128, 19, 0.119), (512, 77, 0.120)] {
        let (expected, variance) = different(length as f64 - 1.0, draws, 0.85);
        let positions = length as f64;
        assert!(
            (expected / positions - published).abs() < 0.001,
            "{}",
            expected / positions
        );
        let masks = |example: Example| example.inputs.iter().filter(|id| **id == SPECIAL.mask).count() as f64;
        let found = mean(examples("electra", "mode = \"reference\"", length).map(masks));
        let bound = 3.0 * (variance / WINDOWS as f64).sqrt();
        assert!(
            (found - expected).abs() < bound,
            "L = {length}: {found}, not {expected} by {bound}"
        );
    }
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

/// The parts of a loss by name.
fn parts(model: &Model, batch: &Batch) -> BTreeMap<String, f64> {
    let parts = model.loss(batch, Draw::new(1, "step"), false).parts;
    parts.into_iter().map(|(name, value)| (name, number(&value))).collect()
}

/// A model whose generator always proposes token 9 and says so with certainty, and whose discriminator finds the same
/// logit everywhere: every number in the loss can be written down.
fn certain(options: &str, logit: f32) -> Model {
    let mut model = build(&*configured("electra", options), Preset::Bert);
    model.change_parameters(&mut |path, parameter| {
        let fill = |value: f32| {
            let numbers = vec![value; parameter.count()];
            Parameter::from_data(
                TensorData::new(numbers, parameter.shape()),
                &burn::tensor::Device::flex(),
            )
            .unwrap()
        };
        match path {
            // Without gain and bias the norm gives nothing, so that the logits are the decoder's bias.
            "generator_head.norm.gain" | "generator_head.norm.bias" | "discriminator_output.weight" => fill(0.0),
            "discriminator_output.bias" => fill(logit),
            "generator_head.bias" => {
                let mut bias = vec![0.0; SIZE];
                bias[9] = 50.0;
                let bias = Tensor::<1>::from_data(TensorData::new(bias, [SIZE]), &burn::tensor::Device::flex());
                Parameter::Vector(bias)
            }
            _ => parameter.inner(),
        }
    });
    model
}

#[test]
fn the_loss_is_that_of_a_count_by_hand_with_its_polarity() {
    // [CLS] 7 9 8 [SEP]: 9 is proposed at the places of 7, 9 and 8, twice at that of 8; two of five tokens are replaced.
    let window = Window::new(vec![SPECIAL.start, 7, 9, 8, SPECIAL.end], vec![true; 5]);
    let mut example = Example::predicting(&window, vec![1, 2, 3]);
    example.weights[2] = 2.0;
    example.inputs[1..4].fill(SPECIAL.mask);
    let batch = Batch::of(&[example]);
    for (mode, added) in [("corrected", 0.0), ("reference", 1e-6)] {
        for logit in [2.0f64, -1.0] {
            let loss = certain(&format!("mode = \"{mode}\""), logit as f32).loss(&batch, Draw::new(1, "step"), false);
            let parts: BTreeMap<&str, f64> = loss
                .parts
                .iter()
                .map(|(name, value)| (&**name, number(value)))
                .collect();
            // -log p is 50 for 7 and for 8, and 0 for 9; weights 1, 1, 2.
            let generator = (50.0 + 0.0 + 2.0 * 50.0) / (4.0 + added);
            // The logit is that of "replaced": log(1 + e^-x) is lost on a replaced token, log(1 + e^x) on an original.
            let softplus = |x: f64| x.exp().ln_1p();
            let discriminator = (2.0 * softplus(-logit) + 3.0 * softplus(logit)) / 5.0;
            for (name, expected) in [
                ("generator", generator),
                ("discriminator", discriminator),
                ("replaced", 0.4),
            ] {
                assert!(
                    (parts[name] - expected).abs() < 1e-4,
                    "{name} at {logit}: {parts:?}, not {expected}"
                );
            }
            let total = generator + 50.0 * discriminator;
            assert!(
                (number(&loss.total) - total).abs() < 1e-2,
                "{} is not {total}",
                number(&loss.total)
            );
        }
    }
}

/// 1e-6, which is as much as all of these weights.
#[test]
fn the_generators_denominator_has_a_little_added() {
    let mut batch = batch(&*configured("electra", ""));
    let each = 1e-6 / batch.weights.len() as f32;
    batch.weights.fill(each);
    let [corrected, reference] = ["corrected", "reference"].map(|mode| {
        let objective = configured("electra", &format!("mode = \"{mode}\""));
        parts(&build(&*objective, Preset::Modern), &batch)["generator"]
    });
    assert!((reference / corrected - 0.5).abs() < 1e-4, "{reference} of {corrected}");
}

#[test]
fn electra_15_is_judged_at_the_hidden_positions_alone() {
    let window = Window::new(vec![SPECIAL.start, 7, 9, 8, SPECIAL.end], vec![true; 5]);
    let mut example = Example::predicting(&window, vec![1, 2, 3]);
    example.inputs[1..4].fill(SPECIAL.mask);
    let batch = Batch::of(&[example]);
    for logit in [2.0f64, -1.0] {
        let parts = parts(&certain("discriminate = \"masked\"", logit as f32), &batch);
        // 9 is proposed for 7, 9 and 8.
        let softplus = |x: f64| x.exp().ln_1p();
        let expected = (2.0 * softplus(-logit) + softplus(logit)) / 3.0;
        assert!(
            (parts["discriminator"] - expected).abs() < 1e-4,
            "{parts:?}, not {expected}"
        );
    }
}

#[test]
fn a_sample_that_may_not_be_correct_never_is() {
    let window = Window::new(vec![SPECIAL.start, 7, 9, 8, SPECIAL.end], vec![true; 5]);
    let mut example = Example::predicting(&window, vec![1, 2, 3]);
    example.inputs[1..4].fill(SPECIAL.mask);
    let batch = Batch::of(&[example]);
    // The generator is certain of 9, and has to find another token where 9 stood.
    assert_eq!(parts(&certain("", 0.0), &batch)["replaced"], f64::from(2.0f32 / 5.0));
    assert_eq!(
        parts(&certain("disallow_correct = true", 0.0), &batch)["replaced"],
        f64::from(3.0f32 / 5.0)
    );
}

/// What differs from the usual in the networks.
const VARIANTS: [&str; 7] = [
    "generator = \"uniform\"",
    "generator = \"uniform\"\nmode = \"reference\"\ndisallow_correct = true",
    "tying = \"none\"",
    "tying = \"all\"\ngenerator_width = 1.0",
    "generator_layers = 2",
    "disallow_correct = true\nmode = \"reference\"",
    "discriminate = \"masked\"",
];

#[test]
fn every_variant_begins_at_a_guess_and_learns_with_all_that_it_has() {
    for options in VARIANTS {
        for preset in [Preset::Bert, Preset::Modern] {
            let objective = configured("electra", options);
            let (mut model, batch) = (build(&*objective, preset), batch(&*objective));
            assert_hidden_matrices(&*objective, preset);
            let first = parts(&model, &batch);
            assert!(is_a_guess(first["discriminator"], 2, 0.15), "{options}: {first:?}");
            match first.get("generator") {
                Some(generator) => assert!(is_a_guess(*generator, SIZE, 0.15), "{options}: {first:?}"),
                None => assert!(options.contains("uniform"), "{options}"),
            }
            let gradients = gradients(&model, &batch);
            model.each_parameter(&mut |path, _| {
                let moves = gradients
                    .get(path)
                    .is_some_and(|numbers| numbers.iter().any(|number| *number != 0.0));
                assert!(moves, "{options}, {preset:?}: nothing moves {path}");
            });
            let losses: Vec<f64> = (0..4).map(|_| descend(&mut model, &batch, 0.05)).collect();
            assert!(
                losses.windows(2).all(|pair| pair[1] < pair[0]),
                "{options}, {preset:?}: {losses:?}"
            );
        }
    }
}

#[test]
fn a_uniform_generator_is_no_network_and_proposes_every_token_equally_often() {
    let model = build(&*configured("electra", "generator = \"uniform\""), Preset::Bert);
    model.each_parameter(&mut |path, _| assert!(!path.contains("generator"), "{path}"));
    assert_eq!(model.masked_answerer(), None);
    assert!(model.rules().len() == 1 && model.rule("generator").is_err());
    // Of 995 ordinary ids, at 2000 · 19 positions of each window of 128.
    let (mut same, mut counts) = (0.0, vec![0.0; 1000]);
    for example in examples("electra", "generator = \"uniform\"", 128) {
        for (now, before) in example.inputs.iter().zip(&example.originals) {
            counts[*now as usize] += f64::from(now != before);
        }
        same += mean(
            example
                .positions
                .iter()
                .map(|at| f64::from(example.inputs[*at as usize] == example.originals[*at as usize])),
        );
    }
    assert!(
        counts[..5].iter().all(|count| *count == 0.0),
        "a special token was proposed"
    );
    assert_equally_likely(&counts[5..], 1.0);
    let correct = same / 2000.0;
    assert!(
        (correct - 1.0 / 995.0).abs() < 3.0 * (1.0 / 995.0 / 38_000.0_f64).sqrt(),
        "{correct}"
    );
    // In the reference special tokens are proposed as well; and nothing is, where nothing else may be.
    let reference = examples("electra", "generator = \"uniform\"\nmode = \"reference\"", 128);
    assert!(
        reference
            .flat_map(|example| example.inputs)
            .any(|id| id == SPECIAL.mask)
    );
    for example in examples("electra", "generator = \"uniform\"\ndisallow_correct = true", 128).take(200) {
        let changed = |at: &u32| example.inputs[*at as usize] != example.originals[*at as usize];
        assert!(example.positions.iter().all(changed));
    }
}

#[test]
fn what_is_tied_is_moved_by_both_and_what_is_not_by_one() {
    // Without the discriminator's loss only what the generator has of the encoder moves.
    let moved = |options: &str| {
        let objective = configured("electra", &format!("{options}\ndiscriminator_weight = 0"));
        let mut found = gradients(&build(&*objective, Preset::Bert), &batch(&*objective));
        found.retain(|path, numbers| path.starts_with("encoder.") && numbers.iter().any(|number| *number != 0.0));
        found.into_keys().collect::<Vec<_>>()
    };
    let embeddings = [
        "encoder.norm.bias",
        "encoder.norm.gain",
        "encoder.positions",
        "encoder.tokens",
    ];
    assert_eq!(moved("tying = \"embeddings\""), embeddings);
    assert!(moved("tying = \"none\"").is_empty());
    assert!(moved("tying = \"all\"\ngenerator_width = 1.0").contains(&"encoder.blocks.0.qkv.weight".to_owned()));
    let shapes = |options: &str| {
        let mut found = BTreeMap::new();
        build(&*configured("electra", options), Preset::Bert)
            .each_parameter(&mut |path, parameter| _ = found.insert(path.to_owned(), parameter.shape()));
        found
    };
    // Embeddings of its own are of its own width.
    let apart = shapes("tying = \"none\"");
    assert_eq!(apart["generator_encoder.tokens"], [SIZE, 8]);
    assert_eq!(apart["generator_head.dense.weight"], [8, 8]);
    let all = shapes("tying = \"all\"\ngenerator_width = 1.0");
    assert!(
        all.keys()
            .all(|path| !path.starts_with("generator") || path.starts_with("generator_head."))
    );
}

/// A few.
const STEPS: u64 = 200;

#[test]
fn the_discriminator_learns_to_tell_a_corrupted_sentence() {
    // Every token is followed by the next one: what breaks the chain is wrong.
    let chain = |first: u32| -> Vec<u32> {
        let words = (0..LENGTH as u32 - 1).map(|place| 5 + (first + place) % 20);
        std::iter::once(SPECIAL.start).chain(words).collect()
    };
    let objective = configured("electra", "rate = 0.3");
    let mut trainer = Trainer::new(build(&*objective, Preset::Modern), 5e-3);
    let windows: Vec<Window> = (0..20)
        .map(|first| Window::new(chain(first), vec![true; LENGTH]))
        .collect();
    for step in 0..STEPS {
        let draw = Draw::new(5, "corruption").step(step);
        let example = |(window, place)| objective.corrupt(window, &vocabulary(SIZE), 0.0, draw.example(place));
        let examples: Vec<Example> = windows.iter().zip(0..).map(example).collect();
        trainer.step(&Batch::of(&examples), step);
    }
    let model = trainer.model.frozen();
    let mut right = 0;
    for first in 0..20 {
        let good = chain(first);
        let mut bad = good.clone();
        bad[9] = 5 + (bad[9] + 7) % 20;
        let scores = model.score(&model.rules()[0], &[good, bad], &vocabulary(SIZE)).unwrap();
        right += u32::from(scores[0] > scores[1]);
    }
    assert!(right >= 18, "{right} of 20 corrupted sentences are found");
}

#[test]
fn the_generator_has_the_width_that_is_asked_for() {
    let widths = |share: f64, width: usize, preset: Preset| {
        let objective = configured("electra", &format!("generator_width = {share}"));
        let config = EncoderConfig::preset(preset, width, 1, 8);
        let init = Init::new(1, &burn::tensor::Device::flex());
        let mut found = BTreeMap::new();
        let model = objective.build(&config, &vocabulary(SIZE), &init);
        model.each_parameter(&mut |path, parameter| _ = found.insert(path.to_owned(), parameter.shape()));
        found
    };
    for (share, width, generator) in [
        (0.0625, 128, 8),
        (0.125, 128, 16),
        (0.25, 128, 32),
        (0.5, 128, 64),
        (0.33333, 768, 256),
        (0.25, 256, 64),
    ] {
        let found = widths(share, width, Preset::Bert);
        assert_eq!(
            found["generator_project.weight"],
            [width, generator],
            "{share} of {width}"
        );
        assert_eq!(found["generator.blocks.0.qkv.weight"], [generator, 3 * generator]);
        assert_eq!(found["generator.blocks.0.up.weight"], [generator, 4 * generator]);
        assert_eq!(found["generator_head.dense.weight"], [generator, width]);
    }
    // As wide as the encoder it needs no projection.
    let whole = widths(1.0, 128, Preset::Modern);
    assert!(!whole.contains_key("generator_project.weight"));
    assert_eq!(whole["generator.blocks.0.qkv.weight"], [128, 384]);
}

#[test]
fn what_is_no_generator_is_refused_with_the_nearest_that_is() {
    let fitted = |share: f64, width: usize| {
        let objective = configured("electra", &format!("generator_width = {share}"));
        objective.fitted(&EncoderConfig::preset(Preset::Modern, width, 1, 8))
    };
    for (share, width, allowed) in [
        (0.25, 20, "0.2 for 4, 0.3 for 6"),
        // Three heads of 64 and more do not divide 200.
        (0.25, 800, "0.2475 for 198, 0.255 for 204"),
        (1e-6, 128, "0.015625 for 2"),
    ] {
        let fault = fitted(share, width).unwrap_err();
        assert_eq!(fault.place().as_deref(), Some("generator_width"));
        assert_eq!(fault.allowed.as_deref(), Some(allowed), "{fault}");
    }
    // What gives one width is one option, and so one run.
    let options = |share| fitted(share, 128).unwrap();
    assert_eq!(options(0.25), options(0.2501));
    assert_eq!(options(0.2501)["generator_width"].as_float(), Some(0.25));
    assert_ne!(options(0.25), options(0.265625));
}

#[test]
fn the_size_of_a_generator_that_shares_everything_is_the_encoders() {
    let fitted = |options: &str| {
        let encoder = EncoderConfig::preset(Preset::Modern, 128, 4, 8);
        configured("electra", options).fitted(&encoder)
    };
    for (options, place, allowed) in [
        ("tying = \"all\"", "generator_width", "1.0"),
        (
            "tying = \"all\"\ngenerator_width = 1.0\ngenerator_layers = 2",
            "generator_layers",
            "4",
        ),
    ] {
        let fault = fitted(options).unwrap_err();
        assert_eq!(
            (fault.place().as_deref(), fault.allowed.as_deref()),
            (Some(place), Some(allowed)),
            "{fault}"
        );
    }
    let whole = fitted("tying = \"all\"\ngenerator_width = 1.0\ngenerator_layers = 4").unwrap();
    assert_eq!(whole["generator_width"].as_float(), Some(1.0));
    assert!(!whole.contains_key("generator_layers"));
    // The usual depth makes no other run.
    assert_eq!(fitted("generator_layers = 4").unwrap(), fitted("").unwrap());
    assert_ne!(fitted("generator_layers = 3").unwrap(), fitted("").unwrap());
}

#[test]
fn nothing_is_said_of_a_generator_that_is_no_network() {
    for (key, value) in [
        ("tying", "\"all\""),
        ("generator_width", "0.5"),
        ("generator_layers", "7"),
        ("masked", "0.5"),
    ] {
        let options = format!("generator = \"uniform\"\n{key} = {value}").parse().unwrap();
        let fault = crate::configure("electra", &options).err().unwrap();
        assert_eq!(fault.place().as_deref(), Some(key), "{fault}");
        assert!(fault.what.contains("no network"), "{fault}");
    }
}

#[test]
fn flops_of_the_variants_are_those_of_a_count_by_hand() {
    let (usual, config) = (configured("electra", ""), encoder(Preset::Bert));
    let sizes = batch(&*usual).sizes();
    let (rows, predicted) = (4 * LENGTH, sizes.predicted);
    let flops = |options: &str| configured("electra", options).flops(&config, SIZE, &sizes);
    let verdicts = |rows: usize| 3.0 * 2.0 * (rows * (32 * 32 + 32)) as f64;
    let body = 3.0 * config.forward_flops(4, LENGTH, false);
    assert_eq!(flops("generator = \"uniform\""), body + verdicts(rows));
    // The encoder at the predicted positions alone, as a masked model reads it, but without its head.
    let head = 3.0 * 2.0 * (predicted * 32 * (32 + SIZE)) as f64;
    let masked = masked_flops(false, predicted, predicted) - head;
    assert_eq!(
        flops("generator = \"uniform\"\ndiscriminate = \"masked\""),
        masked + verdicts(predicted)
    );
    assert_eq!(
        flops("tying = \"all\"\ngenerator_width = 1.0"),
        body + verdicts(rows) + masked_flops(false, predicted, predicted)
    );
    // With embeddings of its own nothing is projected, and its head stays at its width of 8.
    let (project, wide) = (rows * 32 * 8, predicted * 32 * (8 + SIZE));
    let narrow = predicted * 8 * (8 + SIZE);
    assert_eq!(
        flops("tying = \"none\""),
        flops("") - 3.0 * 2.0 * (project + wide - narrow) as f64
    );
    // One layer more: keys, queries and values, scores and values, output, up and down of all rows.
    let layer = rows * (8 * 24 + 2 * LENGTH * 8 + 8 * 8 + 2 * 8 * 32);
    assert_eq!(flops("generator_layers = 2"), flops("") + 3.0 * 2.0 * layer as f64);
}

#[test]
fn flops_are_those_of_a_count_by_hand() {
    let (objective, config) = (configured("electra", ""), encoder(Preset::Bert));
    let sizes = batch(&*objective).sizes();
    let (rows, predicted) = (4 * LENGTH, sizes.predicted);
    let discriminator = 3.0 * config.forward_flops(4, LENGTH, false) + 3.0 * 2.0 * (rows * (32 * 32 + 32)) as f64;
    // A quarter of 32 is 8, its hidden layer 4 · 8: keys, queries and values of all rows, the rest for the predicted ones,
    // whose queries see LENGTH keys twice over.
    let generator = rows * 8 * 24 + predicted * (2 * LENGTH * 8 + 8 * 8 + 2 * 8 * 32);
    let helpers = rows * 32 * 8 + generator + predicted * 32 * (8 + SIZE);
    let flops = objective.flops(&config, SIZE, &sizes);
    assert_eq!(flops, discriminator + 3.0 * 2.0 * helpers as f64);
    // As wide as the encoder: its own body, and no projection.
    let wide = configured("electra", "generator_width = 1.0").flops(&config, SIZE, &sizes);
    assert_eq!(wide, discriminator + masked_flops(false, predicted, predicted));
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
