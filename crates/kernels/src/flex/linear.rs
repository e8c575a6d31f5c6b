//! Matrix product and bias.

use super::matrix::{Matrix, multiply_tall, multiply_transposed};
use super::node::{self, Backpropagate, close, open, open_optional};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// See [`crate::linear`].
pub(crate) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let ([rows, inner], [_, width]) = (x.dims(), weight.dims());
    let ((x, x_place), (weight, weight_place), (bias, bias_place)) = (open(x), open(weight), open_optional(bias));
    let weights = Matrix::new(weight.storage(), width);
    let bias = bias.as_ref().map_or(&[][..], |bias| bias.storage());
    let y = multiply_tall([rows, inner, width], x.storage(), weights, bias);
    close(
        node::tensor(y, [rows, width]),
        [x_place, weight_place, bias_place],
        || Saved {
            x,
            weight,
            size: [rows, inner, width],
        },
    )
}

#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    weight: FlexTensor,
    size: [usize; 3],
}

impl Backpropagate<3> for Saved {
    fn backpropagate(self, gradient: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [rows, inner, width] = self.size;
        let dy = gradient.storage::<f32>();
        let dx = wanted[0].then(|| {
            let weights = Matrix::new(self.weight.storage(), width).transposed();
            let dx = multiply_tall([rows, width, inner], dy, weights, &[]);
            node::tensor(dx, [rows, inner])
        });
        if !wanted[1] && !wanted[2] {
            return [dx, None, None];
        }
        let (weight, bias) = multiply_transposed([rows, inner, width], self.x.storage(), dy);
        [
            dx,
            Some(node::tensor(weight, [inner, width])),
            Some(node::tensor(bias, [width])),
        ]
    }
}
