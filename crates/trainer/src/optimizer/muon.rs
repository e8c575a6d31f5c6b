//! Muon (Jordan et al. 2024): a matrix between hidden states moves by its momentum, made orthogonal; each of its directions
//! then moves alike, however small its gradient.

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

impl Muon {
    /// In how many parts, side by side, a matrix is taken.
    fn parts(&self, matrix: HiddenMatrix) -> usize {
        match self.matrices {
            Matrices::Whole => 1,
            Matrices::Split => matrix.parts,
        }
    }

    /// One update, all without a graph: the new value and its momentum, which starts at 0.
    ///
    /// The direction is scaled by √max(1, outputs / inputs), so that outputs move alike whatever the shape
    /// (KellerJordan/Muon, `muon.py`).
    ///
    /// # Shapes
    /// - all: `[inputs, outputs]`
    pub(super) fn update(
        &self,
        matrix: HiddenMatrix,
        [value, gradient]: [Tensor<2>; 2],
        momentum: Option<Tensor<2>>,
        learning_rate: f64,
        weight_decay: f64,
    ) -> (Tensor<2>, Tensor<2>) {
        let (beta, rest) = (self.momentum, 1.0 - self.momentum);
        let momentum = momentum.unwrap_or_else(|| value.zeros_like()) * beta + gradient.clone() * rest;
        let ahead = gradient * rest + momentum.clone() * beta;
        let ([inputs, outputs], parts) = (value.dims(), self.parts(matrix));
        let outputs = outputs / parts;
        let scale = (outputs as f64 / inputs as f64).max(1.0).sqrt();
        let directions = (0..parts).map(|part| {
            let part = ahead.clone().slice([0..inputs, part * outputs..(part + 1) * outputs]);
            cloze_kernels::orthogonalise(part, self.iterations)
        });
        let direction = Tensor::cat(directions.collect(), 1);
        let kept = value * (1.0 - learning_rate * weight_decay);
        (kept - direction * (learning_rate * scale), momentum)
    }

    /// FLOPs of an update of these matrices, as computed: with n the smaller side and m the larger one, an iteration takes the
    /// upper halves of X·Xᵀ and of its square, n(n + 1)m and n(n + 1)n, and one product of 2n²m.
    pub fn flops(&self, matrices: &[HiddenMatrix]) -> f64 {
        let of = |matrix: &HiddenMatrix| {
            let parts = self.parts(*matrix);
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
