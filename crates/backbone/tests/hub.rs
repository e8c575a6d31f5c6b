//! Models that transformers wrote are read, give its numbers on texts that it read padded, and are written again tensor by
//! tensor as they were. The files and the script that made them are in `tests/parity/`.

use burn::tensor::{Device, Tensor};
use cloze_backbone::hub::{CONFIG, HubModel, TENSORS};
use cloze_backbone::{Encoder, Forward, Init, Parameters, VocabularyHead, ids, tensors};
use cloze_kernels::Visibility;
use std::path::{Path, PathBuf};

fn folder(class: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/parity/hub")
        .join(class)
}

const CLASSES: [&str; 9] = [
    "AlbertForMaskedLM",
    "BertForMaskedLM",
    "BertLMHeadModel",
    "DebertaV2ForMaskedLM",
    "DebertaV2Model",
    "ElectraForPreTraining",
    "ElectraForMaskedLM",
    "ModernBertForMaskedLM",
    "ModernBertDecoderForCausalLM",
];

fn numbers<const R: usize>(tensor: &Tensor<R>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

fn assert_near(what: &str, found: &[f32], golden: &[f32]) {
    assert_eq!(found.len(), golden.len(), "{what}");
    let worst = found
        .iter()
        .zip(golden)
        .fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(worst <= 2e-5, "{what}: {worst}");
    assert!(golden.iter().any(|number| number.abs() > 0.1), "{what} says nothing");
}

/// The head for tokens, with the numbers that were read.
fn head(model: &HubModel, device: &Device) -> Option<VocabularyHead> {
    let network = &model.network;
    model.numbers.get("head.bias")?;
    let vocabulary = network.tokens.vocabulary;
    let mut head = VocabularyHead::new(&network.blocks, network.embedding, vocabulary, &Init::new(0, device));
    model.fill("head", &mut head, device).unwrap();
    Some(head)
}

#[test]
fn what_transformers_wrote_gives_its_numbers() {
    let device = Device::flex();
    for class in CLASSES {
        let golden = tensors::parameters(
            &std::fs::read(folder(class).join("golden.safetensors")).unwrap(),
            &device,
        );
        let golden = golden.unwrap();
        let model = HubModel::read(&folder(class)).unwrap();
        assert_eq!((model.network.architecture.class, model.left_out.len()), (class, 0));
        let encoder: Encoder = match model.encoder(&device) {
            Ok(encoder) => encoder,
            Err(fault) => {
                assert_eq!(class, "ElectraForMaskedLM", "{fault}");
                continue;
            }
        };
        let head = head(&model, &device);
        assert_eq!(
            head.is_some(),
            !["DebertaV2Model", "ElectraForPreTraining"].contains(&class)
        );
        for text in 0..2 {
            let golden = |name: &str| golden[&format!("{name}/{text}")].numbers().unwrap();
            let tokens: Vec<u32> = golden("ids").into_iter().map(|id| id as u32).collect();
            let visibility = match model.network.architecture.causal {
                true => Visibility::Causal,
                false => Visibility::Bidirectional,
            };
            let how = Forward {
                visibility,
                ..Forward::new(1, tokens.len())
            };
            let states = encoder.forward(ids(&tokens, &device), &how);
            assert_near(&format!("{class} states"), &numbers(&states), &golden("states"));
            if let Some(head) = &head {
                let logits = head.logits(states, encoder.tokens.val());
                assert_near(&format!("{class} logits"), &numbers(&logits), &golden("logits"));
            }
        }
        assert!(encoder.count() > 0);
    }
}

#[test]
fn what_transformers_wrote_is_written_again_as_it_was() {
    for class in CLASSES {
        let before = std::fs::read(folder(class).join(TENSORS)).unwrap();
        let written = HubModel::read(&folder(class)).unwrap().files().unwrap();
        let [before, after] =
            [&before, &written[TENSORS]].map(|bytes| tensors::parameters(bytes, &Device::flex()).unwrap());
        assert_eq!(
            before.keys().collect::<Vec<_>>(),
            after.keys().collect::<Vec<_>>(),
            "{class}"
        );
        for (name, parameter) in &before {
            assert_eq!(
                parameter.numbers().unwrap(),
                after[name].numbers().unwrap(),
                "{class} {name}"
            );
        }
        // Every key of ours that transformers writes too says the same.
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let theirs = read(&std::fs::read(folder(class).join(CONFIG)).unwrap());
        let ours = read(&written[CONFIG]);
        let mut shared = 0;
        for (key, value) in ours.as_object().unwrap() {
            if let Some(their) = theirs.get(key) {
                assert_eq!(their.as_f64().is_some(), value.as_f64().is_some(), "{class} {key}");
                assert!(
                    their == value || their.as_f64() == value.as_f64(),
                    "{class} {key}: {their} {value}"
                );
                shared += 1;
            }
        }
        assert!(shared > 15, "{class}: {shared}");
    }
}
