//! Which positions of each window are queries, and where their rows stand.

use super::super::room::room;
use crate::Heads;
use std::borrow::Cow;

/// Queries sorted by window.
#[derive(Clone, Debug)]
pub(super) struct Queries {
    /// Where each window's queries begin; the last entry is the number of all.
    starts: Vec<usize>,
    /// Position in its window.
    positions: Vec<usize>,
    /// Row of the result; `None` where all are in their place.
    rows: Option<Vec<usize>>,
    /// Whether they are all positions, once and in order.
    all: bool,
}

impl Queries {
    /// All positions.
    pub(super) fn all(heads: Heads) -> Self {
        Self {
            starts: (0..=heads.batch).map(|window| window * heads.length).collect(),
            positions: (0..heads.batch).flat_map(|_| 0..heads.length).collect(),
            rows: None,
            all: true,
        }
    }

    /// Those of some rows of the batch, in any order.
    pub(super) fn at(rows: &[usize], heads: Heads) -> Self {
        let window = |index: &usize| rows[*index] / heads.length;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(window);
        let starts = (0..=heads.batch).map(|batch| order.partition_point(|index| window(index) < batch));
        Self {
            starts: starts.collect(),
            positions: order.iter().map(|index| rows[*index] % heads.length).collect(),
            rows: (!order.is_sorted()).then_some(order),
            all: false,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.positions.len()
    }

    pub(super) fn are_all(&self) -> bool {
        self.all
    }

    /// A window's queries among all.
    pub(super) fn of(&self, window: usize) -> std::ops::Range<usize> {
        self.starts[window]..self.starts[window + 1]
    }

    /// The positions of a window's queries.
    pub(super) fn positions(&self, window: usize) -> &[usize] {
        &self.positions[self.of(window)]
    }

    /// `all`, of `size` numbers a query, cut into windows.
    pub(super) fn windows<'a>(&self, mut all: &'a mut [f32], size: usize) -> Vec<&'a mut [f32]> {
        let counts = self.starts.windows(2).map(|pair| pair[1] - pair[0]);
        counts
            .map(|count| all.split_off_mut(..count * size).unwrap_or_default())
            .collect()
    }

    /// From the order of windows to that of the result.
    pub(super) fn unsorted(&self, sorted: Vec<f32>, width: usize) -> Vec<f32> {
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
    pub(super) fn sorted<'a>(&self, result: &'a [f32], width: usize) -> Cow<'a, [f32]> {
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
