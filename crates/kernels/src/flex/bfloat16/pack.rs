//! Rounding to bfloat16 and the layout of panels.

use crate::flex::matrix::Matrix;
use crate::flex::vector::vectorised;

/// Lays the rows of a matrix out in panels of `group` rows: in a panel, the pairs of all its rows lie together. Rows and
/// columns that are missing at the edges are zero.
///
/// # Shapes
/// - `matrix`: `[rows, inner]`, `panels`: `[⌈rows / group⌉, ⌈inner / 2⌉, group]`
pub(super) fn pack(matrix: Matrix<'_>, [rows, inner]: [usize; 2], group: usize, panels: &mut Vec<u32>) {
    let pairs = inner.div_ceil(2);
    panels.clear();
    panels.resize(rows.div_ceil(group) * pairs * group, 0);
    let (mut copied, mut rounded) = (vec![0.0; inner], vec![0; pairs]);
    for (first, panel) in (0..rows).step_by(group).zip(panels.chunks_exact_mut(pairs * group)) {
        let matrix = matrix.corner(first, 0);
        let count = group.min(rows - first);
        if matrix.row == 1 {
            let columns = (matrix.values, matrix.column, inner);
            // Widths that are known when this is compiled: one loop without ends to look after.
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
pub(super) fn bfloat16(x: f32) -> u32 {
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
