//! Written and read again, and what is refused. That the numbers are those of transformers is tested in `tests/hub.rs`.

use super::{ARCHITECTURES, Architecture, CONFIG, HubModel, Network, TENSORS, Tokens, as_trained, of};
use crate::{Absolute, Dense, Disentangled, Encoder, LayerNorm, Trunk, VocabularyHead};
use crate::{EncoderConfig, Init, Parameter, Parameters, Precision, Preset};
use burn::module::Module;
use burn::tensor::Device;
use cloze_kernels::{Ranks, Visibility};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const TOKENS: Tokens = Tokens {
    vocabulary: 11,
    pad: 0,
    start: 2,
    end: 3,
};

fn config(preset: Preset, width: usize) -> EncoderConfig {
    EncoderConfig {
        preset,
        width,
        layers: 2,
        heads: width / 4,
        feed_forward: 6,
        window: 5,
        dropout: 0.1,
        segments: 1,
        precision: Precision::Float32,
        layer_groups: None,
        embedding_width: None,
        disentangled: None,
        variant: None,
        pre_norm: false,
        from: None,
    }
}

/// With one block for both layers.
fn shared(width: usize) -> EncoderConfig {
    EncoderConfig {
        layer_groups: Some(1),
        ..config(Preset::Bert, width)
    }
}

fn collected(models: &[(&str, &dyn Parameters)]) -> BTreeMap<String, Parameter> {
    let mut all = BTreeMap::new();
    for (root, model) in models {
        model.each_parameter(&mut |path, parameter| _ = all.insert(format!("{root}.{path}"), parameter.clone()));
    }
    all
}

/// An encoder with a head for tokens, or with what ELECTRA puts on it.
fn parameters(whole: &EncoderConfig, electra: bool) -> BTreeMap<String, Parameter> {
    let small = config(whole.preset, 4);
    let init = Init::new(7, &Device::flex());
    let encoder = Encoder::new(whole, TOKENS.vocabulary, &init.at("encoder"));
    if !electra {
        let head = VocabularyHead::new(whole, 8, TOKENS.vocabulary, &init.at("head"));
        return collected(&[("encoder", &encoder), ("head", &head)]);
    }
    let dense = |name: &str, inputs, outputs| Dense::new(inputs, outputs, true, &init.at(name));
    collected(&[
        ("encoder", &encoder),
        ("generator", &Trunk::new(&small, &init.at("generator"))),
        ("generator_project", &dense("generator_project", 8, 4)),
        (
            "generator_head",
            &VocabularyHead::new(&small, 8, TOKENS.vocabulary, &init.at("generator_head")),
        ),
        ("discriminator_dense", &dense("discriminator_dense", 8, 8)),
        ("discriminator_output", &dense("discriminator_output", 8, 1)),
    ])
}

/// With relative positions as parts of attention.
fn disentangled(width: usize, shared_keys: bool, absolute: Absolute) -> EncoderConfig {
    EncoderConfig {
        disentangled: Some(Disentangled {
            position_buckets: 4,
            max_relative_positions: 5,
            shared_keys,
            absolute,
        }),
        ..config(Preset::Bert, width)
    }
}

fn is_deberta(architecture: &Architecture) -> bool {
    architecture.class.starts_with("Deberta")
}

/// Every class, as it is exported; but for the generator of replaced-token detection, which is read as a model of its own.
fn all() -> Vec<HubModel> {
    let mut all = Vec::new();
    let own = |architecture: &&Architecture| !(is_deberta(architecture) && architecture.folder.is_some());
    for architecture in ARCHITECTURES.iter().filter(own) {
        let preset = architecture.family.preset;
        let electra = architecture.class.starts_with("ElectraFor");
        let blocks = match (architecture.blocks, architecture.class.starts_with("Albert")) {
            ("generator", _) => config(preset, 4),
            (_, true) => shared(8),
            // One with everything that there may be, and one with nothing.
            _ if is_deberta(architecture) => match architecture.heads.is_empty() {
                true => disentangled(8, true, Absolute::Nowhere),
                false => EncoderConfig {
                    segments: 3,
                    ..disentangled(8, false, Absolute::Embeddings)
                },
            },
            _ => config(preset, 8),
        };
        let whole = if blocks.width == 8 {
            blocks.clone()
        } else {
            config(preset, 8)
        };
        let network = Network {
            architecture,
            blocks,
            embedding: 8,
            tokens: TOKENS,
        };
        all.push(HubModel::of(network, &parameters(&whole, electra)).unwrap());
    }
    all
}

fn parsed(config: &[u8], tensors: &[u8]) -> Result<HubModel, String> {
    let config = std::str::from_utf8(config).unwrap();
    HubModel::parse(config, tensors).map_err(|(file, fault)| format!("{file}: {fault}"))
}

#[test]
fn what_is_written_is_read_and_written_again_to_the_same_bytes() {
    for model in all() {
        let files = model.files().unwrap();
        let again = parsed(&files[CONFIG], &files[TENSORS]).unwrap();
        assert_eq!(again, model);
        assert_eq!(again.files().unwrap(), files);
        let encoder = again.encoder(&Device::flex()).unwrap();
        if model.network.architecture.blocks == "encoder" {
            let found = collected(&[("encoder", &encoder)]);
            for (path, numbers) in model.numbers.iter().filter(|(path, _)| path.starts_with("encoder.")) {
                assert_eq!(found[path].numbers().unwrap(), numbers.values, "{path}");
            }
        } else {
            assert_eq!(encoder.config().embedding_width, Some(8));
        }
    }
}

#[test]
fn the_classes_of_a_model_are_those_that_have_all_of_its_parts() {
    let classes = |preset, visibility, electra, alone| {
        let parameters = parameters(&config(preset, 8), electra);
        let found = of(
            &config(preset, 8),
            &visibility,
            parameters.keys().map(String::as_str),
            alone,
        );
        found.map(|found| found.iter().map(|one| one.class).collect::<Vec<_>>())
    };
    use Preset::{Bert, Modern};
    use Visibility::{Bidirectional, Causal};
    assert_eq!(classes(Bert, Bidirectional, false, false).unwrap(), ["BertForMaskedLM"]);
    assert_eq!(classes(Bert, Causal, false, false).unwrap(), ["BertLMHeadModel"]);
    assert_eq!(
        classes(Bert, Bidirectional, true, false).unwrap(),
        ["ElectraForPreTraining", "ElectraForMaskedLM"]
    );
    assert_eq!(
        classes(Modern, Bidirectional, false, false).unwrap(),
        ["ModernBertForMaskedLM"]
    );
    assert_eq!(
        classes(Modern, Causal, false, false).unwrap(),
        ["ModernBertDecoderForCausalLM"]
    );
    assert_eq!(classes(Modern, Bidirectional, true, true).unwrap(), ["ModernBertModel"]);
    assert_eq!(classes(Bert, Causal, false, true).unwrap(), ["BertModel"]);
    let fault = classes(Modern, Bidirectional, true, false).unwrap_err();
    assert!(fault.what.contains("`discriminator_dense`"), "{fault}");
    assert!(
        fault.what.contains("no model of ModernBERT with a discriminator"),
        "{fault}"
    );
    let ranked = Visibility::Ranked(Arc::new(Ranks::new(vec![0, 1])));
    assert!(classes(Bert, ranked, false, false).is_err());
    let paths = [
        "encoder.tokens",
        "head.dense.weight",
        "boundary.dense.weight",
        "orders.dense.weight",
    ];
    let fault = of(&config(Bert, 8), &Bidirectional, paths, false).unwrap_err();
    assert!(fault.what.starts_with("`orders` has no counterpart"), "{fault}");
    let albert = |visibility: &Visibility| of(&shared(8), visibility, ["head.dense.weight"], false);
    assert_eq!(albert(&Bidirectional).unwrap()[0].class, "AlbertForMaskedLM");
    assert!(albert(&Causal).unwrap_err().what.contains("share weights"));
    let modern = EncoderConfig {
        preset: Modern,
        ..shared(8)
    };
    assert!(of(&modern, &Bidirectional, ["head.dense.weight"], true).is_err());
    // A head that only training uses is left out, and that is said.
    assert_eq!(
        of(&config(Bert, 8), &Bidirectional, paths.into_iter().take(3), false).unwrap()[0].class,
        "BertForMaskedLM"
    );
    assert_eq!(super::left_out(paths)[0].0, "boundary");
}

#[test]
fn disentangled_attention_is_debertas_where_it_has_all_of_it() {
    use Visibility::{Bidirectional, Causal};
    let classes = |config: &EncoderConfig, visibility: &Visibility, parts: &[&str], alone| {
        let found = of(config, visibility, parts.iter().copied(), alone);
        found.map(|found| found.iter().map(|one| (one.class, one.folder)).collect::<Vec<_>>())
    };
    let plain = disentangled(8, true, Absolute::Nowhere);
    let masked = ["encoder.tokens", "head.dense.weight"];
    let known = classes(&plain, &Bidirectional, &masked, false).unwrap();
    assert_eq!(known, [("DebertaV2ForMaskedLM", None)]);
    assert_eq!(
        classes(&plain, &Bidirectional, &masked, true).unwrap(),
        [("DebertaV2Model", None)]
    );
    // Replaced-token detection: the discriminator's encoder, whose head has no class, and the generator with its own.
    let detecting = [
        "encoder.tokens",
        "added_tokens",
        "norm.gain",
        "discriminator.dense.weight",
        "generator.blocks.0.qkv.weight",
        "generator_norm.gain",
        "generator_head.bias",
    ];
    let found = classes(&plain, &Bidirectional, &detecting, false).unwrap();
    assert_eq!(
        found,
        [("DebertaV2Model", None), ("DebertaV2ForMaskedLM", Some("generator"))]
    );
    assert_eq!(super::left_out(detecting).len(), 3);
    let shared = EncoderConfig {
        layer_groups: Some(1),
        ..plain.clone()
    };
    let modern = EncoderConfig {
        preset: Preset::Modern,
        ..plain.clone()
    };
    for (config, visibility) in [(&plain, Causal), (&shared, Bidirectional), (&modern, Bidirectional)] {
        let fault = classes(config, &visibility, &masked, false).unwrap_err();
        assert!(fault.what.contains("disentangled attention"), "{fault}");
    }
    let decoding = disentangled(8, true, Absolute::Decoder);
    let fault = classes(&decoding, &Bidirectional, &masked, false).unwrap_err();
    assert!(fault.what.contains("mask decoder"), "{fault}");
    assert!(classes(&decoding, &Bidirectional, &masked, true).is_ok());
}

/// The keys of microsoft/deberta-v3-base.
#[test]
fn a_configuration_as_debertas_are_published_is_read() {
    let model = all()
        .into_iter()
        .find(|model| model.network.architecture.class == "DebertaV2Model")
        .unwrap();
    let files = model.files().unwrap();
    let mut config: Value = serde_json::from_slice(&files[CONFIG]).unwrap();
    for (key, value) in [
        ("max_relative_positions", json!(-1)),
        ("pos_att_type", json!("p2c|c2p")),
        ("attention_head_size", json!(4)),
        ("padding_idx", json!(0)),
        ("pooler_dropout", json!(0)),
        ("pooler_hidden_act", json!("gelu")),
    ] {
        config[key] = value;
    }
    let keys = config.as_object_mut().unwrap();
    for key in [
        "legacy",
        "conv_kernel_size",
        "tie_word_embeddings",
        "bos_token_id",
        "eos_token_id",
    ] {
        assert!(keys.remove(key).is_some(), "{key}");
    }
    let found = parsed(config.to_string().as_bytes(), &files[TENSORS]).unwrap();
    assert_eq!(
        (found.network.blocks, found.numbers),
        (model.network.blocks, model.numbers)
    );
}

/// DeBERTa with the epsilon and the activation of another library.
#[test]
fn a_deberta_may_differ_from_the_published_ones_as_a_bert_may() {
    let model = all()
        .into_iter()
        .find(|model| is_deberta(model.network.architecture))
        .unwrap();
    assert_eq!(model.network.blocks.variant, None);
    let files = model.files().unwrap();
    let mut config: Value = serde_json::from_slice(&files[CONFIG]).unwrap();
    assert_eq!(config["layer_norm_eps"], json!(1e-7));
    config["layer_norm_eps"] = json!(1e-12);
    config["hidden_act"] = json!("gelu_new");
    let found = parsed(config.to_string().as_bytes(), &files[TENSORS]).unwrap();
    let variant = found.network.blocks.variant.clone().unwrap();
    assert_eq!((variant.epsilon, variant.approximate), (1e-12, true));
    assert_eq!(found.network.blocks.disentangled, model.network.blocks.disentangled);
    let again: Value = serde_json::from_slice(&found.files().unwrap()[CONFIG]).unwrap();
    assert_eq!(
        (&again["layer_norm_eps"], &again["hidden_act"]),
        (&json!(1e-12), &json!("gelu_new"))
    );
}

#[test]
fn a_generator_has_the_tables_that_it_was_trained_with_and_is_read_as_a_masked_model() {
    let (device, whole) = (Device::flex(), disentangled(8, true, Absolute::Nowhere));
    let generator = EncoderConfig {
        layers: 1,
        ..whole.clone()
    };
    let init = Init::new(7, &device);
    let encoder = |seed| Encoder::new(&whole, TOKENS.vocabulary, &Init::new(seed, &device).at("encoder"));
    let (trained, read) = (encoder(1), encoder(2));
    let head = VocabularyHead::new(&generator, 8, TOKENS.vocabulary, &init.at("generator_head"));
    let mut parameters = collected(&[
        ("encoder", &read),
        ("generator", &Trunk::new(&generator, &init.at("generator"))),
        ("generator_norm", &LayerNorm::of(&generator, 8, &init)),
        ("generator_head", &head),
    ]);
    for (path, parameter) in collected(&[("encoder", &trained)]) {
        parameters.insert(as_trained(&path), parameter);
    }
    let architecture = ARCHITECTURES
        .iter()
        .find(|one| is_deberta(one) && one.folder.is_some())
        .unwrap();
    let network = Network {
        architecture,
        blocks: generator,
        embedding: 8,
        tokens: TOKENS,
    };
    let files = HubModel::of(network, &parameters).unwrap().files().unwrap();
    let model = parsed(&files[CONFIG], &files[TENSORS]).unwrap();
    assert_eq!(
        (model.network.architecture.folder, model.network.blocks.layers),
        (None, 1)
    );
    let numbers = |path: &str| parameters[path].numbers().unwrap();
    for (ours, wanted) in [
        ("encoder.tokens", as_trained("encoder.tokens")),
        ("encoder.relative.table", "generator.relative.table".to_owned()),
        ("encoder.norm.gain", "generator_norm.gain".to_owned()),
        ("head.bias", "generator_head.bias".to_owned()),
    ] {
        assert_eq!(model.numbers[ours].values, numbers(&wanted), "{ours}");
    }
    assert_ne!(numbers("encoder.tokens"), numbers(&as_trained("encoder.tokens")));
    assert_eq!(model.files().unwrap(), files);
}

/// The files of `BertForMaskedLM` with the tensors changed.
fn changed(
    change: impl FnOnce(&mut BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)>),
) -> Result<HubModel, String> {
    let files = all().remove(0).files().unwrap();
    let read = safetensors::SafeTensors::deserialize(&files[TENSORS]).unwrap();
    let own = |view: &safetensors::tensor::TensorView<'_>| (view.dtype(), view.shape().to_vec(), view.data().to_vec());
    let mut tensors = read.iter().map(|(name, view)| (name.to_owned(), own(&view))).collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (
            name,
            safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    parsed(&files[CONFIG], &safetensors::serialize(views, None).unwrap())
}

#[test]
fn a_tensor_that_is_missing_unknown_or_of_another_shape_is_named() {
    let name = "bert.encoder.layer.1.output.dense.weight";
    let refused = changed(|tensors| drop(tensors.remove(name))).unwrap_err();
    assert!(
        refused.starts_with(&format!("{TENSORS}: it has no `{name}`")),
        "{refused}"
    );
    let refused = changed(|tensors| {
        let extra = tensors[name].clone();
        tensors.insert("bert.encoder.layer.2.output.dense.weight".to_owned(), extra);
    })
    .unwrap_err();
    assert!(
        refused.contains("it has `bert.encoder.layer.2.output.dense.weight`, for which"),
        "{refused}"
    );
    let refused = changed(|tensors| tensors.get_mut(name).unwrap().1.reverse()).unwrap_err();
    assert!(
        refused.contains(name) && refused.contains("[6, 8]") && refused.contains("[8, 6]"),
        "{refused}"
    );
    let refused = changed(|tensors| {
        let tensor = tensors.get_mut(name).unwrap();
        *tensor = (
            safetensors::Dtype::F16,
            tensor.1.clone(),
            tensor.2[..tensor.2.len() / 2].to_vec(),
        );
    })
    .unwrap_err();
    assert!(refused.contains(name) && refused.contains("F16"), "{refused}");
    let refused = changed(|tensors| tensors.get_mut(name).unwrap().2[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(refused.unwrap_err().contains("NaN"));
}

#[test]
fn what_published_files_have_besides_is_left_out_or_the_same() {
    let f32s = |shape: &[usize]| {
        (
            safetensors::Dtype::F32,
            shape.to_vec(),
            vec![0; 4 * shape.iter().product::<usize>()],
        )
    };
    let model = changed(|tensors| {
        tensors.insert("bert.pooler.dense.weight".to_owned(), f32s(&[8, 8]));
        tensors.insert("cls.seq_relationship.bias".to_owned(), f32s(&[2]));
        let table = tensors["bert.embeddings.word_embeddings.weight"].clone();
        tensors.insert("cls.predictions.decoder.weight".to_owned(), table);
        for [old, new] in super::read::OLD_NAMES {
            let norm = tensors.remove(&format!("bert.embeddings.{new}")).unwrap();
            tensors.insert(format!("bert.embeddings.{old}"), norm);
        }
    })
    .unwrap();
    assert_eq!(
        model.left_out,
        ["bert.pooler.dense.weight", "cls.seq_relationship.bias"]
    );
    assert_eq!(model.numbers, all().remove(0).numbers);
    let refused = changed(|tensors| drop(tensors.insert("cls.predictions.decoder.weight".to_owned(), f32s(&[11, 8]))));
    assert!(refused.unwrap_err().contains("tied"));
}

#[test]
fn segments_that_say_something_are_kept() {
    let model = changed(|tensors| {
        let table = tensors.get_mut("bert.embeddings.token_type_embeddings.weight").unwrap();
        table.2[..4].copy_from_slice(&0.5f32.to_le_bytes());
    })
    .unwrap();
    assert_eq!(model.network.blocks.segments, 2);
    let files = model.files().unwrap();
    assert_eq!(parsed(&files[CONFIG], &files[TENSORS]).unwrap(), model);
    assert!(model.encoder(&Device::flex()).unwrap().num_params() > 0);
    // One kind is added to the positions.
    let files = all().remove(0).files().unwrap();
    let mut config: Value = serde_json::from_slice(&files[CONFIG]).unwrap();
    config["type_vocab_size"] = json!(1);
    let shape = safetensors::SafeTensors::deserialize(&files[TENSORS]).unwrap();
    assert!(shape.tensor("bert.embeddings.token_type_embeddings.weight").is_ok());
    let refused = parsed(config.to_string().as_bytes(), &files[TENSORS]).unwrap_err();
    assert!(refused.contains("token_type_embeddings"), "{refused}");
}

#[test]
fn a_configuration_of_another_network_is_refused_at_its_key() {
    let refused = |class: &str, change: &[(&str, Value)]| {
        let model = all()
            .into_iter()
            .find(|model| model.network.architecture.class == class)
            .unwrap();
        let files = model.files().unwrap();
        let mut config: Value = serde_json::from_slice(&files[CONFIG]).unwrap();
        if *change == [("local_attention", json!(-1))] {
            config["layer_types"] = json!(["full_attention", "sliding_attention"]);
        }
        for (key, value) in change {
            config[*key] = value.clone();
        }
        parsed(config.to_string().as_bytes(), &files[TENSORS])
            .map(drop)
            .unwrap_err()
    };
    for (class, key, value, says) in [
        ("BertForMaskedLM", "hidden_act", json!("relu"), "gelu"),
        (
            "BertForMaskedLM",
            "position_embedding_type",
            json!("relative_key"),
            "absolute",
        ),
        ("BertForMaskedLM", "layer_norm_eps", json!(0.5), "1e-15"),
        ("BertForMaskedLM", "layer_norm_eps", json!("small"), "1e-15"),
        ("RobertaForMaskedLM", "pad_token_id", json!(4), "window"),
        ("ModernBertForMaskedLM", "local_attention", json!(-1), "local_attention"),
        ("BertForMaskedLM", "is_decoder", json!(true), "is_decoder"),
        ("BertForMaskedLM", "hidden_dropout_prob", json!(0.2), "one rate"),
        ("BertForMaskedLM", "hidden_size", json!(1u64 << 40), "width"),
        ("BertForMaskedLM", "num_hidden_layers", json!(1u64 << 40), "layers"),
        ("BertForMaskedLM", "num_attention_heads", json!(3), "heads"),
        ("BertForMaskedLM", "vocab_size", json!(-1), "vocab_size"),
        ("BertForMaskedLM", "vocab_size", json!(12), "word_embeddings"),
        ("BertForMaskedLM", "pad_token_id", json!(11), "pad_token_id"),
        (
            "BertForMaskedLM",
            "architectures",
            json!(["BertForMaskedML"]),
            "BertForMaskedLM",
        ),
        (
            "BertForMaskedLM",
            "architectures",
            json!(["GPT2LMHeadModel"]),
            "GPT2LMHeadModel",
        ),
        (
            "ModernBertForMaskedLM",
            "layer_types",
            json!(["full_attention", "linear_attention"]),
            "sliding_attention",
        ),
        ("DebertaV2ForMaskedLM", "layer_norm_eps", json!(0.5), "1e-15"),
        ("DebertaV2ForMaskedLM", "hidden_act", json!("relu"), "gelu"),
        ("DebertaV2ForMaskedLM", "pos_att_type", json!("c2p"), "p2c and c2p"),
        ("DebertaV2ForMaskedLM", "pos_att_type", json!(7), "p2c and c2p"),
        (
            "DebertaV2ForMaskedLM",
            "position_buckets",
            json!(-1),
            "position_buckets",
        ),
        (
            "DebertaV2ForMaskedLM",
            "position_buckets",
            json!(1u64 << 40),
            "position_buckets",
        ),
        (
            "DebertaV2ForMaskedLM",
            "max_relative_positions",
            json!("far"),
            "whole number",
        ),
        ("DebertaV2ForMaskedLM", "share_att_key", json!(1), "true"),
        ("DebertaV2ForMaskedLM", "share_att_key", json!(true), "pos_key_proj"),
        ("DebertaV2ForMaskedLM", "type_vocab_size", json!(1), "0"),
        ("DebertaV2ForMaskedLM", "embedding_size", json!(4), "embedding_size"),
        ("DebertaV2ForMaskedLM", "conv_kernel_size", json!(3), "conv_kernel_size"),
        ("DebertaV2ForMaskedLM", "legacy", json!(false), "legacy"),
        ("ModernBertForMaskedLM", "norm_bias", json!(true), "norm_bias"),
        (
            "ModernBertForMaskedLM",
            "rope_parameters",
            json!({ "full_attention": { "rope_type": "yarn", "rope_theta": 160_000.0 } }),
            "default",
        ),
    ] {
        let refused = refused(class, &[(key, value)]);
        assert!(refused.contains(says), "{class} {key}: {refused}");
    }
    for text in [
        "",
        "[]",
        "{}",
        "{\"architectures\": []}",
        "{\"architectures\": [\"BertModel\"]}",
    ] {
        assert!(HubModel::parse(text, &[]).is_err(), "{text}");
    }
}

#[test]
fn pickled_weights_and_weights_in_several_files_are_refused_and_the_way_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let files = all().remove(0).files().unwrap();
    std::fs::write(folder.path().join(CONFIG), &files[CONFIG]).unwrap();
    assert!(
        HubModel::read(folder.path())
            .unwrap_err()
            .what
            .contains("no model.safetensors")
    );
    let several = folder.path().join("model.safetensors.index.json");
    std::fs::write(&several, "{}").unwrap();
    assert!(
        HubModel::read(folder.path())
            .unwrap_err()
            .remedy
            .unwrap()
            .contains("max_shard_size")
    );
    std::fs::write(folder.path().join("pytorch_model.bin"), "pickle").unwrap();
    let fault = HubModel::read(folder.path()).unwrap_err();
    assert!(fault.what.contains("pickle") && fault.remedy.unwrap().contains("save_pretrained"));
    std::fs::write(folder.path().join(TENSORS), &files[TENSORS]).unwrap();
    assert_eq!(HubModel::read(folder.path()).unwrap(), all().remove(0));
}

#[test]
fn headers_that_lie_are_refused() {
    let files = all().remove(0).files().unwrap();
    let with_header = |header: &str, data: &[u8]| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        parsed(&files[CONFIG], &bytes)
    };
    for header in [
        "{}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387903],\"data_offsets\":[0,18446744073709551612]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999,99999,99999,99999,99999],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "[[[[",
    ] {
        assert!(with_header(header, &[0; 4]).is_err(), "{header}");
    }
    for length in [0u64, 7, u64::MAX, u64::MAX - 8, 100_000_000] {
        assert!(parsed(&files[CONFIG], &length.to_le_bytes()).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_files_are_refused_or_are_numbers(place: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let files = all().remove(0).files().unwrap();
        let mut tensors = files[TENSORS].clone();
        let at = place.index(tensors.len().min(4000));
        tensors[at] = byte;
        let _ = parsed(&files[CONFIG], &tensors);
        tensors.truncate(cut.index(tensors.len()));
        prop_assert!(parsed(&files[CONFIG], &tensors).is_err());
        let mut config = files[CONFIG].clone();
        let at = place.index(config.len());
        config[at] = byte & 0x7f;
        let _ = parsed(&config, &files[TENSORS]);
    }
}
