//! The vocabulary head with its loss. Logits exist for one group of rows at a time; the gradients are made in the forward
//! pass, while the logits are there, so that what is kept has the size of the inputs and not `[M, V]`.

use super::matrix::{Matrix, Onto};
use super::node::{self, Backpropagate, Place, close, open, open_optional};
use super::product::product;
use super::room::room;
use super::vector;
use crate::{Affine, CrossEntropy};
use burn::backend::Flex;
use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// The most rows whose logits exist at one time.
const GROUP: usize = 512;
/// Rows of one task of the softmax.
const ROWS: usize = 16;
/// Vocabulary entries of one task of the bias's gradient.
const ENTRIES: usize = 512;

/// See [`crate::vocabulary_cross_entropy`].
pub(crate) fn vocabulary_cross_entropy(
    hidden: Tensor<2>,
    table: Affine,
    targets: Tensor<1, Int>,
    weights: Tensor<1>,
) -> CrossEntropy {
    if weights.is_tracked() {
        // Their gradient is wanted by no objective.
        return crate::reference::vocabulary_cross_entropy(hidden, table, targets, weights);
    }
    let Affine {
        weight,
        bias,
        precision,
    } = table;
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
    let tracked = [&hidden_place, &weight_place, &bias_place].map(Place::is_tracked);
    let mut each = vec![0.0; rows];
    let mut of_hidden = room(if tracked[0] { rows * width } else { 0 });
    let mut of_weight = vec![0.0; if tracked[1] { entries * width } else { 0 }];
    let mut of_bias = vec![0.0; if tracked[2] { entries } else { 0 }];
    // Groups of nearly one size: each reads the whole table, however few rows it has.
    let group = rows.div_ceil(rows.div_ceil(GROUP).max(1)).max(1);
    let mut logits = room(rows.min(group) * entries);
    let table = Matrix::new(weight.storage(), width);
    for first in (0..rows).step_by(group) {
        let count = group.min(rows - first);
        let logits = &mut logits[..count * entries];
        let hidden = Matrix::new(hidden.storage(), width).corner(first, 0);
        product(
            precision,
            [count, width, entries],
            hidden,
            table.transposed(),
            logits,
            Onto::Replace(1.0),
        );
        logits
            .par_chunks_mut((ROWS * entries).max(1))
            .zip(each[first..first + count].par_chunks_mut(ROWS))
            .zip(targets[first..first + count].par_chunks(ROWS))
            .zip(row_weights.storage::<f32>()[first..first + count].par_chunks(ROWS))
            .for_each(|(((logits, each), targets), weights)| {
                let bias = bias.as_ref().map_or(&[][..], |bias| bias.storage::<f32>());
                losses(logits, bias, (targets, weights), each, tracked.contains(&true));
            });
        // The logits have become their gradients.
        let of_logits = Matrix::new(logits, entries);
        if tracked[0] {
            let out = &mut of_hidden[first * width..(first + count) * width];
            product(
                precision,
                [count, entries, width],
                of_logits,
                table,
                out,
                Onto::Replace(1.0),
            );
        }
        if tracked[1] {
            let size = [entries, count, width];
            product(
                precision,
                size,
                of_logits.transposed(),
                hidden,
                &mut of_weight,
                Onto::Add,
            );
        }
        if tracked[2] {
            of_bias.par_chunks_mut(ENTRIES).enumerate().for_each(|(block, out)| {
                let columns = block * ENTRIES..block * ENTRIES + out.len();
                let rows = logits.chunks_exact(entries);
                rows.for_each(|row| vector::add(out, &row[columns.clone()]));
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

/// The losses of a block of rows; leaves the gradients of the logits in their place where these are wanted.
fn losses(logits: &mut [f32], bias: &[f32], (targets, weights): (&[usize], &[f32]), each: &mut [f32], gradients: bool) {
    let rows = logits.chunks_exact_mut(logits.len() / each.len());
    for (row, ((nll, target), weight)) in rows.zip(each.iter_mut().zip(targets).zip(weights)) {
        if !bias.is_empty() {
            vector::add(row, bias);
        }
        let chosen = row[*target];
        if !gradients {
            let (most, total) = vector::exponentials(row);
            *nll = most + total.ln() - chosen;
            continue;
        }
        *nll = vector::softmax(row, *weight) - chosen;
        row[*target] -= weight;
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
