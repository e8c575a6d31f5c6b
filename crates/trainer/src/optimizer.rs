//! AdamW over any model: two moments per parameter path, decay on matrices only, one global gradient norm.

use burn::tensor::{Device, Gradients};
use cloze_backbone::{Parameter, Parameters, tensors};
use cloze_foundation::{Fault, Result};
use cloze_kernels::AdamW;
use cloze_options::options;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

options! {
    /// AdamW with warm-up and linear decay to zero at the end of the budget.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct OptimizerConfig {
        /// The highest learning rate.
        pub peak_lr: f64 = 1e-3, above(0);
        /// The share of the budget over which the learning rate rises from 0.
        pub warmup: f64 = 0.06, from(0).below(1);
        /// Decoupled weight decay, on matrices only (not on biases, gains and learned vectors).
        pub weight_decay: f64 = 0.01, from(0);
        /// The decay of the first moment.
        pub beta_1: f64 = 0.9, from(0).below(1);
        /// The decay of the second moment.
        pub beta_2: f64 = 0.98, from(0).below(1);
        /// What is added to the root of the second moment.
        pub epsilon: f64 = 1e-6, above(0);
        /// The largest global gradient norm; 0 switches clipping off.
        pub clip: f64 = 1.0, from(0);
    }
}

/// The moments by name, in the order in which they are kept.
const MOMENTS: [&str; 2] = ["first", "second"];

/// AdamW (Loshchilov & Hutter 2019) with gradients clipped by their global norm (Pascanu et al. 2013).
pub struct Optimizer {
    config: OptimizerConfig,
    updates: u64,
    moments: BTreeMap<String, [Parameter; 2]>,
}

impl Optimizer {
    /// No moments yet: they start at 0 when a parameter first has a gradient.
    pub fn new(config: OptimizerConfig) -> Self {
        Self {
            config,
            updates: 0,
            moments: BTreeMap::new(),
        }
    }

    /// Both moments of every parameter that has had a gradient: `first/<path>` and `second/<path>`.
    pub fn moments(&self) -> impl Iterator<Item = (String, &Parameter)> {
        self.moments.iter().flat_map(|(path, pair)| {
            let named = move |(moment, value)| (format!("{moment}/{path}"), value);
            MOMENTS.iter().zip(pair).map(named)
        })
    }

    /// Goes on after `updates` updates with the moments of a safetensors file.
    ///
    /// # Errors
    /// Bytes that are not such a file, or a moment without its partner.
    pub fn restore(&mut self, updates: u64, bytes: &[u8], device: &Device) -> Result<()> {
        let mut tensors = tensors::parameters(bytes, device)?;
        let mut moments = BTreeMap::new();
        let paths: Vec<String> = tensors
            .keys()
            .filter_map(|name| Some(name.strip_prefix("first/")?.to_owned()))
            .collect();
        for path in paths {
            let [first, second] = MOMENTS.map(|moment| tensors.remove(&format!("{moment}/{path}")));
            if let (Some(first), Some(second)) = (first, second) {
                moments.insert(path, [first, second]);
            }
        }
        if moments.is_empty() != (updates == 0) || !tensors.is_empty() {
            return Err(Fault::usage("the moments of the optimizer are not complete"));
        }
        (self.updates, self.moments) = (updates, moments);
        Ok(())
    }

    /// One update of every parameter that has a gradient. A `norm` above the configured one scales all gradients down
    /// to it; `norm` is what [`gradient_norm`] found. A model, or a probe on top of one: whatever has parameters.
    pub fn update(&mut self, model: &mut dyn Parameters, mut gradients: Gradients, norm: f64, learning_rate: f64) {
        self.updates += 1;
        let clip = self.config.clip;
        let shared = AdamW {
            learning_rate,
            beta_1: self.config.beta_1,
            beta_2: self.config.beta_2,
            epsilon: self.config.epsilon,
            weight_decay: 0.0,
            step: self.updates,
            gradient_scale: if clip > 0.0 && norm > clip { clip / norm } else { 1.0 },
        };
        let matrices = AdamW {
            weight_decay: self.config.weight_decay,
            ..shared
        };
        let moments = &mut self.moments;
        model.change_parameters(&mut |path, parameter| {
            let Some(gradient) = parameter.grad_remove(&mut gradients) else {
                return parameter;
            };
            let settings = if parameter.is_matrix() { &matrices } else { &shared };
            let (parameter, both) = parameter.inner().adamw(gradient, moments.remove(path), settings);
            moments.insert(path.to_owned(), both);
            parameter
        });
    }
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
