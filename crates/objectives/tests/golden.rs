//! What the five objectives have always given: the same examples bit for bit, the same parameters in the same order, and
//! the same losses along a few steps of gradient descent. A change here changes every result of every experiment.

mod common;

use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Parameter, Parameters, Preset};
use cloze_foundation::{Draw, files};
use cloze_objectives::{Batch, Example, Objective};
use common::{every_objective, vocabulary, window};
use std::fmt::Write as _;

const SIZE: usize = 60;
const LENGTH: usize = 24;
const STEPS: u64 = 4;

fn examples(objective: &dyn Objective, progress: f64, step: u64) -> Vec<Example> {
    let draw = Draw::new(7, "corruption").step(step);
    let example = |index| {
        let text = Draw::new(7, "text").example(index).stream();
        let window = window(LENGTH, 50.0, 20.0, SIZE, &mut text.clone());
        objective.corrupt(&window, &vocabulary(SIZE), progress, draw.example(index))
    };
    (0..4).map(example).collect()
}

/// Hash of what a batch says, as text: the columns that there were from the beginning.
fn corruption(objective: &dyn Objective) -> String {
    let mut text = String::new();
    for step in 0..50 {
        let batch = Batch::of(&examples(objective, step as f64 / 49.0, step));
        let (inputs, positions, targets) = (&batch.inputs, &batch.positions, &batch.targets);
        let (weights, extra) = (&batch.weights, &batch.extra);
        let _ = writeln!(text, "{inputs:?} {positions:?} {targets:?} {weights:?} {extra:?}");
    }
    files::hash(text.as_bytes())[..16].to_owned()
}

/// Losses before each step, with dropout, and a hash of the weights after the last.
fn training(objective: &dyn Objective, preset: Preset) -> (Vec<f32>, String) {
    let encoder = EncoderConfig {
        heads: 2,
        dropout: 0.1,
        ..EncoderConfig::preset(preset, 32, 2, LENGTH)
    };
    let mut model = objective.build(&encoder, &vocabulary(SIZE), &Init::new(1, &Device::flex().autodiff()));
    let mut losses = Vec::new();
    for step in 0..STEPS {
        let batch = Batch::of(&examples(objective, 0.0, step));
        let loss = model.loss(&batch, Draw::new(3, "model").step(step), true);
        losses.push(loss.total.clone().inner().into_scalar::<f32>());
        let gradients = loss.total.backward();
        model.change_parameters(&mut |_, parameter| match parameter {
            Parameter::Vector(vector) => Parameter::Vector(match vector.grad(&gradients) {
                Some(gradient) => vector.inner() - gradient * 0.01,
                None => vector.inner(),
            }),
            Parameter::Matrix(matrix) => Parameter::Matrix(match matrix.grad(&gradients) {
                Some(gradient) => matrix.inner() - gradient * 0.01,
                None => matrix.inner(),
            }),
        });
    }
    let mut bytes = Vec::new();
    model.each_parameter(&mut |path, parameter| {
        let data = match parameter {
            Parameter::Vector(vector) => vector.to_data(),
            Parameter::Matrix(matrix) => matrix.to_data(),
        };
        bytes.extend(path.as_bytes());
        bytes.extend(data.iter::<f32>().flat_map(f32::to_le_bytes));
    });
    (losses, files::hash(&bytes)[..16].to_owned())
}

#[test]
fn print() {
    for (entry, mode, objective) in every_objective() {
        println!("GOLD {} {mode} corruption {}", entry.name, corruption(&*objective));
        for preset in [Preset::Bert, Preset::Modern] {
            let (losses, weights) = training(&*objective, preset);
            println!("GOLD {} {mode} {preset:?} {losses:?} {weights}", entry.name);
        }
        let mut paths = Vec::new();
        let encoder = EncoderConfig { heads: 2, ..EncoderConfig::preset(Preset::Bert, 32, 1, LENGTH) };
        let model = objective.build(&encoder, &vocabulary(SIZE), &Init::new(1, &Device::flex().autodiff()));
        model.each_parameter(&mut |path, _| paths.push(path.to_owned()));
        println!("GOLD {} {mode} paths {}", entry.name, paths.join(" "));
    }
}
