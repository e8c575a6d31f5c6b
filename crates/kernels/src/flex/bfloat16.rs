//! Matrix products whose operands are rounded to bfloat16 and whose sums are 32-bit floats, on the calling thread. The
//! operands are packed into panels (Goto & van de Geijn 2008), two neighbours along the inner dimension in one `u32`, as
//! the instruction of AVX512-BF16 takes them; other processors compute the same from the same panels.

use super::matrix::{Matrix, Onto};
use super::vector::vectorised;
use std::sync::LazyLock;

/// The most pairs of one panel: a panel of b, 32 wide, then takes 24 KiB.
const PAIRS: usize = 192;
/// About the rows of a that are packed at one time; with their pairs they stay in the second cache.
const HEIGHT: usize = 192;
/// The most elements of a tile.
const TILE: usize = 12 * 32;

/// How one tile of the result is summed up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// The instructions it needs.
    pub(super) name: &'static str,
    rows: usize,
    columns: usize,
    /// Sums of products of a panel of a, `[pairs, rows]`, and a panel of b, `[pairs, columns]`, into `[rows, columns]`.
    tile: unsafe fn(&[u32], &[u32], &mut [f32; TILE]),
}

/// What this processor does best.
static BEST: LazyLock<Unit> = LazyLock::new(|| native().unwrap_or(PORTABLE));

/// Every processor: the same sums in the same order, in 32-bit floats. The product of two bfloat16 numbers is exact there,
/// so that a fused multiplication and addition rounds as two instructions do.
pub(super) const PORTABLE: Unit = Unit {
    name: "portable",
    rows: 6,
    columns: 16,
    tile: portable,
};

/// The unit of the processor's own instructions, if it has any.
pub(super) fn native() -> Option<Unit> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f") {
        return Some(x86::AVX512);
    }
    None
}

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
pub(super) unsafe fn multiply_with(
    unit: &Unit,
    [m, k, n]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: *mut f32,
    row: usize,
    onto: Onto,
) {
    let pairs = k.div_ceil(2);
    let parts = pairs.div_ceil(PAIRS);
    let (depth, height) = (pairs.div_ceil(parts), HEIGHT.next_multiple_of(unit.rows));
    let (mut a_panels, mut b_panels, mut tile) = (Vec::new(), Vec::new(), [0.0; TILE]);
    for first in (0..pairs).step_by(depth) {
        let depth = depth.min(pairs - first);
        let inner = (2 * depth).min(k - 2 * first);
        let onto = match onto {
            Onto::Replace(scale) if first > 0 => Merge { add: true, scale },
            Onto::Replace(scale) => Merge { add: false, scale },
            Onto::Add => Merge { add: true, scale: 1.0 },
        };
        pack(
            b.corner(2 * first, 0).transposed(),
            [n, inner],
            unit.columns,
            &mut b_panels,
        );
        for top in (0..m).step_by(height) {
            let height = height.min(m - top);
            pack(a.corner(top, 2 * first), [height, inner], unit.rows, &mut a_panels);
            for (left, b) in (0..n)
                .step_by(unit.columns)
                .zip(b_panels.chunks_exact(depth * unit.columns))
            {
                let width = unit.columns.min(n - left);
                for (down, a) in (0..height)
                    .step_by(unit.rows)
                    .zip(a_panels.chunks_exact(depth * unit.rows))
                {
                    // SAFETY: the processor has the instructions (the caller's), and the panels are as long as each other.
                    unsafe { (unit.tile)(a, b, &mut tile) };
                    for (i, values) in tile
                        .chunks_exact(unit.columns)
                        .take(unit.rows.min(height - down))
                        .enumerate()
                    {
                        // SAFETY: the caller's: this part of a row lies within the result, which nobody else writes.
                        let out =
                            unsafe { std::slice::from_raw_parts_mut(out.add((top + down + i) * row + left), width) };
                        onto.merge(&values[..width], out);
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

/// Lays the rows of a matrix out in panels of `group` rows: in a panel, the pairs of all its rows lie together. Rows and
/// columns that are missing at the edges are zero.
///
/// # Shapes
/// - `matrix`: `[rows, inner]`, `panels`: `[⌈rows / group⌉, ⌈inner / 2⌉, group]`
fn pack(matrix: Matrix<'_>, [rows, inner]: [usize; 2], group: usize, panels: &mut Vec<u32>) {
    let pairs = inner.div_ceil(2);
    panels.clear();
    panels.resize(rows.div_ceil(group) * pairs * group, 0);
    let (mut copied, mut rounded) = (vec![0.0; inner], vec![0; pairs]);
    for (first, panel) in (0..rows).step_by(group).zip(panels.chunks_exact_mut(pairs * group)) {
        let matrix = matrix.corner(first, 0);
        let count = group.min(rows - first);
        if matrix.row == 1 {
            let columns = (matrix.values, matrix.column, inner);
            match group {
                6 if count == 6 => round_columns::<6>(columns, panel),
                12 if count == 12 => round_columns::<12>(columns, panel),
                16 if count == 16 => round_columns::<16>(columns, panel),
                32 if count == 32 => round_columns::<32>(columns, panel),
                _ => round_some_columns(columns, count, group, panel),
            }
            continue;
        }
        for i in 0..count {
            let row = matrix.corner(i, 0);
            let values = if row.column == 1 {
                &row.values[..inner]
            } else {
                let values = row.values.iter().step_by(row.column);
                copied.iter_mut().zip(values).for_each(|(copy, value)| *copy = *value);
                &copied
            };
            round_row(values, &mut rounded);
            for (cells, pair) in panel.chunks_exact_mut(group).zip(&rounded) {
                cells[i] = *pair;
            }
        }
    }
}

/// The nearest bfloat16, ties to even, in the low half; NaN stays NaN.
#[inline(always)]
fn bfloat16(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16;
    if x.is_nan() { (bits >> 16) | 0x40 } else { rounded }
}

vectorised! {
    /// One panel of G whole columns, which start `column` elements apart.
    fn round_columns<const G: usize>((values, column, inner): (&[f32], usize, usize), panel: &mut [u32]) {
        for (pair, cells) in panel.as_chunks_mut::<G>().0.iter_mut().enumerate() {
            let numbers = |i: usize| values.get(i * column..).and_then(|values| values.first_chunk::<G>());
            let low = numbers(2 * pair).unwrap_or(&[0.0; G]);
            let high = numbers(2 * pair + 1).filter(|_| 2 * pair + 1 < inner).unwrap_or(&[0.0; G]);
            for (cell, (low, high)) in cells.iter_mut().zip(low.iter().zip(high)) {
                *cell = bfloat16(*low) | bfloat16(*high) << 16;
            }
        }
    }
}

/// A panel at the edge: `count` columns of the `group` that it has room for.
fn round_some_columns((values, column, inner): (&[f32], usize, usize), count: usize, group: usize, panel: &mut [u32]) {
    for (pair, cells) in panel.chunks_exact_mut(group).enumerate() {
        for (i, cell) in cells[..count].iter_mut().enumerate() {
            let [low, high] = [2 * pair, 2 * pair + 1].map(|j| if j < inner { values[j * column + i] } else { 0.0 });
            *cell = bfloat16(low) | bfloat16(high) << 16;
        }
    }
}

vectorised! {
    fn round_row(values: &[f32], pairs: &mut [u32]) {
        let (twos, last) = values.as_chunks::<2>();
        for (pair, [low, high]) in pairs.iter_mut().zip(twos) {
            *pair = bfloat16(*low) | bfloat16(*high) << 16;
        }
        if let ([last], Some(pair)) = (last, pairs.last_mut()) {
            *pair = bfloat16(*last);
        }
    }
}

/// The two numbers of a pair.
#[inline(always)]
fn numbers(pair: u32) -> [f32; 2] {
    [f32::from_bits(pair << 16), f32::from_bits(pair & 0xFFFF_0000)]
}

/// See [`PORTABLE`].
unsafe fn portable(a: &[u32], b: &[u32], out: &mut [f32; TILE]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has them.
        return unsafe { x86::fused(a, b, out) };
    }
    sum_tile(a, b, out, |a, b, sum| sum + a * b);
}

/// The sums of [`PORTABLE`].
#[inline(always)]
fn sum_tile(a: &[u32], b: &[u32], out: &mut [f32; TILE], multiply_add: impl Fn(f32, f32, f32) -> f32) {
    const ROWS: usize = PORTABLE.rows;
    const COLUMNS: usize = PORTABLE.columns;
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (a, b) in a.as_chunks::<ROWS>().0.iter().zip(b.as_chunks::<COLUMNS>().0) {
        let b = b.map(numbers);
        for (sums, a) in sums.iter_mut().zip(a) {
            let [low, high] = numbers(*a);
            for (sum, b) in sums.iter_mut().zip(&b) {
                *sum = multiply_add(low, b[0], *sum);
            }
            for (sum, b) in sums.iter_mut().zip(&b) {
                *sum = multiply_add(high, b[1], *sum);
            }
        }
    }
    out[..ROWS * COLUMNS].copy_from_slice(sums.as_flattened());
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{TILE, Unit, sum_tile};
    use std::arch::x86_64::{
        __m512, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    /// Twelve rows of two registers: 24 sums, and what is multiplied, in 32 registers.
    pub(super) const AVX512: Unit = Unit {
        name: "avx512-bf16",
        rows: ROWS,
        columns: 2 * LANES,
        tile: avx512,
    };
    const ROWS: usize = 12;
    /// Sums in one register.
    const LANES: usize = 16;

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn avx512(a: &[u32], b: &[u32], out: &mut [f32; TILE]) {
        let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
        for (a, b) in a.as_chunks::<ROWS>().0.iter().zip(b.as_chunks::<{ 2 * LANES }>().0) {
            // SAFETY: b has two registers' worth of pairs.
            let b = [0, LANES].map(|first| unsafe { _mm512_loadu_si512(b[first..].as_ptr().cast()) });
            for (sums, a) in sums.iter_mut().zip(a) {
                let a = _mm512_set1_epi32(a.cast_signed());
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = multiply_add(*sum, a, b);
                }
            }
        }
        for (sum, out) in sums.as_flattened().iter().zip(out.as_chunks_mut::<LANES>().0) {
            // SAFETY: `out` is one register's worth of numbers.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sum) };
        }
    }

    /// `sum + a₀·b₀ + a₁·b₁` for each of 16 pairs.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn multiply_add(sum: __m512, a: __m512i, b: __m512i) -> __m512 {
        // SAFETY: both are 512 bits of which every pattern is a number.
        let [a, b] = [a, b].map(|pairs| unsafe { std::mem::transmute(pairs) });
        _mm512_dpbf16_ps(sum, a, b)
    }

    /// [`sum_tile`] compiled for AVX2.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn fused(a: &[u32], b: &[u32], out: &mut [f32; TILE]) {
        sum_tile(a, b, out, f32::mul_add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_number_is_found() {
        let round = |x: f32| f32::from_bits(bfloat16(x) << 16);
        let step = 1.0 / 128.0;
        for (x, expected) in [
            (1.0, 1.0),
            (-1.0 - step, -1.0 - step),
            (1.0 + 0.51 * step, 1.0 + step),
            (1.0 + 0.49 * step, 1.0),
            // Ties go to the even neighbour.
            (1.0 + 0.5 * step, 1.0),
            (1.0 + 1.5 * step, 1.0 + 2.0 * step),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (0.0, 0.0),
        ] {
            assert_eq!(round(x), expected, "{x}");
        }
        assert!(round(-0.0).is_sign_negative());
        for bits in [0x7F80_0001, 0x7FFF_FFFF, 0xFFC0_0000] {
            assert!(round(f32::from_bits(bits)).is_nan());
        }
    }

    /// Small integers, so that every sum is exact and every order of summing gives it.
    fn integers(rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| (i * 37 % 23) as f32 - 11.0).collect()
    }

    /// `a · b` by `unit` at every layout of the operands, and by definition.
    fn assert_exact(unit: &Unit) {
        for [m, k, n] in [
            [1, 1, 1],
            [5, 3, 7],
            [6, 4, 16],
            [12, 32, 32],
            [13, 5, 33],
            [200, 385, 40],
            [25, 771, 17],
        ] {
            let (a, b) = (integers(m, k), integers(k, n));
            let expected: Vec<f32> = (0..m * n)
                .map(|cell| (0..k).map(|i| a[cell / n * k + i] * b[i * n + cell % n]).sum())
                .collect();
            let turned = |x: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns).map(|i| x[i % rows * columns + i / rows]).collect()
            };
            let spread = |x: &[f32]| -> Vec<f32> { x.iter().flat_map(|value| [*value, f32::NAN]).collect() };
            let (a_turned, b_turned, a_spread) = (turned(&a, m, k), turned(&b, k, n), spread(&a));
            let mut far_apart = Matrix::new(&a_spread, 2 * k);
            far_apart.column = 2;
            for a in [Matrix::new(&a, k), Matrix::new(&a_turned, m).transposed(), far_apart] {
                for b in [Matrix::new(&b, n), Matrix::new(&b_turned, k).transposed()] {
                    for (onto, before, factor) in [(Onto::Replace(2.0), 0.0, 2.0), (Onto::Add, 7.0, 1.0)] {
                        let row = n + 3;
                        let mut out = vec![7.0; m * row];
                        // SAFETY: all fit, and the unit was made for this processor.
                        unsafe { multiply_with(unit, [m, k, n], a, b, out.as_mut_ptr(), row, onto) };
                        for (found, expected) in out.chunks_exact(row).zip(expected.chunks_exact(n)) {
                            for (found, expected) in found.iter().zip(expected) {
                                assert_eq!(*found, before + factor * expected, "{} {m} x {k} x {n}", unit.name);
                            }
                            assert_eq!(found[n..], [7.0; 3], "what lies beside is left as it is");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sums_are_right_at_every_size_and_layout() {
        assert_exact(&PORTABLE);
    }

    #[test]
    fn the_processors_own_instructions_agree() {
        match native() {
            Some(unit) => assert_exact(&unit),
            None => println!("skipped: this processor has no bfloat16 instructions"),
        }
    }
}
