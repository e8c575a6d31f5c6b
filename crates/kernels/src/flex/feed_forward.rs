//! The feed-forward sublayer as one node: a block of rows goes through both matrices while it is in the cache. Of the
//! hidden layer only what comes before the activation is kept, and nothing where no gradient is wanted; the activation is
//! worked out again in the backward pass, together with its slope.

use super::activation::{activate, through_activation};
use super::linear::{Layer, sum_rows, total};
use super::matrix::Matrix;
use super::node::{self, Backpropagate, Place, close, open};
use super::room::room;
use super::share;
use crate::{Activation, Affine};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// The most rows of one task.
const ROWS: usize = 256;

/// See [`crate::feed_forward`].
pub(crate) fn feed_forward(x: Tensor<2>, up: Affine, activation: Activation, down: Affine) -> Tensor<2> {
    let ([rows, width], [_, columns], [hidden, outputs]) = (x.dims(), up.weight.dims(), down.weight.dims());
    let ((x, x_place), (up, up_places), (down, down_places)) = (open(x), Layer::open(up), Layer::open(down));
    let share = share(rows, ROWS);
    let mut y = room(rows * outputs);
    let ([up_weight, up_bias], [down_weight, down_bias]) = (up_places, down_places);
    let places = [x_place, up_weight, up_bias, down_weight, down_bias];
    let block = |task: usize, y: &mut [f32], before: &mut [f32]| {
        let x = Matrix::new(x.storage(), width).corner(task * share, 0);
        up.forward([width, columns], x, before);
        let mut after = room(before.len() / columns * hidden);
        activate(activation, hidden, before, &mut after);
        down.forward([hidden, outputs], Matrix::new(&after, hidden), y);
    };
    let kept = places.iter().any(Place::is_tracked);
    let mut before = room(if kept { rows * columns } else { 0 });
    let blocks = y.par_chunks_mut((share * outputs).max(1)).enumerate();
    if kept {
        blocks
            .zip(before.par_chunks_mut((share * columns).max(1)))
            .for_each(|((task, y), before)| block(task, y, before));
    } else {
        blocks.for_each(|(task, y)| block(task, y, &mut room(y.len() / outputs.max(1) * columns)));
    }
    close(node::tensor(y, [rows, outputs]), places, || Saved {
        x,
        before: node::tensor(before, [rows, columns]),
        up,
        down,
        activation,
        sizes: [rows, width, columns, hidden, outputs],
    })
}

#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    /// The hidden layer before its activation, `[N, F]`, or `[N, 2F]` with a gate.
    before: FlexTensor,
    up: Layer,
    down: Layer,
    activation: Activation,
    sizes: [usize; 5],
}

impl Backpropagate<5> for Saved {
    fn backpropagate(mut self, gradient: FlexTensor, wanted: [bool; 5]) -> [Option<FlexTensor>; 5] {
        let [rows, width, columns, hidden, outputs] = self.sizes;
        let dy = gradient.storage::<f32>();
        let (mut dx, mut of_before) = (room(rows * width), room(rows * columns));
        // The activation takes the place of what it is made from, in the first F columns.
        let after = self.before.storage_mut::<f32>();
        let (up, down) = (&self.up, &self.down);
        let share = share(rows, ROWS);
        let biases: (Vec<_>, Vec<_>) = dx
            .par_chunks_mut((share * width).max(1))
            .zip(of_before.par_chunks_mut((share * columns).max(1)))
            .zip(after.par_chunks_mut((share * columns).max(1)))
            .zip(dy.par_chunks((share * outputs).max(1)))
            .map(|(((dx, of_before), after), dy)| {
                let mut of_after = room(after.len() / columns * hidden);
                down.backward([hidden, outputs], dy, &mut of_after);
                through_activation(self.activation, hidden, after, &of_after, of_before);
                up.backward([width, columns], of_before, dx);
                (sum_rows(columns, of_before), sum_rows(outputs, dy))
            })
            .unzip();
        let of_up = wanted[1].then(|| {
            let x = Matrix::new(self.x.storage(), width);
            up.weight_gradient([rows, width, columns], x, &of_before)
        });
        let of_down = wanted[3].then(|| {
            let after = Matrix::new(after, columns);
            down.weight_gradient([rows, hidden, outputs], after, dy)
        });
        [
            Some(node::tensor(dx, [rows, width])),
            of_up,
            wanted[2].then(|| node::tensor(total(columns, &biases.0), [columns])),
            of_down,
            wanted[4].then(|| node::tensor(total(outputs, &biases.1), [outputs])),
        ]
    }
}
