//! A trained run as a folder of Hugging Face. That transformers loads it and computes the same is tested with Python
//! (`crates/backbone/tests/parity/exported.py`); that the tensors are the run's, and what is refused, here.

use crate::common::{config, errand, plan, task, work};
use burn::tensor::Device;
use cloze_backbone::hub::HubModel;
use cloze_backbone::{DisentangledOptions, EncoderConfig, EncoderOptions, Preset, tensors};
use cloze_corpus::Tokenizer;
use cloze_plan::RunConfig;
use cloze_runner::export::{self, Form, export, find};
use cloze_runner::store::Store;
use std::path::Path;

/// A run of two steps, in a results folder with its plan; gives its id.
fn trained(root: &Path, config: RunConfig) -> String {
    let plan = plan(vec![config]);
    work(&errand(root, &plan, 0, 0)).unwrap();
    cloze_plan::write(&plan, root).unwrap();
    plan.runs[0].id.clone()
}

fn bert(objective: &str) -> RunConfig {
    RunConfig {
        encoder: EncoderConfig::preset(Preset::Bert, 32, 1, 16),
        evaluate: vec![task("minimal-pairs", "pairs = 2")],
        ..config(objective, 1, 2)
    }
}

#[test]
fn what_is_exported_is_what_was_trained() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let id = trained(&root, bert("electra"));
    let run = find(&root, &[], results.path()).unwrap();
    assert_eq!(run.id, id);
    let into = results.path().join("exported");
    let lines = ["The farmer sees the dogs .".to_owned(), String::new()];
    let exported = export(&run, Form::Model, &into, Some(&lines)).unwrap();
    let classes: Vec<&str> = exported.parts.iter().map(|part| part.class.class).collect();
    assert_eq!(classes, ["ElectraForPreTraining", "ElectraForMaskedLM"]);
    // Every parameter of the run is in one of the two, with its numbers.
    let mut found = HubModel::read(&into).unwrap().numbers;
    found.extend(HubModel::read(&into.join("generator")).unwrap().numbers);
    let bytes = std::fs::read(Store::new(&root).run(&id).weights().join("model.safetensors")).unwrap();
    let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), weights.keys().collect::<Vec<_>>());
    for (path, parameter) in &weights {
        assert_eq!(found[path].values, parameter.numbers().unwrap(), "{path}");
    }
    let read = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
    let card = read("README.md");
    for part in [
        "model-index:",
        "ElectraForMaskedLM",
        "minimal-pairs",
        "## Budget",
        "## Limits",
        &id,
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    let check: serde_json::Value = serde_json::from_str(&read("cloze_check.json")).unwrap();
    let line = &check["lines"][0];
    let tokenizer = Tokenizer::load(&into.join("tokenizer.json")).unwrap();
    assert_eq!(line["ids"], serde_json::json!(tokenizer.sentence(&lines[0])));
    assert_eq!(
        line["states"].as_array().unwrap().len(),
        line["ids"].as_array().unwrap().len()
    );
    assert!(line["scores"]["discriminator"].as_f64().unwrap() < 0.0);
    assert!(check["lines"][1].get("states").is_none());
    // The folder is whole, or as it was.
    let again = export(&run, Form::Model, &into, None).unwrap_err();
    assert!(again.what.contains("is there already"), "{again}");
    // Imported and exported again, the files are the same bytes.
    for folder in [into.clone(), into.join("generator")] {
        for (name, bytes) in HubModel::read(&folder).unwrap().files().unwrap() {
            assert!(std::fs::read(folder.join(name)).unwrap() == bytes, "{name}");
        }
    }
}

/// BERT with next sentence prediction, ALBERT with sentence order prediction.
#[test]
fn a_verdict_on_two_segments_is_exported_with_the_class_that_has_one() {
    for (pairs, groups, class) in [
        ("next", None, "BertForPreTraining"),
        ("order", Some(1), "AlbertForPreTraining"),
    ] {
        let results = tempfile::tempdir().unwrap();
        let root = results.path().join("experiment");
        let options = format!("pairs = \"{pairs}\"").parse().unwrap();
        let config = RunConfig {
            options: cloze_objectives::configure("mlm", &options).unwrap().options(),
            encoder: EncoderConfig {
                layer_groups: groups,
                ..EncoderConfig::preset(Preset::Bert, 32, 2, 16)
            },
            ..bert("mlm")
        };
        let id = trained(&root, config);
        let run = find(&root, &[], results.path()).unwrap();
        let into = results.path().join("exported");
        let lines = ["The farmer sees", "the dogs .", ""].map(str::to_owned);
        let exported = export(&run, Form::Model, &into, Some(&lines)).unwrap();
        assert_eq!((exported.parts[0].class.class, exported.left_out.len()), (class, 0));
        let bytes = std::fs::read(Store::new(&root).run(&id).weights().join("model.safetensors")).unwrap();
        let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
        let found = HubModel::read(&into).unwrap();
        assert_eq!(
            found.numbers.keys().collect::<Vec<_>>(),
            weights.keys().collect::<Vec<_>>()
        );
        assert_eq!(
            found.numbers["verdict.weight"].values,
            weights["verdict.weight"].numbers().unwrap()
        );
        for (name, bytes) in found.files().unwrap() {
            assert!(std::fs::read(into.join(name)).unwrap() == bytes, "{name}");
        }
        let check = std::fs::read_to_string(into.join("cloze_check.json")).unwrap();
        let check: serde_json::Value = serde_json::from_str(&check).unwrap();
        assert_eq!(check["pairs"].as_array().unwrap().len(), 1);
        assert_eq!(check["pairs"][0]["verdict"].as_array().unwrap().len(), 2);
        // The encoder alone has no place for it.
        let alone = export(&run, Form::Encoder, &results.path().join("alone"), None).unwrap();
        let left: Vec<&str> = alone.left_out.iter().map(|(part, _)| part.as_str()).collect();
        assert_eq!(left, ["pooler", "verdict"]);
    }
}

/// A run of a mixture of these parts; and what an export of it says where it is refused.
fn mixed(results: &Path, parts: &str) -> (String, Result<export::Exported, String>) {
    let root = results.join("experiment");
    let options: toml::Table = parts.parse().unwrap();
    let config = RunConfig {
        options: cloze_objectives::configure("mixture", &options).unwrap().options(),
        evaluate: Vec::new(),
        ..bert("mlm")
    };
    let config = RunConfig {
        objective: "mixture".to_owned(),
        ..config
    };
    let id = trained(&root, config);
    let run = find(&root, &[], results).unwrap();
    let lines = ["The farmer sees the dogs .".to_owned()];
    let exported = export(&run, Form::Model, &results.join("exported"), Some(&lines));
    (id, exported.map_err(|fault| fault.to_string()))
}

#[test]
fn of_a_mixture_the_heads_of_the_first_part_are_exported() {
    for (shared, heads) in [("own", "autoregressive.head"), ("shared", "mlm.head")] {
        let results = tempfile::tempdir().unwrap();
        let parts = format!(
            "vocabulary_head = \"{shared}\"\nmixture = [{{ objective = \"mlm\", share = 0.5 }}, {{ objective = \"autoregressive\" }}]"
        );
        let (id, exported) = mixed(results.path(), &parts);
        let exported = exported.unwrap();
        assert_eq!(exported.parts[0].class.class, "BertForMaskedLM");
        let left: Vec<&str> = exported.left_out.iter().map(|(part, _)| part.as_str()).collect();
        assert_eq!(
            left,
            if shared == "own" {
                vec!["autoregressive"]
            } else {
                vec![]
            }
        );
        let store = Store::new(results.path().join("experiment"));
        let bytes = std::fs::read(store.run(&id).weights().join("model.safetensors")).unwrap();
        let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
        assert!(weights.keys().any(|path| path.starts_with(heads)), "{shared}");
        let into = results.path().join("exported");
        let found = HubModel::read(&into).unwrap().numbers;
        for (path, numbers) in &found {
            let own = match path.strip_prefix("head.") {
                Some(rest) => format!("mlm.head.{rest}"),
                None => path.clone(),
            };
            assert_eq!(numbers.values, weights[&own].numbers().unwrap(), "{path}");
        }
        let check = std::fs::read_to_string(into.join("cloze_check.json")).unwrap();
        let check: serde_json::Value = serde_json::from_str(&check).unwrap();
        let scores: Vec<&String> = check["lines"][0]["scores"].as_object().unwrap().keys().collect();
        assert_eq!(scores, ["pseudo-log-likelihood", "pseudo-log-likelihood-word-l2r"]);
    }
    let results = tempfile::tempdir().unwrap();
    let parts = "mixture = [{ objective = \"mntp\", share = 0.5 }, { objective = \"mlm\" }]";
    let refused = mixed(results.path(), parts).1.unwrap_err();
    assert!(
        refused.contains("`mntp`, the first part of this mixture, has no counterpart")
            && refused.contains("hf-encoder"),
        "{refused}"
    );
}

#[test]
fn a_generator_that_no_class_is_like_is_refused_with_the_reason() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let config = RunConfig {
        encoder: disentangled(),
        ..bert("replace-mlm")
    };
    trained(&root, config);
    let run = find(&root, &[], results.path()).unwrap();
    let refused = export(&run, Form::Model, &results.path().join("exported"), None).unwrap_err();
    assert!(
        refused.what.contains("a generator that is narrower") && refused.what.contains("DebertaV2ForMaskedLM"),
        "{refused}"
    );
    let alone = export(&run, Form::Encoder, &results.path().join("alone"), None).unwrap();
    assert_eq!(alone.parts[0].class.class, "DebertaV2Model");
}

fn disentangled() -> EncoderConfig {
    let options = EncoderOptions {
        preset: Preset::Bert,
        width: 32,
        layers: 2,
        window: 16,
        disentangled: Some(DisentangledOptions::default()),
        ..EncoderOptions::default()
    };
    options.resolve()
}

#[test]
fn what_restores_proposals_is_exported_with_its_head_and_the_generator() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let id = trained(&root, bert("replace-mlm"));
    let run = find(&root, &[], results.path()).unwrap();
    let into = results.path().join("exported");
    let exported = export(&run, Form::Model, &into, None).unwrap();
    let classes: Vec<&str> = exported.parts.iter().map(|part| part.class.class).collect();
    assert_eq!(classes, ["BertForMaskedLM", "ElectraForMaskedLM"]);
    let mut found = HubModel::read(&into).unwrap().numbers;
    found.extend(HubModel::read(&into.join("generator")).unwrap().numbers);
    let bytes = std::fs::read(Store::new(&root).run(&id).weights().join("model.safetensors")).unwrap();
    let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), weights.keys().collect::<Vec<_>>());
}

/// One with embeddings of its own, or that is the encoder itself, is a masked language model by itself.
#[test]
fn a_generator_that_is_a_model_of_its_own_is_exported_as_one() {
    let results = tempfile::tempdir().unwrap();
    for (objective, options, encoder, classes) in [
        (
            "electra",
            "tying = 'none'",
            EncoderConfig::preset(Preset::Bert, 32, 1, 16),
            ["ElectraForPreTraining", "BertForMaskedLM"],
        ),
        (
            "electra",
            "tying = 'all'\ngenerator_width = 1.0",
            EncoderConfig::preset(Preset::Bert, 32, 1, 16),
            ["ElectraForPreTraining", "BertForMaskedLM"],
        ),
        (
            "rtd",
            "sharing = 'nes'",
            EncoderConfig::preset(Preset::Modern, 32, 1, 16),
            ["ModernBertModel", "ModernBertForMaskedLM"],
        ),
        (
            "rtd",
            "sharing = 'nes'",
            EncoderConfig::preset(Preset::Bert, 32, 1, 16),
            ["BertModel", "BertForMaskedLM"],
        ),
        (
            "rtd",
            "sharing = 'nes'",
            disentangled(),
            ["DebertaV2Model", "DebertaV2ForMaskedLM"],
        ),
    ] {
        let name = format!("{objective} {options} {:?}", encoder.preset);
        let root = results
            .path()
            .join(cloze_foundation::files::hash(format!("{name} {encoder:?}").as_bytes()));
        let options = cloze_objectives::configure(objective, &options.parse().unwrap()).unwrap();
        let config = RunConfig {
            encoder,
            options: options.options(),
            ..bert(objective)
        };
        let id = trained(&root, config);
        let run = find(&root, &[], results.path()).unwrap();
        let into = root.join("exported");
        let exported = export(&run, Form::Model, &into, None).unwrap();
        let found: Vec<&str> = exported.parts.iter().map(|part| part.class.class).collect();
        assert_eq!(found, classes, "{name}");
        let bytes = std::fs::read(Store::new(&root).run(&id).weights().join("model.safetensors")).unwrap();
        let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
        let generator = HubModel::read(&into.join("generator")).unwrap().numbers;
        let is_whole = weights.contains_key("generator_encoder.tokens");
        for (path, numbers) in &generator {
            let own = match path.strip_prefix("encoder.") {
                Some(end) if is_whole => format!("generator_encoder.{end}"),
                Some(_) => path.clone(),
                None => format!("generator_{path}"),
            };
            assert_eq!(numbers.values, weights[&own].numbers().unwrap(), "{name}: {path}");
        }
        // Nothing of the generator is missing, and nothing of it is beside the encoder.
        let of_generator = |path: &&String| path.starts_with("generator_");
        let heads = generator.keys().filter(|path| path.starts_with("head.")).count();
        let wanted = if is_whole { generator.len() } else { heads };
        assert_eq!(weights.keys().filter(of_generator).count(), wanted, "{name}");
        let own = HubModel::read(&into).unwrap().numbers;
        assert!(own.keys().all(|path| !path.starts_with("generator")), "{name}");
        let card = std::fs::read_to_string(into.join("README.md")).unwrap();
        assert!(
            card.contains("FOLDER/generator")
                && card.contains("pipeline_tag: feature-extraction")
                && card.contains("preset = "),
            "{card}"
        );
        let card = std::fs::read_to_string(into.join("generator/README.md")).unwrap();
        assert!(
            card.contains("## Budget") && card.contains("beside the encoder"),
            "{card}"
        );
    }
}

/// DeBERTaV3: the discriminator reads with another table than the generator.
#[test]
fn replaced_token_detection_is_exported_as_an_encoder_and_its_generator() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let config = RunConfig {
        encoder: disentangled(),
        ..bert("rtd")
    };
    let id = trained(&root, config);
    let run = find(&root, &[], results.path()).unwrap();
    let into = results.path().join("exported");
    let exported = export(&run, Form::Model, &into, None).unwrap();
    let classes: Vec<&str> = exported.parts.iter().map(|part| part.class.class).collect();
    assert_eq!(classes, ["DebertaV2Model", "DebertaV2ForMaskedLM"]);
    let bytes = std::fs::read(Store::new(&root).run(&id).weights().join("model.safetensors")).unwrap();
    let weights = tensors::parameters(&bytes, &Device::flex()).unwrap();
    let numbers = |path: &str| weights[path].numbers().unwrap();
    let of = |folder: &Path| HubModel::read(folder).unwrap().numbers["encoder.tokens"].values.clone();
    let sum = numbers("encoder.tokens").into_iter().zip(numbers("added_tokens"));
    let (own, both) = (numbers("encoder.tokens"), sum.map(|(a, b)| a + b).collect::<Vec<_>>());
    assert_ne!(own, both);
    assert_eq!((of(&into.join("generator")), of(&into)), (own, both));
    let card = std::fs::read_to_string(into.join("README.md")).unwrap();
    assert!(card.contains("verdict on every token"), "{card}");
}

#[test]
fn a_run_is_named_by_its_folder_its_id_or_an_arm() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let id = trained(&root, config("mlm", 1, 2));
    let folder = root.join("runs").join(&id);
    let none: [String; 0] = [];
    for place in [folder.clone(), folder.join("final"), Path::new(&id).to_owned()] {
        assert_eq!(
            find(&place, &none, results.path()).unwrap().id,
            id,
            "{}",
            place.display()
        );
    }
    assert_eq!(
        find(&root, &["mlm".to_owned(), "seed=1".to_owned()], results.path())
            .unwrap()
            .id,
        id
    );
    let refused = |place: &Path, words: &[String]| find(place, words, results.path()).err().unwrap().to_string();
    assert!(refused(&root, &["electra".to_owned()]).contains("electra"));
    assert!(refused(Path::new("no-such-run"), &[]).contains("nor the id of a run"));
    assert!(refused(&folder, &["mlm".to_owned()]).contains("one run already"));
    std::fs::remove_file(folder.join("DONE")).unwrap();
    assert!(refused(&folder, &[]).contains("not done"));
}

#[test]
fn what_has_no_counterpart_is_refused_and_its_encoder_is_not() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    trained(&root, config("electra", 1, 2));
    let run = find(&root, &[], results.path()).unwrap();
    let into = results.path().join("exported");
    let refused = export(&run, Form::Model, &into, None).unwrap_err();
    assert!(refused.what.contains("`discriminator_dense`"), "{refused}");
    assert!(refused.to_string().contains("--to hf-encoder"), "{refused}");
    assert!(!into.exists());
    let exported = export(&run, Form::Sentences, &into, None).unwrap();
    assert_eq!(exported.parts[0].class.class, "ModernBertModel");
    for name in [
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "tokenizer_config.json",
    ] {
        assert!(into.join(name).is_file(), "{name}");
    }
    assert_eq!(
        HubModel::read(&into).unwrap().network.architecture.class,
        "ModernBertModel"
    );
}

#[test]
fn the_weights_of_a_run_lie_beside_their_tokenizer_and_say_what_they_are() {
    let results = tempfile::tempdir().unwrap();
    let root = results.path().join("experiment");
    let id = trained(&root, config("span", 1, 2));
    let run = Store::new(&root).run(&id);
    let read = |name: &str| std::fs::read_to_string(run.weights().join(name)).unwrap();
    assert_eq!(read("config.json"), std::fs::read_to_string(run.config()).unwrap());
    let readme = read("README.md");
    assert!(
        readme.contains(&id) && readme.contains("`span`") && readme.lines().count() <= 10,
        "{readme}"
    );
    Tokenizer::load(&run.weights().join("tokenizer.json")).unwrap();
    // It is not another tokenizer's model.
    let other = read("tokenizer.json").replacen("[MASK]", "[MUSK]", 1);
    std::fs::write(run.weights().join("tokenizer.json"), other).unwrap();
    assert!(find(run.path(), &[], results.path()).is_err());
}
