//! Written and read again. That the numbers are those of transformers is tested in `tests/hub.rs`.

mod classes;
mod deberta;
mod refused;

use super::{ARCHITECTURES, Architecture, CONFIG, HubModel, Network, TENSORS, Tokens};
use crate::{Absolute, Dense, Disentangled, Encoder, Trunk, VocabularyHead};
use crate::{EncoderConfig, Init, Parameter, Parameters, Preset};
use burn::module::Module;
use burn::tensor::Device;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TOKENS: Tokens = Tokens {
    vocabulary: 11,
    pad: 0,
    start: 2,
    end: 3,
};

fn config(preset: Preset, width: usize) -> EncoderConfig {
    EncoderConfig {
        heads: width / 4,
        feed_forward: 6,
        dropout: 0.1,
        ..EncoderConfig::preset(preset, width, 2, 5)
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

/// What stands on an encoder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    /// A head for tokens.
    Tokens,
    /// That, and a verdict on two segments.
    Pairs,
    /// ELECTRA's verdict on every token, and its generator.
    Electra,
}

fn parameters(whole: &EncoderConfig, with: With) -> BTreeMap<String, Parameter> {
    let small = config(whole.preset, 4);
    let init = Init::new(7, &Device::flex());
    let encoder = Encoder::new(whole, TOKENS.vocabulary, &init.at("encoder"));
    let dense = |name: &str, inputs, outputs| Dense::new(inputs, outputs, true, &init.at(name));
    if with == With::Electra {
        return collected(&[
            ("encoder", &encoder),
            ("generator", &Trunk::new(&small, &init.at("generator"))),
            ("generator_project", &dense("generator_project", 8, 4)),
            (
                "generator_head",
                &VocabularyHead::new(&small, 8, TOKENS.vocabulary, &init.at("generator_head")),
            ),
            ("discriminator_dense", &dense("discriminator_dense", 8, 8)),
            ("discriminator_output", &dense("discriminator_output", 8, 1)),
        ]);
    }
    let head = VocabularyHead::new(whole, 8, TOKENS.vocabulary, &init.at("head"));
    let mut found = collected(&[("encoder", &encoder), ("head", &head)]);
    if with == With::Pairs {
        let (pooler, verdict) = (dense("pooler", 8, 8), dense("verdict", 8, 2));
        found.extend(collected(&[("pooler", &pooler), ("verdict", &verdict)]));
    }
    found
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
        let with = match architecture.class.starts_with("ElectraFor") {
            true => With::Electra,
            false => With::Pairs,
        };
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
        all.push(HubModel::of(network, &parameters(&whole, with)).unwrap());
    }
    all
}

fn of_class(class: &str) -> HubModel {
    let mut all = all().into_iter();
    all.find(|model| model.network.architecture.class == class).unwrap()
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
fn layers_that_share_a_block_are_copies_where_a_class_shares_none() {
    let config = EncoderConfig {
        layers: 3,
        layer_groups: Some(2),
        ..config(Preset::Bert, 8)
    };
    let parameters = parameters(&config, With::Tokens);
    let paths = parameters.keys().map(String::as_str);
    let classes = super::of(&config, &cloze_kernels::Visibility::Causal, paths, false).unwrap();
    let network = Network {
        architecture: classes[0],
        blocks: config,
        embedding: 8,
        tokens: TOKENS,
    };
    assert!(network.has_copies());
    let files = HubModel::of(network, &parameters).unwrap().files().unwrap();
    let apart = parsed(&files[CONFIG], &files[TENSORS]).unwrap();
    assert!(!apart.network.has_copies());
    assert_eq!(apart.files().unwrap(), files);
    for (path, numbers) in &apart.numbers {
        // The first two layers go through the first block, the third through the second.
        let own = path.replace("blocks.1", "blocks.0").replace("blocks.2", "blocks.1");
        assert_eq!(numbers.values, parameters[&own].numbers().unwrap(), "{path}");
    }
    assert_eq!(apart.encoder_config().blocks(), 3);
    // ALBERT shares them, whatever the width of its embeddings.
    for embedding_width in [None, Some(4)] {
        let blocks = EncoderConfig {
            embedding_width,
            ..shared(8)
        };
        let albert = Network {
            architecture: of_class("AlbertForMaskedLM").network.architecture,
            embedding: blocks.table_width(),
            blocks,
            tokens: TOKENS,
        };
        assert!(!albert.has_copies() && albert.is_of_its_class());
    }
}

/// As ELECTRA's published generators have them.
#[test]
fn an_encoder_of_electra_may_have_embeddings_wider_than_its_blocks() {
    let whole = EncoderConfig {
        embedding_width: Some(16),
        ..config(Preset::Bert, 8)
    };
    let network = Network {
        architecture: of_class("ElectraModel").network.architecture,
        blocks: whole.clone(),
        embedding: 16,
        tokens: TOKENS,
    };
    let files = HubModel::of(network, &parameters(&whole, With::Tokens))
        .unwrap()
        .files()
        .unwrap();
    let model = parsed(&files[CONFIG], &files[TENSORS]).unwrap();
    assert_eq!(model.encoder_config(), whole);
    assert_eq!(model.numbers["encoder.project.weight"].shape, [16, 8]);
    assert_eq!(model.files().unwrap(), files);
    assert_eq!(model.encoder(&Device::flex()).unwrap().config().table_width(), 16);
}

/// Tensors by name, as their file has them.
type Tensors = BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)>;

/// The files of `BertForMaskedLM` with the tensors changed.
fn changed(change: impl FnOnce(&mut Tensors)) -> Result<HubModel, String> {
    changed_of("BertForMaskedLM", change)
}

fn changed_of(class: &str, change: impl FnOnce(&mut Tensors)) -> Result<HubModel, String> {
    let files = of_class(class).files().unwrap();
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
        for [old, new] in super::header::OLD_NAMES {
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
