//! Models that transformers wrote are read, give its numbers on texts that it read padded, and are written again tensor by
//! tensor as they were. The files and the script that made them are in `tests/parity/`.

use burn::tensor::{Device, Tensor};
use cloze_backbone::hub::{CONFIG, HubModel, TENSORS};
use cloze_backbone::{Encoder, Forward, Init, Parameters, VocabularyHead, ids, tensors};
use cloze_kernels::Visibility;
use std::path::{Path, PathBuf};

fn folder(class: &str) -> PathBuf {
    let parity = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    parity
        .join(if CLASSES.contains(&class) { "hub" } else { "others" })
        .join(class)
}

const CLASSES: [&str; 11] = [
    "AlbertForMaskedLM",
    "AlbertForPreTraining",
    "BertForMaskedLM",
    "BertForPreTraining",
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
    model.numbers.keys().find(|path| path.ends_with("head.bias"))?;
    let (encoder, vocabulary) = (model.encoder_config(), model.network.tokens.vocabulary);
    let mut head = VocabularyHead::new(&encoder, encoder.table_width(), vocabulary, &Init::new(0, device));
    model.fill("head", &mut head, device).unwrap();
    Some(head)
}

/// Reads a folder and holds its states, and its logits where it has a head for tokens, against the golden ones.
fn check(name: &str) -> HubModel {
    let device = Device::flex();
    let bytes = std::fs::read(folder(name).join("golden.safetensors")).unwrap();
    let golden_of = tensors::parameters(&bytes, &device).unwrap();
    let model = HubModel::read(&folder(name)).unwrap();
    let encoder: Encoder = model.encoder(&device).unwrap();
    let head = head(&model, &device);
    for text in 0..2 {
        let golden = |what: &str| golden_of[&format!("{what}/{text}")].numbers().unwrap();
        let tokens: Vec<u32> = golden("ids").into_iter().map(|id| id as u32).collect();
        let visibility = match model.network.architecture.causal {
            true => Visibility::Causal,
            false => Visibility::Bidirectional,
        };
        let segments = golden_of.get(&format!("segments/{text}"));
        let segments = segments.map(|segments| {
            segments
                .numbers()
                .unwrap()
                .into_iter()
                .map(|kind| kind as u32)
                .collect()
        });
        let how = Forward {
            visibility,
            segments,
            ..Forward::new(1, tokens.len())
        };
        let states = encoder.forward(ids(&tokens, &device), &how);
        assert_near(&format!("{name} states"), &numbers(&states), &golden("states"));
        if let Some(head) = &head {
            let logits = head.logits(states, encoder.tokens.val());
            assert_near(&format!("{name} logits"), &numbers(&logits), &golden("logits"));
        }
    }
    assert!(encoder.count() > 0);
    model
}

#[test]
fn what_transformers_wrote_gives_its_numbers() {
    for class in CLASSES {
        let model = check(class);
        assert_eq!((model.network.architecture.class, model.left_out.len()), (class, 0));
        assert_eq!(
            head(&model, &Device::flex()).is_some(),
            !["DebertaV2Model", "ElectraForPreTraining"].contains(&class)
        );
    }
}

#[test]
fn what_others_trained_gives_its_numbers_and_what_has_no_place_is_named() {
    for (name, class, left_out) in [
        ("roberta", "RobertaForMaskedLM", &[][..]),
        ("roberta-alone", "RobertaModel", &["pooler."]),
        ("bert-pairs", "BertForPreTraining", &[]),
        ("bert-alone", "BertModel", &["pooler."]),
        ("albert-pairs", "AlbertForPreTraining", &[]),
        ("electra-small", "ElectraForPreTraining", &[]),
        ("electra-small-generator", "ElectraForMaskedLM", &[]),
        ("modernbert", "ModernBertForMaskedLM", &[]),
        ("deberta", "DebertaV2ForMaskedLM", &[]),
    ] {
        let model = check(name);
        assert_eq!(model.network.architecture.class, class);
        // A weight and a bias each.
        assert_eq!(model.left_out.len(), 2 * left_out.len(), "{name}: {:?}", model.left_out);
        let is_named = |begins: &&str| model.left_out.iter().any(|tensor| tensor.starts_with(*begins));
        assert!(left_out.iter().all(is_named), "{name}: {:?}", model.left_out);
        // Written and read again it is the same, whatever of it is never read.
        let files = model.files().unwrap();
        let config = String::from_utf8(files[CONFIG].clone()).unwrap();
        let again = HubModel::parse(&config, &files[TENSORS]).unwrap();
        assert_eq!(
            (&again.network, &again.numbers),
            (&model.network, &model.numbers),
            "{name}"
        );
    }
    // Its layers that see near positions alone see all of this many.
    let modern = HubModel::read(&folder("modernbert")).unwrap().encoder_config();
    let variant = modern.variant.unwrap();
    assert_eq!((modern.window, &variant.bases[..2]), (11, &[160_000.0, 10_000.0][..]));
    let deberta = HubModel::read(&folder("deberta")).unwrap().encoder_config();
    let (variant, disentangled) = (deberta.variant.unwrap(), deberta.disentangled.unwrap());
    assert_eq!((variant.epsilon, variant.approximate), (1e-3, true));
    // It says -1, which is the window.
    assert_eq!(
        (disentangled.position_buckets, disentangled.max_relative_positions),
        (4, 12)
    );
    // Two of its fourteen rows stand before the first position.
    assert_eq!(HubModel::read(&folder("roberta")).unwrap().encoder_config().window, 12);
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
