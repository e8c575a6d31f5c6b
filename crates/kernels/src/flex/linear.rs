//! The dense layer: one node with its bias inside, whose gradients come from products cut for several threads.

use super::matrix::{Matrix, Onto};
use super::node::{self, Backpropagate, Place, close, open_optional, open_view};
use super::product::{multiply_in, product};
use super::room::room;
use super::share;
use super::vector::{add, add_rows, add_to_rows};
use crate::{Affine, Precision};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// The most rows of one task.
const ROWS: usize = 512;

/// See [`crate::linear`].
pub(crate) fn linear(x: Tensor<2>, layer: Affine) -> Tensor<2> {
    let ([rows, inner], [_, columns]) = (x.dims(), layer.weight.dims());
    let (x, x_place) = open_view(x);
    let (layer, [weight_place, bias_place]) = Layer::open(layer);
    let mut y = room(rows * columns);
    let share = share(rows, ROWS);
    y.par_chunks_mut((share * columns).max(1))
        .enumerate()
        .for_each(|(task, y)| layer.forward([inner, columns], Matrix::of(&x).corner(task * share, 0), y));
    close(
        node::tensor(y, [rows, columns]),
        [x_place, weight_place, bias_place],
        || Saved {
            x,
            layer,
            size: [rows, inner, columns],
        },
    )
}

/// A weight, read through its strides, and its bias.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    precision: Precision,
}

impl Layer {
    pub(crate) fn open(layer: Affine) -> (Self, [Place; 2]) {
        let ((weight, weight_place), (bias, bias_place)) = (open_view(layer.weight), open_optional(layer.bias));
        let precision = layer.precision;
        (
            Self {
                weight,
                bias,
                precision,
            },
            [weight_place, bias_place],
        )
    }

    /// `y = x · weight + bias` on the calling thread.
    ///
    /// # Shapes
    /// - `x`: `[n, K]`, weight: `[K, J]`, `y`: `[n, J]` for a size of `[K, J]`
    pub(crate) fn forward(&self, [inner, columns]: [usize; 2], x: Matrix<'_>, y: &mut [f32]) {
        let size = [y.len() / columns, inner, columns];
        let weight = Matrix::of(&self.weight);
        multiply_in(self.precision, size, x, weight, y, columns, Onto::Replace(1.0));
        if let Some(bias) = &self.bias {
            add_to_rows(y, bias.storage());
        }
    }

    /// `dx = dy · weightᵀ` on the calling thread.
    ///
    /// # Shapes
    /// - `dy`: `[n, J]`, weight: `[K, J]`, `dx`: `[n, K]` for a size of `[K, J]`
    pub(crate) fn backward(&self, [inner, columns]: [usize; 2], dy: &[f32], dx: &mut [f32]) {
        let weight = Matrix::of(&self.weight).transposed();
        let size = [dy.len() / columns.max(1), columns, inner];
        let dy = Matrix::new(dy, columns);
        multiply_in(self.precision, size, dy, weight, dx, inner, Onto::Replace(1.0));
    }

    /// `xᵀ · dy`, shared among the threads.
    ///
    /// # Shapes
    /// - `x`: `[N, K]`, `dy`: `[N, J]`, result: `[K, J]` for a size of `[N, K, J]`
    pub(crate) fn weight_gradient(&self, [rows, inner, columns]: [usize; 3], x: Matrix<'_>, dy: &[f32]) -> FlexTensor {
        let (x, dy) = (x.transposed(), Matrix::new(dy, columns));
        let mut result = room(inner * columns);
        product(
            self.precision,
            [inner, rows, columns],
            x,
            dy,
            &mut result,
            Onto::Replace(1.0),
        );
        node::tensor(result, [inner, columns])
    }
}

#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    layer: Layer,
    size: [usize; 3],
}

impl Backpropagate<3> for Saved {
    fn backpropagate(self, gradient: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let Self { x, layer, size } = self;
        let [rows, inner, columns] = size;
        let dy = gradient.storage::<f32>();
        let of_x = wanted[0].then(|| {
            let mut dx = room(rows * inner);
            let share = share(rows, ROWS);
            dx.par_chunks_mut((share * inner).max(1))
                .zip(dy.par_chunks((share * columns).max(1)))
                .for_each(|(dx, dy)| layer.backward([inner, columns], dy, dx));
            node::tensor(dx, [rows, inner])
        });
        let of_weight = wanted[1].then(|| layer.weight_gradient(size, Matrix::of(&x), dy));
        let of_bias = wanted[2].then(|| {
            let parts = dy.par_chunks((ROWS * columns).max(1)).map(|dy| sum_rows(columns, dy));
            node::tensor(total(columns, &parts.collect::<Vec<_>>()), [columns])
        });
        [of_x, of_weight, of_bias]
    }
}

/// The sum of the rows of a block.
pub(crate) fn sum_rows(columns: usize, block: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; columns];
    add_rows(&mut sum, block);
    sum
}

/// The sum of what blocks have summed, in their order.
pub(crate) fn total(columns: usize, blocks: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; columns];
    blocks.iter().for_each(|block| add(&mut sum, block));
    sum
}
