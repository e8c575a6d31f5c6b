//! ELECTRA with copied weights is that of transformers, both halves: the same logits, the same losses, the same gradients. The
//! golden numbers and the script that made them are in `tests/parity/`.

use crate::common::training::number;
use crate::common::{configured, vocabulary};
use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, Preset, tensors};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Model};
use std::collections::BTreeMap;

/// What `make.py` draws.
const VOCABULARY: usize = 30;

/// Golden tensors by name.
struct Golden(BTreeMap<String, Parameter>);

impl Golden {
    fn read() -> Self {
        Self(tensors::parameters(include_bytes!("parity/electra.safetensors"), &Device::flex()).unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.0[name].numbers().unwrap()
    }

    fn whole(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(|number| number as u32).collect()
    }

    /// A model with these options, all of whose parameters are the golden ones.
    fn model(&self, options: &str) -> Model {
        let encoder = EncoderConfig {
            heads: 2,
            feed_forward: 24,
            dropout: 0.0,
            embedding_width: Some(10),
            ..EncoderConfig::preset(Preset::Bert, 16, 2, 12)
        };
        let objective = configured("electra", options);
        let mut model = objective.build(
            &encoder,
            &vocabulary(VOCABULARY),
            &Init::new(1, &Device::flex().autodiff()),
        );
        model.change_parameters(&mut |path, parameter| {
            let golden = self.0[&format!("weight/{path}")].clone();
            assert_eq!(golden.shape(), parameter.shape(), "{path}");
            golden
        });
        model
    }

    /// Two windows of nine positions that read `inputs`.
    fn batch(&self, inputs: &str, positions: Vec<u32>) -> Batch {
        let originals = self.whole("originals");
        Batch {
            windows: 2,
            length: 9,
            inputs: self.whole(inputs),
            targets: positions.iter().map(|row| originals[*row as usize]).collect(),
            weights: vec![1.0; positions.len()],
            positions,
            originals,
            ..Batch::default()
        }
    }

    /// The gradients of a loss below these paths; there are none elsewhere.
    fn agrees(&self, kind: &str, model: &Model, batch: &Batch) {
        let loss = model.loss(batch, Draw::new(1, "step"), false).total;
        assert_near(
            "loss",
            &[number(&loss) as f32],
            &self.numbers(&format!("{kind} loss")),
            1e-4,
        );
        let (gradients, mut compared) = (loss.backward(), 0);
        model.each_parameter(&mut |path, parameter| {
            let found = parameter.grad(&gradients).map(|gradient| gradient.numbers().unwrap());
            match self.0.get(&format!("{kind} gradient/{path}")) {
                Some(golden) => {
                    let found = found.unwrap_or_else(|| panic!("no gradient for {path}"));
                    assert_near(path, &found, &golden.numbers().unwrap(), 1e-3);
                    compared += 1;
                }
                None => assert!(
                    found.is_none_or(|found| found.iter().all(|number| *number == 0.0)),
                    "{path}"
                ),
            }
        });
        let golden = self
            .0
            .keys()
            .filter(|name| name.starts_with(&format!("{kind} gradient/")));
        assert_eq!(compared, golden.count());
    }
}

/// Whether all numbers are near, on the scale of the largest of the golden ones.
fn assert_near(name: &str, found: &[f32], golden: &[f32], tolerance: f32) {
    assert_eq!(found.len(), golden.len(), "{name}");
    let scale = golden.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let pairs = found.iter().zip(golden);
    let worst = pairs.fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(scale > 1e-4, "{name} says nothing: {scale}");
    assert!(worst <= tolerance * scale, "{name}: {worst} of {scale}");
}

#[test]
fn the_generator_is_that_of_transformers() {
    let golden = Golden::read();
    let model = golden.model("generator_width = 0.5\ndiscriminator_weight = 0");
    let rows = golden.whole("rows");
    // Every id is asked for at every hidden position: what is lost is the logit but for a number of the position's own.
    let mut asked = golden.batch("hidden", rows.iter().flat_map(|row| [*row; VOCABULARY]).collect());
    asked.targets = (0..VOCABULARY as u32).collect::<Vec<_>>().repeat(rows.len());
    let lost = model.masked_losses(&asked).unwrap();
    for (lost, logits) in lost
        .chunks(VOCABULARY)
        .zip(golden.numbers("generator logits").chunks(VOCABULARY))
    {
        let largest = logits.iter().copied().fold(f32::MIN, f32::max);
        let total = logits.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln() + largest;
        let found: Vec<f32> = lost.iter().map(|lost| total - lost).collect();
        assert_near("logits", &found, logits, 1e-4);
    }
    golden.agrees("generator", &model, &golden.batch("hidden", rows));
}

#[test]
fn the_discriminator_is_that_of_transformers() {
    let golden = Golden::read();
    let model = golden.model("generator = \"uniform\"\ndiscriminator_weight = 1");
    let all = golden.batch("replaced", (0..18).collect());
    let rule = model.rule("discriminator").unwrap().clone();
    assert_eq!(rule.name, "discriminator");
    golden.agrees("discriminator", &model, &golden.batch("replaced", golden.whole("rows")));
    // -log σ(-logit) is what a verdict loses.
    let sentences: Vec<Vec<u32>> = all.inputs.chunks(9).map(<[u32]>::to_vec).collect();
    let scores = model
        .frozen()
        .score(&rule, &sentences, &vocabulary(VOCABULARY))
        .unwrap();
    let logits = golden.numbers("discriminator logits");
    for (score, logits) in scores.iter().zip(logits.chunks(9)) {
        let lost: f64 = logits.iter().map(|logit| f64::from(*logit).exp().ln_1p()).sum();
        assert!((score + lost).abs() < 1e-4 * lost, "{score} and {lost}");
    }
}
