//! Run ids never change by accident, and always when a result may.

use super::{canonical, had_id, run_id};
use crate::{RunConfig, TaskConfig};
use cloze_backbone::{EncoderConfig, Precision, Preset};
use cloze_corpus::{CorpusConfig, TokenizerConfig};
use cloze_schema::Axis;
use cloze_trainer::{Budget, OptimizerConfig, Spacing};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn example() -> RunConfig {
    RunConfig {
        objective: "mlm".into(),
        options: toml::from_str("mode = \"corrected\"\nrate = 0.15\nreplace = { mask = 0.8, random = 0.1 }").unwrap(),
        corpus: CorpusConfig {
            source: "novels".into(),
            tokenizer: TokenizerConfig::wordpiece(2048),
            held_out: 0.05,
            words: 1_500_000,
            ..CorpusConfig::default()
        },
        encoder: EncoderConfig {
            preset: Preset::Modern,
            width: 128,
            layers: 2,
            heads: 2,
            feed_forward: 352,
            window: 64,
            dropout: 0.0,
            segments: 1,
            precision: Precision::Float32,
            layer_groups: None,
            embedding_width: None,
            disentangled: None,
            variant: None,
            pre_norm: false,
            embedding_residual: false,
            value_embeddings: false,
            logit_cap: None,
            z_loss: 0.0,
            initial_values: cloze_backbone::InitialValues::Normal,
            from: None,
        },
        budget: Budget {
            equalise: Axis::Tokens,
            amount: 1e6,
            batch: 16,
            stages: Vec::new(),
        },
        optimizer: OptimizerConfig {
            peak_lr: 3e-3,
            warmup: 0.06,
            weight_decay: 0.01,
            beta_1: 0.9,
            beta_2: 0.98,
            epsilon: 1e-6,
            clip: 1.0,
            ..OptimizerConfig::default()
        },
        evaluate: vec![TaskConfig {
            task: "masked-loss".into(),
            name: None,
            options: toml::from_str("windows = 64").unwrap(),
        }],
        points: 4,
        spacing: Spacing::Even,
        validation_windows: 64,
        seed: 1,
    }
}

#[test]
fn the_id_of_an_example_never_changes() {
    // Golden: a change here makes every finished run of every user a stranger. Raise SEMANTICS_VERSION instead.
    assert_eq!(run_id(&example()), "1e2e999cd5d884eb");
    // Without the versions of its laws it has the id that it had in the first ones.
    let first = canonical(&example())
        .replace("\nmodern 2\n", "\n")
        .replace("\ncorpus 2\n", "\n");
    assert!(blake3::hash(first.as_bytes()).to_hex().starts_with("f96ea6a01aee2b20"));
    assert!(had_id(&example(), "f96ea6a01aee2b20") && had_id(&example(), "1e2e999cd5d884eb"));
    let mut bert = example();
    bert.encoder.preset = Preset::Bert;
    assert!(!had_id(&bert, "f96ea6a01aee2b20"));
    assert_eq!(run_id(&bert), "faff8f95d2dd40bf");
}

#[test]
fn the_law_of_the_encoder_is_part_of_the_ids_that_it_concerns() {
    let mut config = example();
    assert!(canonical(&config).contains("\nmodern 2\n"));
    config.encoder.preset = Preset::Bert;
    assert!(!canonical(&config).contains("\nbert "));
    config.objective = "electra".into();
    assert!(canonical(&config).contains("\nelectra 2\n"));
}

#[test]
fn a_task_without_a_name_is_no_other_run_than_before_there_were_names_and_one_with_a_name_is() {
    let mut config = example();
    assert!(!canonical(&config).contains("\"name\""));
    config.evaluate[0].name = Some("my text".into());
    assert_ne!(run_id(&config), run_id(&example()));
}

#[test]
fn judgements_at_equal_shares_are_no_other_run_than_before_there_were_others_and_those_on_a_log_scale_are() {
    let mut config = example();
    assert!(!canonical(&config).contains("\"spacing\""));
    config.spacing = Spacing::Log;
    assert_ne!(run_id(&config), run_id(&example()));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<RunConfig>(&written).unwrap(), config);
}

#[test]
fn the_built_in_language_brings_its_version_along() {
    let mut config = example();
    assert!(!canonical(&config).contains("\nfragment "));
    config.corpus.source = "fragment".into();
    assert!(canonical(&config).contains("\nfragment "));
    config.corpus.source = "novels".into();
    config.evaluate[0].task = "minimal-pairs".into();
    assert!(canonical(&config).contains("\nfragment "));
}

#[test]
fn laws_are_part_of_the_ids_that_they_concern() {
    let mut config = example();
    assert!(!canonical(&config).contains("dropout ") && !canonical(&config).contains("flops "));
    config.encoder.dropout = 0.1;
    config.budget.equalise = Axis::Flops;
    assert!(canonical(&config).contains("\ndropout 3\nflops 2\n"));
}

#[test]
fn the_law_of_corpora_is_part_of_the_ids_of_runs_on_files_and_with_given_tokenizers() {
    let mut config = example();
    assert!(canonical(&config).contains("\ncorpus 2\n"));
    config.corpus.source = "fragment".into();
    assert!(!canonical(&config).contains("\ncorpus "));
    config.corpus.tokenizer = TokenizerConfig::File { path: "t.json".into() };
    assert!(canonical(&config).contains("\ncorpus 2\n"));
}

#[test]
fn the_usual_precision_is_not_part_of_an_id() {
    let mut config = example();
    assert!(!canonical(&config).contains("precision"));
    config.encoder.precision = Precision::Bfloat16;
    assert!(canonical(&config).contains("bfloat16"));
}

/// Every value without parts in a document, by JSON pointer.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(table) => table
            .iter()
            .for_each(|(key, inner)| leaves(inner, &format!("{pointer}/{key}"), found)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, inner)| leaves(inner, &format!("{pointer}/{index}"), found)),
        _ => found.push(pointer.to_owned()),
    }
}

#[test]
fn every_key_is_part_of_the_id() {
    let original = serde_json::to_value(example()).unwrap();
    let mut pointers = Vec::new();
    leaves(&original, "", &mut pointers);
    let mut ids = BTreeSet::from([run_id(&example())]);
    for pointer in &pointers {
        let mut changed = original.clone();
        let leaf = changed.pointer_mut(pointer).unwrap();
        *leaf = match (pointer.as_str(), &*leaf) {
            ("/encoder/preset", _) => json!("bert"),
            ("/budget/equalise", _) => json!("steps"),
            ("/corpus/tokenizer/kind", _) => json!("bpe"),
            (_, Value::String(text)) => json!(format!("{text}x")),
            (_, Value::Number(number)) if number.is_f64() => json!(number.as_f64().unwrap() + 0.25),
            (_, Value::Number(number)) => json!(number.as_u64().unwrap() + 1),
            (pointer, other) => panic!("{pointer} is {other}"),
        };
        let config: RunConfig = serde_json::from_value(changed).unwrap();
        assert!(ids.insert(run_id(&config)), "{pointer} does not change the id");
    }
    assert!(pointers.len() > 30, "{} keys", pointers.len());
}

/// Free-form option tables, as deep as objectives have them.
fn options() -> impl Strategy<Value = Vec<(String, toml::Value)>> {
    let scalar = prop_oneof![
        any::<i64>().prop_map(toml::Value::Integer),
        (-1e300..1e300f64).prop_map(toml::Value::Float),
        any::<bool>().prop_map(toml::Value::Boolean),
        ".*".prop_map(toml::Value::String),
    ];
    let inner = scalar.clone().prop_recursive(2, 8, 3, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..3).prop_map(toml::Value::Array),
            prop::collection::btree_map("[a-z]{1,4}", value, 0..3)
                .prop_map(|table| toml::Value::Table(table.into_iter().collect()))
        ]
    });
    prop::collection::btree_map("[a-z]{1,4}", inner, 1..6).prop_map(|table| table.into_iter().collect())
}

fn with(options: impl IntoIterator<Item = (String, toml::Value)>) -> String {
    run_id(&RunConfig {
        options: options.into_iter().collect(),
        ..example()
    })
}

proptest! {
    #[test]
    fn the_order_of_keys_does_not_matter(entries in options()) {
        prop_assert_eq!(with(entries.clone()), with(entries.into_iter().rev()));
    }

    #[test]
    fn different_options_have_different_ids(left in options(), right in options()) {
        prop_assert_eq!(left == right, with(left) == with(right));
    }
}
