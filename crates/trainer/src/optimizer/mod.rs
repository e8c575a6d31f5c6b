//! Optimizers over any model: state by parameter path, decay on matrices only, one global gradient norm.

mod adamw;
mod config;
mod forgetting;
mod muon;
mod normuon;
mod rule;

pub use config::{Kind, OptimizerConfig, OptimizerOptions};
pub use forgetting::Forgetting;
pub use muon::{Matrices, Muon};
pub use normuon::NorMuon;
pub use rule::{HiddenRule, Moved};

use burn::tensor::{Device, Gradients, Tensor};
use cloze_backbone::{HiddenMatrix, Parameter, Parameters, tensors};
use cloze_foundation::{Fault, Result};
use std::collections::BTreeMap;

/// What is remembered of a parameter between updates, and by which names.
struct State {
    names: &'static [&'static str],
    values: Vec<Parameter>,
}

/// AdamW, with another rule for the matrices between hidden states where the configuration says so, and gradients clipped by
/// their global norm (Pascanu et al. 2013).
pub struct Optimizer {
    config: OptimizerConfig,
    updates: u64,
    states: BTreeMap<String, State>,
    /// The matrices that another rule moves by path, once a model was seen.
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

    /// All that is remembered, by name: `first/<path>` and `second/<path>`, or what a rule remembers, as `momentum/<path>`.
    pub fn moments(&self) -> BTreeMap<String, Parameter> {
        let of = |(path, state): (&String, &State)| {
            let named = |(name, value): (&&str, &Parameter)| (format!("{name}/{path}"), value.clone());
            state.names.iter().zip(&state.values).map(named).collect::<Vec<_>>()
        };
        self.states.iter().flat_map(of).collect()
    }

    /// Goes on after `updates` updates with the moments of a safetensors file.
    ///
    /// # Errors
    /// Bytes that are not such a file, or a moment without its partner.
    pub fn restore(&mut self, updates: u64, bytes: &[u8], device: &Device) -> Result<()> {
        let broken = || Fault::usage("the moments of the optimizer are not complete");
        let mut found: BTreeMap<String, BTreeMap<String, Parameter>> = BTreeMap::new();
        for (name, value) in tensors::parameters(bytes, device)? {
            let (name, path) = name.split_once('/').ok_or_else(broken)?;
            found.entry(path.to_owned()).or_default().insert(name.to_owned(), value);
        }
        let rule = self.config.hidden_rule().map(HiddenRule::remembers);
        let mut states = BTreeMap::new();
        for (path, mut remembered) in found {
            let are_all = |names: &&[&str]| {
                names.len() == remembered.len() && names.iter().all(|name| remembered.contains_key(*name))
            };
            let names = [Some(adamw::REMEMBERS), rule]
                .into_iter()
                .flatten()
                .find(are_all)
                .ok_or_else(broken)?;
            let values = names.iter().filter_map(|name| remembered.remove(*name)).collect();
            states.insert(path, State { names, values });
        }
        if states.is_empty() != (updates == 0) {
            return Err(broken());
        }
        (self.updates, self.states) = (updates, states);
        Ok(())
    }

    /// One update of every parameter that has a gradient. A `norm` above the configured one scales all gradients down
    /// to it; `norm` is what [`gradient_norm`] found. A model, or a probe on top of one: whatever has parameters.
    pub fn update(&mut self, model: &mut dyn Parameters, mut gradients: Gradients, norm: f64, learning_rate: f64) {
        self.updates += 1;
        let config = self.config;
        let rule = config.hidden_rule();
        let hidden = self.hidden.get_or_insert_with(|| match rule {
            Some(_) => HiddenMatrix::all(model),
            None => BTreeMap::new(),
        });
        let clip = config.clip;
        let scale = if clip > 0.0 && norm > clip { clip / norm } else { 1.0 };
        let settings = |is_matrix| adamw::settings(&config, self.updates, learning_rate, scale, is_matrix);
        let states = &mut self.states;
        model.change_parameters(&mut |path, parameter| {
            let Some(gradient) = parameter.grad_remove(&mut gradients) else {
                return parameter;
            };
            let settings = settings(parameter.is_matrix());
            let before = states.remove(path);
            // What another rule remembers is nothing to this one.
            let known = |names| before.filter(|state| state.names == names).map(|state| state.values);
            let (parameter, state) = match (parameter.inner(), gradient, rule.zip(hidden.get(path))) {
                (Parameter::Matrix(value), Parameter::Matrix(gradient), Some((rule, matrix))) => {
                    let names = rule.remembers();
                    let moved = Moved {
                        matrix: *matrix,
                        value,
                        gradient: gradient * scale,
                        // One schedule for both.
                        learning_rate: learning_rate / config.peak_lr * rule.peak_lr(),
                        weight_decay: config.weight_decay,
                    };
                    let (value, remembered) = rule.update(moved, known(names).map(matrices));
                    let values = remembered.into_iter().map(Parameter::Matrix).collect();
                    (Parameter::Matrix(value), State { names, values })
                }
                (value, gradient, _) => {
                    let names = adamw::REMEMBERS;
                    let (value, values) = adamw::update(value, gradient, known(names), &settings);
                    (value, State { names, values })
                }
            };
            states.insert(path.to_owned(), state);
            parameter
        });
    }
}

/// What a rule remembers are matrices.
fn matrices(remembered: Vec<Parameter>) -> Vec<Tensor<2>> {
    let matrix = |parameter| match parameter {
        Parameter::Matrix(matrix) => Some(matrix),
        _ => None,
    };
    remembered.into_iter().filter_map(matrix).collect()
}

/// FLOPs of an update, beside those that any optimizer takes for each number, which are not counted.
pub fn flops(config: &OptimizerConfig, matrices: &[HiddenMatrix]) -> f64 {
    config.hidden_rule().map_or(0.0, |rule| rule.flops(matrices))
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
