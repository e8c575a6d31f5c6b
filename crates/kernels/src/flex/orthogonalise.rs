//! Muon's Newton-Schulz iteration. The products of a matrix with itself are symmetric: only their upper blocks are computed.

use super::matrix::{Matrix, Onto};
use super::node::{open, tensor};
use super::product::{multiply, product};
use super::room::room;
use crate::{NEWTON_SCHULZ, Precision};
use burn::backend::Flex;
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Rows of a symmetric product that are computed together.
const ROWS: usize = 64;

/// See [`crate::orthogonalise`].
pub(crate) fn orthogonalise(x: Tensor<2>, iterations: usize) -> Tensor<2> {
    let (shape, autodiff) = (x.dims(), x.is_autodiff());
    let x = open(x).0;
    let result = Tensor::from_primitive::<Flex>(tensor(iterate(x.storage::<f32>(), shape, iterations), shape));
    if autodiff { result.autodiff() } else { result }
}

/// Every number depends on the size alone, not on the number of threads.
fn iterate(x: &[f32], [rows, columns]: [usize; 2], iterations: usize) -> Vec<f32> {
    let squares: f64 = x.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    let scale = (1.0 / squares.sqrt().max(1e-7)) as f32;
    let mut x: Vec<f32> = x.iter().map(|value| value * scale).collect();
    let (small, large) = (rows.min(columns), rows.max(columns));
    let [a, b, c] = NEWTON_SCHULZ.map(|number| number as f32);
    let [mut gram, mut square] = [small; 2].map(|side| room(side * side));
    let mut next = room(x.len());
    for _ in 0..iterations {
        let this = Matrix::new(&x, columns);
        let (left, right) = if rows <= columns {
            (this, this.transposed())
        } else {
            (this.transposed(), this)
        };
        symmetric([small, large], left, right, &mut gram);
        let of = Matrix::new(&gram, small);
        symmetric([small, small], of, of, &mut square);
        for (square, gram) in square.iter_mut().zip(&gram) {
            *square = b * gram + c * *square;
        }
        for (next, x) in next.iter_mut().zip(&x) {
            *next = a * x;
        }
        let polynomial = Matrix::new(&square, small);
        let (size, left, right) = if rows <= columns {
            ([small, small, large], polynomial, this)
        } else {
            ([large, small, small], this, polynomial)
        };
        product(Precision::Float32, size, left, right, &mut next, Onto::Add);
        std::mem::swap(&mut x, &mut next);
    }
    x
}

/// `out = left · right` of `[side, inner]` and `[inner, side]`, which is known to be symmetric.
fn symmetric([side, inner]: [usize; 2], left: Matrix<'_>, right: Matrix<'_>, out: &mut [f32]) {
    out.par_chunks_mut(ROWS * side).enumerate().for_each(|(block, out)| {
        let (first, height) = (block * ROWS, out.len() / side);
        let size = [height, inner, side - first];
        let (left, right) = (left.corner(first, 0), right.corner(0, first));
        multiply(size, left, right, &mut out[first..], side, Onto::Replace(1.0));
    });
    for row in 1..side {
        for column in 0..row {
            out[row * side + column] = out[column * side + row];
        }
    }
}
