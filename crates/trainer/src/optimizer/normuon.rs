//! NorMuon (Li et al. 2025): Muon, whose direction has neurons of uneven length. Each is divided by the root of a running mean of its
//! square, so that all move alike; the whole keeps the length that it had, as in its authors' code (`normuon.py`).

use super::muon::{Matrices, Muon};
use super::rule::{HiddenRule, Moved};
use burn::tensor::Tensor;
use cloze_backbone::HiddenMatrix;
use cloze_options::options;
use serde::{Deserialize, Serialize};

options! {
    /// How NorMuon moves the matrices between hidden states. Everything else is AdamW's.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct NorMuon {
        /// The highest learning rate of these matrices; it follows the schedule of the other one.
        pub peak_lr: f64 = Muon::default().peak_lr, above(0);
        /// The decay of the momentum, which is Nesterov's.
        pub momentum: f64 = Muon::default().momentum, from(0).below(1);
        /// The decay of the mean square of a neuron's direction.
        pub beta_2: f64 = 0.95, from(0).below(1);
        /// Newton-Schulz iterations that make the momentum orthogonal.
        pub iterations: usize = Muon::default().iterations, from(1).to(20);
        /// What is one matrix.
        pub matrices: Matrices = Muon::default().matrices;
    }
}

/// What keeps a length from being divided by 0 (zichongli5/NorMuon, `normuon.py`).
const LEAST: f64 = 1e-10;

impl NorMuon {
    fn muon(&self) -> Muon {
        let Self {
            peak_lr,
            momentum,
            iterations,
            matrices,
            ..
        } = *self;
        Muon {
            peak_lr,
            momentum,
            iterations,
            matrices,
        }
    }

    /// A direction whose neurons move alike, and the mean squares of these neurons.
    ///
    /// # Shapes
    /// - `direction`: `[inputs, outputs]`
    /// - `before`, and what is remembered: `[1, outputs]`
    fn even(&self, direction: Tensor<2>, before: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let length = |direction: &Tensor<2>| direction.clone().square().sum().sqrt().unsqueeze::<2>();
        let squares = direction.clone().square().mean_dim(0);
        let mean = before * self.beta_2 + squares * (1.0 - self.beta_2);
        let even = direction.clone() / (mean.clone().sqrt() + LEAST);
        let kept = length(&direction) / (length(&even) + LEAST);
        (even * kept, mean)
    }
}

impl HiddenRule for NorMuon {
    fn peak_lr(&self) -> f64 {
        self.peak_lr
    }

    fn peak_lr_mut(&mut self) -> &mut f64 {
        &mut self.peak_lr
    }

    fn remembers(&self) -> &'static [&'static str] {
        &[Muon::MOMENTUM, "variance"]
    }

    fn update(&self, moved: Moved, remembered: Option<Vec<Tensor<2>>>) -> (Tensor<2>, Vec<Tensor<2>>) {
        let (momentum, variance) = match remembered.map(<[Tensor<2>; 2]>::try_from) {
            Some(Ok([momentum, variance])) => (Some(momentum), variance),
            _ => (None, moved.gradient.zeros_like().narrow(0, 0, 1)),
        };
        let ahead = self.muon().ahead(moved.matrix, moved.gradient, momentum);
        let variances = variance.chunk(ahead.directions.len(), 1);
        let parts = ahead.directions.into_iter().zip(variances);
        let (directions, variances) = parts.map(|(direction, before)| self.even(direction, before)).unzip();
        let direction = Tensor::cat(directions, 1);
        let kept = moved.value * (1.0 - moved.learning_rate * moved.weight_decay);
        let value = kept - direction * (moved.learning_rate * ahead.scale);
        (value, vec![ahead.momentum, Tensor::cat(variances, 1)])
    }

    /// Muon's: what is added is a few for each number.
    fn flops(&self, matrices: &[HiddenMatrix]) -> f64 {
        self.muon().flops(matrices)
    }
}
