//! Optimizers over any model: state by parameter path, decay on matrices only, one global gradient norm.

mod config;
mod muon;

pub use config::{Kind, OptimizerConfig, OptimizerOptions};
pub use muon::{Matrices, Muon};

use burn::tensor::{Device, Gradients};
use cloze_backbone::{HiddenMatrix, Parameter, Parameters, tensors};
use cloze_foundation::{Fault, Result};
use cloze_kernels::AdamW;
use std::collections::BTreeMap;

/// What is remembered of a parameter between updates: AdamW's two moments, or Muon's momentum alone.
struct State {
    first: Parameter,
    second: Option<Parameter>,
}

/// What stands before a parameter's path in what is kept: AdamW's two moments, Muon's momentum.
const FIRST: &str = "first/";
const SECOND: &str = "second/";
const MOMENTUM: &str = "momentum/";

/// AdamW (Loshchilov & Hutter 2019), with Muon for the matrices between hidden states where the configuration says so, and
/// gradients clipped by their global norm (Pascanu et al. 2013).
pub struct Optimizer {
    config: OptimizerConfig,
    updates: u64,
    states: BTreeMap<String, State>,
    /// Muon's matrices by path, once a model was seen.
    hidden: Option<BTreeMap<String, HiddenMatrix>>,
}

impl Optimizer {
    /// Nothing is remembered yet: what is starts at 0 when a parameter first has a gradient.
    pub fn new(config: OptimizerConfig) -> Self {
        Self {
            config,
            updates: 0,
            states: BTreeMap::new(),
            hidden: None,
        }
    }

    /// All that is remembered, by name: `first/<path>` and `second/<path>`, or `momentum/<path>`.
    pub fn moments(&self) -> BTreeMap<String, Parameter> {
        let mut found = BTreeMap::new();
        for (path, state) in &self.states {
            let first = if state.second.is_some() { FIRST } else { MOMENTUM };
            found.insert(format!("{first}{path}"), state.first.clone());
            found.extend(state.second.clone().map(|second| (format!("{SECOND}{path}"), second)));
        }
        found
    }

    /// Goes on after `updates` updates with the moments of a safetensors file.
    ///
    /// # Errors
    /// Bytes that are not such a file, or a moment without its partner.
    pub fn restore(&mut self, updates: u64, bytes: &[u8], device: &Device) -> Result<()> {
        let mut tensors = tensors::parameters(bytes, device)?;
        let mut states = BTreeMap::new();
        for name in tensors.keys().cloned().collect::<Vec<_>>() {
            let (path, second) = match (name.strip_prefix(FIRST), name.strip_prefix(MOMENTUM)) {
                (Some(path), _) => (path, tensors.remove(&format!("{SECOND}{path}"))),
                (_, Some(path)) => (path, None),
                _ => continue,
            };
            let is_whole = second.is_some() == name.starts_with(FIRST);
            // What has no partner stays, and is told below.
            if is_whole && let Some(first) = tensors.remove(&name) {
                states.insert(path.to_owned(), State { first, second });
            }
        }
        if states.is_empty() != (updates == 0) || !tensors.is_empty() {
            return Err(Fault::usage("the moments of the optimizer are not complete"));
        }
        (self.updates, self.states) = (updates, states);
        Ok(())
    }

    /// One update of every parameter that has a gradient. A `norm` above the configured one scales all gradients down
    /// to it; `norm` is what [`gradient_norm`] found. A model, or a probe on top of one: whatever has parameters.
    pub fn update(&mut self, model: &mut dyn Parameters, mut gradients: Gradients, norm: f64, learning_rate: f64) {
        self.updates += 1;
        let config = self.config;
        let hidden = self.hidden.get_or_insert_with(|| match config.muon {
            Some(_) => HiddenMatrix::all(model),
            None => BTreeMap::new(),
        });
        let clip = config.clip;
        let shared = AdamW {
            learning_rate,
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            epsilon: config.epsilon,
            weight_decay: 0.0,
            step: self.updates,
            gradient_scale: if clip > 0.0 && norm > clip { clip / norm } else { 1.0 },
        };
        let matrices = AdamW {
            weight_decay: config.weight_decay,
            ..shared
        };
        let states = &mut self.states;
        model.change_parameters(&mut |path, parameter| {
            let Some(gradient) = parameter.grad_remove(&mut gradients) else {
                return parameter;
            };
            let settings = if parameter.is_matrix() { &matrices } else { &shared };
            let before = states.remove(path);
            let muon = config.muon.zip(hidden.get(path));
            let (parameter, state) = match (parameter.inner(), gradient, muon) {
                (Parameter::Matrix(value), Parameter::Matrix(gradient), Some((muon, matrix))) => {
                    let momentum = match before.map(|state| state.first) {
                        Some(Parameter::Matrix(momentum)) => Some(momentum),
                        _ => None,
                    };
                    // One schedule for both.
                    let rate = learning_rate / config.peak_lr * muon.peak_lr;
                    let both = [value, gradient * shared.gradient_scale];
                    let (value, momentum) = muon.update(*matrix, both, momentum, rate, config.weight_decay);
                    let first = Parameter::Matrix(momentum);
                    (Parameter::Matrix(value), State { first, second: None })
                }
                (value, gradient, _) => {
                    let moments = before.and_then(|state| Some([state.first, state.second?]));
                    let (value, [first, second]) = value.adamw(gradient, moments, settings);
                    let second = Some(second);
                    (value, State { first, second })
                }
            };
            states.insert(path.to_owned(), state);
            parameter
        });
    }
}

/// FLOPs of an update, beside those that any optimizer takes for each number, which are not counted.
pub fn flops(config: &OptimizerConfig, matrices: &[HiddenMatrix]) -> f64 {
    config.muon.map_or(0.0, |muon| muon.flops(matrices))
}

/// The norm of all gradients together, summed in 64-bit in the order of the parameters.
pub fn gradient_norm(model: &dyn Parameters, gradients: &Gradients) -> f64 {
    let mut squares = 0.0;
    model.each_parameter(&mut |_, parameter| {
        let gradient = parameter.grad(gradients);
        squares += gradient.map_or(0.0, |gradient| gradient.squared_norm());
    });
    squares.sqrt()
}
