//! Which classes a model is.

use super::{With, config, disentangled, parameters, shared};
use crate::hub::{left_out, of};
use crate::{Absolute, EncoderConfig, Preset, Variant};
use cloze_kernels::{Ranks, Visibility};
use std::sync::Arc;

#[test]
fn the_classes_of_a_model_are_those_that_have_all_of_its_parts() {
    let classes = |preset, visibility, with, alone| {
        let parameters = parameters(&config(preset, 8), with);
        let found = of(
            &config(preset, 8),
            &visibility,
            parameters.keys().map(String::as_str),
            alone,
        );
        found.map(|found| found.iter().map(|one| one.class).collect::<Vec<_>>())
    };
    use Preset::{Bert, Modern};
    use Visibility::{Bidirectional, Causal};
    use With::{Electra, Pairs, Tokens};
    assert_eq!(
        classes(Bert, Bidirectional, Tokens, false).unwrap(),
        ["BertForMaskedLM"]
    );
    assert_eq!(classes(Bert, Causal, Tokens, false).unwrap(), ["BertLMHeadModel"]);
    assert_eq!(
        classes(Bert, Bidirectional, Electra, false).unwrap(),
        ["ElectraForPreTraining", "ElectraForMaskedLM"]
    );
    assert_eq!(
        classes(Modern, Bidirectional, Tokens, false).unwrap(),
        ["ModernBertForMaskedLM"]
    );
    assert_eq!(
        classes(Modern, Causal, Tokens, false).unwrap(),
        ["ModernBertDecoderForCausalLM"]
    );
    assert_eq!(
        classes(Modern, Bidirectional, Electra, true).unwrap(),
        ["ModernBertModel"]
    );
    assert_eq!(classes(Bert, Causal, Tokens, true).unwrap(), ["BertModel"]);
    assert_eq!(
        classes(Bert, Bidirectional, Pairs, false).unwrap(),
        ["BertForPreTraining"]
    );
    // ModernBERT has no verdict on two segments: it is left out.
    assert_eq!(
        classes(Modern, Bidirectional, Pairs, false).unwrap(),
        ["ModernBertForMaskedLM"]
    );
    let fault = classes(Modern, Bidirectional, Electra, false).unwrap_err();
    assert!(fault.what.contains("`discriminator_dense`"), "{fault}");
    assert!(
        fault.what.contains("no model of ModernBERT with a discriminator"),
        "{fault}"
    );
    let ranked = Visibility::Ranked(Arc::new(Ranks::new(vec![0, 1])));
    assert!(classes(Bert, ranked, Tokens, false).is_err());
    let paths = [
        "encoder.tokens",
        "head.dense.weight",
        "boundary.dense.weight",
        "orders.dense.weight",
    ];
    let fault = of(&config(Bert, 8), &Bidirectional, paths, false).unwrap_err();
    assert!(fault.what.starts_with("`orders` has no counterpart"), "{fault}");
    let albert = |visibility: &Visibility| of(&shared(8), visibility, ["head.dense.weight"], false);
    assert_eq!(albert(&Bidirectional).unwrap()[0].class, "AlbertForMaskedLM");
    let asked = ["head.bias", "pooler.weight", "verdict.weight"];
    let pairs = of(&shared(8), &Bidirectional, asked, false).unwrap();
    assert_eq!(
        (pairs.len(), pairs[0].class, left_out(&pairs, asked).len()),
        (1, "AlbertForPreTraining", 0)
    );
    let masked = of(&config(Modern, 8), &Bidirectional, asked, false).unwrap();
    let left: Vec<&str> = left_out(&masked, asked).into_iter().map(|(part, _)| part).collect();
    assert_eq!(left, ["pooler", "verdict"]);
    // Nothing of ALBERT's looks back only.
    assert_eq!(albert(&Causal).unwrap()[0].class, "BertLMHeadModel");
    let narrow = EncoderConfig {
        embedding_width: Some(4),
        ..shared(8)
    };
    let modern = EncoderConfig {
        preset: Modern,
        ..shared(8)
    };
    for (config, visibility, what) in [
        (&narrow, Causal, "causal `bert` encoder with projected embeddings"),
        (
            &modern,
            Bidirectional,
            "bidirectional `modern` encoder with layers that share a block",
        ),
        (
            &modern,
            Causal,
            "causal `modern` encoder with layers that share a block",
        ),
    ] {
        let fault = of(config, &visibility, ["head.dense.weight"], true).unwrap_err();
        assert!(fault.what.ends_with(what), "{fault}");
    }
    // ELECTRA's classes have the exact GELU.
    let by_tanh = EncoderConfig {
        variant: Some(Variant {
            epsilon: 1e-12,
            approximate: true,
            bases: Vec::new(),
        }),
        ..config(Bert, 8)
    };
    let electra = parameters(&config(Bert, 8), Electra);
    let electra = || electra.keys().map(String::as_str);
    let fault = of(&by_tanh, &Bidirectional, electra(), false).unwrap_err();
    assert!(
        fault.what.contains("`discriminator_dense`") && fault.what.contains("exact GELU"),
        "{fault}"
    );
    assert!(of(&by_tanh, &Bidirectional, electra(), true).is_ok());
    // A head that only training uses is left out, and that is said.
    let found = of(&config(Bert, 8), &Bidirectional, paths.into_iter().take(3), false).unwrap();
    assert_eq!(found[0].class, "BertForMaskedLM");
    assert_eq!(left_out(&found, paths)[0].0, "boundary");
}

#[test]
fn disentangled_attention_is_debertas_where_it_has_all_of_it() {
    use Visibility::{Bidirectional, Causal};
    let classes = |config: &EncoderConfig, visibility: &Visibility, parts: &[&str], alone| {
        let found = of(config, visibility, parts.iter().copied(), alone);
        found.map(|found| found.iter().map(|one| (one.class, one.folder)).collect::<Vec<_>>())
    };
    let plain = disentangled(8, true, Absolute::Nowhere);
    let masked = ["encoder.tokens", "head.dense.weight"];
    let known = classes(&plain, &Bidirectional, &masked, false).unwrap();
    assert_eq!(known, [("DebertaV2ForMaskedLM", None)]);
    assert_eq!(
        classes(&plain, &Bidirectional, &masked, true).unwrap(),
        [("DebertaV2Model", None)]
    );
    // Replaced-token detection: the discriminator's encoder, whose head has no class, and the generator with its own.
    let detecting = [
        "encoder.tokens",
        "added_tokens",
        "norm.gain",
        "discriminator.dense.weight",
        "generator.blocks.0.qkv.weight",
        "generator_norm.gain",
        "generator_head.bias",
    ];
    let found = classes(&plain, &Bidirectional, &detecting, false).unwrap();
    assert_eq!(
        found,
        [("DebertaV2Model", None), ("DebertaV2ForMaskedLM", Some("generator"))]
    );
    let found = of(&plain, &Bidirectional, detecting, false).unwrap();
    assert_eq!(left_out(&found, detecting).len(), 3);
    let shared = EncoderConfig {
        layer_groups: Some(1),
        ..plain.clone()
    };
    assert_eq!(classes(&shared, &Bidirectional, &masked, false).unwrap(), known);
    let modern = EncoderConfig {
        preset: Preset::Modern,
        ..plain.clone()
    };
    for (config, visibility) in [(&plain, Causal), (&shared, Causal), (&modern, Bidirectional)] {
        let fault = classes(config, &visibility, &masked, false).unwrap_err();
        assert!(fault.what.contains("disentangled attention"), "{fault}");
    }
    let decoding = disentangled(8, true, Absolute::Decoder);
    let fault = classes(&decoding, &Bidirectional, &masked, false).unwrap_err();
    assert!(fault.what.contains("mask decoder"), "{fault}");
    assert!(classes(&decoding, &Bidirectional, &masked, true).is_ok());
}
