//! What multiplies two panels: AVX512-BF16, or any processor's 32-bit floats.

use std::sync::LazyLock;

/// The most elements of a tile.
pub(super) const TILE: usize = 12 * 32;

/// How one tile of the result is summed up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// The instructions it needs.
    pub(super) name: &'static str,
    /// Rows of a tile, and of a panel of a.
    pub(super) rows: usize,
    /// Columns of a tile, and of a panel of b.
    pub(super) columns: usize,
    /// Sums of products of a panel of a, `[pairs, rows]`, and a panel of b, `[pairs, columns]`, into `[rows, columns]`.
    pub(super) tile: unsafe fn(&[u32], &[u32], &mut [f32; TILE]),
}

/// What this processor does best.
pub(super) static BEST: LazyLock<Unit> = LazyLock::new(|| native().unwrap_or(PORTABLE));

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
