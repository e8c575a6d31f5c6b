//! A tiny encoder, a batch, plain gradient descent, and Adam.

use super::{SPECIAL, vocabulary, window};
use burn::tensor::{Device, Tensor, TensorData};
use cloze_backbone::{Encoder, EncoderConfig, HiddenMatrix, Init, Parameter, Parameters, Preset};
use cloze_corpus::Window;
use cloze_foundation::Draw;
use cloze_kernels::AdamW;
use cloze_objectives::{Batch, Example, Model, Objective};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const SIZE: usize = 60;
pub const LENGTH: usize = 24;

pub fn encoder(preset: Preset) -> EncoderConfig {
    EncoderConfig {
        heads: 2,
        ..EncoderConfig::preset(preset, 32, 1, LENGTH)
    }
}

pub fn build(objective: &dyn Objective, preset: Preset) -> Model {
    objective.build(
        &encoder(preset),
        &vocabulary(SIZE),
        &Init::new(1, &Device::flex().autodiff()),
    )
}

/// Windows beside each other, as a batch has them.
pub fn windows(count: u64) -> Vec<Window> {
    let text = |index| {
        window(
            LENGTH,
            50.0,
            20.0,
            SIZE,
            &mut Draw::new(7, "text").example(index).stream(),
        )
    };
    let windows: Vec<Window> = (0..count).map(text).collect();
    let beside = |(index, window): (usize, &Window)| Window {
        elsewhere: Some(Arc::new(windows[(index + 1) % windows.len()].clone())),
        ..window.clone()
    };
    windows.iter().enumerate().map(beside).collect()
}

pub fn batch(objective: &dyn Objective) -> Batch {
    let corrupt = |(window, index): (Window, u64)| {
        let draw = Draw::new(7, "corruption").example(index);
        objective.corrupt(&window, &vocabulary(SIZE), 0.0, draw)
    };
    Batch::of(&windows(4).into_iter().zip(0..).map(corrupt).collect::<Vec<_>>())
}

pub fn number(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}

/// The gradient of every parameter that has one, by path.
pub fn gradients(model: &Model, batch: &Batch) -> BTreeMap<String, Vec<f32>> {
    let found = gradients_of(model, model.loss(batch, Draw::new(3, "step"), false).total);
    let numbers = |(path, gradient): (String, Parameter)| (path, gradient.numbers().unwrap());
    found.into_iter().map(numbers).collect()
}

/// One step of gradient descent of length `size`; gives the loss before it.
pub fn descend(model: &mut Model, batch: &Batch, size: f64) -> f64 {
    let norm = gradients(model, batch)
        .values()
        .flatten()
        .map(|g| f64::from(*g).powi(2))
        .sum::<f64>()
        .sqrt();
    let loss = model.loss(batch, Draw::new(3, "step"), false).total;
    let before = number(&loss);
    let gradients = loss.backward();
    let rate = size / norm;
    model.change_parameters(&mut |_, parameter| match parameter.grad(&gradients) {
        Some(gradient) => parameter.inner().plus(gradient.scaled(-rate)),
        None => parameter.inner(),
    });
    before
}

/// A model that learns by Adam at one rate.
pub struct Trainer {
    pub model: Model,
    rate: f64,
    moments: BTreeMap<String, [Parameter; 2]>,
}

impl Trainer {
    pub fn new(model: Model, rate: f64) -> Self {
        let moments = BTreeMap::new();
        Self { model, rate, moments }
    }

    /// One update, counted from 0; gives the loss before it.
    pub fn step(&mut self, batch: &Batch, step: u64) -> f64 {
        let loss = self.model.loss(batch, Draw::new(3, "step").step(step), true).total;
        let before = number(&loss);
        let gradients = loss.backward();
        let settings = AdamW {
            learning_rate: self.rate,
            beta_1: 0.9,
            beta_2: 0.98,
            epsilon: 1e-6,
            weight_decay: 0.0,
            step: step + 1,
            gradient_scale: 1.0,
        };
        let moments = &mut self.moments;
        self.model.change_parameters(&mut |path, parameter| {
            let Some(gradient) = parameter.grad(&gradients) else {
                return parameter.inner();
            };
            let (parameter, both) = parameter.inner().adamw(gradient, moments.remove(path), &settings);
            moments.insert(path.to_owned(), both);
            parameter
        });
        before
    }
}

/// The parts of the loss before the first step, by name.
pub fn first_losses(objective: &dyn Objective) -> BTreeMap<String, f64> {
    let (model, batch) = (build(objective, Preset::Modern), batch(objective));
    let parts = model.loss(&batch, Draw::new(3, "step"), true).parts;
    parts
        .iter()
        .map(|(name, value)| (name.clone(), number(value)))
        .collect()
}

/// Whether a loss is what a uniform guess among `choices` has, as it must be at first.
pub fn is_a_guess(loss: f64, choices: usize, tolerance: f64) -> bool {
    (loss - (choices as f64).ln()).abs() < tolerance
}

/// Training FLOPs of an encoder of which `rows` positions are read, and of a vocabulary head on `predicted` of them, for
/// a [`batch`].
pub fn masked_flops(causal: bool, rows: usize, predicted: usize) -> f64 {
    let config = encoder(Preset::Bert);
    let whole = 3.0 * config.forward_flops(4, LENGTH, causal);
    // Without what follows the last block's keys at the positions that nobody reads: scores, values, output, up, down.
    let attention = if causal { 0 } else { 2 * LENGTH * 32 };
    let matrices = attention + 32 * 32 + 2 * 32 * config.feed_forward;
    let body = whole - 3.0 * 2.0 * ((4 * LENGTH - rows) * matrices) as f64;
    body + 3.0 * 2.0 * (predicted * 32 * (32 + SIZE)) as f64
}

/// A window without an ordinary token.
pub fn nothing() -> Window {
    Window::new([vec![SPECIAL.start], vec![SPECIAL.end; 7]].concat(), vec![true; 8])
}

/// The model with weights so large that every part matters: as it begins, blocks add next to nothing.
pub fn large(mut model: Model) -> Model {
    model.change_parameters(&mut |_, parameter| match parameter.inner() {
        Parameter::Matrix(matrix) => Parameter::Matrix(matrix * 8.0),
        vector => vector,
    });
    model
}

/// The token that a `certain` generator proposes.
const PROPOSED: usize = 9;

/// The model with a generator, where it has one, that proposes one token everywhere and would whatever parameter were moved a
/// little: samples are steps, and these are held. It has much to learn.
pub fn certain(mut model: Model) -> Model {
    let mut sure = vec![0.0; SIZE];
    sure[PROPOSED] = 30.0;
    model.change_parameters(&mut |path, parameter| match parameter.inner() {
        Parameter::Vector(bias) if path.ends_with("generator_head.bias") => {
            let sure = TensorData::new(sure.clone(), [SIZE]);
            Parameter::Vector(bias + Tensor::<1>::from_data(sure, &Device::flex()))
        }
        parameter => parameter,
    });
    model
}

/// The share that a `certain` generator replaces of a batch's tokens.
pub fn certainly_replaced(batch: &Batch) -> f64 {
    let others = batch.targets.iter().filter(|id| **id as usize != PROPOSED);
    others.count() as f64 / batch.inputs.len() as f64
}

/// Every gradient of a model's loss is its slope; gives how many parameters are moved at all. Who reads a table without moving
/// it, and moves what it adds to it, has the slope along the table there (He et al. 2023, gradient-disentangled sharing).
pub fn assert_loss_has_slopes(model: &Model, batch: &Batch) -> usize {
    let loss = |model: &Model| model.loss(batch, Draw::new(3, "step"), false).total;
    let mut found = gradients_of(model, loss(model));
    let added: BTreeMap<String, Parameter> = found.iter().cloned().collect();
    for (path, gradient) in &mut found {
        let table = path.strip_prefix("encoder.");
        if let Some(added) = table.and_then(|table| added.get(&format!("added_{table}"))) {
            *gradient = gradient.clone().plus(added.clone());
        }
    }
    assert_are_slopes(found, &|path, by| {
        let mut moved = model.frozen();
        moved.change_parameters(&mut |at, parameter| match at == path {
            true => parameter.plus(by.clone()),
            false => parameter,
        });
        number(&loss(&moved))
    })
}

/// The gradients of a loss by path.
fn gradients_of(parameters: &impl Parameters, loss: Tensor<1>) -> Vec<(String, Parameter)> {
    let (gradients, mut found) = (loss.backward(), Vec::new());
    parameters.each_parameter(&mut |path, parameter| {
        found.extend(parameter.grad(&gradients).map(|gradient| (path.to_owned(), gradient)));
    });
    found
}

/// Every gradient is the slope of the loss: along its own direction, parameter by parameter, from two nearby values. `moved` is the
/// loss with one parameter moved. Gives how many gradients are not zero.
fn assert_are_slopes(gradients: Vec<(String, Parameter)>, moved: &dyn Fn(&str, &Parameter) -> f64) -> usize {
    const STEP: f64 = 0.01;
    let mut count = 0;
    for (path, gradient) in gradients {
        let norm = gradient.squared_norm().sqrt();
        if norm == 0.0 {
            continue;
        }
        let at = |by: f64| moved(&path, &gradient.clone().scaled(by / norm));
        let (above, below) = (at(STEP), at(-STEP));
        let slope = (above - below) / (2.0 * STEP);
        // What 32-bit numbers can tell of a difference of two losses.
        let noise = 1.5e-7 * above.abs().max(4.0) / STEP;
        assert!(
            (slope - norm).abs() < 0.01 * norm + noise,
            "{path}: {slope}, not {norm}"
        );
        count += 1;
    }
    count
}

/// Which of an example's M predictions notice, in a single bit of their losses for several targets, that another token is
/// read at each of the L positions. Two blocks, so that what is seen by way of others counts too.
pub fn noticed(objective: &dyn Objective, example: &Example, preset: Preset) -> Vec<Vec<bool>> {
    let config = EncoderConfig {
        layers: 2,
        ..encoder(preset)
    };
    let encoder = Encoder::new(&config, SIZE, &Init::new(1, &Device::flex()).at("encoder"));
    noticed_by(objective, example, &encoder)
}

/// The same by an encoder.
pub fn noticed_by(objective: &dyn Objective, example: &Example, encoder: &Encoder) -> Vec<Vec<bool>> {
    let init = Init::new(1, &Device::flex());
    let heads = objective.heads(encoder.config(), &vocabulary(SIZE), &init);
    let bits = |example: &Example| {
        let mut bits = vec![Vec::new(); example.positions.len()];
        for shift in 0..5 {
            let mut example = example.clone();
            for target in &mut example.targets {
                *target = (*target + 11 * shift) % SIZE as u32;
            }
            let losses = heads.losses(encoder, &heads.rules()[0], &Batch::of(&[example]));
            for (bits, loss) in bits.iter_mut().zip(losses) {
                bits.push(loss.to_bits());
            }
        }
        bits
    };
    let before = bits(example);
    let other = |position: usize| {
        let mut changed = example.clone();
        changed.inputs[position] = 5 + (changed.inputs[position] + 7) % 50;
        let after = bits(&changed);
        before
            .iter()
            .zip(&after)
            .map(|(before, after)| before != after)
            .collect()
    };
    (0..example.inputs.len()).map(other).collect()
}

/// Holds every parameter's gradient of a loss against the slope of the loss along it; gives how many there were.
pub fn assert_slopes<P: Parameters + Clone>(parameters: &P, loss: &dyn Fn(&P) -> Tensor<1>) -> usize {
    let found = gradients_of(parameters, loss(parameters));
    assert_are_slopes(found, &|path, by| {
        let mut parameters = parameters.clone();
        parameters.change_parameters(&mut |at, parameter| match at == path {
            true => parameter.inner().plus(by.clone()),
            false => parameter.inner(),
        });
        number(&loss(&parameters))
    })
}

/// Holds the matrices that an objective counts for its optimizer against those of its model.
pub fn assert_hidden_matrices(objective: &dyn Objective, preset: Preset) {
    let mut all: Vec<HiddenMatrix> = HiddenMatrix::all(&build(objective, preset)).into_values().collect();
    let mut counted = objective.hidden_matrices(&encoder(preset));
    let key = |matrix: &HiddenMatrix| (matrix.inputs, matrix.outputs, matrix.parts);
    all.sort_by_key(key);
    counted.sort_by_key(key);
    assert_eq!(all, counted, "{:?}", objective.options());
}
