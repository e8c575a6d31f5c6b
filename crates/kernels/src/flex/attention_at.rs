//! Bidirectional attention for some of the queries, one task per window. Keys and values are those of all positions; the
//! probabilities are kept for the backward pass, and dropout's mask is drawn again.

use super::attention::through_softmax;
use super::dropout::drop_from;
use super::matrix::{Matrix, Onto, multiply};
use super::node::{self, Backpropagate, close, open};
use super::room::room;
use super::vector::{add, multiply_by, softmax};
use crate::{Dropout, Heads};
use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;
use rayon::prelude::*;
use std::borrow::Cow;

/// See [`crate::attention_at`].
pub(crate) fn attention_at(qkv: Tensor<2>, heads: Heads, dropout: Dropout, rows: Tensor<1, Int>) -> Tensor<2> {
    let width = qkv.dims()[1] / 3;
    let rows: Vec<usize> = rows.into_data().iter::<i64>().map(|row| row as usize).collect();
    let count = rows.len();
    let plan = Plan {
        heads,
        width,
        dropout,
        queries: Queries::of(&rows, heads),
    };
    let (qkv, place) = open(qkv);
    let mut out = room(count * width);
    let mut probabilities = room(count * plan.cells());
    let windows = plan.windows(&mut out, width).into_par_iter();
    windows
        .zip(plan.windows(&mut probabilities, plan.cells()))
        .zip(qkv.storage::<f32>().par_chunks((heads.length * 3 * width).max(1)))
        .enumerate()
        .for_each(|(window, ((out, probabilities), qkv))| plan.forward(window, qkv, out, probabilities));
    let out = plan.queries.unsorted(out, width);
    close(node::tensor(out, [count, width]), [place], || Saved {
        qkv,
        probabilities: node::tensor(probabilities, [count * plan.cells()]),
        plan,
    })
}

/// Queries sorted by window.
#[derive(Clone, Debug)]
struct Queries {
    /// Where each window's queries begin; the last entry is the number of all.
    starts: Vec<usize>,
    /// Position in its window.
    positions: Vec<usize>,
    /// Row of the result; `None` where all are in their place.
    rows: Option<Vec<usize>>,
}

impl Queries {
    fn of(rows: &[usize], heads: Heads) -> Self {
        let window = |index: &usize| rows[*index] / heads.length;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(window);
        let starts = (0..=heads.batch).map(|batch| order.partition_point(|index| window(index) < batch));
        Self {
            starts: starts.collect(),
            positions: order.iter().map(|index| rows[*index] % heads.length).collect(),
            rows: (!order.is_sorted()).then_some(order),
        }
    }

    /// From the order of windows to that of the result.
    fn unsorted(&self, sorted: Vec<f32>, width: usize) -> Vec<f32> {
        let Some(rows) = &self.rows else {
            return sorted;
        };
        let mut result = room(sorted.len());
        for (row, values) in rows.iter().zip(sorted.chunks_exact(width)) {
            result[row * width..][..width].copy_from_slice(values);
        }
        result
    }

    /// From the order of the result to that of windows.
    fn sorted<'a>(&self, result: &'a [f32], width: usize) -> Cow<'a, [f32]> {
        match &self.rows {
            None => Cow::Borrowed(result),
            Some(rows) => rows
                .iter()
                .flat_map(|row| &result[row * width..][..width])
                .copied()
                .collect(),
        }
    }
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
        let window = plan.heads.length * 3 * plan.width;
        let rows = plan.heads.batch * plan.heads.length;
        let dy = plan.queries.sorted(gradient.storage(), plan.width);
        let mut result = room(rows * 3 * plan.width);
        result
            .par_chunks_mut(window.max(1))
            .zip(self.qkv.storage::<f32>().par_chunks(window.max(1)))
            .enumerate()
            .for_each(|(window, (result, qkv))| {
                let (first, end) = (plan.queries.starts[window], plan.queries.starts[window + 1]);
                let probabilities = &self.probabilities.storage()[first * plan.cells()..end * plan.cells()];
                let dy = &dy[first * plan.width..end * plan.width];
                plan.backward(window, qkv, dy, probabilities, result);
            });
        [Some(node::tensor(result, [rows, 3 * plan.width]))]
    }
}

#[derive(Clone, Debug)]
struct Plan {
    heads: Heads,
    width: usize,
    dropout: Dropout,
    queries: Queries,
}

impl Plan {
    /// Probabilities of one query.
    fn cells(&self) -> usize {
        self.heads.heads * self.heads.length
    }

    fn head_width(&self) -> usize {
        self.width / self.heads.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head_width() as f32).sqrt()
    }

    /// The positions of a window's queries.
    fn positions(&self, window: usize) -> &[usize] {
        &self.queries.positions[self.queries.starts[window]..self.queries.starts[window + 1]]
    }

    /// `all`, of `size` numbers a query, cut into windows.
    fn windows<'a>(&self, mut all: &'a mut [f32], size: usize) -> Vec<&'a mut [f32]> {
        let counts = self.queries.starts.windows(2).map(|pair| pair[1] - pair[0]);
        counts
            .map(|count| all.split_off_mut(..count * size).unwrap_or_default())
            .collect()
    }

    /// A window's queries, `[n, D]`.
    fn gathered(&self, window: usize, qkv: &[f32]) -> Vec<f32> {
        let row = |position: &usize| &qkv[position * 3 * self.width..][..self.width];
        self.positions(window).iter().flat_map(row).copied().collect()
    }

    /// Multiplies one head's rows by their dropout mask, which is that of the whole matrix.
    fn drop_probabilities(&self, window: usize, head: usize, rows: &mut [f32]) {
        let length = self.heads.length;
        for (position, row) in self.positions(window).iter().zip(rows.chunks_exact_mut(length)) {
            let index = ((window * self.heads.heads + head) * length + position) * length;
            drop_from(row, index as u64, self.dropout);
        }
    }

    fn forward(&self, window: usize, qkv: &[f32], out: &mut [f32], probabilities: &mut [f32]) {
        let (length, head_width, columns) = (self.heads.length, self.head_width(), 3 * self.width);
        let count = self.positions(window).len();
        let queries = self.gathered(window, qkv);
        let mut dropped = Vec::new();
        for (head, matrix) in probabilities.chunks_exact_mut((count * length).max(1)).enumerate() {
            let first = head * head_width;
            let query = Matrix::new(&queries[first..], self.width);
            let [key, value] = [1, 2].map(|part| Matrix::new(&qkv[part * self.width + first..], columns));
            let scores = Onto::Replace(self.scale());
            multiply(
                [count, head_width, length],
                query,
                key.transposed(),
                matrix,
                length,
                scores,
            );
            matrix.chunks_exact_mut(length).for_each(|row| _ = softmax(row, 1.0));
            let weights = if self.dropout.rate > 0.0 {
                dropped.clear();
                dropped.extend_from_slice(matrix);
                self.drop_probabilities(window, head, &mut dropped);
                &dropped
            } else {
                &*matrix
            };
            let weights = Matrix::new(weights, length);
            let (size, out) = ([count, length, head_width], &mut out[first..]);
            multiply(size, weights, value, out, self.width, Onto::Replace(1.0));
        }
    }

    fn backward(&self, window: usize, qkv: &[f32], dy: &[f32], probabilities: &[f32], result: &mut [f32]) {
        let (length, head_width, columns) = (self.heads.length, self.head_width(), 3 * self.width);
        let count = self.positions(window).len();
        if count == 0 {
            result.fill(0.0);
            return;
        }
        let queries = self.gathered(window, qkv);
        let mut of_queries = room(count * self.width);
        let mut scores = room(count * length);
        let mut dropped = Vec::new();
        for (head, matrix) in probabilities.chunks_exact(count * length).enumerate() {
            let first = head * head_width;
            let (query, dy) = (
                Matrix::new(&queries[first..], self.width),
                Matrix::new(&dy[first..], self.width),
            );
            let [key, value] = [1, 2].map(|part| Matrix::new(&qkv[part * self.width + first..], columns));
            let replace = Onto::Replace(1.0);
            let size = [count, head_width, length];
            multiply(size, dy, value.transposed(), &mut scores, length, replace);
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
            for (row, probabilities) in scores.chunks_exact_mut(length).zip(matrix.chunks_exact(length)) {
                through_softmax(probabilities, row, self.scale());
            }
            let scores = Matrix::new(&scores, length);
            let size = [count, length, head_width];
            multiply(size, scores, key, &mut of_queries[first..], self.width, replace);
            let size = [length, count, head_width];
            let of_key = &mut result[self.width + first..];
            multiply(size, scores.transposed(), query, of_key, columns, replace);
            let (weights, of_value) = (Matrix::new(weights, length), &mut result[2 * self.width + first..]);
            multiply(size, weights.transposed(), dy, of_value, columns, replace);
        }
        for row in result.chunks_exact_mut(columns) {
            row[..self.width].fill(0.0);
        }
        for (position, of_query) in self.positions(window).iter().zip(of_queries.chunks_exact(self.width)) {
            add(&mut result[position * columns..][..self.width], of_query);
        }
    }
}
