//! What is said about wrong options, and what stands in a frozen configuration.

use crate::common::{configured, registered};
use cloze_backbone::{EncoderConfig, Preset};
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

/// What asks for more than an encoder of two layers and windows of 64 have is refused before anything is trained.
#[test]
fn an_option_beyond_the_encoder_or_the_window_names_its_key_and_what_is_allowed() {
    let encoder = EncoderConfig::preset(Preset::Modern, 64, 2, 64);
    let on = |objective: &str, options: &str| configured(objective, options).on(&encoder);
    for (objective, options, place, allowed) in [
        // 9.6 tokens are hidden at .15, 12.8 at .2.
        ("span", "law = \"t5\"\nspan_mean = 900", "span_mean", "1 to 9.6"),
        ("span", "law = \"t5\"\nspan_mean = 10", "span_mean", "1 to 9.6"),
        (
            "span",
            "law = \"t5\"\nspan_mean = 13\nrate = { from = 0.2, to = 0.6 }",
            "span_mean",
            "1 to 12.8",
        ),
        (
            "span",
            "law = \"t5\"\nspan_mean = 4\nrate = { values = [0.6, 0.05, 0.6], at = [0.3331, 0.3332] }",
            "span_mean",
            "1 to 3.2",
        ),
        ("span", "span_words = 65", "span_words", "1 to 64"),
        ("span", "boundary_tokens = 65", "boundary_tokens", "1 to 64"),
        ("n-gram", "longest = 65", "longest", "1 to 64"),
        ("permutation", "span_words = 65", "span_words", "1 to 64"),
        ("electra", "generator_layers = 3", "generator_layers", "1 to 2"),
        (
            "electra",
            "generator_layers = 3\ntying = \"none\"",
            "generator_layers",
            "1 to 2",
        ),
        (
            "electra",
            "generator_layers = 3\ntying = \"all\"\ngenerator_width = 1",
            "generator_layers",
            "2",
        ),
        ("replace-mlm", "generator_layers = 3", "generator_layers", "1 to 2"),
        ("all-tokens-mlm", "generator_layers = 3", "generator_layers", "1 to 2"),
        ("rtd", "generator_layers = 3", "generator_layers", "1 to 2"),
        (
            "mixture",
            "mixture = [{ objective = \"mlm\", share = 0.5 }, { objective = \"span\", span_words = 65 }]",
            "mixture[1].span_words",
            "1 to 64",
        ),
    ] {
        let found = on(objective, options).unwrap_err();
        assert_eq!(found.place().as_deref(), Some(place), "{options}: {found}");
        assert_eq!(found.allowed.as_deref(), Some(allowed), "{options}: {found}");
        assert_eq!(found.exit_status(), 2);
    }
    for (objective, options) in [
        ("span", "law = \"t5\"\nspan_mean = 9"),
        ("span", "law = \"t5\"\nspan_mean = 12\nrate = { from = 0.2, to = 0.6 }"),
        ("span", "span_words = 64\nboundary_tokens = 64"),
        ("n-gram", "longest = 64"),
        ("rtd", "generator_layers = 2"),
        ("electra", "generator_layers = 2"),
    ] {
        on(objective, options).unwrap();
    }
    // What nobody asked for fits any window.
    let short = EncoderConfig::preset(Preset::Modern, 64, 2, 4);
    for (entry, mode, objective) in registered() {
        objective
            .on(&short)
            .unwrap_or_else(|fault| panic!("{} ({mode}): {fault}", entry.name));
    }
}

/// What trains nothing but a helper beside the encoder has nothing for whoever judges the encoder.
#[test]
fn an_encoder_that_would_learn_nothing_is_refused_at_the_weight() {
    let encoder = EncoderConfig::preset(Preset::Modern, 64, 2, 64);
    let on = |objective: &str, options: &str| configured(objective, options).on(&encoder);
    let refused = |objective: &str, options: &str, place: &str| {
        let found = on(objective, options).err();
        let found = found.unwrap_or_else(|| panic!("{objective}: {options} was accepted"));
        assert_eq!(found.place().as_deref(), Some(place), "{options}: {found}");
        assert!(
            found.what.contains("layers would learn nothing") && found.allowed.is_some(),
            "{found}"
        );
    };
    for (objective, beside, key) in [
        ("electra", "", "discriminator_weight"),
        ("electra", "tying = \"none\"", "discriminator_weight"),
        ("electra", "generator = \"uniform\"", "discriminator_weight"),
        ("rtd", "", "discriminator_weight"),
        ("replace-mlm", "", "encoder_weight"),
        ("all-tokens-mlm", "", "encoder_weight"),
    ] {
        for nothing in [
            "0",
            "-0.0",
            "{ from = 0, to = 0 }",
            "{ values = [0, 0, 0], at = [0.2, 0.6] }",
        ] {
            refused(objective, &format!("{beside}\n{key} = {nothing}"), key);
        }
        on(
            objective,
            &format!("{beside}\n{key} = {{ values = [0, 1, 0], at = [0.2, 0.6] }}"),
        )
        .unwrap();
    }
    // Where the generator is the encoder, and where the other loss is the objective's own.
    for (objective, options) in [
        (
            "electra",
            "tying = \"all\"\ngenerator_width = 1\ndiscriminator_weight = 0",
        ),
        ("span", "boundary_weight = 0"),
    ] {
        on(objective, options).unwrap();
    }
}

#[test]
fn a_mixture_teaches_the_encoder_by_a_part_that_has_windows_and_a_weight_at_once() {
    let encoder = EncoderConfig::preset(Preset::Modern, 64, 2, 64);
    let on = |parts: &str| configured("mixture", &format!("mixture = [{parts}]")).on(&encoder);
    // One part has all windows in the first half and counts in the second, the other the other way round.
    let apart = |at: f64| {
        format!(
            "{{ objective = \"mlm\", share = {{ from = 1, to = 0, shape = \"step\" }}, weight = {{ from = 0, to = 1, shape = \"step\", at = {at} }} }}, \
             {{ objective = \"autoregressive\", weight = {{ from = 1, to = 0, shape = \"step\" }} }}"
        )
    };
    for (parts, place) in [
        (
            "{ objective = \"mlm\", share = 0.5, weight = 0 }, { objective = \"autoregressive\", weight = 0 }",
            "mixture[0].weight",
        ),
        (
            "{ objective = \"mlm\", share = 0.5, weight = 0 }, { objective = \"rtd\", discriminator_weight = 0 }",
            "mixture[1].discriminator_weight",
        ),
        (&apart(0.5), "mixture[0].weight"),
    ] {
        let found = on(parts).err().unwrap_or_else(|| panic!("{parts} was accepted"));
        assert_eq!(found.place().as_deref(), Some(place), "{parts}: {found}");
    }
    for parts in [
        "{ objective = \"mlm\", share = 0.5 }, { objective = \"rtd\", discriminator_weight = 0 }",
        "{ objective = \"mlm\", share = 0.5, weight = 0 }, { objective = \"autoregressive\" }",
        // Between two moments that any grid of a thousand knows.
        &apart(0.49995),
    ] {
        on(parts).unwrap_or_else(|fault| panic!("{parts}: {fault}"));
    }
}

#[test]
fn a_schedule_that_does_not_fit_the_options_beside_it_names_its_key() {
    for (objective, options, place) in [
        (
            "mlm",
            "copies = 4\nreplace = { mask = { from = 0.8, to = 0.4 } }",
            "copies",
        ),
        ("mlm", "copies = 4\npredict = { from = 0.5, to = 1 }", "copies"),
        (
            "mlm",
            "rate = 0.4\npredict = { values = [1, 3, 1], at = [0.3, 0.4] }",
            "predict",
        ),
        ("mlm", "replace = { mask = { from = 0.8, to = 1 } }", "replace"),
        (
            "mlm",
            "replace = { mask = 0, random = { from = 0, to = 0 } }",
            "replace",
        ),
        ("electra", "masked = { from = 0, to = 0.85 }", "masked.from"),
        (
            "entity",
            "entities = { values = [0.5, 1.5], at = [0.5] }",
            "entities.values[1]",
        ),
        ("span", "boundary_weight = { from = 1, to = -1 }", "boundary_weight.to"),
    ] {
        let found = fault(objective, options);
        assert_eq!(found.place().as_deref(), Some(place), "{options}: {found}");
    }
    // The sum is above 1 at the end alone.
    let found = fault("mlm", "replace = { mask = { from = 0.8, to = 1 } }");
    assert!(found.what.contains("% of the budget is used"), "{found}");
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
