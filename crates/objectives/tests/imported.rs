//! Models that others trained score and answer by the rules of cloze's own objectives. The files and the script that made them are
//! in `crates/backbone/tests/parity/`.

use burn::tensor::Device;
use cloze_backbone::hub::HubModel;
use cloze_backbone::tensors;
use cloze_corpus::{SpecialTokens, Vocabulary};
use cloze_objectives::{Model, imported};
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../backbone/tests/parity")
        .join(name)
}

/// As the golden models number them.
fn special(name: &str) -> SpecialTokens {
    match name.contains("roberta") {
        true => SpecialTokens {
            start: 0,
            pad: 1,
            end: 2,
            unknown: 3,
            mask: 19,
        },
        false => SpecialTokens::FIRST,
    }
}

fn read(name: &str) -> (Model, Vocabulary) {
    let hub = HubModel::read(&folder(name)).unwrap();
    // The tokenizer has fewer ids than the model.
    let tokens = Vocabulary::new(20, special(name));
    imported(&hub, &tokens, &Device::flex()).unwrap()
}

#[test]
fn a_model_has_the_states_of_the_folder_and_the_rules_of_its_heads() {
    const MASKED: &[&str] = &["pseudo-log-likelihood", "pseudo-log-likelihood-word-l2r"];
    for (name, rules) in [
        ("others/roberta", MASKED),
        ("others/roberta-alone", &[]),
        ("others/bert-pairs", MASKED),
        ("others/bert-alone", &[]),
        ("others/albert-pairs", MASKED),
        ("others/electra-small", &["discriminator"]),
        ("others/electra-small-generator", MASKED),
        ("others/modernbert", MASKED),
        ("others/deberta", MASKED),
        ("hub/DebertaV2ForMaskedLM", MASKED),
        ("hub/DebertaV2Model", &[]),
        ("hub/BertLMHeadModel", &["left-to-right"]),
        ("hub/ModernBertDecoderForCausalLM", &["left-to-right"]),
    ] {
        let (model, vocabulary) = read(name);
        let found: Vec<&str> = model.rules().iter().map(|rule| &*rule.name).collect();
        assert_eq!(found, rules, "{name}");
        let golden = std::fs::read(folder(name).join("golden.safetensors")).unwrap();
        let golden = tensors::parameters(&golden, &Device::flex()).unwrap();
        for text in 0..2 {
            let golden = |what: &str| golden[&format!("{what}/{text}")].numbers().unwrap();
            let ids: Vec<u32> = golden("ids").into_iter().map(|id| id as u32).collect();
            let states = model.states(std::slice::from_ref(&ids)).pop().unwrap();
            let states: Vec<f32> = states.into_data().iter::<f32>().collect();
            let worst = states
                .iter()
                .zip(golden("states"))
                .fold(0.0f32, |most, (one, other)| most.max((one - other).abs()));
            assert!(worst < 2e-5, "{name}: {worst}");
            for rule in model.rules() {
                let scores = model.score(rule, &[ids.clone(), ids.clone()], &vocabulary).unwrap();
                assert!(scores[0] < 0.0 && scores[0] == scores[1], "{name}: {scores:?}");
            }
        }
        // Judging does not change what is judged.
        assert_eq!(model.frozen().rules(), model.rules());
    }
}

#[test]
fn a_tokenizer_with_more_ids_than_the_model_is_refused() {
    let hub = HubModel::read(&folder("others/roberta")).unwrap();
    let tokens = Vocabulary::new(21, special("roberta"));
    let refused = imported(&hub, &tokens, &Device::flex()).err().unwrap();
    assert!(
        refused.what.contains("21 ids") && refused.what.contains("has 20"),
        "{refused}"
    );
}
