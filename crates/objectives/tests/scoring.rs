//! Every score that an objective declares, on untrained models.

mod common;

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use common::{SPECIAL, every_objective, vocabulary};

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
        let declared: Vec<&str> = entry.scores.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(model.scores(), declared, "{} ({mode})", entry.name);
        for rule in declared {
            let together = model.score(rule, &sentences, &vocabulary);
            for (sentence, score) in sentences.iter().zip(&together) {
                let alone = model.score(rule, std::slice::from_ref(sentence), &vocabulary);
                assert!((alone[0] - score).abs() < 1e-4, "{} ({mode}), {rule}", entry.name);
                // Near a uniform guess: ln 60 per token, or ln 2 for the discriminator.
                let guess = if rule == "discriminator" { 2f64.ln() } else { 60f64.ln() };
                assert!(
                    (score / (sentence.len() - 2) as f64 + guess).abs() < 0.5,
                    "{} ({mode}), {rule}: {score}",
                    entry.name
                );
            }
        }
    }
}
