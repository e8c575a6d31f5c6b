//! DeBERTa as others write it, and the generator beside one.

use super::{TOKENS, collected, disentangled, is_deberta, of_class, parsed};
use crate::hub::{ARCHITECTURES, CONFIG, HubModel, Network, TENSORS, as_trained};
use crate::{Absolute, Encoder, EncoderConfig, Init, LayerNorm, Trunk, VocabularyHead};
use burn::tensor::Device;
use serde_json::{Value, json};

/// The keys of microsoft/deberta-v3-base.
#[test]
fn a_configuration_as_debertas_are_published_is_read() {
    let model = of_class("DebertaV2Model");
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
    let model = of_class("DebertaV2ForMaskedLM");
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
