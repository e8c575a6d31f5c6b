//! What relative positions add to the scores of one head, and what comes back from there (He et al. 2021, equation 4).

use super::super::matrix::{Matrix, Onto};
use super::super::product::multiply;
use super::super::vector::vectorised;
use super::sight::Seen;
use crate::{Positions, Relative};
use std::borrow::Cow;
use std::ops::Range;

/// Which rows of the table the windows of a batch ask for.
#[derive(Debug)]
pub(super) struct Distances {
    relative: Relative,
    /// From the least to the greatest.
    rows: Range<usize>,
    /// By distance, the greatest first, so that it goes along with the keys: its row, counted from the least.
    line: Vec<u32>,
}

/// One head's operands of the products with positions; the table's from the least row on.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    /// `[n, D/H]`.
    pub(super) query: Matrix<'a>,
    /// `[L, D/H]`.
    pub(super) key: Matrix<'a>,
    /// `[R, D/H]`: what positions ask of keys.
    pub(super) asks: Matrix<'a>,
    /// `[R, D/H]`: what they answer to queries.
    pub(super) answers: Matrix<'a>,
    /// D/H.
    pub(super) width: usize,
}

/// The products of a head, or their gradients.
#[derive(Default)]
pub(super) struct Products {
    /// `[n, R]`: every query with every position.
    to_position: Vec<f32>,
    /// `[R, L]`: every position with every key.
    to_content: Vec<f32>,
}

impl Distances {
    pub(super) fn new(relative: Relative) -> Self {
        let reach = relative.reach();
        let rows = relative.within(reach);
        let falling = (1 - reach as i64..reach as i64).rev();
        let line = falling.map(|distance| (relative.row(distance) - rows.start) as u32);
        Self {
            line: line.collect(),
            relative,
            rows,
        }
    }

    /// R, how many rows are asked for.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// The least of them.
    pub(super) fn first(&self) -> usize {
        self.rows.start
    }

    /// For every query of the window that begins at row `first` of the batch: the row of every key.
    pub(super) fn of(&self, first: usize, length: usize, queries: &[usize]) -> Vec<Cow<'_, [u32]>> {
        let reach = self.relative.reach();
        let row = |query: &usize| match &self.relative.positions {
            Positions::Counted(_) => Cow::Borrowed(&self.line[reach - 1 - query..][..length]),
            Positions::Given(places) => {
                let line = &self.line[reach - 1 - places[first + query] as usize..];
                let keys = &places[first..first + length];
                keys.iter().map(|key| line[*key as usize]).collect()
            }
        };
        queries.iter().map(row).collect()
    }

    /// Adds to a head's scores, `[n, L]`, where queries see keys.
    pub(super) fn add(
        &self,
        head: Head<'_>,
        scale: f32,
        (rows, seen): (&[Cow<'_, [u32]>], &[Seen]),
        products: &mut Products,
        scores: &mut [f32],
    ) {
        let (queries, count) = (rows.len(), self.count());
        let Some(length) = scores.len().checked_div(queries) else {
            return;
        };
        let Products {
            to_position,
            to_content,
        } = products;
        to_position.resize(queries * count, 0.0);
        to_content.resize(count * length, 0.0);
        let (answers, key) = (head.answers.transposed(), head.key.transposed());
        let scaled = Onto::Replace(scale);
        let size = [queries, head.width, count];
        multiply(size, head.query, answers, to_position, count, scaled);
        let size = [count, head.width, length];
        multiply(size, head.asks, key, to_content, length, scaled);
        let queries = rows.iter().zip(seen).zip(to_position.chunks_exact(count));
        for (((row, Seen { keys, .. }), to_position), scores) in queries.zip(scores.chunks_exact_mut(length)) {
            let (scores, row) = (&mut scores[keys.clone()], &row[keys.clone()]);
            gather(scores, row, to_position, to_content, length, keys.start);
        }
    }

    /// From the gradient of a head's scores, `[n, L]`, to those of the products.
    pub(super) fn through(
        &self,
        (rows, seen): (&[Cow<'_, [u32]>], &[Seen]),
        products: &mut Products,
        of_scores: &[f32],
        length: usize,
    ) {
        let count = self.count();
        let Products {
            to_position,
            to_content,
        } = products;
        for (numbers, size) in [
            (&mut *to_position, rows.len() * count),
            (&mut *to_content, count * length),
        ] {
            numbers.clear();
            numbers.resize(size, 0.0);
        }
        let each = rows.iter().zip(seen).zip(to_position.chunks_exact_mut(count));
        for (((row, Seen { keys, .. }), to_position), of_scores) in each.zip(of_scores.chunks_exact(length)) {
            let (of_scores, row) = (&of_scores[keys.clone()], &row[keys.clone()]);
            scatter(of_scores, row, to_position, to_content, length, keys.start);
        }
    }
}

/// From the gradients of the products to those of their operands, into matrices whose rows are `row` numbers apart.
impl Products {
    /// Adds to the gradient of n queries.
    pub(super) fn onto_queries(&self, head: Head<'_>, [queries, count]: [usize; 2], target: &mut [f32], row: usize) {
        let size = [queries, count, head.width];
        multiply(
            size,
            Matrix::new(&self.to_position, count),
            head.answers,
            target,
            row,
            Onto::Add,
        );
    }

    /// Adds to the gradient of L keys.
    pub(super) fn onto_keys(&self, head: Head<'_>, [length, count]: [usize; 2], target: &mut [f32], row: usize) {
        let (size, products) = ([length, count, head.width], Matrix::new(&self.to_content, length));
        multiply(size, products.transposed(), head.asks, target, row, Onto::Add);
    }

    /// Is what positions that answer queries get.
    pub(super) fn onto_answers(&self, head: Head<'_>, [queries, count]: [usize; 2], target: &mut [f32], row: usize) {
        let (size, products) = ([count, queries, head.width], Matrix::new(&self.to_position, count));
        multiply(size, products.transposed(), head.query, target, row, Onto::Replace(1.0));
    }

    /// Is what positions that ask keys get.
    pub(super) fn onto_asks(&self, head: Head<'_>, [length, count]: [usize; 2], target: &mut [f32], row: usize) {
        let (size, products) = ([count, length, head.width], Matrix::new(&self.to_content, length));
        multiply(size, products, head.key, target, row, Onto::Replace(1.0));
    }
}

vectorised! {
    /// Adds to one query's scores; `first` is the first of the keys.
    fn gather(scores: &mut [f32], rows: &[u32], to_position: &[f32], to_content: &[f32], length: usize, first: usize) {
        for (key, (score, row)) in (first..).zip(scores.iter_mut().zip(rows)) {
            *score += to_position[*row as usize] + to_content[*row as usize * length + key];
        }
    }
}

vectorised! {
    /// The way back of [`gather`].
    fn scatter(of_scores: &[f32], rows: &[u32], to_position: &mut [f32], to_content: &mut [f32], length: usize, first: usize) {
        for (key, (score, row)) in (first..).zip(of_scores.iter().zip(rows)) {
            to_position[*row as usize] += score;
            to_content[*row as usize * length + key] += score;
        }
    }
}
