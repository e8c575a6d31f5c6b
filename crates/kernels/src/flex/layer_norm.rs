//! Layer normalisation, one pass over each row and the whole backward pass in one more.

use super::linear::total;
use super::node::{self, Backpropagate, close, open, open_optional};
use super::room::room;
use super::vector::{dot, sum, sum_of, vectorised};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// Rows of one block.
pub(crate) const ROWS: usize = 64;

/// See [`crate::layer_norm`].
pub(crate) fn layer_norm(x: Tensor<2>, gain: Tensor<1>, bias: Option<Tensor<1>>, epsilon: f64) -> Tensor<2> {
    let [rows, width] = x.dims();
    let ((x, x_place), (gain, gain_place), (bias, bias_place)) = (open(x), open(gain), open_optional(bias));
    let mut y = room(rows * width);
    let block = (ROWS * width).max(1);
    let (gains, biases) = (
        gain.storage::<f32>(),
        bias.as_ref().map_or(&[][..], |bias| bias.storage::<f32>()),
    );
    x.storage::<f32>()
        .par_chunks(block)
        .zip(y.par_chunks_mut(block))
        .for_each(|(x, y)| forward(x, gains, biases, epsilon as f32, y));
    close(
        node::tensor(y, [rows, width]),
        [x_place, gain_place, bias_place],
        || Saved {
            x,
            gain,
            epsilon: epsilon as f32,
        },
    )
}

#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    gain: FlexTensor,
    epsilon: f32,
}

impl Backpropagate<3> for Saved {
    fn backpropagate(self, mut gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [gain, bias] = through(&self.x, &self.gain, self.epsilon, &mut gradient);
        [Some(gradient), Some(gain), Some(bias)]
    }
}

/// Turns the gradient of the output into that of the input, in place, and gives those of gain and bias.
pub(crate) fn through(x: &FlexTensor, gain: &FlexTensor, epsilon: f32, gradient: &mut FlexTensor) -> [FlexTensor; 2] {
    let gains = gain.storage::<f32>();
    let width = gains.len();
    let block = (ROWS * width).max(1);
    let parts: (Vec<_>, Vec<_>) = x
        .storage::<f32>()
        .par_chunks(block)
        .zip(gradient.storage_mut::<f32>().par_chunks_mut(block))
        .map(|(x, dy)| {
            let (mut gain, mut bias) = (vec![0.0; width], vec![0.0; width]);
            backward(x, gains, epsilon, dy, &mut gain, &mut bias);
            (gain, bias)
        })
        .unzip();
    [parts.0, parts.1].map(|parts| node::tensor(total(width, &parts), [width]))
}

/// Mean and 1 / √(variance + ε) of a row.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let inverse = 1.0 / x.len() as f32;
    let mean = sum(x) * inverse;
    let variance = sum_of(x.len(), |i| (x[i] - mean) * (x[i] - mean)) * inverse;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

vectorised! {
    /// Normalises the rows of `x` into `y`; an empty `bias` is none.
    pub(crate) fn forward(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f32, y: &mut [f32]) {
        let width = gain.len();
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, epsilon);
            for i in 0..width {
                y[i] = (x[i] - mean) * scale * gain[i];
            }
            for (y, bias) in y.iter_mut().zip(bias) {
                *y += bias;
            }
        }
    }
}

vectorised! {
    /// Turns the gradient of the output into that of the input, in place, and adds up those of gain and bias.
    fn backward(x: &[f32], gain: &[f32], epsilon: f32, dy: &mut [f32], gain_gradient: &mut [f32], bias_gradient: &mut [f32]) {
        let width = gain.len();
        let inverse = 1.0 / width as f32;
        let mut normal = vec![0.0; width];
        let (gain_gradient, bias_gradient) = (&mut gain_gradient[..width], &mut bias_gradient[..width]);
        for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, epsilon);
            for i in 0..width {
                normal[i] = (x[i] - mean) * scale;
                gain_gradient[i] += dy[i] * normal[i];
                bias_gradient[i] += dy[i];
                dy[i] *= gain[i];
            }
            let (along_mean, along_normal) = (sum(dy) * inverse, dot(dy, &normal) * inverse);
            for i in 0..width {
                dy[i] = scale * (dy[i] - along_mean - normal[i] * along_normal);
            }
        }
    }
}
