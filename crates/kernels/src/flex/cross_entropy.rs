//! The vocabulary head with its loss. Logits exist for one group of rows at a time; the gradients are made in the forward
//! pass, while the logits are there, so that what is kept has the size of the inputs and not `[M, V]`.

use super::matrix::{Matrix, Onto, multiply};
use super::node::{self, Backpropagate, Place, close, open, open_optional};
use super::vector;
use crate::CrossEntropy;
use burn::backend::Flex;
use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// Rows whose logits exist at one time.
const GROUP: usize = 512;
/// Rows of one task.
const ROWS: usize = 64;
/// Vocabulary entries of one task of the weight's gradient.
const ENTRIES: usize = 512;

/// See [`crate::vocabulary_cross_entropy`].
pub(crate) fn vocabulary_cross_entropy(
    hidden: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    targets: Tensor<1, Int>,
    weights: Tensor<1>,
) -> CrossEntropy {
    let ([rows, width], [entries, _]) = (hidden.dims(), weight.dims());
    let targets: Vec<usize> = targets
        .inner()
        .into_data()
        .iter::<i64>()
        .map(|target| target as usize)
        .collect();
    let ((hidden, hidden_place), (weight, weight_place), (bias, bias_place)) =
        (open(hidden), open(weight), open_optional(bias));
    let row_weights = open(weights).0;
    let head = Head {
        width,
        entries,
        weight: weight.storage(),
        bias: bias.as_ref().map_or(&[], |bias| bias.storage()),
    };
    let tracked = [&hidden_place, &weight_place, &bias_place].map(Place::is_tracked);
    let wanted = tracked.contains(&true);
    let sized = |wanted: bool, size: usize| vec![0.0; if wanted { size } else { 0 }];
    let mut each = vec![0.0; rows];
    let mut of_hidden = sized(wanted, rows * width);
    let mut of_weight = sized(tracked[1], entries * width);
    let mut of_bias = sized(tracked[2], entries);
    let mut logits = vec![0.0; rows.min(GROUP) * entries];
    for first in (0..rows).step_by(GROUP) {
        let group = first..rows.min(first + GROUP);
        let logits = &mut logits[..group.len() * entries];
        let hidden = &hidden.storage::<f32>()[group.start * width..group.end * width];
        let (targets, row_weights) = (&targets[group.clone()], &row_weights.storage::<f32>()[group.clone()]);
        logits
            .par_chunks_mut((ROWS * entries).max(1))
            .zip(hidden.par_chunks((ROWS * width).max(1)))
            .zip(each[group.clone()].par_chunks_mut(ROWS))
            .zip(targets.par_chunks(ROWS).zip(row_weights.par_chunks(ROWS)))
            .for_each(|(((logits, hidden), each), (targets, weights))| {
                head.forward(hidden, targets, weights, wanted, logits, each)
            });
        if tracked[0] {
            let of_hidden = &mut of_hidden[group.start * width..group.end * width];
            of_hidden
                .par_chunks_mut((ROWS * width).max(1))
                .zip(logits.par_chunks((ROWS * entries).max(1)))
                .for_each(|(out, logits)| {
                    let size = [out.len() / width, entries, width];
                    multiply(
                        size,
                        Matrix::new(logits, entries),
                        Matrix::new(head.weight, width),
                        out,
                        width,
                        Onto::Replace(1.0),
                    );
                });
        }
        if tracked[1] {
            of_weight
                .par_chunks_mut((ENTRIES * width).max(1))
                .enumerate()
                .for_each(|(block, out)| {
                    let gradient = Matrix::new(logits, entries).transposed().corner(block * ENTRIES, 0);
                    multiply(
                        [out.len() / width, group.len(), width],
                        gradient,
                        Matrix::new(hidden, width),
                        out,
                        width,
                        Onto::Add,
                    );
                });
        }
        if tracked[2] {
            of_bias.par_chunks_mut(ENTRIES).enumerate().for_each(|(block, out)| {
                logits
                    .chunks_exact(entries)
                    .for_each(|row| vector::add(out, &row[block * ENTRIES..block * ENTRIES + out.len()]));
            });
        }
    }
    let sum: f64 = each
        .iter()
        .zip(row_weights.storage::<f32>())
        .map(|(nll, weight)| f64::from(*nll) * f64::from(*weight))
        .sum();
    let sum = close(
        node::tensor(vec![sum as f32], [1]),
        [hidden_place, weight_place, bias_place],
        || Saved {
            gradients: [
                tracked[0].then(|| node::tensor(of_hidden, [rows, width])),
                tracked[1].then(|| node::tensor(of_weight, [entries, width])),
                tracked[2].then(|| node::tensor(of_bias, [entries])),
            ],
        },
    );
    CrossEntropy {
        sum,
        each: Tensor::from_primitive::<Flex>(node::tensor(each, [rows])),
    }
}

struct Head<'a> {
    width: usize,
    entries: usize,
    weight: &'a [f32],
    bias: &'a [f32],
}

impl Head<'_> {
    /// The losses of a block of rows; if `wanted`, leaves the gradients of the logits in their place.
    fn forward(
        &self,
        hidden: &[f32],
        targets: &[usize],
        weights: &[f32],
        wanted: bool,
        logits: &mut [f32],
        each: &mut [f32],
    ) {
        let size = [each.len(), self.width, self.entries];
        let weight = Matrix::new(self.weight, self.width).transposed();
        multiply(
            size,
            Matrix::new(hidden, self.width),
            weight,
            logits,
            self.entries,
            Onto::Replace(1.0),
        );
        for (row, ((nll, target), weight)) in logits
            .chunks_exact_mut(self.entries)
            .zip(each.iter_mut().zip(targets).zip(weights))
        {
            if !self.bias.is_empty() {
                vector::add(row, self.bias);
            }
            let chosen = row[*target];
            *nll = vector::softmax(row) - chosen;
            if wanted {
                row[*target] -= 1.0;
                vector::scale(row, *weight);
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Saved {
    gradients: [Option<FlexTensor>; 3],
}

impl Backpropagate<3> for Saved {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let factor = gradient.storage::<f32>()[0];
        self.gradients.map(|gradient| {
            let mut gradient = gradient?;
            if factor != 1.0 {
                gradient
                    .storage_mut::<f32>()
                    .par_chunks_mut(super::BLOCK)
                    .for_each(|block| vector::scale(block, factor));
            }
            Some(gradient)
        })
    }
}
