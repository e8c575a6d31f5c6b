//! BERT with next sentence prediction and ALBERT with sentence order prediction are those of transformers: what they say of two
//! segments, their losses and the gradients of these. The files and the script that made them are in
//! `crates/backbone/tests/parity/`.

use crate::common::training::number;
use burn::tensor::Device;
use cloze_backbone::hub::{CONFIG, HubModel};
use cloze_backbone::{Parameter, Parameters, tensors};
use cloze_corpus::{SpecialTokens, Vocabulary};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Example, Model, imported};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CLASSES: [&str; 2] = ["BertForPreTraining", "AlbertForPreTraining"];

fn file(class: &str, name: &str) -> PathBuf {
    let parity = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backbone/tests/parity/hub");
    parity.join(class).join(name)
}

/// Golden tensors by name.
struct Golden(BTreeMap<String, Parameter>);

impl Golden {
    fn read(class: &str, name: &str) -> Self {
        let bytes = std::fs::read(file(class, name)).unwrap();
        Self(tensors::parameters(&bytes, &Device::flex()).unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.0[name].numbers().unwrap()
    }

    fn whole(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(|number| number as u32).collect()
    }
}

fn model(class: &str, device: &Device) -> Model {
    let hub = HubModel::read(&file(class, "")).unwrap();
    let tokens = Vocabulary::new(hub.network.tokens.vocabulary, SpecialTokens::FIRST);
    imported(&hub, &tokens, device).unwrap().0
}

fn difference(found: &[f32], golden: &[f32]) -> f32 {
    assert_eq!(found.len(), golden.len());
    let pairs = found.iter().zip(golden);
    pairs.fold(0.0, |most: f32, (one, other)| most.max((one - other).abs()))
}

#[test]
fn the_verdict_on_two_segments_is_that_of_transformers() {
    for class in CLASSES {
        let (model, golden) = (model(class, &Device::flex()), Golden::read(class, "golden.safetensors"));
        assert_eq!(&*model.rules()[0].name, "pseudo-log-likelihood");
        let verdict = |text: usize, segments: Option<Vec<u32>>| {
            let example = Example {
                segment_ids: segments,
                ..model.reading(&golden.whole(&format!("ids/{text}")))
            };
            let found = model.verdicts(&Batch::of(&[example])).unwrap();
            found.into_data().iter::<f32>().collect::<Vec<_>>()
        };
        for text in 0..2 {
            let wanted = golden.numbers(&format!("verdict/{text}"));
            let segments = golden.whole(&format!("segments/{text}"));
            let worst = difference(&verdict(text, Some(segments)), &wanted);
            assert!(worst < 2e-5, "{class}: {worst}");
            // It depends on where the second one begins.
            assert!(difference(&verdict(text, None), &wanted) > 1e-3, "{class}");
        }
    }
}

#[test]
fn the_loss_of_tokens_and_verdicts_and_its_gradients_are_those_of_transformers() {
    for class in CLASSES {
        let (model, golden) = (
            model(class, &Device::flex().autodiff()),
            Golden::read(class, "loss.safetensors"),
        );
        let (positions, apart) = (golden.whole("rows"), golden.whole("apart"));
        assert_eq!(apart, [0, 1]);
        let batch = Batch {
            windows: 2,
            length: 8,
            inputs: golden.whole("ids"),
            originals: golden.whole("ids"),
            targets: golden.whole("targets"),
            weights: vec![1.0; positions.len()],
            positions,
            segment_ids: Some(golden.whole("segments").into()),
            extra: BTreeMap::from([("apart", apart)]),
            ..Batch::default()
        };
        let loss = model.loss(&batch, Draw::new(1, "step"), false);
        let names: Vec<&str> = loss.parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["mlm", "pairs"]);
        let (found, wanted) = (number(&loss.total), f64::from(golden.numbers("loss")[0]));
        assert!((found - wanted).abs() < 1e-5 * wanted, "{class}: {found} {wanted}");
        // Their gradients have the names of their parameters, and so find their places as those do.
        let config = std::fs::read_to_string(file(class, CONFIG)).unwrap();
        let slopes = std::fs::read(file(class, "gradients.safetensors")).unwrap();
        let golden = HubModel::parse(&config, &slopes).unwrap().numbers;
        let (gradients, mut compared) = (loss.total.backward(), 0);
        model.each_parameter(&mut |path, parameter| {
            let golden = &golden
                .get(path)
                .unwrap_or_else(|| panic!("{class} has no {path}"))
                .values;
            let found = parameter
                .grad(&gradients)
                .unwrap_or_else(|| panic!("no gradient for {path}"));
            let scale = golden.iter().fold(0.0f32, |most, number| most.max(number.abs()));
            let worst = difference(&found.numbers().unwrap(), golden);
            assert!(scale > 1e-4, "{class} {path} says nothing: {scale}");
            assert!(worst <= 1e-4 * scale, "{class} {path}: {worst} of {scale}");
            compared += 1;
        });
        assert_eq!(compared, golden.len(), "{class}");
    }
}
