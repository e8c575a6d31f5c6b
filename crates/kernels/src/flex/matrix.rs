//! Matrix products inside fused operations. Threads share the rows of the result, or the rows that are summed over, in
//! blocks of fixed size, which for an encoder's tall matrices is faster than `gemm`'s own division of the work.

use super::vector;
use rayon::prelude::*;

/// Rows of a tall matrix that one task multiplies.
const ROWS: usize = 256;
/// At most this many partial sums of a product over many rows.
const PARTS: usize = 8;

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

/// `a · b + bias` for a tall row-major `a` of `[m, k]`, in parallel over blocks of rows. An empty `bias` is none.
pub(crate) fn multiply_tall([m, k, n]: [usize; 3], a: &[f32], b: Matrix<'_>, bias: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; m * n];
    out.par_chunks_mut((ROWS * n).max(1))
        .enumerate()
        .for_each(|(block, out)| {
            let a = Matrix::new(a, k).corner(block * ROWS, 0);
            multiply([out.len() / n, k, n], a, b, out, n, Onto::Replace(1.0));
            if !bias.is_empty() {
                out.chunks_exact_mut(n).for_each(|row| vector::add(row, bias));
            }
        });
    out
}

/// `aᵀ · b` for dense a of `[m, k]` and b of `[m, n]` with many rows, and the column sums of b.
pub(crate) fn multiply_transposed([m, k, n]: [usize; 3], a: &[f32], b: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let rows = m.div_ceil(PARTS).max(ROWS);
    let parts: Vec<_> = (0..m.div_ceil(rows))
        .into_par_iter()
        .map(|part| {
            let (first, count) = (part * rows, rows.min(m - part * rows));
            let mut product = vec![0.0; k * n];
            let (a, rest) = (Matrix::new(a, k).corner(first, 0), &b[first * n..(first + count) * n]);
            multiply(
                [k, count, n],
                a.transposed(),
                Matrix::new(rest, n),
                &mut product,
                n,
                Onto::Replace(1.0),
            );
            let mut sums = vec![0.0; n];
            if n > 0 {
                rest.chunks_exact(n).for_each(|row| vector::add(&mut sums, row));
            }
            (product, sums)
        })
        .collect();
    let mut parts = parts.into_iter();
    let (mut product, mut sums) = parts.next().unwrap_or_else(|| (vec![0.0; k * n], vec![0.0; n]));
    for (more, more_sums) in parts {
        vector::add(&mut product, &more);
        vector::add(&mut sums, &more_sums);
    }
    (product, sums)
}
