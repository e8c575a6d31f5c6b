//! The residual stream: a sublayer's output, with dropout, added to its input, and the norm of the sum in the same pass.

use super::dropout::drop_from;
use super::layer_norm::{self, ROWS};
use super::node::{self, Backpropagate, close, open, open_optional};
use super::room::room;
use super::{BLOCK, vector::add};
use crate::Dropout;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// See [`crate::residual`].
pub(crate) fn residual(x: Tensor<2>, y: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    let ((x, x_place), (mut y, y_place)) = (open(x), open(y));
    y.storage_mut::<f32>()
        .par_chunks_mut(BLOCK)
        .zip(x.storage::<f32>().par_chunks(BLOCK))
        .enumerate()
        .for_each(|(block, (y, x))| join(x, y, block * BLOCK, dropout));
    close(y, [x_place, y_place], || Residual { dropout })
}

/// `y = x + dropout(y)`, where the first element of `y` has index `first`.
fn join(x: &[f32], y: &mut [f32], first: usize, dropout: Dropout) {
    if dropout.rate > 0.0 {
        drop_from(y, first as u64, dropout);
    }
    add(y, x);
}

#[derive(Clone, Debug)]
struct Residual {
    dropout: Dropout,
}

impl Backpropagate<2> for Residual {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        if self.dropout.rate == 0.0 {
            return [Some(gradient.clone()), Some(gradient)];
        }
        let mut dy = room(gradient.storage::<f32>().len());
        dy.par_chunks_mut(BLOCK)
            .zip(gradient.storage::<f32>().par_chunks(BLOCK))
            .enumerate()
            .for_each(|(block, (dy, dx))| {
                dy.copy_from_slice(dx);
                drop_from(dy, (block * BLOCK) as u64, self.dropout);
            });
        let dy = node::tensor(dy, gradient.layout().shape().clone());
        [Some(gradient), Some(dy)]
    }
}

/// See [`crate::residual_norm`].
pub(crate) fn residual_norm(
    x: Tensor<2>,
    y: Tensor<2>,
    dropout: Dropout,
    gain: Tensor<1>,
    bias: Option<Tensor<1>>,
    epsilon: f64,
) -> Tensor<2> {
    let [rows, width] = x.dims();
    let ((x, x_place), (mut y, y_place)) = (open(x), open(y));
    let ((gain, gain_place), (bias, bias_place)) = (open(gain), open_optional(bias));
    let epsilon = epsilon as f32;
    let mut out = room(rows * width);
    let block = (ROWS * width).max(1);
    let biases = bias.as_ref().map_or(&[][..], |bias| bias.storage::<f32>());
    y.storage_mut::<f32>()
        .par_chunks_mut(block)
        .zip(x.storage::<f32>().par_chunks(block))
        .zip(out.par_chunks_mut(block))
        .enumerate()
        .for_each(|(index, ((y, x), out))| {
            join(x, y, index * block, dropout);
            layer_norm::forward(y, gain.storage(), biases, epsilon, out);
        });
    let places = [x_place, y_place, gain_place, bias_place];
    close(node::tensor(out, [rows, width]), places, || ResidualNorm {
        sum: y,
        gain,
        epsilon,
        dropout,
    })
}

#[derive(Clone, Debug)]
struct ResidualNorm {
    sum: FlexTensor,
    gain: FlexTensor,
    epsilon: f32,
    dropout: Dropout,
}

impl Backpropagate<4> for ResidualNorm {
    fn backpropagate(self, mut gradient: FlexTensor, _: [bool; 4]) -> [Option<FlexTensor>; 4] {
        let [gain, bias] = layer_norm::through(&self.sum, &self.gain, self.epsilon, &mut gradient);
        let [dx, dy] = Residual { dropout: self.dropout }.backpropagate(gradient, [true; 2]);
        [dx, dy, Some(gain), Some(bias)]
    }
}
