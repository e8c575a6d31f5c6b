//! What the encoder reads and what it is asked.

use super::*;
use crate::common::training::{
    LENGTH, SIZE, assert_slopes, batch, build, encoder, first_losses, is_a_guess, masked_flops, number,
};
use crate::common::{SPECIAL, configured, examples, vocabulary};
use crate::scoring::each_masked;
use burn::tensor::Device;
use cloze_backbone::{Parameters, Preset};

fn restorer() -> (Encoder, Restorer) {
    let (config, init) = (encoder(Preset::Bert), Init::new(1, &Device::flex().autodiff()));
    let head = VocabularyHead::new(&config, 32, SIZE, &init.at("head"));
    (Encoder::new(&config, SIZE, &init.at("encoder")), Restorer { head })
}

#[test]
fn at_first_both_predict_by_a_guess() {
    let losses = first_losses(&*configured("replace-mlm", ""));
    for part in ["generator", "encoder"] {
        assert!(is_a_guess(losses[part], SIZE, 0.15), "{losses:?}");
    }
    assert!((0.05..0.2).contains(&losses["replaced"]), "{losses:?}");
}

#[test]
fn slots_are_those_of_electra() {
    let pairs = examples("replace-mlm", "", 128).zip(examples("electra", "", 128));
    assert!(pairs.take(100).all(|(ours, electras)| ours == electras));
}

#[test]
fn the_encoder_reads_what_is_proposed_and_never_what_the_generator_read() {
    let (encoder, restorer) = restorer();
    let objective = configured("replace-mlm", "");
    let batch = batch(&*objective);
    let loss = |proposed: &[u32], batch: &Batch| number(&restorer.loss(&encoder, proposed, batch, None));
    let usual = loss(&batch.originals, &batch);
    // Without a single [MASK] for the generator: nothing changes.
    let mut seen = batch.clone();
    seen.inputs = batch.originals.clone();
    assert_eq!(loss(&batch.originals, &seen), usual);
    let mut proposed = batch.originals.clone();
    proposed[batch.positions[0] as usize] = 5 + (proposed[batch.positions[0] as usize] + 1) % 50;
    assert_ne!(loss(&proposed, &batch), usual);
}

#[test]
fn gradients_are_slopes() {
    let (encoder, restorer) = restorer();
    let batch = batch(&*configured("replace-mlm", ""));
    let of_head = |restorer: &Restorer| restorer.loss(&encoder, &batch.inputs, &batch, None);
    assert_eq!(assert_slopes(&restorer, &of_head), 5);
    let of_encoder = |encoder: &Encoder| restorer.loss(encoder, &batch.inputs, &batch, None);
    assert!(assert_slopes(&encoder, &of_encoder) > 10);
}

#[test]
fn flops_are_a_masked_models_and_the_generators() {
    let (objective, config) = (configured("replace-mlm", ""), encoder(Preset::Bert));
    let sizes = batch(&*objective).sizes();
    let predicted = sizes.predicted;
    let generator =
        4 * LENGTH * (32 * 8 + 8 * 24) + predicted * (2 * LENGTH * 8 + 8 * 8 + 2 * 8 * 32 + 32 * (8 + SIZE));
    assert_eq!(
        objective.flops(&config, SIZE, &sizes),
        masked_flops(false, predicted, predicted) + 3.0 * 2.0 * generator as f64
    );
}

#[test]
fn masked_tokens_are_asked_of_the_generator() {
    let model = build(&*configured("replace-mlm", ""), Preset::Bert).frozen();
    assert_eq!(model.masked_answerer(), Some(Answerer::Generator));
    let sentence = [SPECIAL.start, 7, 8, SPECIAL.end];
    let batch = Batch::of(&each_masked(&sentence.to_vec().into(), &vocabulary(SIZE)));
    let lost: f32 = model.masked_losses(&batch).unwrap().iter().sum();
    let rule = model.rule("generator").unwrap();
    let score = model.score(rule, &[sentence.to_vec()], &vocabulary(SIZE)).unwrap()[0];
    assert!((f64::from(lost) + score).abs() < 1e-4);
}

#[test]
fn what_is_no_generator_is_refused() {
    let fitted = |options: &str| {
        let config = cloze_backbone::EncoderConfig::preset(Preset::Modern, 20, 2, 8);
        configured("replace-mlm", options).fitted(&config)
    };
    let fault = fitted("").unwrap_err();
    assert_eq!(fault.place().as_deref(), Some("generator_width"));
    assert_eq!(
        fitted("generator_width = 0.2\ngenerator_layers = 2").unwrap(),
        fitted("generator_width = 0.21").unwrap()
    );
    assert!(build(&*configured("replace-mlm", "generator_layers = 3"), Preset::Bert).count() > 0);
}
