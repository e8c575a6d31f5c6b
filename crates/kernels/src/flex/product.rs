//! Matrix products inside fused operations: on the calling thread, for operations that share their own work among
//! threads, and in tiles that are shared among threads.

use super::matrix::{Matrix, Onto};
use super::room::room;
use super::{BLOCK, bfloat16, vector::add};
use crate::Precision;
use rayon::prelude::*;

/// The most rows and the most columns of a tile of [`product`]: the product copies its operands into a layout of its own,
/// once per tile, so that small tiles cost up to a third.
const TILE: usize = 512;
/// A result of fewer tiles than this is made of several products over parts of the inner dimension.
const TASKS: usize = 4;
/// The least inner dimension of such a part.
const DEPTH: usize = 512;

/// [`multiply_in`] in 32-bit floats.
///
/// # Panics
/// If a matrix does not fit its slice, which would be a mistake in this crate.
pub(crate) fn multiply(size: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], row: usize, onto: Onto) {
    multiply_in(Precision::Float32, size, a, b, out, row, onto);
}

/// `out = a · b` on the calling thread, for a of `[m, k]` and b of `[k, n]`; the rows of `out` start `row` elements apart.
///
/// # Panics
/// If a matrix does not fit its slice, which would be a mistake in this crate.
pub(crate) fn multiply_in(
    precision: Precision,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: &mut [f32],
    row: usize,
    onto: Onto,
) {
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
    // SAFETY: the assertion above keeps every element within its slice; `out` is borrowed for writing.
    unsafe { multiply_at(precision, [m, k, n], a, b, out.as_mut_ptr(), row, onto) }
}

/// `out = a · b` shared among the threads, for a of `[m, k]`, b of `[k, n]` and `out` of `[m, n]`: in tiles, and where
/// these are few (the gradient of a small weight), in parts of the inner dimension that are added in order.
///
/// # Panics
/// If a matrix does not fit its slice, which would be a mistake in this crate.
pub(crate) fn product(
    precision: Precision,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: &mut [f32],
    onto: Onto,
) {
    assert!(
        a.holds(m, k) && b.holds(k, n) && m * n == out.len(),
        "a matrix does not fit its slice"
    );
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if onto != Onto::Add {
            out.fill(0.0);
        }
        return;
    }
    // All of these depend on the size alone, not on the number of threads.
    let (down, across) = (m.div_ceil(TILE), n.div_ceil(TILE));
    let (height, width) = (m.div_ceil(down), n.div_ceil(across));
    let parts = (k / DEPTH).clamp(1, TASKS.div_ceil(down * across));
    let depth = k.div_ceil(parts);
    let mut further: Vec<Vec<f32>> = (1..parts).map(|_| room(m * n)).collect();
    let mut results = vec![Shared(out.as_mut_ptr())];
    results.extend(further.iter_mut().map(|part| Shared(part.as_mut_ptr())));
    (0..parts * down * across).into_par_iter().for_each(|task| {
        let (part, tile) = (task / (down * across), task % (down * across));
        let (top, left, first) = (tile / across * height, tile % across * width, part * depth);
        let size = [height.min(m - top), depth.min(k - first), width.min(n - left)];
        let onto = if part == 0 { onto } else { onto.afresh() };
        let (a, b) = (a.corner(top, first), b.corner(first, left));
        // SAFETY: the assertion above keeps every element within its slice, and no two tasks have an element of a
        // result in common.
        unsafe { multiply_at(precision, size, a, b, results[part].at(top * n + left), n, onto) }
    });
    for part in &further {
        out.par_chunks_mut(BLOCK)
            .zip(part.par_chunks(BLOCK))
            .for_each(|(out, part)| add(out, part));
    }
}

/// A buffer of which several threads write different elements.
struct Shared(*mut f32);

// SAFETY: `product` gives every thread elements of its own.
unsafe impl Sync for Shared {}

impl Shared {
    fn at(&self, element: usize) -> *mut f32 {
        self.0.wrapping_add(element)
    }
}

/// [`multiply`] without its checks, for m, k and n above 0.
///
/// # Safety
/// The matrices fit their slices, and the rows of `out` may be written to.
unsafe fn multiply_at(
    precision: Precision,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: *mut f32,
    row: usize,
    onto: Onto,
) {
    if precision == Precision::Bfloat16 {
        // SAFETY: the caller's.
        return unsafe { bfloat16::multiply_at([m, k, n], a, b, out, row, onto) };
    }
    let (read, scale) = match onto {
        Onto::Replace(scale) => (false, scale),
        Onto::Add => (true, 1.0),
    };
    // SAFETY: the caller's.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
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
