//! Muon (Jordan et al. 2024): a matrix between hidden states moves by its momentum, made orthogonal; each of its directions
//! then moves alike, however small its gradient.

use super::rule::{HiddenRule, Moved};
use burn::tensor::Tensor;
use cloze_backbone::HiddenMatrix;
use cloze_options::{options, words};
use serde::{Deserialize, Serialize};

words! {
    /// What Muon takes for one matrix.
    pub enum Matrices {
        /// A weight as it is stored: query, key and value are one, gate and up are one.
        Whole = "whole",
        /// Query, key and value apart, gate and up apart.
        Split = "split",
    }
}

options! {
    /// How Muon moves the matrices between hidden states. Everything else is AdamW's.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Muon {
        /// The highest learning rate of these matrices; it follows the schedule of the other one.
        pub peak_lr: f64 = 0.02, above(0);
        /// The decay of the momentum, which is Nesterov's.
        pub momentum: f64 = 0.95, from(0).below(1);
        /// Newton-Schulz iterations that make the momentum orthogonal.
        pub iterations: usize = 5, from(1).to(20);
        /// What is one matrix.
        pub matrices: Matrices = Matrices::Whole;
    }
}

impl Matrices {
    /// In how many parts, side by side, a matrix is taken.
    fn parts(self, matrix: HiddenMatrix) -> usize {
        match self {
            Self::Whole => 1,
            Self::Split => matrix.parts,
        }
    }
}

/// A momentum and the directions that follow from it.
pub(super) struct Ahead {
    /// The momentum, which starts at 0.
    pub(super) momentum: Tensor<2>,
    /// Of every part of the matrix, side by side, the direction that Nesterov's momentum has when it is made orthogonal.
    pub(super) directions: Vec<Tensor<2>>,
    /// √max(1, outputs / inputs) of a part: with it outputs move alike whatever the shape (KellerJordan/Muon, `muon.py`).
    pub(super) scale: f64,
}

impl Muon {
    pub(super) const MOMENTUM: &str = "momentum";

    /// Where a matrix goes.
    ///
    /// # Shapes
    /// - all: `[inputs, outputs]`
    pub(super) fn ahead(&self, matrix: HiddenMatrix, gradient: Tensor<2>, momentum: Option<Tensor<2>>) -> Ahead {
        let (beta, rest) = (self.momentum, 1.0 - self.momentum);
        let momentum = momentum.unwrap_or_else(|| gradient.zeros_like()) * beta + gradient.clone() * rest;
        let ahead = gradient * rest + momentum.clone() * beta;
        let ([inputs, outputs], parts) = (ahead.dims(), self.matrices.parts(matrix));
        let outputs = outputs / parts;
        let directions = (0..parts).map(|part| {
            let part = ahead.clone().slice([0..inputs, part * outputs..(part + 1) * outputs]);
            cloze_kernels::orthogonalise(part, self.iterations)
        });
        Ahead {
            momentum,
            directions: directions.collect(),
            scale: (outputs as f64 / inputs as f64).max(1.0).sqrt(),
        }
    }
}

impl HiddenRule for Muon {
    fn peak_lr(&self) -> f64 {
        self.peak_lr
    }

    fn peak_lr_mut(&mut self) -> &mut f64 {
        &mut self.peak_lr
    }

    fn remembers(&self) -> &'static [&'static str] {
        &[Self::MOMENTUM]
    }

    fn update(&self, moved: Moved, remembered: Option<Vec<Tensor<2>>>) -> (Tensor<2>, Vec<Tensor<2>>) {
        let momentum = remembered.and_then(|mut remembered| remembered.pop());
        let ahead = self.ahead(moved.matrix, moved.gradient, momentum);
        let direction = Tensor::cat(ahead.directions, 1);
        let kept = moved.value * (1.0 - moved.learning_rate * moved.weight_decay);
        (
            kept - direction * (moved.learning_rate * ahead.scale),
            vec![ahead.momentum],
        )
    }

    /// As computed: with n the smaller side and m the larger one, an iteration takes the upper halves of X·Xᵀ and of its
    /// square, n(n + 1)m and n(n + 1)n, and one product of 2n²m.
    fn flops(&self, matrices: &[HiddenMatrix]) -> f64 {
        let of = |matrix: &HiddenMatrix| {
            let parts = self.matrices.parts(*matrix);
            let (inputs, outputs) = (matrix.inputs as f64, (matrix.outputs / parts) as f64);
            let (small, large) = (inputs.min(outputs), inputs.max(outputs));
            parts as f64 * (small * (small + 1.0) * (large + small) + 2.0 * small * small * large)
        };
        self.iterations as f64 * matrices.iter().map(of).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flops_are_those_of_a_count_by_hand() {
        let muon = Muon {
            iterations: 2,
            ..Muon::default()
        };
        let matrix = |inputs, outputs, parts| HiddenMatrix { inputs, outputs, parts };
        // 2 by 3: X·Xᵀ has 3 different numbers of 3 products each, its square 3 of 2, and the last product 6 of 2: 2 FLOPs each.
        assert_eq!(muon.flops(&[matrix(2, 3, 1)]), 2.0 * (18.0 + 12.0 + 24.0));
        assert_eq!(muon.flops(&[matrix(3, 2, 1)]), muon.flops(&[matrix(2, 3, 1)]));
        let split = Muon {
            matrices: Matrices::Split,
            ..muon
        };
        assert_eq!(split.flops(&[matrix(2, 9, 3)]), 3.0 * muon.flops(&[matrix(2, 3, 1)]));
    }
}
