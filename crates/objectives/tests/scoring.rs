//! Every score that an objective declares, on untrained models.

mod common;

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_objectives::Answerer;
use common::{SPECIAL, configured, every_objective, vocabulary};

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
        assert_eq!(model.rules(), entry.scores, "{} ({mode})", entry.name);
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
    assert_eq!(fault.allowed.as_deref(), Some("pseudo-log-likelihood"));
}
