//! GELU and gated GELU.

use super::BLOCK;
use super::node::{self, Backpropagate, close, open};
use super::room::room;
use super::vector::{normal, vectorised};
use crate::Activation;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// Rows of one block of the gated form.
const ROWS: usize = 32;

/// See [`crate::gelu`].
pub(crate) fn gelu(x: Tensor<2>) -> Tensor<2> {
    let shape = x.dims();
    let (x, place) = open(x);
    let values = x.storage::<f32>();
    let mut y = room(values.len());
    values
        .par_chunks(BLOCK)
        .zip(y.par_chunks_mut(BLOCK))
        .for_each(|(x, y)| gelu_forward(x, y));
    close(node::tensor(y, shape), [place], || Gelu { x })
}

#[derive(Clone, Debug)]
struct Gelu {
    x: FlexTensor,
}

impl Backpropagate<1> for Gelu {
    fn backpropagate(self, mut gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let blocks = gradient.storage_mut::<f32>().par_chunks_mut(BLOCK);
        self.x
            .storage::<f32>()
            .par_chunks(BLOCK)
            .zip(blocks)
            .for_each(|(x, dy)| gelu_backward(x, dy));
        [Some(gradient)]
    }
}

/// See [`crate::geglu`].
pub(crate) fn geglu(x: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let width = columns / 2;
    let (x, place) = open(x);
    let mut y = room(rows * width);
    x.storage::<f32>()
        .par_chunks((ROWS * columns).max(1))
        .zip(y.par_chunks_mut((ROWS * width).max(1)))
        .for_each(|(x, y)| geglu_forward(width, x, y));
    close(node::tensor(y, [rows, width]), [place], || Geglu {
        x,
        shape: [rows, columns],
    })
}

#[derive(Clone, Debug)]
struct Geglu {
    x: FlexTensor,
    shape: [usize; 2],
}

impl Backpropagate<1> for Geglu {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let [rows, columns] = self.shape;
        let width = columns / 2;
        let mut dx = room(rows * columns);
        self.x
            .storage::<f32>()
            .par_chunks((ROWS * columns).max(1))
            .zip(gradient.storage::<f32>().par_chunks((ROWS * width).max(1)))
            .zip(dx.par_chunks_mut((ROWS * columns).max(1)))
            .for_each(|((x, dy), dx)| geglu_backward(width, x, dy, dx));
        [Some(node::tensor(dx, self.shape))]
    }
}

/// `after = activation(before)`, row by row.
///
/// # Shapes
/// - `before`: `[n, F]`, or `[n, 2F]` with a gate, `after`: `[n, F]` for a `width` of F
pub(crate) fn activate(activation: Activation, width: usize, before: &[f32], after: &mut [f32]) {
    match activation {
        Activation::Gelu => gelu_forward(before, after),
        Activation::Geglu => geglu_forward(width, before, after),
    }
}

/// From the gradient of an activation to that of what came before it. The first F columns of `before` become the
/// activation.
///
/// # Shapes
/// - `before` and `of_before`: `[n, F]`, or `[n, 2F]` with a gate, `of_after`: `[n, F]` for a `width` of F
pub(crate) fn through_activation(
    activation: Activation,
    width: usize,
    before: &mut [f32],
    of_after: &[f32],
    of_before: &mut [f32],
) {
    match activation {
        Activation::Gelu => gelu_both(before, of_after, of_before),
        Activation::Geglu => geglu_both(width, before, of_after, of_before),
    }
}

vectorised! {
    fn gelu_both(x: &mut [f32], dy: &[f32], dx: &mut [f32]) {
        for ((x, dy), dx) in x.iter_mut().zip(dy).zip(dx) {
            let (cdf, pdf) = normal(*x);
            *dx = *dy * (cdf + *x * pdf);
            *x *= cdf;
        }
    }
}

vectorised! {
    fn geglu_both(width: usize, x: &mut [f32], dy: &[f32], dx: &mut [f32]) {
        for ((x, dy), dx) in x.chunks_exact_mut(2 * width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(2 * width)) {
            let (gate, value) = x.split_at_mut(width);
            let (gate_gradient, value_gradient) = dx.split_at_mut(width);
            for i in 0..width {
                let (cdf, pdf) = normal(gate[i]);
                gate_gradient[i] = dy[i] * value[i] * (cdf + gate[i] * pdf);
                value_gradient[i] = dy[i] * gate[i] * cdf;
                gate[i] = gate[i] * cdf * value[i];
            }
        }
    }
}

vectorised! {
    fn gelu_forward(x: &[f32], y: &mut [f32]) {
        for (x, y) in x.iter().zip(y) {
            *y = *x * normal(*x).0;
        }
    }
}

vectorised! {
    fn gelu_backward(x: &[f32], dy: &mut [f32]) {
        for (x, dy) in x.iter().zip(dy) {
            let (cdf, pdf) = normal(*x);
            *dy *= cdf + *x * pdf;
        }
    }
}

vectorised! {
    fn geglu_forward(width: usize, x: &[f32], y: &mut [f32]) {
        for (x, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(width)) {
            let (gate, value) = x.split_at(width);
            for i in 0..width {
                y[i] = gate[i] * normal(gate[i]).0 * value[i];
            }
        }
    }
}

vectorised! {
    fn geglu_backward(width: usize, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((x, dy), dx) in x.chunks_exact(2 * width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(2 * width)) {
            let (gate, value) = x.split_at(width);
            let (gate_gradient, value_gradient) = dx.split_at_mut(width);
            for i in 0..width {
                let (cdf, pdf) = normal(gate[i]);
                gate_gradient[i] = dy[i] * value[i] * (cdf + gate[i] * pdf);
                value_gradient[i] = dy[i] * gate[i] * cdf;
            }
        }
    }
}
