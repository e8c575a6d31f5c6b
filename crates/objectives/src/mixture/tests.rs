//! Shares, weights, stages; a mixture of one is the objective alone.

use super::{ENTRY, Mixture};
use crate::common::training::{LENGTH, SIZE, build, encoder, gradients, number};
use crate::common::{configured, three_deviations, vocabulary, window};
use crate::{Batch, Example, Objective, Part};
use burn::tensor::Device;
use cloze_backbone::{Init, Parameters, Preset};
use cloze_corpus::Window;
use cloze_foundation::{Draw, Fault};
use cloze_options::Written;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn mixture(parts: &str) -> Mixture {
    read(parts).unwrap_or_else(|fault| panic!("{fault}"))
}

fn read(parts: &str) -> Result<Mixture, Fault> {
    written(&format!("mixture = [{parts}]").parse().unwrap())
}

fn written(options: &toml::Table) -> Result<Mixture, Fault> {
    Mixture::read(&Written::new(&options.into(), ""))
}

fn text(index: u64) -> Window {
    window(
        LENGTH,
        50.0,
        20.0,
        SIZE,
        &mut Draw::new(7, "text").example(index).stream(),
    )
}

fn example(objective: &dyn Objective, index: u64, progress: f64) -> Example {
    let draw = Draw::new(7, "corruption").example(index);
    objective.corrupt(&text(index), &vocabulary(SIZE), progress, draw)
}

fn batch(objective: &dyn Objective, windows: u64, progress: f64) -> Batch {
    Batch::of(
        &(0..windows)
            .map(|index| example(objective, index, progress))
            .collect::<Vec<_>>(),
    )
}

/// How many of a thousand windows the first part gets.
fn first_of_thousand(mixture: &Mixture, progress: f64) -> usize {
    (0..1000)
        .filter(|index| example(mixture, *index, progress).part.index == 0)
        .count()
}

/// At one moment of each of these ways.
#[test]
fn the_shares_are_realised() {
    for (share, progress, expected) in [
        ("0.3", 0.7, 0.3),
        ("{ from = 0, to = 1 }", 0.2, 0.2),
        ("{ from = 1, to = 0.5, shape = \"cosine\" }", 0.5, 0.75),
        ("{ from = 0.9, to = 0.1, shape = \"step\", at = 0.25 }", 0.3, 0.1),
        ("{ values = [0, 0.6, 0], at = [0.25, 0.75] }", 0.5, 0.6),
        ("{ values = [0, 0.6, 0], at = [0.25, 0.75] }", 0.8, 0.0),
    ] {
        let mixture = mixture(&format!(
            "{{ objective = \"mlm\", share = {share} }}, {{ objective = \"autoregressive\" }}"
        ));
        assert!((mixture.shares(progress)[0] - expected).abs() < 1e-12, "{share}");
        assert!((mixture.shares(progress).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let found = first_of_thousand(&mixture, progress) as f64 / 1000.0;
        assert!(
            (found - expected).abs() <= three_deviations(expected, 1000.0),
            "{share}: {found}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_example_is_what_its_part_makes_of_the_window(index in 0u64..1000, progress in 0.0..=1.0f64) {
        let parts = ["mlm", "span", "autoregressive"];
        let list = "{ objective = \"mlm\", share = 0.2, weight = 2 }, { objective = \"span\", share = 0.5 }, { objective = \"autoregressive\" }";
        let (mixture, window) = (mixture(list), text(index));
        let draw = Draw::new(7, "corruption").example(index);
        let mixed = mixture.corrupt(&window, &vocabulary(SIZE), progress, draw);
        prop_assert_eq!(&mixed, &mixture.corrupt(&window, &vocabulary(SIZE), progress, draw));
        let alone = configured(parts[mixed.part.index], "").corrupt(&window, &vocabulary(SIZE), progress, draw);
        prop_assert_eq!(mixed.part.weight, if mixed.part.index == 0 { 2.0 } else { 1.0 });
        prop_assert_eq!(Example { part: Part::default(), ..mixed }, alone);
    }
}

#[test]
fn stages_follow_each_other() {
    let stages = mixture(
        "{ objective = \"autoregressive\", share = { from = 1, to = 0, shape = \"step\" } }, { objective = \"mlm\" }",
    );
    assert_eq!(
        [0.0, 0.499, 0.5, 1.0].map(|progress| first_of_thousand(&stages, progress)),
        [1000, 1000, 0, 0]
    );
    let back = mixture(
        "{ objective = \"autoregressive\", share = { from = 0, to = 1 } }, { objective = \"mlm\", share = { from = 1, to = 0 } }",
    );
    assert_eq!([0.0, 1.0].map(|progress| first_of_thousand(&back, progress)), [0, 1000]);
}

#[test]
fn a_mixture_of_one_is_planned_as_that_objective() {
    let fault = mixture("{ objective = \"mlm\", rate = 0.3 }")
        .fitted(&encoder(Preset::Bert))
        .unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("mixture"));
    assert!(fault.remedy.unwrap().contains("objective = \"mlm\""));
}

#[test]
fn a_mixture_of_one_is_that_objective_bit_by_bit() {
    for (name, options) in [
        ("mlm", "mode = \"reference\""),
        ("span", ""),
        ("electra", ""),
        ("autoregressive", ""),
    ] {
        let comma = if options.is_empty() { "" } else { ", " };
        let mixed = mixture(&format!("{{ objective = \"{name}\"{comma}{options} }}"));
        let alone = configured(name, options);
        let batches = [batch(&mixed, 4, 0.3), batch(&*alone, 4, 0.3)];
        assert_eq!(batches[0], batches[1], "{name}");
        let models = [build(&mixed, Preset::Bert), build(&*alone, Preset::Bert)];
        for training in [false, true] {
            let losses = models
                .each_ref()
                .map(|model| number(&model.loss(&batches[0], Draw::new(3, "step"), training).total));
            assert_eq!(losses[0].to_bits(), losses[1].to_bits(), "{name}");
        }
        let [mut found, expected] = models.each_ref().map(|model| gradients(model, &batches[0]));
        found = found
            .into_iter()
            .map(|(path, gradient)| match path.strip_prefix(&format!("{name}.")) {
                Some(path) => (path.to_owned(), gradient),
                None => (path, gradient),
            })
            .collect();
        assert_eq!(found, expected, "{name}");
        let sizes = batches[0].sizes();
        let flops = |objective: &dyn Objective| objective.flops(&encoder(Preset::Bert), SIZE, &sizes);
        assert_eq!(flops(&mixed), flops(&*alone));
    }
}

#[test]
fn the_loss_is_the_sum_of_the_parts_by_their_windows_and_weights() {
    let mixture = mixture(
        "{ objective = \"mlm\", share = 0.5, weight = 3 }, { objective = \"electra\", weight = { from = 0, to = 1 } }",
    );
    let batch = batch(&mixture, 12, 0.5);
    let model = build(&mixture, Preset::Modern);
    let loss = model.loss(&batch, Draw::new(3, "step"), false);
    let parts: BTreeMap<String, f64> = loss
        .parts
        .iter()
        .map(|(name, value)| (name.clone(), number(value)))
        .collect();
    let [masked, replaced] = <[usize; 2]>::try_from(
        batch
            .portions
            .iter()
            .map(|portion| portion.batch.windows)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    assert!(masked > 0 && replaced > 0 && masked + replaced == 12);
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-4 * expected.abs().max(1.0);
    let weights = [masked as f64 * 3.0 / 12.0, replaced as f64 * 0.5 / 12.0];
    assert!(close(
        number(&loss.total),
        weights[0] * parts["mlm.loss"] + weights[1] * parts["electra.loss"]
    ));
    assert!(
        close(parts["mlm.windows"], masked as f64 / 12.0) && close(parts["electra.windows"], replaced as f64 / 12.0)
    );
    let sum = weights[0] + weights[1];
    assert!(close(parts["mlm.weight"], weights[0] / sum) && close(parts["electra.weight"], weights[1] / sum));
    // The parts of a loss that has more than one.
    assert!(parts.contains_key("electra.discriminator") && !parts.contains_key("mlm.mlm"));
    // Each part's mean is over its own windows, as it would be alone.
    let alone =
        build(&*configured("mlm", ""), Preset::Modern).loss(&batch.portions[0].batch, Draw::new(3, "step"), false);
    assert_eq!(number(&alone.total).to_bits(), parts["mlm.loss"].to_bits());
    // FLOPs are those of the examples there are.
    let flops =
        |objective: &dyn Objective, batch: &Batch| objective.flops(&encoder(Preset::Modern), SIZE, &batch.sizes());
    let expected: f64 = batch
        .portions
        .iter()
        .zip(["mlm", "electra"])
        .map(|(portion, name)| flops(&*configured(name, ""), &portion.batch))
        .sum();
    assert_eq!(flops(&mixture, &batch), expected);
}

#[test]
fn every_part_learns_through_the_one_encoder() {
    let mixture = mixture("{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }");
    let batch = batch(&mixture, 8, 0.0);
    let model = build(&mixture, Preset::Bert);
    let gradients = gradients(&model, &batch);
    let mut heads = Vec::new();
    model.each_parameter(&mut |path, _| {
        let gradient = &gradients[path];
        assert!(
            gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.0),
            "{path}"
        );
        heads.extend((!path.starts_with("encoder.")).then(|| path.to_owned()));
    });
    let head = ["dense.weight", "dense.bias", "norm.gain", "norm.bias", "bias"];
    let expected: Vec<String> = ["mlm", "autoregressive"]
        .iter()
        .flat_map(|part| head.map(|name| format!("{part}.head.{name}")))
        .collect();
    assert_eq!(heads, expected);

    // A part without a window is not trained.
    let single = Batch::of(
        &(0..8)
            .map(|index| Example {
                part: Part { index: 1, weight: 1.0 },
                ..example(&*configured("autoregressive", ""), index, 0.0)
            })
            .collect::<Vec<_>>(),
    );
    let loss = model.loss(&single, Draw::new(3, "step"), false);
    let named = |name: &str| {
        loss.parts
            .iter()
            .find(|(part, _)| part == name)
            .map(|(_, value)| number(value))
    };
    assert_eq!(
        (named("mlm.loss"), named("mlm.windows"), named("mlm.weight")),
        (None, Some(0.0), Some(0.0))
    );
    assert_eq!(
        (named("autoregressive.windows"), named("autoregressive.weight")),
        (Some(1.0), Some(1.0))
    );
}

#[test]
fn a_mixed_model_scores_by_the_rules_of_all_its_parts() {
    let mixture =
        mixture("{ objective = \"electra\", share = 0.5 }, { objective = \"autoregressive\", name = \"causal\" }");
    let build = |objective: &dyn Objective| {
        let init = Init::new(1, &Device::flex());
        objective
            .build(&encoder(Preset::Modern), &vocabulary(SIZE), &init)
            .frozen()
    };
    let model = build(&mixture);
    let names: Vec<&str> = model.rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!(
        names,
        ["electra.discriminator", "electra.generator", "causal.left-to-right"]
    );
    // Two generators would otherwise be one name.
    assert_eq!(model.masked_helper().as_deref(), Some("electra.generator"));
    assert_eq!(
        build(&*configured("electra", "")).masked_helper().as_deref(),
        Some("generator")
    );
    assert_eq!(build(&*configured("mlm", "")).masked_helper(), None);
    let sentences = [vec![2, 7, 8, 9, 3], vec![2, 30, 31, 3]];
    let score = |model: &crate::Model, rule: usize| {
        model
            .score(&model.rules()[rule], &sentences, &vocabulary(SIZE))
            .unwrap()
    };
    let (electra, causal) = (
        build(&*configured("electra", "")),
        build(&*configured("autoregressive", "")),
    );
    assert_eq!(score(&model, 0), score(&electra, 0));
    assert_eq!(score(&model, 1), score(&electra, 1));
    assert_eq!(score(&model, 2), score(&causal, 0));
    let masked = batch(&*configured("mlm", ""), 4, 0.0);
    assert_eq!(model.masked_losses(&masked), electra.masked_losses(&masked));
    assert_eq!(model.masked_guesses(&masked), electra.masked_guesses(&masked));
}

#[test]
fn a_shared_vocabulary_head_is_one_head_that_both_parts_teach() {
    const PARTS: &str = "{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }";
    let both = |heads: &str| {
        let options = format!("mixture = [{PARTS}]\nvocabulary_head = \"{heads}\"");
        written(&options.parse().unwrap()).unwrap()
    };
    let (own, shared) = (both("own"), both("shared"));
    let [apart, mut together] = [&own, &shared].map(|mixture| build(mixture, Preset::Modern));
    let paths = |model: &crate::Model| {
        let mut paths = Vec::new();
        model.each_parameter(&mut |path, _| paths.push(path.to_owned()));
        paths
    };
    assert!(
        paths(&apart)
            .iter()
            .any(|path| path.starts_with("autoregressive.head."))
    );
    let left: Vec<String> = paths(&apart)
        .into_iter()
        .filter(|path| !path.starts_with("autoregressive.head."))
        .collect();
    assert_eq!(paths(&together), left);

    // Windows of the second part alone teach the head that stands with the first.
    let causal: Vec<Example> = (0..12)
        .map(|index| example(&shared, index, 0.0))
        .filter(|example| example.part.index == 1)
        .collect();
    let found = gradients(&together, &Batch::of(&causal));
    let bias = &found["mlm.head.bias"];
    assert!(bias.iter().any(|slope| *slope != 0.0), "{bias:?}");
    // And what is learnt there is known to both.
    let score = |model: &crate::Model, rule: usize| {
        let rule = model.rules()[rule].clone();
        model.score(&rule, &[vec![2, 7, 8, 9, 3]], &vocabulary(SIZE)).unwrap()[0]
    };
    let before = [0, 1].map(|rule| score(&together, rule));
    together.change_parameters(&mut |path, parameter| match path {
        "mlm.head.dense.weight" => parameter.inner().scaled(2.0),
        _ => parameter,
    });
    let after = [0, 1].map(|rule| score(&together, rule));
    assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
}

#[test]
fn a_head_that_nobody_else_can_use_is_not_shared() {
    let options =
        "mixture = [{ objective = \"electra\", share = 0.5 }, { objective = \"mlm\" }]\nvocabulary_head = \"shared\"";
    let fault = written(&options.parse().unwrap()).err().unwrap();
    assert_eq!(fault.place().as_deref(), Some("vocabulary_head"), "{fault}");
}

#[test]
fn a_part_that_never_gets_a_window_is_refused() {
    for (parts, place) in [
        (
            "{ objective = \"mlm\", share = 0.0 }, { objective = \"autoregressive\" }",
            "mixture[0].share",
        ),
        (
            "{ objective = \"mlm\", share = 1.0 }, { objective = \"autoregressive\" }",
            "mixture[1].share",
        ),
    ] {
        let fault = read(parts).err().unwrap();
        assert_eq!(fault.place().as_deref(), Some(place), "{fault}");
    }
    for share in ["{ from = 0, to = 1 }", "{ values = [0, 0.1, 0], at = [0.25, 0.75] }"] {
        read(&format!(
            "{{ objective = \"mlm\", share = {share} }}, {{ objective = \"autoregressive\" }}"
        ))
        .unwrap();
    }
}

#[test]
fn options_survive_a_round_trip_with_every_default_filled_in() {
    let mixture = mixture(
        "{ objective = \"mlm\", share = { from = 0, to = 1 }, rate = 0.3 }, { objective = \"autoregressive\", name = \"causal\" }",
    );
    let options = mixture.options();
    assert_eq!(written(&options).unwrap().options(), options);
    let text = toml::to_string(&options).unwrap();
    assert_eq!(ENTRY.with(&text.parse().unwrap()).unwrap().options(), options);
    let parts = options["mixture"].as_array().unwrap();
    assert_eq!(parts[0]["name"].as_str(), Some("mlm"));
    assert_eq!(
        (parts[0]["weight"].as_float(), parts[0]["rate"].as_float()),
        (Some(1.0), Some(0.3))
    );
    assert_eq!(parts[1]["name"].as_str(), Some("causal"));
    assert!(parts[1].get("share").is_none(), "it takes what is left");
    let uses: Vec<&str> = mixture.uses().iter().map(|(name, _)| *name).collect();
    assert_eq!(uses, ["mlm", "autoregressive"]);
}

#[test]
fn what_cannot_be_mixed_is_refused_with_its_place() {
    let causal = "{ objective = \"autoregressive\" }";
    for (parts, place) in [
        ("", "mixture"),
        ("3", "mixture[0]"),
        ("{ share = 1 }", "mixture[0].objective"),
        ("{ objective = \"mml\" }", "mixture[0].objective"),
        ("{ objective = \"mixture\", mixture = [] }", "mixture[0].objective"),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 0.5, rate = 2 }}"),
            "mixture[1].rate",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 0.5, raet = 0.2 }}"),
            "mixture[1].raet",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 1.5 }}"),
            "mixture[1].share",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = {{ from = 0, to = 2 }} }}"),
            "mixture[1].share.to",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 0.5, weight = -1 }}"),
            "mixture[1].weight",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 0.5, weight = nan }}"),
            "mixture[1].weight",
        ),
        (
            &format!("{causal}, {{ objective = \"mlm\", share = 0.5, name = \"a.b\" }}"),
            "mixture[1].name",
        ),
        (
            "{ objective = \"mlm\", share = 0.5 }, { objective = \"mlm\" }",
            "mixture[1].name",
        ),
        (&format!("{causal}, {{ objective = \"mlm\" }}"), "mixture"),
        ("{ objective = \"mlm\", share = 0.5 }", "mixture"),
        (
            "{ objective = \"mlm\", share = 0.5 }, { objective = \"span\", share = 0.6 }",
            "mixture",
        ),
        (
            "{ objective = \"mlm\", share = { from = 0, to = 1, shape = \"step\" } }, { objective = \"span\", share = { from = 1, to = 0 } }",
            "mixture",
        ),
    ] {
        let fault = read(parts).err().unwrap_or_else(|| panic!("{parts} was accepted"));
        assert_eq!(fault.place().as_deref(), Some(place), "{parts}: {fault}");
        assert_eq!(fault.exit_status(), 2);
    }
    let fault = written(&"mixtrue = []".parse().unwrap()).err().unwrap();
    assert_eq!(
        (fault.place().as_deref(), fault.nearest.as_deref()),
        (Some("mixtrue"), Some("mixture"))
    );
}

#[test]
fn what_rounding_leaves_of_a_whole_is_nothing() {
    let part = |name: &str, share: &str| format!("{{ objective = \"mlm\", name = \"{name}\"{share} }}");
    let mut parts: Vec<String> = (0..10)
        .map(|place| part(&format!("part-{place}"), ", share = 0.1"))
        .collect();
    // The rest gets something in the end.
    parts[9] = part("part-9", ", share = { from = 0.1, to = 0 }");
    parts.push(part("rest", ""));
    // Ten tenths are not 1 in binary.
    assert_ne!(1.0 - [0.1; 10].iter().sum::<f64>(), 0.0);
    let mixture = mixture(&parts.join(", "));
    let rest = mixture.parts.iter().position(|part| part.share.is_none()).unwrap();
    assert_eq!(mixture.shares(0.0)[rest], 0.0);
    assert!((mixture.shares(1.0)[rest] - 0.1).abs() < 1e-12);
}

#[test]
fn a_mixture_asks_for_what_its_parts_ask_for() {
    let all = mixture(
        "{ objective = \"all-tokens-mlm\", share = 0.25 }, { objective = \"frequency\", share = 0.25 }, \
         { objective = \"whole-word\", share = 0.25 }, { objective = \"mlm\", pairs = \"next\" }",
    );
    let plain = mixture("{ objective = \"autoregressive\", share = 0.5 }, { objective = \"mlm\" }");
    assert_eq!(all.needs(), configured("frequency", "").needs());
    assert!(all.needs().len() == 1 && plain.needs().is_empty());
    assert_eq!([all.reads_words(), plain.reads_words()], [true, false]);
    assert_eq!([all.reads_elsewhere(), plain.reads_elsewhere()], [true, false]);
    assert_eq!([all.segments(), plain.segments()], [2, 1]);
    let config = encoder(Preset::Modern);
    assert_eq!(all.helpers(&config), configured("all-tokens-mlm", "").helpers(&config));
    assert!(all.helpers(&config).len() == 1 && plain.helpers(&config).is_empty());
    assert_eq!(
        all.first().map(|(name, word, _)| (name, word)),
        Some(("all-tokens-mlm", "all-tokens-mlm"))
    );
    // Of its windows each part predicts what it predicts: one every token, the other what it hides.
    let batch = batch(&all, 40, 0.0);
    let predicted = |part: usize| -> usize {
        let own = batch.portions.iter().filter(|portion| portion.part == part);
        own.map(|portion| portion.batch.positions.len()).sum()
    };
    let whole: usize = batch.portions[0].batch.inputs.len();
    assert_eq!(batch.portions.len(), 4);
    assert_eq!(
        all.predictions(&batch.sizes()),
        whole + predicted(1) + predicted(2) + predicted(3)
    );
}

#[test]
fn a_mixture_means_as_many_predictions_as_its_parts_by_their_shares() {
    let window = Window::new(
        (0..41).map(|place| if place == 0 { 2 } else { 10 + place }).collect(),
        vec![true; 41],
    );
    let asked = |parts: &str, progress: f64| mixture(parts).asked(&window, &vocabulary(SIZE), progress);
    let parts =
        "{ objective = \"mlm\", rate = 0.5, share = { from = 0, to = 1 } }, { objective = \"mntp\", rate = 0.1 }";
    // 20 and 4 of 40 tokens.
    for (progress, expected) in [(0.0, 4.0), (0.25, 8.0), (1.0, 20.0)] {
        assert!((asked(parts, progress).unwrap() - expected).abs() < 1e-9, "{progress}");
    }
    // Nobody says how many where a part does not.
    assert_eq!(
        asked(
            "{ objective = \"mlm\", share = 0.5 }, { objective = \"autoregressive\" }",
            0.0
        ),
        None
    );
}

/// When no part's windows count yet, their shares of the weight are nothing, and the loss is.
#[test]
fn windows_that_do_not_count_yet_have_no_loss() {
    let rising = mixture(
        "{ objective = \"mlm\", share = 0.5, weight = { from = 0, to = 1 } }, { objective = \"autoregressive\", weight = { from = 0, to = 1 } }",
    );
    let batch = batch(&rising, 8, 0.0);
    let loss = build(&rising, Preset::Modern).loss(&batch, Draw::new(3, "step"), false);
    assert_eq!(number(&loss.total), 0.0);
    let weights = loss.parts.iter().filter(|(name, _)| name.ends_with(".weight"));
    assert!(weights.map(|(_, value)| number(value)).eq([0.0, 0.0]));
}
