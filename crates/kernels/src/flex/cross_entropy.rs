//! The vocabulary head with its loss. Logits exist for one group of rows at a time; the gradients are made in the forward
//! pass, while the logits are there, so that what is kept has the size of the inputs and not `[M, V]`.

use super::matrix::{Matrix, Onto};
use super::node::{self, Backpropagate, Place, close, open, open_optional};
use super::product::product;
use super::room::room;
use super::vector;
use crate::{Affine, CrossEntropy, Softmax};
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
    softmax: Softmax,
) -> CrossEntropy {
    if weights.is_tracked() || softmax.normalisers.as_ref().is_some_and(Tensor::is_tracked) {
        // Their gradient is wanted by no objective.
        return crate::reference::vocabulary_cross_entropy(hidden, table, targets, weights, softmax);
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
    let cap = softmax.cap.map(|cap| cap as f32);
    let normalisers = softmax.normalisers.map(|weights| open(weights).0);
    let tracked = [&hidden_place, &weight_place, &bias_place].map(Place::is_tracked);
    let mut each = vec![0.0; rows];
    let mut logarithms = vec![0.0; rows];
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
        let group = first..first + count;
        logits
            .par_chunks_mut((ROWS * entries).max(1))
            .zip(each[group.clone()].par_chunks_mut(ROWS))
            .zip(logarithms[group].par_chunks_mut(ROWS))
            .enumerate()
            .for_each(|(task, ((logits, each), logarithms))| {
                let rows = first + task * ROWS..first + task * ROWS + each.len();
                let asked = Asked {
                    targets: &targets[rows.clone()],
                    weights: &row_weights.storage()[rows.clone()],
                    bias: bias.as_ref().map_or(&[][..], |bias| bias.storage()),
                    cap,
                    normalisers: normalisers.as_ref().map(|weights| &weights.storage()[rows]),
                    gradients: tracked.contains(&true),
                };
                asked.losses(logits, each, logarithms);
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
    let mut sum: f64 = each
        .iter()
        .zip(row_weights.storage::<f32>())
        .map(|(nll, weight)| f64::from(*nll) * f64::from(*weight))
        .sum();
    if let Some(weights) = &normalisers {
        let rows = logarithms.iter().zip(weights.storage::<f32>());
        let squares = rows.map(|(logarithm, weight)| f64::from(*logarithm).powi(2) * f64::from(*weight));
        sum += squares.sum::<f64>();
    }
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

/// What is asked about a block of rows.
struct Asked<'a> {
    targets: &'a [usize],
    weights: &'a [f32],
    /// Empty where there is none.
    bias: &'a [f32],
    cap: Option<f32>,
    normalisers: Option<&'a [f32]>,
    gradients: bool,
}

impl Asked<'_> {
    /// The losses of the rows, and the logarithms of what their softmaxes divide by; leaves the gradients of the logits in their
    /// place where these are wanted. What is asked beside the cross-entropy is a pass of its own over a row.
    fn losses(&self, logits: &mut [f32], each: &mut [f32], logarithms: &mut [f32]) {
        let entries = logits.len() / each.len();
        let is_sloped = self.gradients && self.cap.is_some();
        let mut slopes = room(if is_sloped { entries } else { 0 });
        for (place, row) in logits.chunks_exact_mut(entries).enumerate() {
            let (target, weight) = (self.targets[place], self.weights[place]);
            if !self.bias.is_empty() {
                vector::add(row, self.bias);
            }
            match self.cap {
                Some(cap) if is_sloped => vector::soft_cap_with_slopes(row, cap, &mut slopes),
                Some(cap) => vector::soft_cap(row, cap),
                None => {}
            }
            let chosen = row[target];
            let logarithm = match (self.gradients, self.normalisers) {
                (false, _) => {
                    let (most, total) = vector::exponentials(row);
                    most + total.ln()
                }
                (true, None) => vector::softmax(row, weight),
                (true, Some(normalisers)) => vector::softmax_beside(row, weight, normalisers[place]),
            };
            (each[place], logarithms[place]) = (logarithm - chosen, logarithm);
            if self.gradients {
                row[target] -= weight;
            }
            if is_sloped {
                vector::multiply_by(row, &slopes);
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
