//! Matrices in slices, and what a product does to the numbers that are already there.

use burn_flex::FlexTensor;

/// A matrix in a slice: element (i, j) lies at `i·row + j·column`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) row: usize,
    pub(super) column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that start `row` elements apart.
    pub(crate) fn new(values: &'a [f32], row: usize) -> Self {
        Self { values, row, column: 1 }
    }

    /// A tensor of two dimensions, or a view of one that [`super::node::open_view`] has let through.
    pub(crate) fn of(x: &'a FlexTensor) -> Self {
        let layout = x.layout();
        let [row, column] = [0, 1].map(|dimension| layout.strides()[dimension].unsigned_abs());
        Self {
            values: x.storage::<f32>().get(layout.start_offset()..).unwrap_or_default(),
            row,
            column,
        }
    }

    /// Rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
            ..self
        }
    }

    /// Without the first `rows` rows and the first `columns` columns.
    pub(crate) fn corner(self, rows: usize, columns: usize) -> Self {
        let first = rows * self.row + columns * self.column;
        Self {
            values: self.values.get(first..).unwrap_or_default(),
            ..self
        }
    }

    /// Whether its slice is long enough for so many rows and columns.
    pub(super) fn holds(self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }
}

/// What happens to the numbers that are already in the result.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Onto {
    /// They are replaced by the product times this.
    Replace(f32),
    /// The product is added to them.
    Add,
}

impl Onto {
    /// The same product into a buffer with nothing in it.
    pub(super) fn afresh(self) -> Self {
        match self {
            Self::Replace(scale) => Self::Replace(scale),
            Self::Add => Self::Replace(1.0),
        }
    }
}
