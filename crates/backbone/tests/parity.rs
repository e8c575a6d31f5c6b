//! Both presets with copied weights are the models of transformers, and so is `bert` with the options that make it ALBERT,
//! DeBERTa, Megatron-BERT or GPT-2: the same logits, the same loss, the same gradients.
//! The golden numbers and the script that made them are in `tests/parity/`.

use burn::tensor::{Device, Tensor};
use cloze_backbone::{
    Absolute, Disentangled, Encoder, EncoderConfig, Forward, Init, Parameter, Parameters, Precision, Preset,
    VocabularyHead, ids, tensors,
};
use cloze_kernels::{Affine, Softmax, Visibility};
use std::collections::BTreeMap;

/// What `make.py` draws.
const VOCABULARY: usize = 50;
const WIDTH: usize = 16;

fn config(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 2,
        feed_forward: 24,
        dropout: 0.0,
        ..EncoderConfig::preset(preset, WIDTH, 2, 12)
    }
}

/// Golden tensors by name.
struct Golden(BTreeMap<String, Parameter>);

impl Golden {
    fn read(bytes: &[u8]) -> Self {
        Self(tensors::parameters(bytes, &Device::flex()).unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.0[name].numbers().unwrap()
    }

    fn whole(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(|number| number as u32).collect()
    }

    /// The weights below `root` into a model, all of whose parameters have some.
    fn copy(&mut self, model: &mut dyn Parameters, root: &str) {
        model.change_parameters(&mut |path, parameter| {
            let name = format!("weight/{root}.{path}");
            let golden = self
                .0
                .remove(&name)
                .unwrap_or_else(|| panic!("transformers has no {name}"));
            assert_eq!(golden.shape(), parameter.shape(), "{name}");
            golden
        });
    }
}

/// Whether all numbers are near, on the scale of the largest of the golden ones.
fn assert_near(name: &str, found: &[f32], golden: &[f32]) {
    assert_eq!(found.len(), golden.len(), "{name}");
    let scale = golden.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let worst = found
        .iter()
        .zip(golden)
        .fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(scale > 1e-4, "{name} says nothing: {scale}");
    assert!(worst <= 5e-5 * scale, "{name}: {worst} of {scale}");
}

fn numbers<const R: usize>(tensor: &Tensor<R>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

fn agrees(config: EncoderConfig, bytes: &[u8]) {
    sees(Visibility::Bidirectional, config, bytes);
}

fn sees(visibility: Visibility, config: EncoderConfig, bytes: &[u8]) {
    let (mut golden, device) = (Golden::read(bytes), Device::flex().autodiff());
    let init = Init::new(1, &device);
    let mut encoder = Encoder::new(&config, VOCABULARY, &init.at("encoder"));
    let mut head = VocabularyHead::new(&config, config.table_width(), VOCABULARY, &init.at("head"));
    golden.copy(&mut encoder, "encoder");
    golden.copy(&mut head, "head");
    let untaken: Vec<&String> = golden.0.keys().filter(|name| name.starts_with("weight/")).collect();
    assert!(untaken.is_empty(), "cloze has no {untaken:?}");

    let (tokens, rows, targets) = (golden.whole("ids"), golden.whole("rows"), golden.whole("targets"));
    let how = Forward {
        visibility,
        ..Forward::new(2, tokens.len() / 2)
    };
    let input = || ids(&tokens, &device);
    let logits = head.logits(encoder.forward(input(), &how), encoder.tokens.val());
    assert_near("logits", &numbers(&logits), &golden.numbers("logits"));

    // As training computes it: the last block and the head at the predicted positions alone.
    let hidden = encoder.forward_at(input(), &how, ids(&rows, &device));
    let weights = Tensor::<1>::ones([rows.len()], &device);
    let sum = head
        .cross_entropy(hidden, encoder.tokens.val(), ids(&targets, &device), weights, None)
        .sum;
    let loss = sum / rows.len() as f64;
    assert_near("loss", &numbers(&loss), &golden.numbers("loss"));
    let gradients = loss.backward();
    let compare = |root: &str, model: &dyn Parameters| {
        model.each_parameter(&mut |path, parameter| {
            let name = format!("gradient/{root}.{path}");
            let gradient = parameter.grad(&gradients).unwrap_or_else(|| panic!("no {name}"));
            assert_near(&name, &gradient.numbers().unwrap(), &golden.numbers(&name));
        });
    };
    compare("encoder", &encoder);
    compare("head", &head);
}

#[test]
fn bert_is_that_of_transformers() {
    agrees(config(Preset::Bert), include_bytes!("parity/bert.safetensors"));
}

#[test]
fn modern_is_the_modernbert_of_transformers() {
    agrees(config(Preset::Modern), include_bytes!("parity/modern.safetensors"));
}

#[test]
fn bert_with_shared_layers_and_factorised_embeddings_is_the_albert_of_transformers() {
    let albert = EncoderConfig {
        layers: 4,
        layer_groups: Some(2),
        embedding_width: Some(10),
        ..config(Preset::Bert)
    };
    agrees(albert, include_bytes!("parity/albert.safetensors"));
}

#[test]
fn bert_with_norms_before_is_the_megatron_of_transformers_as_a_decoder() {
    let megatron = EncoderConfig {
        pre_norm: true,
        ..config(Preset::Bert)
    };
    sees(
        Visibility::Causal,
        megatron,
        include_bytes!("parity/megatron.safetensors"),
    );
}

/// GPT-2 predicts with its table of tokens and nothing else.
#[test]
fn bert_with_norms_before_is_the_gpt_2_of_transformers_below_its_head() {
    let (mut golden, device) = (
        Golden::read(include_bytes!("parity/gpt2.safetensors")),
        Device::flex().autodiff(),
    );
    let gpt2 = EncoderConfig {
        pre_norm: true,
        ..config(Preset::Bert)
    };
    let mut encoder = Encoder::new(&gpt2, VOCABULARY, &Init::new(1, &device));
    golden.copy(&mut encoder, "encoder");
    let untaken: Vec<&String> = golden.0.keys().filter(|name| name.starts_with("weight/")).collect();
    assert!(untaken.is_empty(), "cloze has no {untaken:?}");
    let (tokens, rows, targets) = (golden.whole("ids"), golden.whole("rows"), golden.whole("targets"));
    let how = Forward {
        visibility: Visibility::Causal,
        ..Forward::new(2, tokens.len() / 2)
    };
    let states = encoder.forward(ids(&tokens, &device), &how);
    let logits = states.matmul(encoder.tokens.val().transpose());
    assert_near("logits", &numbers(&logits), &golden.numbers("logits"));
    let head = Affine {
        weight: encoder.tokens.val(),
        bias: None,
        precision: Precision::Float32,
    };
    let hidden = encoder.forward_at(ids(&tokens, &device), &how, ids(&rows, &device));
    let (targets, weights) = (ids(&targets, &device), Tensor::<1>::ones([rows.len()], &device));
    let loss = cloze_kernels::vocabulary_cross_entropy(hidden, head, targets, weights, Softmax::default());
    let loss = loss.sum / rows.len() as f64;
    assert_near("loss", &numbers(&loss), &golden.numbers("loss"));
    let gradients = loss.backward();
    encoder.each_parameter(&mut |path, parameter| {
        let name = format!("gradient/encoder.{path}");
        let gradient = parameter.grad(&gradients).unwrap_or_else(|| panic!("no {name}"));
        assert_near(&name, &gradient.numbers().unwrap(), &golden.numbers(&name));
    });
}

const DEBERTA: &[u8] = include_bytes!("parity/deberta.safetensors");

fn deberta(absolute: Absolute) -> EncoderConfig {
    EncoderConfig {
        disentangled: Some(Disentangled {
            position_buckets: 4,
            max_relative_positions: 12,
            shared_keys: false,
            absolute,
        }),
        ..config(Preset::Bert)
    }
}

#[test]
fn bert_with_disentangled_attention_is_the_deberta_of_transformers() {
    agrees(deberta(Absolute::Nowhere), DEBERTA);
}

#[test]
fn the_mask_decoder_is_that_of_microsofts_code() {
    let (mut golden, device) = (Golden::read(DEBERTA), Device::flex().autodiff());
    let positions = golden.0["decoder/positions"].clone();
    golden.0.insert("weight/encoder.positions".to_owned(), positions);
    let (config, init) = (deberta(Absolute::Decoder), Init::new(1, &device));
    let mut encoder = Encoder::new(&config, VOCABULARY, &init.at("encoder"));
    let mut head = VocabularyHead::new(&config, WIDTH, VOCABULARY, &init.at("head"));
    golden.copy(&mut encoder, "encoder");
    golden.copy(&mut head, "head");
    let (tokens, rows, targets) = (golden.whole("ids"), golden.whole("rows"), golden.whole("targets"));
    let how = Forward::new(2, tokens.len() / 2);
    let decoded = encoder.decoded_at(ids(&tokens, &device), &how, &rows);
    let logits = head.logits(decoded.clone(), encoder.tokens.val());
    assert_near("logits", &numbers(&logits), &golden.numbers("decoder/logits"));
    let weights = Tensor::<1>::ones([rows.len()], &device);
    let sum = head
        .cross_entropy(decoded, encoder.tokens.val(), ids(&targets, &device), weights, None)
        .sum;
    let gradients = (sum / rows.len() as f64).backward();
    let mut found = Vec::new();
    encoder.each_parameter(&mut |path, parameter| {
        if path == "positions" {
            found = parameter
                .grad(&gradients)
                .map_or_else(Vec::new, |gradient| gradient.numbers().unwrap());
        }
    });
    assert_near("gradient of positions", &found, &golden.numbers("decoder/gradient"));
    // What others read knows nothing of absolute positions.
    let states = |encoder: &Encoder| numbers(&encoder.forward(ids(&tokens, &device), &how));
    let mut plain = Golden::read(DEBERTA);
    let mut without = Encoder::new(&deberta(Absolute::Nowhere), VOCABULARY, &init.at("encoder"));
    plain.copy(&mut without, "encoder");
    assert_eq!(states(&encoder), states(&without));
}
