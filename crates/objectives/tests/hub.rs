//! Scores of sentences are those of transformers: by ELECTRA's discriminator and generator with copied weights, and by both
//! pseudo-log-likelihoods of BERT. The files and the scripts that made them are in `crates/backbone/tests/parity/`.

use burn::tensor::Device;
use cloze_backbone::hub::{HubModel, Numbers};
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, tensors};
use cloze_corpus::{Encoded, SpecialTokens, Vocabulary};
use cloze_objectives::{configure, imported};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder(class: &str) -> PathBuf {
    let parity = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backbone/tests/parity/hub");
    parity.join(class)
}

#[test]
fn electra_scores_sentences_as_transformers_does() {
    let device = Device::flex();
    let [discriminator, generator] = ["ElectraForPreTraining", "ElectraForMaskedLM"].map(|class| {
        let golden = std::fs::read(folder(class).join("golden.safetensors")).unwrap();
        let golden = tensors::parameters(&golden, &device).unwrap();
        (HubModel::read(&folder(class)).unwrap(), golden)
    });
    let network = &discriminator.0.network;
    assert_eq!(generator.0.network.blocks.width * 2, network.blocks.width);
    let options: toml::Table = "generator_width = 0.5".parse().unwrap();
    let vocabulary = Vocabulary::new(network.tokens.vocabulary, SpecialTokens::FIRST);
    let encoder = EncoderConfig {
        segments: 1,
        ..network.blocks.clone()
    };
    // transformers draws a table of segments, and cloze's one segment is a part of the positions.
    let mut numbers = discriminator.0.numbers.clone();
    for (path, other) in &generator.0.numbers {
        let known = numbers.insert(path.clone(), other.clone());
        assert!(known.is_none_or(|known| known == *other), "{path} is shared");
    }
    fold_segments(&mut numbers);
    let objective = configure("electra", &options).unwrap();
    let mut model = objective.build(&encoder, &vocabulary, &Init::new(1, &device));
    let mut used = 0;
    model.change_parameters(&mut |path, old| {
        let found = numbers.get(path).unwrap_or_else(|| panic!("there is no {path}"));
        assert_eq!(found.shape, old.shape(), "{path}");
        used += 1;
        let data = burn::tensor::TensorData::new(found.values.clone(), burn::tensor::Shape::from(found.shape.clone()));
        Parameter::from_data(data, &device).unwrap()
    });
    assert_eq!(used, numbers.len());
    for (rule, golden) in [("discriminator", &discriminator.1), ("generator", &generator.1)] {
        for text in 0..2 {
            let golden = |name: &str| golden[&format!("{name}/{text}")].numbers().unwrap();
            let ids: Vec<u32> = golden("ids").into_iter().map(|id| id as u32).collect();
            let score = model.score(model.rule(rule).unwrap(), &[ids], &vocabulary).unwrap()[0];
            let wanted = f64::from(golden("score")[0]);
            assert!(
                (score - wanted).abs() < 2e-5 && wanted < -0.5,
                "{rule}: {score} {wanted}"
            );
        }
    }
}

/// What minicons calls `within_word_l2r`, and the score without it.
#[test]
fn both_pseudo_log_likelihoods_are_those_of_transformers() {
    let hub = HubModel::read(&folder("BertForMaskedLM")).unwrap();
    let tokens = Vocabulary::new(hub.network.tokens.vocabulary, SpecialTokens::FIRST);
    let (model, vocabulary) = imported(&hub, &tokens, &Device::flex()).unwrap();
    let golden = std::fs::read(folder("../words.safetensors")).unwrap();
    let golden = tensors::parameters(&golden, &Device::flex()).unwrap();
    for text in 0..2 {
        let golden = |name: &str| golden[&format!("{name}/{text}")].numbers().unwrap();
        let sentence = Encoded {
            ids: golden("ids").into_iter().map(|id| id as u32).collect(),
            word_starts: golden("starts").into_iter().map(|starts| starts == 1.0).collect(),
        };
        let found = model
            .scores_told(model.rules(), std::slice::from_ref(&sentence), &vocabulary, &|_| ())
            .unwrap();
        let wanted = ["plain", "word-l2r"].map(|name| f64::from(golden(name)[0]));
        assert!((wanted[0] - wanted[1]).abs() > 0.01, "{wanted:?}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found[0] - wanted).abs() < 1e-4, "{found:?} {wanted}");
        }
        // Asked alone a rule gives the same bits.
        for (rule, found) in model.rules().iter().zip(&found) {
            let alone = model.score(rule, std::slice::from_ref(&sentence), &vocabulary).unwrap();
            assert_eq!(alone, *found, "{}", rule.name);
        }
    }
}

/// The row of the first kind of segments, added to every position.
fn fold_segments(numbers: &mut BTreeMap<String, Numbers>) {
    let segments = numbers.remove("encoder.segments").unwrap();
    let positions = numbers.get_mut("encoder.positions").unwrap();
    let width = segments.shape[1];
    for row in positions.values.chunks_mut(width) {
        row.iter_mut()
            .zip(&segments.values)
            .for_each(|(number, add)| *number += add);
    }
}
