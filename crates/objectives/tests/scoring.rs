//! Every score that an objective declares, on untrained models.

use crate::common::{SPECIAL, configured, every_objective, vocabulary};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_objectives::scoring::{brackets, every_position};
use cloze_objectives::{Answerer, Batch, Example, Rule, rules};

#[test]
fn a_score_is_finite_negative_and_independent_of_the_other_sentences() {
    let vocabulary = vocabulary(60);
    let config = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 1, 16)
    };
    let sentence = |words: &[u32]| [&[SPECIAL.start], words, &[SPECIAL.end]].concat();
    let sentences = [
        sentence(&[7, 8, 9]),
        sentence(&[30, 31]),
        sentence(&[9, 8, 7]),
        sentence(&[5, 6, 7, 8, 9, 10, 11]),
    ];
    for (entry, mode, objective) in every_objective() {
        let model = objective
            .build(&config, &vocabulary, &Init::new(1, &Device::flex().autodiff()))
            .frozen();
        let known = rules(entry.name, &objective.options()).unwrap();
        assert_eq!(model.rules(), known, "{} ({mode})", entry.name);
        for rule in model.rules() {
            let score = |sentences: &[Vec<u32>]| model.score(rule, sentences, &vocabulary).unwrap();
            let together = score(&sentences);
            for (sentence, together) in sentences.iter().zip(&together) {
                let at = format!("{} ({mode}), {}: {together}", entry.name, rule.name);
                assert!(
                    (score(std::slice::from_ref(sentence))[0] - together).abs() < 1e-4,
                    "{at}"
                );
                assert!(together.is_finite() && *together < 0.0, "{at}");
                if rule.who != Answerer::Discriminator {
                    // Near a guess among all 60 ids.
                    let per_token = together / (sentence.len() - 2) as f64;
                    assert!((per_token + 60f64.ln()).abs() < 0.5, "{at}");
                }
            }
        }
    }
}

/// Sentences of many lengths, in no order.
fn sentences(count: u32) -> Vec<Vec<u32>> {
    let sentence = |n: u32| {
        let words = (0..1 + n * 5 % 13).map(|k| 5 + (n * 11 + k * 7) % 55);
        std::iter::once(SPECIAL.start)
            .chain(words)
            .chain([SPECIAL.end])
            .collect()
    };
    (0..count).map(sentence).collect()
}

/// Whatever else is scored in the same call, in whatever order, cut into whatever batches: the score is the same to the bit.
#[test]
fn a_score_is_the_same_bits_in_any_company_and_order() {
    let vocabulary = vocabulary(60);
    let config = EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(Preset::Modern, 32, 2, 16)
    };
    let all = sentences(700);
    for (entry, mode, objective) in every_objective() {
        let model = objective
            .build(&config, &vocabulary, &Init::new(1, &Device::flex().autodiff()))
            .frozen();
        for rule in model.rules() {
            let score = |sentences: &[Vec<u32>]| model.score(rule, sentences, &vocabulary).unwrap();
            let together = score(&all);
            let backwards = score(&all.iter().rev().cloned().collect::<Vec<_>>());
            for (index, (forth, back)) in together.iter().zip(backwards.iter().rev()).enumerate() {
                let at = format!("{} ({mode}), {}, sentence {index}", entry.name, rule.name);
                assert_eq!(forth.to_bits(), back.to_bits(), "{at}: {forth} {back}");
            }
            for few in [0..1, 1..3, 40..47, 100..300, 699..700] {
                let alone = score(&all[few.clone()]);
                for (index, alone) in few.zip(alone) {
                    let at = format!("{} ({mode}), {}, sentence {index}", entry.name, rule.name);
                    assert_eq!(
                        alone.to_bits(),
                        together[index].to_bits(),
                        "{at}: {alone} {}",
                        together[index]
                    );
                }
            }
        }
    }
}

/// The number that stands without brackets is the encoder's own, for every objective.
#[test]
fn the_headline_is_answered_by_the_encoder_and_helpers_stand_in_brackets() {
    for (entry, _, objective) in every_objective() {
        let config = EncoderConfig::preset(Preset::Modern, 32, 1, 16);
        let model = objective.build(&config, &vocabulary(60), &Init::new(1, &Device::flex()));
        assert_ne!(model.rules()[0].who, Answerer::Generator, "{}", entry.name);
        let brackets = brackets(model.rules());
        assert_eq!(brackets[0], "", "{}", entry.name);
        for (rule, brackets) in model.rules().iter().zip(&brackets).skip(1) {
            assert_eq!(*brackets, format!("[{}]", rule.name));
        }
    }
    let names = |name: &str| {
        let model = configured(name, "").build(
            &EncoderConfig::preset(Preset::Modern, 32, 1, 16),
            &vocabulary(60),
            &Init::new(1, &Device::flex()),
        );
        (brackets(model.rules()), model.masked_answerer())
    };
    let own = String::new();
    assert_eq!(
        names("electra"),
        (vec![own.clone(), "[generator]".to_owned()], Some(Answerer::Generator))
    );
    let by_words = "[pseudo-log-likelihood-word-l2r]".to_owned();
    for name in ["mlm", "whole-word", "span", "mntp", "mpnet"] {
        let both = vec![own.clone(), by_words.clone()];
        assert_eq!(names(name), (both, Some(Answerer::Encoder)), "{name}");
    }
    for name in ["autoregressive", "prefix"] {
        assert_eq!(names(name), (vec![own.clone()], None), "{name}");
    }
    for (name, others) in [("diffusion", &[by_words][..]), ("permutation", &[])] {
        let second = "[pseudo-log-likelihood]".to_owned();
        let all = [&[own.clone(), second], others].concat();
        assert_eq!(names(name), (all, Some(Answerer::Encoder)), "{name}");
    }
    // Were a helper the first to be asked, it would not stand there as if it were the encoder.
    let helper = Rule::new("helper", "its own score", Answerer::Generator, every_position);
    assert_eq!(brackets(&[helper]), ["[helper]"]);
}

/// Who answers about masked tokens has losses and guesses, and who has them says who answers: otherwise an evaluation
/// would leave an objective out without a word.
#[test]
fn whoever_predicts_masked_tokens_says_who_answers() {
    for (entry, _, objective) in every_objective() {
        let config = EncoderConfig::preset(Preset::Modern, 32, 1, 16);
        let model = objective.build(&config, &vocabulary(60), &Init::new(1, &Device::flex()));
        let mut example = Example::reading(&[SPECIAL.start, 7, SPECIAL.mask, 8, SPECIAL.end]);
        example.positions = vec![2];
        example.targets = vec![9];
        example.weights = vec![1.0];
        let batch = Batch::of(&[example]);
        let answers = model.masked_answerer().is_some();
        assert_eq!(model.masked_losses(&batch).is_some(), answers, "{}", entry.name);
        assert_eq!(model.masked_guesses(&batch).is_some(), answers, "{}", entry.name);
    }
}

#[test]
fn a_rule_that_a_model_does_not_have_is_refused() {
    let config = EncoderConfig::preset(Preset::Modern, 32, 1, 16);
    let init = Init::new(1, &Device::flex());
    let build = |name: &str| configured(name, "").build(&config, &vocabulary(60), &init);
    let (masked, causal) = (build("mlm"), build("autoregressive"));
    let fault = masked.rule("psuedo-log-likelihood").unwrap_err();
    assert_eq!(fault.nearest.as_deref(), Some("pseudo-log-likelihood"));
    let sentence = [vec![SPECIAL.start, 7, SPECIAL.end]];
    let other = causal.rule("left-to-right").unwrap();
    let fault = masked.score(other, &sentence, &vocabulary(60)).unwrap_err();
    assert!(fault.what.contains("left-to-right"), "{fault}");
    assert_eq!(
        fault.allowed.as_deref(),
        Some("pseudo-log-likelihood, pseudo-log-likelihood-word-l2r")
    );
}
