//! Attention, one task per window. The probabilities are kept for the backward pass; dropout's mask is drawn again.
//! Causal attention works in blocks of queries and of keys and leaves out what lies above the diagonal.

use super::dropout::drop_from;
use super::matrix::{Matrix, Onto, multiply};
use super::node::{self, Backpropagate, close, open};
use super::room::room;
use super::vector::{dot, multiply_by, softmax, vectorised};
use crate::{Dropout, Heads, Pattern};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;
use std::ops::Range;

/// Queries, or keys, of one block of causal attention.
const CAUSAL_BLOCK: usize = 32;

/// See [`crate::attention`].
pub(crate) fn attention(qkv: Tensor<2>, heads: Heads, pattern: Pattern, dropout: Dropout) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let plan = Plan {
        heads,
        width: columns / 3,
        pattern,
        dropout,
    };
    let (qkv, place) = open(qkv);
    let mut out = room(rows * plan.width);
    let mut probabilities = room(heads.batch * plan.cells());
    qkv.storage::<f32>()
        .par_chunks((heads.length * columns).max(1))
        .zip(out.par_chunks_mut((heads.length * plan.width).max(1)))
        .zip(probabilities.par_chunks_mut(plan.cells().max(1)))
        .enumerate()
        .for_each(|(window, ((qkv, out), probabilities))| plan.forward(window, qkv, out, probabilities));
    close(node::tensor(out, [rows, plan.width]), [place], || {
        let cells = probabilities.len();
        Saved {
            qkv,
            probabilities: node::tensor(probabilities, [cells]),
            plan,
        }
    })
}

#[derive(Clone, Debug)]
struct Saved {
    qkv: FlexTensor,
    probabilities: FlexTensor,
    plan: Plan,
}

impl Backpropagate<1> for Saved {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let plan = self.plan;
        let (length, columns) = (plan.heads.length, 3 * plan.width);
        let rows = plan.heads.batch * length;
        let mut result = room(rows * columns);
        result
            .par_chunks_mut((length * columns).max(1))
            .zip(self.qkv.storage::<f32>().par_chunks((length * columns).max(1)))
            .zip(gradient.storage::<f32>().par_chunks((length * plan.width).max(1)))
            .zip(self.probabilities.storage::<f32>().par_chunks(plan.cells().max(1)))
            .enumerate()
            .for_each(|(window, (((result, qkv), dy), probabilities))| {
                plan.backward(window, qkv, dy, probabilities, result)
            });
        [Some(node::tensor(result, [rows, columns]))]
    }
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    heads: Heads,
    width: usize,
    pattern: Pattern,
    dropout: Dropout,
}

impl Plan {
    /// Probabilities of one window.
    fn cells(&self) -> usize {
        self.heads.heads * self.heads.length * self.heads.length
    }

    fn head_width(&self) -> usize {
        self.width / self.heads.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head_width() as f32).sqrt()
    }

    /// The positions cut into blocks: one block where every position sees every other.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let length = self.heads.length;
        let block = if self.pattern == Pattern::Causal {
            CAUSAL_BLOCK
        } else {
            length.max(1)
        };
        (0..length)
            .step_by(block)
            .map(move |first| first..length.min(first + block))
    }

    /// How many keys a block of queries sees.
    fn seen(&self, queries: &Range<usize>) -> usize {
        if self.pattern == Pattern::Causal {
            queries.end
        } else {
            self.heads.length
        }
    }

    /// From which query on a block of keys is seen.
    fn seeing(&self, keys: &Range<usize>) -> usize {
        if self.pattern == Pattern::Causal { keys.start } else { 0 }
    }

    /// How many keys one query sees.
    fn seen_by(&self, query: usize) -> usize {
        if self.pattern == Pattern::Causal {
            query + 1
        } else {
            self.heads.length
        }
    }

    /// Multiplies one head's matrix by its dropout mask, rows of the whole matrix counting on from `window`.
    fn drop_probabilities(&self, window: usize, head: usize, matrix: &mut [f32]) {
        let length = self.heads.length;
        for (query, row) in matrix.chunks_exact_mut(length).enumerate() {
            let index = ((window * self.heads.heads + head) * length + query) * length;
            drop_from(&mut row[..self.seen_by(query)], index as u64, self.dropout);
        }
    }

    fn forward(&self, window: usize, qkv: &[f32], out: &mut [f32], probabilities: &mut [f32]) {
        let (length, head_width, columns) = (self.heads.length, self.head_width(), 3 * self.width);
        let mut dropped = Vec::new();
        for (head, matrix) in probabilities.chunks_exact_mut(length * length).enumerate() {
            let [query, key, value] =
                [0, 1, 2].map(|part| Matrix::new(&qkv[part * self.width + head * head_width..], columns));
            for block in self.blocks() {
                let (first, count, seen) = (block.start, block.len(), self.seen(&block));
                let rows = &mut matrix[first * length..];
                multiply(
                    [count, head_width, seen],
                    query.corner(first, 0),
                    key.transposed(),
                    rows,
                    length,
                    Onto::Replace(self.scale()),
                );
            }
            for (query, row) in matrix.chunks_exact_mut(length).enumerate() {
                let (seen, hidden) = row.split_at_mut(self.seen_by(query));
                softmax(seen, 1.0);
                hidden.fill(0.0);
            }
            let weights = if self.dropout.rate > 0.0 {
                dropped.clear();
                dropped.extend_from_slice(matrix);
                self.drop_probabilities(window, head, &mut dropped);
                &dropped
            } else {
                &*matrix
            };
            for block in self.blocks() {
                let rows = &mut out[block.start * self.width + head * head_width..];
                let weights = Matrix::new(weights, length).corner(block.start, 0);
                multiply(
                    [block.len(), self.seen(&block), head_width],
                    weights,
                    value,
                    rows,
                    self.width,
                    Onto::Replace(1.0),
                );
            }
        }
    }

    fn backward(&self, window: usize, qkv: &[f32], dy: &[f32], probabilities: &[f32], result: &mut [f32]) {
        let (length, head_width, columns) = (self.heads.length, self.head_width(), 3 * self.width);
        let mut scores = vec![0.0; length * length];
        let mut dropped = Vec::new();
        for (head, matrix) in probabilities.chunks_exact(length * length).enumerate() {
            let offsets = [0, 1, 2].map(|part| part * self.width + head * head_width);
            let [query, key, value] = offsets.map(|offset| Matrix::new(&qkv[offset..], columns));
            let dy = Matrix::new(&dy[head * head_width..], self.width);
            for block in self.blocks() {
                let rows = &mut scores[block.start * length..];
                let size = [block.len(), head_width, self.seen(&block)];
                multiply(
                    size,
                    dy.corner(block.start, 0),
                    value.transposed(),
                    rows,
                    length,
                    Onto::Replace(1.0),
                );
            }
            let weights = if self.dropout.rate > 0.0 {
                // One draw of the mask for both.
                dropped.clear();
                dropped.resize(matrix.len(), 1.0);
                self.drop_probabilities(window, head, &mut dropped);
                multiply_by(&mut scores, &dropped);
                multiply_by(&mut dropped, matrix);
                &dropped
            } else {
                matrix
            };
            for (query, (row, probabilities)) in scores
                .chunks_exact_mut(length)
                .zip(matrix.chunks_exact(length))
                .enumerate()
            {
                let seen = self.seen_by(query);
                through_softmax(&probabilities[..seen], &mut row[..seen], self.scale());
                row[seen..].fill(0.0);
            }
            for block in self.blocks() {
                let row = block.start * columns;
                let size = [block.len(), self.seen(&block), head_width];
                multiply(
                    size,
                    Matrix::new(&scores, length).corner(block.start, 0),
                    key,
                    &mut result[row + offsets[0]..],
                    columns,
                    Onto::Replace(1.0),
                );
                let from = self.seeing(&block);
                let size = [block.len(), length - from, head_width];
                let column = |matrix| Matrix::new(matrix, length).corner(from, block.start).transposed();
                multiply(
                    size,
                    column(&scores),
                    query.corner(from, 0),
                    &mut result[row + offsets[1]..],
                    columns,
                    Onto::Replace(1.0),
                );
                multiply(
                    size,
                    column(weights),
                    dy.corner(from, 0),
                    &mut result[row + offsets[2]..],
                    columns,
                    Onto::Replace(1.0),
                );
            }
        }
    }
}

vectorised! {
    /// From the gradient of a row of probabilities to that of the products q·k, in place.
    pub(super) fn through_softmax(probabilities: &[f32], gradient: &mut [f32], scale: f32) {
        let along = dot(probabilities, gradient);
        for (gradient, probability) in gradient.iter_mut().zip(probabilities) {
            *gradient = probability * (*gradient - along) * scale;
        }
    }
}
