//! Matrix products inside fused operations, on the calling thread: the operations share their own work among threads.

/// A matrix in a slice: element (i, j) lies at `i·row + j·column`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that start `row` elements apart.
    pub(crate) fn new(values: &'a [f32], row: usize) -> Self {
        Self { values, row, column: 1 }
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

    fn holds(self, rows: usize, columns: usize) -> bool {
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

/// `out = a · b` on the calling thread, for a of `[m, k]` and b of `[k, n]`; the rows of `out` start `row` elements apart.
///
/// # Panics
/// If a matrix does not fit its slice, which would be a mistake in this crate.
pub(crate) fn multiply([m, k, n]: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], row: usize, onto: Onto) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        a.holds(m, k) && b.holds(k, n) && n <= row && (m - 1) * row + n <= out.len(),
        "a matrix does not fit its slice"
    );
    if k == 0 {
        if onto != Onto::Add {
            out.chunks_mut(row).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    let (read, scale) = match onto {
        Onto::Replace(scale) => (false, scale),
        Onto::Add => (true, 1.0),
    };
    // SAFETY: the assertion above keeps every element within its slice; `out` is borrowed for writing.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            row as isize,
            read,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
