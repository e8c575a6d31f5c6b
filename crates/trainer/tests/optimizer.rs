//! The optimizer beside PyTorch's: clipping by the global norm, AdamW's numbers, which tensors decay.
//! The golden numbers and the script that made them are in `tests/optimizer/`.

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use cloze_backbone::{Dense, EncoderConfig, HiddenMatrix, Init, Parameter, Parameters, Preset};
use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::{Batch, Model, Objective};
use cloze_options::Words;
use cloze_trainer::optimizer::Matrices;
use cloze_trainer::optimizer::gradient_norm;
use cloze_trainer::optimizer::{HiddenRule, Kind, OptimizerOptions};
use cloze_trainer::{Muon, NorMuon, Optimizer, OptimizerConfig};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn device() -> Device {
    Device::flex().autodiff()
}

/// A layer of 4 to 3 with these numbers, weight and bias.
fn layer([weight, bias]: [Vec<f32>; 2]) -> Dense {
    let mut layer = Dense::new(4, 3, true, &Init::new(1, &device()));
    let (mut weight, mut bias) = (Some(weight), Some(bias));
    layer.change_parameters(&mut |path, parameter| {
        let numbers = if path == "weight" { weight.take() } else { bias.take() };
        let data = TensorData::new(numbers.unwrap(), parameter.shape());
        Parameter::from_data(data, &Device::flex()).unwrap()
    });
    layer
}

/// Gradients that are exactly these: those of the sum of all numbers, each times its own.
fn gradients(layer: &Dense, [weight, bias]: &[Vec<f32>; 2]) -> Gradients {
    let weight = Tensor::<2>::from_data(TensorData::new(weight.clone(), [4, 3]), &device());
    let bias = Tensor::<1>::from_data(TensorData::new(bias.clone(), [3]), &device());
    let sum = (layer.weight.val() * weight).sum() + (layer.bias.as_ref().unwrap().val() * bias).sum();
    sum.backward()
}

fn numbers(parameters: &dyn Parameters) -> BTreeMap<String, Vec<f32>> {
    let mut found = BTreeMap::new();
    parameters.each_parameter(&mut |path, parameter| _ = found.insert(path.to_owned(), parameter.numbers().unwrap()));
    found
}

fn floats(value: &Value) -> Vec<f32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap() as f32)
        .collect()
}

fn close(found: &[f32], expected: &[f32]) -> bool {
    // Both compute in 32 bits, in another order; and PyTorch clips by clip / (norm + 1e-6).
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()))
}

#[test]
fn updates_are_pytorchs() {
    let golden: Value = serde_json::from_str(include_str!("optimizer/golden.json")).unwrap();
    let setting = |key: &str| golden["settings"][key].as_f64().unwrap();
    let mut optimizer = Optimizer::new(OptimizerConfig {
        beta_1: setting("beta_1"),
        beta_2: setting("beta_2"),
        epsilon: setting("epsilon"),
        weight_decay: setting("weight_decay"),
        clip: setting("clip"),
        ..OptimizerConfig::default()
    });
    let mut layer = layer([0, 1].map(|place| floats(&golden["start"][place])));
    let steps = golden["steps"].as_array().unwrap();
    let (mut clipped, mut whole) = (0, 0);
    for (place, step) in steps.iter().enumerate() {
        let gradients = gradients(&layer, &[0, 1].map(|place| floats(&step["gradients"][place])));
        let norm = gradient_norm(&layer, &gradients);
        let expected = step["norm"].as_f64().unwrap();
        assert!(
            (norm / expected - 1.0).abs() < 1e-6,
            "step {place}: {norm}, not {expected}"
        );
        if norm > 1.0 {
            clipped += 1
        } else {
            whole += 1
        }
        optimizer.update(&mut layer, gradients, norm, step["rate"].as_f64().unwrap());
        let found = numbers(&layer);
        for name in ["weight", "bias"] {
            let (found, expected) = (&found[name], floats(&step[name]));
            assert!(
                close(found, &expected),
                "step {place}, {name}: {found:?}, not {expected:?}"
            );
        }
    }
    assert!(
        clipped > 1 && whole > 1,
        "{clipped} steps were clipped, {whole} were not"
    );
}

/// The first update of a layer by gradients of 3 everywhere, whose norm is 3 √15.
fn first_update(config: OptimizerConfig) -> Vec<f32> {
    let mut layer = layer([vec![0.0; 12], vec![0.0; 3]]);
    let gradients = gradients(&layer, &[vec![3.0; 12], vec![3.0; 3]]);
    let norm = gradient_norm(&layer, &gradients);
    assert!((norm - 3.0 * 15f64.sqrt()).abs() < 1e-6);
    Optimizer::new(config).update(&mut layer, gradients, norm, 0.5);
    numbers(&layer).into_values().flatten().collect()
}

#[test]
fn a_gradient_above_the_clip_is_scaled_down_to_it_and_zero_clips_nothing() {
    // With an epsilon of 1 a first update is -rate · g / (g + 1), which knows the gradient's size.
    let config = |clip: f64| OptimizerConfig {
        epsilon: 1.0,
        clip,
        ..OptimizerConfig::default()
    };
    let expected = |gradient: f64| vec![(-0.5 * gradient / (gradient + 1.0)) as f32; 15];
    assert!(close(&first_update(config(0.0)), &expected(3.0)));
    assert!(close(&first_update(config(1e6)), &expected(3.0)));
    assert!(close(&first_update(config(1.5)), &expected(1.5 / 15f64.sqrt())));
}

/// Every objective as it is usually, and a mixture with a question about two segments.
fn every_objective() -> impl Iterator<Item = (&'static str, Box<dyn Objective>)> {
    let mixture = "mixture = [{ objective = \"mlm\", share = 0.5, pairs = \"order\" }, { objective = \"electra\" }]";
    let usual = cloze_objectives::OBJECTIVES.iter().map(|entry| (entry.name, ""));
    usual
        .chain([(cloze_objectives::MIXTURE, mixture)])
        .map(|(name, options)| {
            let options = options.parse().unwrap();
            (name, cloze_objectives::configure(name, &options).unwrap())
        })
}

/// One update by gradients of 0 moves nothing but what decays.
#[test]
fn matrices_decay_and_biases_gains_and_vectors_do_not() {
    let vocabulary = Vocabulary::new(30, SpecialTokens::FIRST);
    for (name, objective) in every_objective() {
        for preset in [Preset::Bert, Preset::Modern] {
            let encoder = EncoderConfig::preset(preset, 32, 1, 8);
            let mut model: Model = objective.build(&encoder, &vocabulary, &Init::new(1, &device()));
            // Biases begin at 0, which no decay would move.
            model.change_parameters(&mut |_, parameter| match parameter {
                Parameter::Vector(vector) => Parameter::Vector(vector.inner() + 0.5),
                matrix => matrix.inner(),
            });
            let window = Window::new(vec![2, 7, 8, 9, 10, 11, 12, 13], vec![true; 8]);
            let draw = |index| Draw::new(1, "corruption").example(index);
            let examples = (0..4).map(|index| objective.corrupt(&window, &vocabulary, 0.0, draw(index)));
            let batch = Batch::of(&examples.collect::<Vec<_>>());
            let loss = model.loss(&batch, Draw::new(1, "step"), false).total;
            let gradients = (loss * 0.0).backward();
            let before = numbers(&model);
            let config = OptimizerConfig {
                weight_decay: 0.5,
                ..OptimizerConfig::default()
            };
            Optimizer::new(config).update(&mut model, gradients, 0.0, 0.1);
            let mut decayed = 0;
            for (path, after) in numbers(&model) {
                let last = path.rsplit('.').next().unwrap();
                let keeps = match last {
                    "weight" | "tokens" | "positions" | "segments" | "places" | "query" => 1.0 - 0.1 * 0.5,
                    // Zero at first, and so after any decay.
                    "added_tokens" | "added_positions" => 1.0 - 0.1 * 0.5,
                    "bias" | "gain" => 1.0,
                    other => panic!("whether `{other}` of {name} decays is not known"),
                };
                let expected: Vec<f32> = before[&path].iter().map(|number| number * keeps as f32).collect();
                assert!(close(&after, &expected), "{path} of {name} ({preset:?})");
                decayed += usize::from(keeps < 1.0);
            }
            assert!(decayed > 5);
        }
    }
}

/// One weight of a block, and what that block's `down` is: as the optimizer meets it in a model.
struct Block {
    name: &'static str,
    weight: Tensor<2>,
    down: Tensor<2>,
}

impl Parameters for Block {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        let path = format!("encoder.blocks.3.{}.weight", self.name);
        see(&path, &Parameter::Matrix(self.weight.clone()));
        see("encoder.blocks.3.down.weight", &Parameter::Matrix(self.down.clone()));
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        let path = format!("encoder.blocks.3.{}.weight", self.name);
        if let Parameter::Matrix(weight) = change(&path, Parameter::Matrix(self.weight.clone())) {
            self.weight = Tensor::from_inner(weight).require_grad();
        }
    }
}

/// What a rule makes of given gradients, against golden numbers.
fn updates_are_golden(golden: &str, rule: impl Fn(&Value, Matrices) -> OptimizerConfig, remembered: &[&str]) {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let rates = floats(&golden["rates"]);
    let settings = &golden["settings"];
    for case in golden["cases"].as_array().unwrap() {
        let size = |key: &str| case[key].as_u64().unwrap() as usize;
        let (inputs, outputs, parts) = (size("inputs"), size("outputs"), size("parts"));
        let (name, matrices) = match parts {
            1 => ("output", Matrices::Whole),
            2 => ("up", Matrices::Split),
            _ => ("qkv", Matrices::Split),
        };
        let matrix = |numbers: Vec<f32>| Tensor::<2>::from_data(TensorData::new(numbers, [inputs, outputs]), &device());
        let mut block = Block {
            name,
            weight: matrix(floats(&case["start"])).require_grad(),
            down: Tensor::zeros([outputs / parts, inputs], &device()),
        };
        let mut optimizer = Optimizer::new(OptimizerConfig {
            weight_decay: settings["weight_decay"].as_f64().unwrap(),
            // Gradients are larger than they should be, by another factor at every step, and clipping takes it away.
            clip: 1.0,
            peak_lr: 0.25,
            ..rule(settings, matrices)
        });
        for (place, (step, rate)) in case["steps"].as_array().unwrap().iter().zip(&rates).enumerate() {
            let times = 2f64.powi(1 + place as i32);
            let gradients = (block.weight.clone() * matrix(floats(&step["gradient"])) * times)
                .sum()
                .backward();
            optimizer.update(&mut block, gradients, times, 2.0 * f64::from(*rate));
            let found: Vec<f32> = block.weight.to_data().iter::<f32>().collect();
            assert!(
                close(&found, &floats(&step["weight"])),
                "{inputs} to {outputs} in {parts}: {found:?}"
            );
        }
        let kept: Vec<String> = optimizer.moments().into_keys().collect();
        let named = |word: &&str| format!("{word}/encoder.blocks.3.{name}.weight");
        assert_eq!(kept, remembered.iter().map(named).collect::<Vec<_>>());
    }
}

/// Half of the other rate at every moment.
const HALF: f64 = 0.125;

#[test]
fn muons_updates_are_pytorchs() {
    let muon = |settings: &Value, matrices| OptimizerConfig {
        muon: Some(Muon {
            peak_lr: HALF,
            momentum: settings["momentum"].as_f64().unwrap(),
            iterations: settings["iterations"].as_u64().unwrap() as usize,
            matrices,
        }),
        ..OptimizerConfig::default()
    };
    updates_are_golden(include_str!("optimizer/muon.json"), muon, &["momentum"]);
}

#[test]
fn normuons_updates_are_its_authors() {
    let normuon = |settings: &Value, matrices| OptimizerConfig {
        normuon: Some(NorMuon {
            peak_lr: HALF,
            momentum: settings["momentum"].as_f64().unwrap(),
            beta_2: settings["beta_2"].as_f64().unwrap(),
            iterations: settings["iterations"].as_u64().unwrap() as usize,
            matrices,
        }),
        ..OptimizerConfig::default()
    };
    updates_are_golden(
        include_str!("optimizer/normuon.json"),
        normuon,
        &["momentum", "variance"],
    );
}

/// A model whose matrix is Muon's and whose vector is AdamW's.
struct Both {
    matrix: Tensor<2>,
    vector: Tensor<1>,
}

impl Both {
    fn new() -> Self {
        let numbers = |count: usize| (0..count).map(|number| 0.1 * number as f32 - 0.3).collect::<Vec<_>>();
        Self {
            matrix: Tensor::from_data(TensorData::new(numbers(12), [4, 3]), &device()).require_grad(),
            vector: Tensor::from_data(TensorData::new(numbers(3), [3]), &device()).require_grad(),
        }
    }

    fn step(&mut self, optimizer: &mut Optimizer) {
        let loss = self.matrix.clone().powi_scalar(2).sum() + self.vector.clone().exp().sum();
        optimizer.update(self, loss.backward(), 0.5, 0.1);
    }
}

impl Parameters for Both {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        see(
            "encoder.blocks.0.output.weight",
            &Parameter::Matrix(self.matrix.clone()),
        );
        see("encoder.blocks.0.output.bias", &Parameter::Vector(self.vector.clone()));
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        let matrix = change("encoder.blocks.0.output.weight", Parameter::Matrix(self.matrix.clone()));
        let vector = change("encoder.blocks.0.output.bias", Parameter::Vector(self.vector.clone()));
        if let (Parameter::Matrix(matrix), Parameter::Vector(vector)) = (matrix, vector) {
            self.matrix = Tensor::from_inner(matrix).require_grad();
            self.vector = Tensor::from_inner(vector).require_grad();
        }
    }
}

/// Every kind of optimizer with what it remembers of a matrix between hidden states.
fn kinds() -> Vec<(OptimizerConfig, Vec<&'static str>)> {
    let of = |kind: &Kind| {
        let config = OptimizerConfig::of(*kind);
        let remembers = config
            .hidden_rule()
            .map_or(vec!["first", "second"], |rule| rule.remembers().to_vec());
        (config, remembers)
    };
    Kind::ALL.iter().map(of).collect()
}

#[test]
fn what_was_kept_goes_on_to_the_bit_and_what_is_not_whole_is_refused() {
    let path = "encoder.blocks.0.output";
    let host = Device::flex();
    let none = cloze_backbone::tensors::serialise([]).unwrap();
    for (config, remembers) in kinds() {
        let (mut model, mut optimizer) = (Both::new(), Optimizer::new(config));
        model.step(&mut optimizer);
        let moments = optimizer.moments();
        let of_matrix = remembers.iter().map(|word| format!("{word}/{path}.weight"));
        let of_vector = ["first", "second"].map(|word| format!("{word}/{path}.bias"));
        let kept: BTreeSet<String> = of_matrix.chain(of_vector).collect();
        assert_eq!(moments.keys().cloned().collect::<BTreeSet<_>>(), kept);
        let bytes = |without: Option<&str>, more: Option<&str>| {
            let mut moments = moments.clone();
            let any = moments.values().next().unwrap().clone();
            without.map(|name| moments.remove(name));
            more.map(|name| moments.insert(name.to_owned(), any));
            cloze_backbone::tensors::serialise(moments.iter().map(|(name, moment)| (name.clone(), moment))).unwrap()
        };
        let mut again = Optimizer::new(config);
        again.restore(1, &bytes(None, None), &host).unwrap();
        let mut same = Both {
            matrix: model.matrix.clone(),
            vector: model.vector.clone(),
        };
        for _ in 0..2 {
            model.step(&mut optimizer);
            same.step(&mut again);
        }
        assert_eq!(numbers(&model), numbers(&same));
        let mut broken: Vec<(u64, Vec<u8>)> = vec![
            (1, bytes(None, Some(&format!("third/{path}.bias")))),
            (1, bytes(None, Some("first"))),
            (0, bytes(None, None)),
            (1, none.clone()),
        ];
        // Where all that is remembered of a matrix is one thing, nothing tells that it was there.
        let has_partner = |name: &&String| name.ends_with(".bias") || remembers.len() > 1;
        broken.extend(kept.iter().filter(has_partner).map(|name| (1, bytes(Some(name), None))));
        let foreign = ["first", "second", "momentum", "variance"];
        let foreign = foreign.iter().filter(|word| !remembers.contains(word));
        broken.extend(foreign.map(|word| (1, bytes(None, Some(&format!("{word}/{path}.weight"))))));
        for (updates, bytes) in broken {
            let fault = Optimizer::new(config).restore(updates, &bytes, &host).unwrap_err();
            assert!(fault.what.contains("not complete"), "{fault}");
        }
        Optimizer::new(config).restore(0, &none, &host).unwrap();
    }
}

#[test]
fn all_rates_change_together() {
    for (config, _) in kinds() {
        let changed = config.with_rates(|rate| 3.0 * rate);
        assert_eq!(changed.peak_lr, 3.0 * config.peak_lr);
        let own = |config: &OptimizerConfig| config.hidden_rule().map(HiddenRule::peak_lr);
        assert_eq!(own(&changed), own(&config).map(|rate| 3.0 * rate));
    }
}

#[test]
fn muon_alone_costs_more_than_a_number_each() {
    let matrix = HiddenMatrix {
        inputs: 4,
        outputs: 6,
        parts: 1,
    };
    assert_eq!(
        cloze_trainer::optimizer::flops(&OptimizerConfig::default(), &[matrix]),
        0.0
    );
    let config = OptimizerConfig {
        muon: Some(Muon {
            iterations: 2,
            ..Muon::default()
        }),
        ..OptimizerConfig::default()
    };
    // 4 · 5 · (6 + 4) for the halves of two products, 2 · 4² · 6 for the third, twice.
    assert_eq!(
        cloze_trainer::optimizer::flops(&config, &[matrix]),
        2.0 * (200.0 + 192.0)
    );
}

#[test]
fn options_give_the_optimizer_and_those_of_another_one_are_refused() {
    let none = OptimizerOptions::default();
    assert_eq!(none.resolve(1024).unwrap(), OptimizerConfig::default());
    let muon = Muon {
        momentum: 0.5,
        ..Muon::default()
    };
    let given = OptimizerOptions {
        peak_lr: 0.5,
        beta_1: 0.25,
        muon: Some(muon),
        ..none
    };
    let found = OptimizerOptions {
        kind: Kind::Muon,
        ..given
    };
    let found = found.resolve(1024).unwrap();
    assert_eq!((found.peak_lr, found.beta_1, found.muon), (0.5, 0.25, Some(muon)));
    let usual = OptimizerOptions {
        kind: Kind::Muon,
        ..none
    };
    assert_eq!(usual.resolve(1024).unwrap().muon, Some(Muon::default()));
    let fault = given.resolve(1024).unwrap_err();
    assert!(fault.what.contains("Muon has options and is not used"), "{fault}");
    let other = OptimizerOptions {
        kind: Kind::NorMuon,
        ..given
    };
    let fault = other.resolve(1024).unwrap_err();
    assert!(fault.what.contains("Muon has options and is not used"), "{fault}");
}

/// Every objective's model: the matrices that are counted are those that Muon moves, and nothing else is.
#[test]
fn the_matrices_that_are_counted_are_those_of_the_models() {
    for (name, objective) in every_objective() {
        for preset in [Preset::Modern, Preset::Bert] {
            let config = EncoderConfig::preset(preset, 64, 2, 16);
            let model = objective.build(
                &config,
                &Vocabulary::new(50, SpecialTokens::FIRST),
                &Init::new(1, &device()),
            );
            let all = HiddenMatrix::all(&model);
            let mut found: Vec<HiddenMatrix> = all.values().copied().collect();
            let mut counted = objective.hidden_matrices(&config);
            let key = |matrix: &HiddenMatrix| (matrix.inputs, matrix.outputs, matrix.parts);
            found.sort_by_key(key);
            counted.sort_by_key(key);
            assert_eq!(found, counted, "{name} {preset}");
            for path in all.keys() {
                assert!(path.contains("blocks.") && !path.contains("norm"), "{path}");
            }
        }
    }
}
