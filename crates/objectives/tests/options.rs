//! What is said about wrong options, and what stands in a frozen configuration.

use cloze_foundation::Fault;
use cloze_objectives::{configure, registry};
use cloze_options::{Written, tree};

fn fault(objective: &str, options: &str) -> Fault {
    let table = options.parse().unwrap();
    configure(objective, &table)
        .err()
        .unwrap_or_else(|| panic!("{options} was accepted"))
}

#[test]
fn a_misspelt_key_names_its_place_and_the_nearest_one() {
    let found = fault("mlm", "raet = 0.2");
    assert_eq!(
        (found.place().as_deref(), found.nearest.as_deref()),
        (Some("raet"), Some("rate"))
    );
    assert_eq!(
        found.allowed.as_deref(),
        Some("mode, rate, replace, select, predict, copies, pairs")
    );
    let nested = fault("mlm", "rate = { frm = 0.3, to = 0.15 }");
    assert_eq!(
        (nested.place().as_deref(), nested.nearest.as_deref()),
        (Some("rate.frm"), Some("from"))
    );
}

#[test]
fn a_misspelt_word_names_the_allowed_ones() {
    let found = fault("mlm", "mode = \"referense\"");
    assert_eq!(
        (found.place().as_deref(), found.nearest.as_deref()),
        (Some("mode"), Some("reference"))
    );
    let shape = fault("span", "rate = { from = 0.3, to = 0.15, shape = \"cosinus\" }");
    assert_eq!(
        (shape.place().as_deref(), shape.nearest.as_deref()),
        (Some("rate.shape"), Some("cosine"))
    );
}

#[test]
fn a_value_out_of_range_or_of_another_type_names_its_key() {
    for (objective, options, place) in [
        ("mlm", "rate = 1.5", "rate"),
        ("mlm", "rate = 0", "rate"),
        ("mlm", "rate = nan", "rate"),
        ("mlm", "rate = inf", "rate"),
        ("mlm", "rate = \"much\"", "rate"),
        ("mlm", "rate = { from = 0.3 }", "rate.to"),
        ("mlm", "rate = { from = 0.3, to = 2.0 }", "rate.to"),
        ("whole-word", "replace = { mask = 0.95, random = 0.1 }", "replace"),
        ("span", "span_stop = 0.0", "span_stop"),
        ("span", "span_words = 0", "span_words"),
        ("whole-word", "replace = { mask = 1.5 }", "replace.mask"),
        ("electra", "discriminator_weight = inf", "discriminator_weight"),
        ("mlm", "select = \"coin\"", "select"),
        ("mlm", "predict = 0", "predict"),
        ("mlm", "predict = 7", "predict"),
        ("mlm", "copies = 0", "copies"),
        ("whole-word", "copies = 4\nrate = { from = 0.3, to = 0.15 }", "copies"),
        ("n-gram", "longest = 0", "longest"),
        ("n-gram", "placement = \"window\"", "placement"),
        ("frequency", "exponent = -1", "exponent"),
        ("pmi", "vocabulary = 0", "vocabulary"),
        ("pmi", "occurrences = 0.5", "occurrences"),
        ("entity", "entities = 1.5", "entities"),
        ("autoregressive", "mode = 1", "mode"),
        ("prefix", "mode = \"reference\"", "mode"),
        ("mntp", "rate = 0", "rate"),
        ("diffusion", "smallest_time = 0", "smallest_time"),
        ("diffusion", "smallest_time = 1", "smallest_time"),
        ("permutation", "span_words = 0", "span_words"),
        ("electra", "generator_width = 0", "generator_width"),
        ("electra", "discriminator_weight = -1", "discriminator_weight"),
    ] {
        let found = fault(objective, options);
        assert_eq!(found.place().as_deref(), Some(place), "{options}: {found}");
        assert_eq!(found.exit_status(), 2);
    }
}

#[test]
fn a_wrong_option_in_a_file_is_shown() {
    let document = tree::parse(
        "x.toml",
        "objective = \"mlm\"\nreplace = { mask = 0.95, random = 0.1 }\n",
    )
    .unwrap();
    let arm = document.top();
    let replace = document.find("replace").unwrap();
    let mut options = arm.clone();
    assert!(registry::read("mlm", &options).is_err(), "`objective` is not an option");
    let table = cloze_options::Node {
        value: cloze_options::Value::Table([("replace".to_owned(), replace.clone())].into()),
        origin: document.origin.clone(),
    };
    options = Written::new(&table, "arm");
    assert_eq!(
        registry::read("mlm", &options).err().unwrap().to_string(),
        "mask = 0.95 and random = 0.1 are more than everything\n  at x.toml:2:11 (arm.replace)\n  \
         2 | replace = { mask = 0.95, random = 0.1 }\n    |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  \
         allowed: shares with a sum of at most 1; the rest is kept\n  hint: `cloze explain mlm` describes its options"
    );
}

#[test]
fn frozen_options_keep_their_form() {
    // Run ids hash this: floats stay floats, whole numbers whole, words lower-case.
    for (objective, options, frozen) in [
        (
            "mlm",
            "",
            "mode = \"corrected\"\nrate = 0.15\nreplace = { mask = 0.8, random = 0.1 }",
        ),
        (
            "mlm",
            "select = \"bernoulli\"\npredict = 0.5\ncopies = 10",
            "mode = \"corrected\"\nrate = 0.15\nreplace = { mask = 0.8, random = 0.1 }\nselect = \"bernoulli\"\n\
             predict = 0.5\ncopies = 10",
        ),
        (
            "whole-word",
            "select = \"exact\"\npredict = 1",
            "mode = \"corrected\"\nrate = 0.15\nreplace = { mask = 0.8, random = 0.1 }",
        ),
        (
            "whole-word",
            "mode = \"reference\"\nrate = { from = 0.3, to = 0.15 }\nreplace = { mask = 1, random = 0 }",
            "mode = \"reference\"\nrate = { from = 0.3, to = 0.15, shape = \"linear\" }\nreplace = { mask = 1.0, random = 0.0 }",
        ),
        (
            "span",
            "rate = { from = 0.5, to = 0.25, shape = \"cosine\" }\nboundary_weight = 0",
            "mode = \"corrected\"\nrate = { from = 0.5, to = 0.25, shape = \"cosine\" }\nreplace = { mask = 0.8, random = 0.1 }\n\
             span_stop = 0.2\nspan_words = 10\nboundary_weight = 0.0\nboundary_tokens = 15",
        ),
        (
            "electra",
            "discriminator_weight = 20",
            "mode = \"corrected\"\nrate = 0.15\nmasked = 0.85\ngenerator_width = 0.25\ndiscriminator_weight = 20.0",
        ),
        ("autoregressive", "", "mode = \"corrected\""),
    ] {
        let configured = configure(objective, &options.parse().unwrap()).unwrap().options();
        assert_eq!(configured, frozen.parse().unwrap(), "{objective}");
    }
}
