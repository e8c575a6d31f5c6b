//! The two passes over one batch.

use super::super::BLOCK;
use super::super::dropout::drop_from;
use super::super::matrix::{Matrix, Onto};
use super::super::node;
use super::super::product::multiply;
use super::super::room::room;
use super::super::vector::{add, dot, multiply_by, softmax, vectorised};
use super::disentangled::{Distances, Head, Products};
use super::queries::Queries;
use super::sight::{Seen, Sight, hide};
use crate::{Dropout, Heads, Ranks, Relative, Visibility};
use burn_flex::FlexTensor;
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

const REPLACE: Onto = Onto::Replace(1.0);

/// Where the queries' rows are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// All of them in the first columns of the keys' rows, where they are read.
    Own,
    /// Some of them there, from where they are copied.
    Gathered,
    /// In a matrix of their own.
    Apart,
}

/// The numbers of a batch.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    /// The queries, where they are in a matrix of their own.
    apart: Option<&'a [f32]>,
    /// The matrix whose last 2D columns are keys and values.
    keys: &'a [f32],
    /// The table of relative positions, where there is one.
    table: &'a [f32],
}

impl<'a> Inputs<'a> {
    pub(super) fn of(apart: Option<&'a FlexTensor>, keys: &'a FlexTensor, table: Option<&'a FlexTensor>) -> Self {
        Self {
            apart: apart.map(FlexTensor::storage),
            keys: keys.storage(),
            table: table.map_or(&[], FlexTensor::storage),
        }
    }
}

/// A batch's attention but for its numbers.
#[derive(Debug)]
pub(super) struct Plan {
    heads: Heads,
    /// D.
    width: usize,
    /// Of the matrix of keys and values, which are its last 2D.
    columns: usize,
    dropout: Dropout,
    source: Source,
    queries: Queries,
    /// By window; one for all where every window is alike.
    sights: Vec<Sight>,
    ranks: Option<Arc<Ranks>>,
    distances: Option<Distances>,
}

impl Plan {
    pub(super) fn new(
        heads: Heads,
        [width, columns]: [usize; 2],
        dropout: Dropout,
        visibility: &Visibility,
        source: Source,
        queries: Queries,
    ) -> Self {
        let ranks = match visibility {
            Visibility::Ranked(ranks) => Some(ranks.clone()),
            Visibility::Bidirectional | Visibility::Causal => None,
        };
        let alike = queries.are_all() && ranks.is_none();
        let windows = if alike { heads.batch.min(1) } else { heads.batch };
        let sight = |window| {
            Sight::of(
                visibility,
                window * heads.length,
                heads.length,
                queries.positions(window),
            )
        };
        Self {
            sights: (0..windows).into_par_iter().map(sight).collect(),
            heads,
            width,
            columns,
            dropout,
            source,
            queries,
            ranks,
            distances: None,
        }
    }

    /// With scores from relative positions.
    pub(super) fn with(self, relative: Option<Relative>) -> Self {
        let distances = relative.map(Distances::new);
        Self { distances, ..self }
    }

    fn head_width(&self) -> usize {
        self.width / self.heads.heads
    }

    /// By the root of the number of products that a score is the sum of.
    fn scale(&self) -> f32 {
        let terms = if self.distances.is_some() { 3 } else { 1 };
        1.0 / ((terms * self.head_width()) as f32).sqrt()
    }

    /// The operands of one head of the products with positions.
    fn head<'a>(&self, distances: &Distances, head: usize, content: [Matrix<'a>; 2], table: &'a [f32]) -> Head<'a> {
        let first = head * self.head_width();
        let row = 2 * self.width;
        let part = |part: usize| Matrix::new(table, row).corner(distances.first(), first + part * self.width);
        Head {
            query: content[0],
            key: content[1],
            asks: part(0),
            answers: part(1),
            width: self.head_width(),
        }
    }

    /// Probabilities of one query.
    fn cells(&self) -> usize {
        self.heads.heads * self.heads.length
    }

    fn sight(&self, window: usize) -> &Sight {
        &self.sights[window.min(self.sights.len() - 1)]
    }

    /// The keys' and the values' columns of one head.
    fn keys<'a>(&self, keys: &'a [f32], head: usize) -> [Matrix<'a>; 2] {
        [2, 1].map(|part| Matrix::new(&keys[self.key_column(part, head)..], self.columns))
    }

    /// The first column of a head in the last but `part` of the D columns each.
    fn key_column(&self, part: usize, head: usize) -> usize {
        self.columns - part * self.width + head * self.head_width()
    }

    /// A window's queries, `[n, D]`, and how far apart their rows are.
    fn queries<'a>(&self, window: usize, apart: Option<&'a [f32]>, keys: &'a [f32]) -> (Cow<'a, [f32]>, usize) {
        if let Some(apart) = apart {
            let rows = self.queries.of(window);
            return (
                Cow::Borrowed(&apart[rows.start * self.width..rows.end * self.width]),
                self.width,
            );
        }
        if self.source == Source::Own {
            return (Cow::Borrowed(keys), self.columns);
        }
        let row = |position: &usize| &keys[position * self.columns..][..self.width];
        let rows = self.queries.positions(window).iter().flat_map(row);
        (rows.copied().collect(), self.width)
    }

    /// Multiplies one head's rows by their dropout mask, which is that of the whole matrix.
    fn drop_probabilities(&self, window: usize, head: usize, rows: &mut [f32]) {
        let length = self.heads.length;
        let queries = self.queries.positions(window).iter().zip(&self.sight(window).rows);
        for ((position, seen), row) in queries.zip(rows.chunks_exact_mut(length)) {
            let first = ((window * self.heads.heads + head) * length + position) * length + seen.keys.start;
            drop_from(&mut row[seen.keys.clone()], first as u64, self.dropout);
        }
    }

    /// From the scores of a query to its probabilities; `row` is its row in the batch.
    fn normalise(&self, row: usize, seen: &Seen, scores: &mut [f32]) {
        let first = row - row % self.heads.length;
        let keys = first + seen.keys.start..first + seen.keys.end;
        let (before, rest) = scores.split_at_mut(seen.keys.start);
        let (scores, after) = rest.split_at_mut(seen.keys.len());
        before.fill(0.0);
        after.fill(0.0);
        match &self.ranks {
            Some(ranks) if seen.gaps => {
                hide(scores, ranks, row, keys.clone(), f32::NEG_INFINITY);
                softmax(scores, 1.0);
                hide(scores, ranks, row, keys, 0.0);
            }
            _ if scores.is_empty() => {}
            _ => _ = softmax(scores, 1.0),
        }
    }

    /// For every query of a window, which row of the table each key's position is; and whose rows.
    fn related(&self, window: usize) -> Option<(&Distances, Vec<Cow<'_, [u32]>>)> {
        let distances = self.distances.as_ref()?;
        let (length, queries) = (self.heads.length, self.queries.positions(window));
        Some((distances, distances.of(window * length, length, queries)))
    }

    /// The result, `[M, D]`, and the probabilities by window and head.
    pub(super) fn forward(&self, inputs: Inputs<'_>) -> (FlexTensor, FlexTensor) {
        let Inputs { apart, keys, table } = inputs;
        let (count, window) = (self.queries.count(), self.heads.length * self.columns);
        let apart = apart.map(|apart| self.queries.sorted(apart, self.width));
        let mut out = room(count * self.width);
        let mut probabilities = room(count * self.cells());
        let windows = self.queries.windows(&mut out, self.width).into_par_iter();
        windows
            .zip(self.queries.windows(&mut probabilities, self.cells()))
            .zip(keys.par_chunks(window.max(1)))
            .enumerate()
            .for_each(|(window, ((out, probabilities), keys))| {
                let queries = self.queries(window, apart.as_deref(), keys);
                self.forward_window(window, queries, (keys, table), out, probabilities);
            });
        let out = self.queries.unsorted(out, self.width);
        let cells = probabilities.len();
        (
            node::tensor(out, [count, self.width]),
            node::tensor(probabilities, [cells]),
        )
    }

    fn forward_window(
        &self,
        window: usize,
        (queries, row): (Cow<[f32]>, usize),
        (keys, table): (&[f32], &[f32]),
        out: &mut [f32],
        probabilities: &mut [f32],
    ) {
        let (length, head_width, sight) = (self.heads.length, self.head_width(), self.sight(window));
        let positions = self.queries.positions(window);
        let (mut dropped, mut products) = (Vec::new(), Products::default());
        let related = self.related(window);
        let cells = (positions.len() * length).max(1);
        for (head, matrix) in probabilities.chunks_exact_mut(cells).enumerate() {
            let query = Matrix::new(&queries[head * head_width..], row);
            let [key, value] = self.keys(keys, head);
            for tile in &sight.queries {
                let scores = &mut matrix[tile.of.start * length + tile.sees.start..];
                let (query, key) = (query.corner(tile.of.start, 0), key.corner(tile.sees.start, 0));
                let size = [tile.of.len(), head_width, tile.sees.len()];
                let onto = Onto::Replace(self.scale());
                multiply(size, query, key.transposed(), scores, length, onto);
            }
            if let Some((distances, rows)) = &related {
                let operands = self.head(distances, head, [query, key], table);
                distances.add(operands, self.scale(), (rows, &sight.rows), &mut products, matrix);
            }
            let rows = positions.iter().zip(&sight.rows);
            for ((position, seen), scores) in rows.zip(matrix.chunks_exact_mut(length)) {
                self.normalise(window * length + position, seen, scores);
            }
            let weights = if self.dropout.rate > 0.0 {
                dropped.clear();
                dropped.extend_from_slice(matrix);
                self.drop_probabilities(window, head, &mut dropped);
                &dropped
            } else {
                &*matrix
            };
            for tile in &sight.queries {
                let rows = &mut out[tile.of.start * self.width + head * head_width..];
                let weights = Matrix::new(weights, length).corner(tile.of.start, tile.sees.start);
                let size = [tile.of.len(), tile.sees.len(), head_width];
                multiply(
                    size,
                    weights,
                    value.corner(tile.sees.start, 0),
                    rows,
                    self.width,
                    REPLACE,
                );
            }
        }
    }

    /// The gradients of the queries, if they stand apart, of the matrix of keys and values, and of the table of relative
    /// positions, if there is one.
    pub(super) fn backward(&self, inputs: Inputs<'_>, dy: &[f32], probabilities: &[f32]) -> [Option<FlexTensor>; 3] {
        let Inputs { apart, keys, table } = inputs;
        let (count, rows) = (self.queries.count(), self.heads.batch * self.heads.length);
        let window = self.heads.length * self.columns;
        let dy = self.queries.sorted(dy, self.width);
        let apart = apart.map(|apart| self.queries.sorted(apart, self.width));
        let mut of_keys = room(rows * self.columns);
        // Of queries that are read in their place, the gradient is written there.
        let own = self.source == Source::Own;
        let mut of_queries = room(if own { 0 } else { count * self.width });
        let each = if own { 0 } else { self.width };
        // Every window's own, added in their order afterwards.
        let of_table = self
            .distances
            .as_ref()
            .map_or(0, |known| known.count() * 2 * self.width);
        let mut of_tables = room(self.heads.batch * of_table);
        let windows = of_keys.par_chunks_mut(window.max(1));
        windows
            .zip(keys.par_chunks(window.max(1)))
            .zip(self.queries.windows(&mut of_queries, each))
            .zip(parts(&mut of_tables, self.heads.batch))
            .enumerate()
            .for_each(|(window, (((of_keys, keys), of_queries), of_table))| {
                let of = self.queries.of(window);
                let probabilities = &probabilities[of.start * self.cells()..of.end * self.cells()];
                let dy = &dy[of.start * self.width..of.end * self.width];
                let queries = self.queries(window, apart.as_deref(), keys);
                let to = Targets {
                    keys: &mut *of_keys,
                    queries: &mut *of_queries,
                    table: of_table,
                };
                self.backward_window(window, queries, (keys, table), dy, probabilities, to);
                if !own {
                    self.finish_queries(window, of_keys, of_queries);
                }
            });
        let of_queries = (self.source == Source::Apart).then(|| {
            let of_queries = self.queries.unsorted(of_queries, self.width);
            node::tensor(of_queries, [count, self.width])
        });
        let of_table = self.distances.as_ref().map(|known| {
            let mut sum = vec![0.0; table.len()];
            let asked = &mut sum[known.first() * 2 * self.width..][..of_table];
            asked.par_chunks_mut(BLOCK).enumerate().for_each(|(block, sum)| {
                for part in of_tables.chunks_exact(of_table.max(1)) {
                    add(sum, &part[block * BLOCK..][..sum.len()]);
                }
            });
            node::tensor(sum, [table.len() / (2 * self.width).max(1), 2 * self.width])
        });
        [of_queries, Some(node::tensor(of_keys, [rows, self.columns])), of_table]
    }

    /// What the columns before the keys' get: nothing, or the gradients of the queries that were gathered there.
    fn finish_queries(&self, window: usize, of_keys: &mut [f32], of_queries: &[f32]) {
        let before = self.columns - 2 * self.width;
        for row in of_keys.chunks_exact_mut(self.columns) {
            row[..before].fill(0.0);
        }
        if self.source == Source::Gathered {
            let positions = self.queries.positions(window).iter();
            for (position, of_query) in positions.zip(of_queries.chunks_exact(self.width)) {
                add(&mut of_keys[position * self.columns..][..self.width], of_query);
            }
        }
    }

    fn backward_window(
        &self,
        window: usize,
        (queries, row): (Cow<[f32]>, usize),
        (keys, table): (&[f32], &[f32]),
        dy: &[f32],
        probabilities: &[f32],
        to: Targets<'_>,
    ) {
        let Targets {
            keys: of_keys,
            queries: of_queries,
            table: of_table,
        } = to;
        let (length, head_width, sight) = (self.heads.length, self.head_width(), self.sight(window));
        let count = sight.rows.len();
        let mut scores = vec![0.0; count * length];
        let (mut dropped, mut products) = (Vec::new(), Products::default());
        let related = self.related(window);
        for head in 0..self.heads.heads {
            let first = head * head_width;
            let matrix = &probabilities[head * count * length..][..count * length];
            let [query, dy] = [(&*queries, row), (dy, self.width)]
                .map(|(rows, row)| Matrix::new(rows.get(first..).unwrap_or_default(), row));
            let [key, value] = self.keys(keys, head);
            for tile in &sight.queries {
                let scores = &mut scores[tile.of.start * length + tile.sees.start..];
                let (dy, value) = (dy.corner(tile.of.start, 0), value.corner(tile.sees.start, 0));
                let size = [tile.of.len(), head_width, tile.sees.len()];
                multiply(size, dy, value.transposed(), scores, length, REPLACE);
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
            let rows = scores.chunks_exact_mut(length).zip(matrix.chunks_exact(length));
            for ((row, probabilities), Seen { keys, .. }) in rows.zip(&sight.rows) {
                through_softmax(&probabilities[keys.clone()], &mut row[keys.clone()], self.scale());
                row[..keys.start].fill(0.0);
                row[keys.end..].fill(0.0);
            }
            for tile in &sight.queries {
                let (target, column, row) = match self.source {
                    Source::Own => (&mut *of_keys, first, self.columns),
                    Source::Gathered | Source::Apart => (&mut *of_queries, first, self.width),
                };
                let scores = Matrix::new(&scores, length).corner(tile.of.start, tile.sees.start);
                let size = [tile.of.len(), tile.sees.len(), head_width];
                let target = &mut target[tile.of.start * row + column..];
                multiply(size, scores, key.corner(tile.sees.start, 0), target, row, REPLACE);
            }
            for tile in &sight.keys {
                let size = [tile.of.len(), tile.sees.len(), head_width];
                let row = tile.of.start * self.columns;
                let column = |matrix| {
                    Matrix::new(matrix, length)
                        .corner(tile.sees.start, tile.of.start)
                        .transposed()
                };
                let (query, dy) = (query.corner(tile.sees.start, 0), dy.corner(tile.sees.start, 0));
                let of_key = &mut of_keys[row + self.key_column(2, head)..];
                multiply(size, column(&scores), query, of_key, self.columns, REPLACE);
                let of_value = &mut of_keys[row + self.key_column(1, head)..];
                multiply(size, column(weights), dy, of_value, self.columns, REPLACE);
            }
            if let Some((distances, rows)) = &related {
                let operands = self.head(distances, head, [query, key], table);
                distances.through((rows, &sight.rows), &mut products, &scores, length);
                let (of_queries, row) = match self.source {
                    Source::Own => (&mut *of_keys, self.columns),
                    Source::Gathered | Source::Apart => (&mut *of_queries, self.width),
                };
                let of_query = of_queries.get_mut(first..).unwrap_or_default();
                let (by_query, by_key) = ([count, distances.count()], [length, distances.count()]);
                products.onto_queries(operands, by_query, of_query, row);
                let of_key = &mut of_keys[self.key_column(2, head)..];
                products.onto_keys(operands, by_key, of_key, self.columns);
                products.onto_asks(operands, by_key, &mut of_table[first..], 2 * self.width);
                let answers = &mut of_table[self.width + first..];
                products.onto_answers(operands, by_query, answers, 2 * self.width);
            }
        }
    }
}

/// Where the gradients of a window go.
struct Targets<'a> {
    keys: &'a mut [f32],
    /// Empty where the queries' are columns of the keys' matrix.
    queries: &'a mut [f32],
    /// Of the rows of the table that are asked for; empty where there is none.
    table: &'a mut [f32],
}

/// `all` in so many equal parts.
fn parts(mut all: &mut [f32], count: usize) -> Vec<&mut [f32]> {
    let size = all.len().checked_div(count).unwrap_or(0);
    (0..count)
        .map(|_| all.split_off_mut(..size).unwrap_or_default())
        .collect()
}

vectorised! {
    /// From the gradient of a row of probabilities to that of the products q·k, in place.
    fn through_softmax(probabilities: &[f32], gradient: &mut [f32], scale: f32) {
        let along = dot(probabilities, gradient);
        for (gradient, probability) in gradient.iter_mut().zip(probabilities) {
            *gradient = probability * (*gradient - along) * scale;
        }
    }
}
