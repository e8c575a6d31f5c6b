//! Written and read again, and what is refused. That the numbers are those of transformers is tested in `tests/hub.rs`.

use super::{ARCHITECTURES, CONFIG, HubModel, Network, TENSORS, Tokens, of};
use crate::{Dense, Encoder, Trunk, VocabularyHead};
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
        variant: None,
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

/// Every class, as it is exported.
fn all() -> Vec<HubModel> {
    let mut all = Vec::new();
    for architecture in ARCHITECTURES {
        let preset = architecture.family.preset;
        let electra = architecture.class.starts_with("ElectraFor");
        let blocks = match (architecture.blocks, architecture.class.starts_with("Albert")) {
            ("generator", _) => config(preset, 4),
            (_, true) => shared(8),
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
