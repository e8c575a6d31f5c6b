//! What every model is: an encoder first, the heads' parameters at the top, and states under its own attention.

use crate::common::training::{LENGTH, SIZE, build, encoder};
use crate::common::{configured, every_objective, plain, registered, vocabulary};
use burn::tensor::{Device, Tensor};
use cloze_backbone::{Init, Parameters, Preset};
use cloze_kernels::Visibility;
use cloze_objectives::heads::VOCABULARY_HEAD;
use cloze_objectives::{Batch, Model};

fn paths(model: &Model) -> Vec<String> {
    let mut paths = Vec::new();
    model.each_parameter(&mut |path, _| paths.push(path.to_owned()));
    paths
}

/// A mixture asks the one and shares the other.
#[test]
fn who_says_to_have_a_vocabulary_head_has_one_at_its_place() {
    let config = encoder(Preset::Modern);
    let mut shared = 0;
    for (entry, mode, objective) in every_objective() {
        let init = Init::new(1, &Device::flex());
        let heads = objective.heads(&config, &vocabulary(SIZE), &init);
        let has_one = heads.vocabulary_head().is_some();
        assert_eq!(objective.has_vocabulary_head(), has_one, "{} {mode}", entry.name);
        let mut found = false;
        heads.each_parameter(&mut |path, _| found |= path.starts_with(&format!("{VOCABULARY_HEAD}.")));
        assert!(found || !has_one, "{} {mode}", entry.name);
        shared += usize::from(has_one);
    }
    assert!(shared > 2);
}

/// Checkpoints, initial values and the order of the gradient norm's sum depend on these.
#[test]
fn parameters_have_the_paths_and_the_order_that_they_always_had() {
    let block = |at: &str| {
        let both = ["qkv", "output"].map(|name| [format!("{at}.{name}.weight"), format!("{at}.{name}.bias")]);
        let norm = |name: &str| [format!("{at}.{name}.gain"), format!("{at}.{name}.bias")];
        let fed = ["up", "down"].map(|name| [format!("{at}.{name}.weight"), format!("{at}.{name}.bias")]);
        let parts = [
            both.concat(),
            norm("attention_norm").to_vec(),
            fed.concat(),
            norm("feed_forward_norm").to_vec(),
        ];
        parts.concat()
    };
    let listed = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let encoder = [
        listed("encoder.tokens encoder.positions encoder.norm.gain encoder.norm.bias"),
        block("encoder.blocks.0"),
    ]
    .concat();
    let head = |at: &str| {
        let parts = ["dense.weight", "dense.bias", "norm.gain", "norm.bias", "bias"];
        parts.map(|part| format!("{at}.{part}")).to_vec()
    };
    let boundary = "boundary.places boundary.first.weight boundary.first.bias boundary.first_norm.gain \
                    boundary.first_norm.bias boundary.second.weight boundary.second.bias boundary.second_norm.gain \
                    boundary.second_norm.bias boundary.bias";
    let discriminator = "discriminator_dense.weight discriminator_dense.bias discriminator_output.weight \
                         discriminator_output.bias";
    for (entry, mode, objective) in registered() {
        let heads = match entry.name {
            "span" => [head("head"), listed(boundary)].concat(),
            "electra" => [
                listed("generator_project.weight generator_project.bias"),
                block("generator.blocks.0"),
                head("generator_head"),
                listed(discriminator),
            ]
            .concat(),
            "mlm" | "whole-word" | "autoregressive" | "prefix" | "mntp" | "diffusion" | "mpnet" => head("head"),
            "permutation" => [listed("query"), head("head")].concat(),
            _ => continue,
        };
        let model = build(&*objective, Preset::Bert);
        assert_eq!(
            paths(&model),
            [encoder.clone(), heads].concat(),
            "{} ({mode})",
            entry.name
        );
        assert_eq!(paths(&model.frozen()), paths(&model));
    }
}

#[test]
fn changes_arrive_at_their_paths() {
    for (entry, mode, objective) in every_objective() {
        let mut model = build(&*objective, Preset::Modern);
        let mut seen = Vec::new();
        model.change_parameters(&mut |path, parameter| {
            seen.push(path.to_owned());
            parameter
        });
        assert_eq!(seen, paths(&model), "{} ({mode})", entry.name);
    }
}

/// Whether the states at the first `positions` positions are the same bits, layer by layer.
fn same(left: &[Tensor<2>], right: &[Tensor<2>], positions: usize) -> Vec<bool> {
    let bits = |states: &Tensor<2>| {
        let rows = states.clone().slice(0..positions).into_data();
        rows.iter::<f32>().map(f32::to_bits).collect::<Vec<u32>>()
    };
    left.iter()
        .zip(right)
        .map(|(left, right)| bits(left) == bits(right))
        .collect()
}

#[test]
fn states_are_those_under_the_models_own_attention() {
    let text: Vec<u32> = plain(LENGTH, 1).ids.iter().map(|id| 5 + id % 50).collect();
    let mut changed = text.clone();
    changed[LENGTH - 1] = if text[LENGTH - 1] == 9 { 10 } else { 9 };
    for (name, causal) in [
        ("mlm", false),
        ("autoregressive", true),
        ("electra", false),
        ("span", false),
        // What is there as a whole is a prefix, and is content to both streams.
        ("prefix", false),
        ("mntp", false),
        ("permutation", false),
    ] {
        for preset in [Preset::Bert, Preset::Modern] {
            let model = build(&*configured(name, ""), preset).frozen();
            let [before, after] = [&text, &changed].map(|ids| model.states(std::slice::from_ref(ids)));
            assert_eq!(before.len(), 2, "embeddings and one layer");
            assert!(
                before
                    .iter()
                    .all(|states| states.dims() == [LENGTH, model.config().width])
            );
            // The embeddings know their own token only.
            let earlier = same(&before, &after, LENGTH - 1);
            assert_eq!(earlier, [true, causal], "{name} {preset:?}");
            assert_eq!(same(&before, &after, LENGTH), [false, false], "{name} {preset:?}");
            let both = model.states(&[text.clone(), changed.clone()]);
            assert_eq!(
                same(&both, &before, LENGTH),
                [true, true],
                "{name} {preset:?}: texts do not see each other"
            );
            // The last of them are given beside how even attention is, of as many heads in a layer.
            let (last, entropies) = model.last_states_with_entropy(&Batch::of(&[model.reading(&text)]));
            let apart = (last - before[1].clone()).abs().max().into_scalar::<f32>();
            assert!(apart < 1e-5, "{name} {preset:?}: {apart}");
            assert!(
                entropies.len() == 1 && entropies[0].dims() == [LENGTH, 2],
                "{name} {preset:?}"
            );
            // Whoever asks for another attention says so.
            let read = Batch::of(&[model.reading(&text)]);
            let forward = Batch {
                visibility: Visibility::Causal,
                ..read
            };
            let under = model.states_of(&forward, None);
            assert_eq!(same(&under, &before, LENGTH), [true, causal], "{name} {preset:?}");
        }
    }
}
