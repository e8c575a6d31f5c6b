//! What is refused, and how it is said.

use super::{all, changed, changed_of, of_class, parsed};
use crate::hub::{CONFIG, HubModel, TENSORS, check};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

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
fn a_verdict_on_two_segments_is_there_whole_where_the_class_has_one() {
    for (class, layer, pooler) in [
        ("BertForPreTraining", "cls.seq_relationship", "bert.pooler.dense"),
        ("AlbertForPreTraining", "sop_classifier.classifier", "albert.pooler"),
    ] {
        let (weight, pooler) = (format!("{layer}.weight"), format!("{pooler}.bias"));
        let refused = changed_of(class, |tensors| drop(tensors.remove(&pooler))).unwrap_err();
        assert!(refused.contains(&format!("it has no `{pooler}`")), "{refused}");
        // Three answers, as a classifier of others may have.
        let refused = changed_of(class, |tensors| {
            let (_, shape, bytes) = tensors.get_mut(&weight).unwrap();
            *shape = vec![3, 8];
            bytes.extend([0; 4 * 8]);
        })
        .unwrap_err();
        assert!(
            refused.contains(&weight) && refused.contains("[3, 8]") && refused.contains("[2, 8]"),
            "{refused}"
        );
        let refused = changed_of(class, |tensors| {
            tensors.get_mut(&weight).unwrap().2[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        });
        assert!(refused.unwrap_err().contains("inf"));
    }
}

#[test]
fn a_configuration_of_another_network_is_refused_at_its_key() {
    let refused = |class: &str, change: &[(&str, Value)]| {
        let files = of_class(class).files().unwrap();
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
            "BertForMaskedLM",
            "architectures",
            json!(["BertForSequenceClassification"]),
            "base_model.save_pretrained",
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
    for (name, way) in [
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
    ] {
        std::fs::write(folder.path().join(name), "").unwrap();
        let fault = HubModel::read(folder.path()).unwrap_err();
        assert!(
            fault.what.contains(name) && fault.remedy.as_ref().unwrap().contains(way),
            "{fault}"
        );
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
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
    assert!(fault.what.contains("pickle") && fault.remedy.as_ref().unwrap().contains("save_pretrained"));
    let checked = check(folder.path()).unwrap_err();
    assert_eq!((&checked.what, &checked.remedy), (&fault.what, &fault.remedy));
    std::fs::write(folder.path().join(TENSORS), &files[TENSORS]).unwrap();
    assert_eq!(HubModel::read(folder.path()).unwrap(), all().remove(0));
}

#[test]
fn what_a_header_says_is_known_before_a_number_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    for model in all() {
        let files = model.files().unwrap();
        let tensors = &files[TENSORS];
        put(CONFIG, &files[CONFIG]);
        put(TENSORS, tensors);
        check(folder.path()).unwrap();
        // Numbers are not looked at; that some are missing is.
        let header = u64::from_le_bytes(tensors[..8].try_into().unwrap()) as usize + 8;
        let zeros = [&tensors[..header], &vec![0xff; tensors.len() - header]].concat();
        put(TENSORS, &zeros);
        check(folder.path()).unwrap();
        for cut in [4, header - 1, header, tensors.len() - 1] {
            put(TENSORS, &tensors[..cut]);
            let refused = check(folder.path()).unwrap_err().to_string();
            assert!(refused.contains("no safetensors file: it"), "{cut}: {refused}");
        }
        let text = String::from_utf8(tensors[8..header].to_vec()).unwrap();
        for (from, to, says) in [
            ("\"dtype\":\"F32\"", "\"dtype\":\"I32\"", "holds I32"),
            (".weight\"", ".weighs\"", "it has no `"),
        ] {
            assert!(text.contains(from), "{text}");
            let changed = text.replace(from, to);
            put(
                TENSORS,
                &[&tensors[..8], changed.as_bytes(), &tensors[header..]].concat(),
            );
            let refused = check(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(says) && refused.contains(TENSORS), "{refused}");
        }
    }
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

/// The files of every class.
static FILES: LazyLock<Vec<BTreeMap<&'static str, Vec<u8>>>> =
    LazyLock::new(|| all().iter().map(|model| model.files().unwrap()).collect());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damaged_files_are_refused_or_are_numbers(
        class: prop::sample::Index, place: prop::sample::Index, byte: u8, cut: prop::sample::Index
    ) {
        let files = class.get(&FILES);
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
