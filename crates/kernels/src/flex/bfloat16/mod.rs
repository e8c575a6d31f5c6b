//! Matrix products whose operands are rounded to bfloat16 and whose sums are 32-bit floats, on the calling thread. The
//! operands are packed into panels (Goto & van de Geijn 2008), two neighbours along the inner dimension in one `u32`, as
//! the instruction of AVX512-BF16 takes them; other processors compute the same from the same panels.

mod pack;
#[cfg(test)]
mod tests;
mod unit;

use super::matrix::{Matrix, Onto};
use pack::pack;
use unit::{BEST, TILE, Unit};

/// The most pairs of one panel: a panel of b, 32 wide, then takes 24 KiB.
const PAIRS: usize = 192;
/// About the rows of a that are packed at one time; with their pairs they stay in the second cache.
const HEIGHT: usize = 192;

/// The name of what is used.
pub(crate) fn instructions() -> &'static str {
    BEST.name
}

/// `out = a · b` for a of `[m, k]` and b of `[k, n]`; the rows of `out` start `row` elements apart.
///
/// # Safety
/// m, k and n are above 0, the matrices fit their slices, and the rows of `out` may be written to.
pub(super) unsafe fn multiply_at(
    size: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: *mut f32,
    row: usize,
    onto: Onto,
) {
    // SAFETY: the caller's.
    unsafe { multiply_with(&BEST, size, a, b, out, row, onto) }
}

/// [`multiply_at`] with one unit.
///
/// # Safety
/// As [`multiply_at`], and the processor has the unit's instructions.
unsafe fn multiply_with(
    unit: &Unit,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: *mut f32,
    row: usize,
    onto: Onto,
) {
    let pairs = k.div_ceil(2);
    let depth = pairs.div_ceil(pairs.div_ceil(PAIRS));
    let height = HEIGHT.next_multiple_of(unit.rows);
    let (mut a_panels, mut b_panels, mut tile) = (Vec::new(), Vec::new(), [0.0; TILE]);
    for first in (0..pairs).step_by(depth) {
        let depth = depth.min(pairs - first);
        let inner = (2 * depth).min(k - 2 * first);
        let merge = Merge::of(onto, first == 0);
        let b = b.corner(2 * first, 0).transposed();
        pack(b, [n, inner], unit.columns, &mut b_panels);
        for top in (0..m).step_by(height) {
            let height = height.min(m - top);
            let a = a.corner(top, 2 * first);
            pack(a, [height, inner], unit.rows, &mut a_panels);
            let (a_size, b_size) = (depth * unit.rows, depth * unit.columns);
            for (left, b) in (0..n).step_by(unit.columns).zip(b_panels.chunks_exact(b_size)) {
                let width = unit.columns.min(n - left);
                for (down, a) in (0..height).step_by(unit.rows).zip(a_panels.chunks_exact(a_size)) {
                    // SAFETY: the processor has the instructions: the caller's.
                    unsafe { (unit.tile)(a, b, &mut tile) };
                    let rows = tile.chunks_exact(unit.columns).take(unit.rows.min(height - down));
                    for (i, values) in rows.enumerate() {
                        let out = out.wrapping_add((top + down + i) * row + left);
                        // SAFETY: the caller's: this part of a row lies within the result, which nobody else writes.
                        merge.merge(&values[..width], unsafe { std::slice::from_raw_parts_mut(out, width) });
                    }
                }
            }
        }
    }
}

/// What a tile does to the numbers that are already there.
#[derive(Clone, Copy)]
struct Merge {
    add: bool,
    scale: f32,
}

impl Merge {
    /// Of one part of the inner dimension.
    fn of(onto: Onto, first: bool) -> Self {
        match onto {
            Onto::Replace(scale) => Self { add: !first, scale },
            Onto::Add => Self { add: true, scale: 1.0 },
        }
    }

    #[inline(always)]
    fn merge(self, values: &[f32], out: &mut [f32]) {
        for (out, value) in out.iter_mut().zip(values) {
            *out = if self.add {
                *out + self.scale * value
            } else {
                self.scale * value
            };
        }
    }
}
