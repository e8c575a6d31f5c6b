//! Rounding, and both units at every size and layout of the operands.
use super::multiply_with;
use super::pack::bfloat16;
use super::unit::{PORTABLE, Unit, native};
use crate::flex::matrix::{Matrix, Onto};

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
