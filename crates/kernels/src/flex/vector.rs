//! Elementary functions over slices. Sums run in 16 lanes that are added in a fixed order, and no multiplication is fused
//! with an addition, so that every instruction set gives the same bits.

const LANES: usize = 16;

/// Compiles a function for several instruction sets; the best one that the machine has is called.
macro_rules! vectorised {
    ($(#[$meta:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$meta])*
        #[multiversion::multiversion(targets("x86_64+avx512f+avx512dq+avx512bw+avx512vl+fma", "x86_64+avx2+fma"))]
        $visibility fn $($rest)*
    };
}
pub(crate) use vectorised;

/// eˣ to 3e-7 relative, for x in [-87, 88]; smaller and larger x are clamped, NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5·2^23 rounds to an integer, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, so that power·ln 2 is exact enough to be subtracted (Cody & Waite 1980).
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Comparisons rather than `max` and `min`, which would swallow NaN.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let f = x - power * LN_2_HIGH - power * LN_2_LOW;
    let series =
        1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0))))));
    f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3F80_0000)) * series
}

/// Φ(x) and φ(x) of the standard normal law, to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26).
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let e = exp(-z * z);
    let series = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * series * e;
    (if x < 0.0 { tail } else { 1.0 - tail }, e * 0.398_942_3)
}

/// c·tanh(x / c) and its derivative, given c and 1 / c. x itself and 1, to the bit, where x is small beside c.
#[inline(always)]
fn capped(x: f32, cap: f32, inverse: f32) -> (f32, f32) {
    let t = x * inverse;
    let square = t * t;
    // Moshier 1992, Cephes, `tanhf`: a polynomial near 0, where one minus something would lose digits, and that elsewhere.
    let series = -0.333_332_8
        + square * (0.133_314_42 + square * (-0.053_739_715 + square * (0.020_639_088 - square * 0.005_704_988_7)));
    let near = 1.0 + square * series;
    let rest = 2.0 / (exp(2.0 * t.abs()) + 1.0);
    if t.abs() < 0.625 {
        (x * near, 1.0 - square * near * near)
    } else {
        ((cap * (1.0 - rest)).copysign(x), rest * (2.0 - rest))
    }
}

/// Σ of the lanes, pairwise.
#[inline(always)]
fn collect(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Σ f(i) over `0..length`, in lanes.
#[inline(always)]
pub(crate) fn sum_of(length: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = length - length % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value += f(start + lane);
        }
    }
    (whole..length).fold(collect(lanes), |sum, i| sum + f(i))
}

/// Σ aᵢ.
#[inline(always)]
pub(crate) fn sum(a: &[f32]) -> f32 {
    sum_of(a.len(), |i| a[i])
}

/// Σ aᵢ·bᵢ of two slices of one length.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    sum_of(a.len(), |i| a[i] * b[i])
}

/// The greatest element; NaN is passed over, and nothing gives -∞.
#[inline(always)]
pub(crate) fn greatest(a: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = a.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(
        f32::NEG_INFINITY,
        |most, value| if *value > most { *value } else { most },
    )
}

/// exp(xᵢ - greatest) in place; returns the greatest element and the sum.
#[inline(always)]
fn exponentiate(x: &mut [f32]) -> (f32, f32) {
    let most = greatest(x);
    let mut lanes = [0.0; LANES];
    let (whole, rest) = x.as_chunks_mut::<LANES>();
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *value = exp(*value - most);
            *lane += *value;
        }
    }
    let total = rest.iter_mut().fold(collect(lanes), |sum, value| {
        *value = exp(*value - most);
        sum + *value
    });
    (most, total)
}

vectorised! {
    /// exp(xᵢ - greatest) in place; returns the greatest element and the sum.
    pub(crate) fn exponentials(x: &mut [f32]) -> (f32, f32) {
        exponentiate(x)
    }
}

vectorised! {
    /// `factor` times the softmax of `x`, in place; returns ln Σ exp(xᵢ).
    pub(crate) fn softmax(x: &mut [f32], factor: f32) -> f32 {
        let (most, total) = exponentiate(x);
        let scale = factor / total;
        for value in x.iter_mut() {
            *value *= scale;
        }
        most + total.ln()
    }
}

vectorised! {
    /// The gradient of `weight`·ln Z + `normaliser`·(ln Z)² with Z = Σ exp(xᵢ), in place; returns ln Z.
    pub(crate) fn softmax_beside(x: &mut [f32], weight: f32, normaliser: f32) -> f32 {
        let (most, total) = exponentiate(x);
        let logarithm = most + total.ln();
        let scale = (weight + 2.0 * normaliser * logarithm) / total;
        for value in x.iter_mut() {
            *value *= scale;
        }
        logarithm
    }
}

vectorised! {
    /// cap·tanh(xᵢ / cap), in place.
    pub(crate) fn soft_cap(x: &mut [f32], cap: f32) {
        let inverse = 1.0 / cap;
        for x in x {
            *x = capped(*x, cap, inverse).0;
        }
    }
}

vectorised! {
    /// [`soft_cap`] with its derivatives.
    pub(crate) fn soft_cap_with_slopes(x: &mut [f32], cap: f32, slopes: &mut [f32]) {
        let inverse = 1.0 / cap;
        for (x, slope) in x.iter_mut().zip(slopes) {
            (*x, *slope) = capped(*x, cap, inverse);
        }
    }
}

vectorised! {
    /// a += b.
    pub(crate) fn add(a: &mut [f32], b: &[f32]) {
        for (a, b) in a.iter_mut().zip(b) {
            *a += b;
        }
    }
}

vectorised! {
    /// Adds `b` to every row of `a`.
    pub(crate) fn add_to_rows(a: &mut [f32], b: &[f32]) {
        for row in a.chunks_exact_mut(b.len().max(1)) {
            for (a, b) in row.iter_mut().zip(b) {
                *a += b;
            }
        }
    }
}

vectorised! {
    /// Adds every row of `b` to `a`, four at a time, so that `a` is read and written a quarter as often.
    pub(crate) fn add_rows(a: &mut [f32], b: &[f32]) {
        let width = a.len().max(1);
        let mut fours = b.chunks_exact(4 * width);
        for four in &mut fours {
            let (first, second) = four.split_at(2 * width);
            let ((p, q), (r, s)) = (first.split_at(width), second.split_at(width));
            for (i, a) in a.iter_mut().enumerate() {
                *a += (p[i] + q[i]) + (r[i] + s[i]);
            }
        }
        for row in fours.remainder().chunks_exact(width) {
            for (a, b) in a.iter_mut().zip(row) {
                *a += b;
            }
        }
    }
}

vectorised! {
    /// a *= b, element by element.
    pub(crate) fn multiply_by(a: &mut [f32], b: &[f32]) {
        for (a, b) in a.iter_mut().zip(b) {
            *a *= b;
        }
    }
}

vectorised! {
    /// a *= factor.
    pub(crate) fn scale(a: &mut [f32], factor: f32) {
        for a in a {
            *a *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_to_three_parts_in_ten_million() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let truth = f64::from(x).exp();
            assert!(
                (f64::from(exp(x)) - truth).abs() <= 3e-7 * truth,
                "exp({x}) = {} instead of {truth}",
                exp(x)
            );
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 2e-38);
    }

    #[test]
    fn the_normal_law_is_right_where_it_is_known() {
        // Φ to ten digits: Abramowitz & Stegun, table 26.1.
        for (x, cdf) in [
            (0.0, 0.5),
            (0.5, 0.691_462_461_3),
            (1.0, 0.841_344_746_1),
            (2.0, 0.977_249_868_1),
            (3.0, 0.998_650_102),
        ] {
            assert!((f64::from(normal(x as f32).0) - cdf).abs() < 2e-7);
            assert!((f64::from(normal(-x as f32).0) - (1.0 - cdf)).abs() < 2e-7);
            let pdf = (-x * x / 2.0_f64).exp() / std::f64::consts::TAU.sqrt();
            assert!((f64::from(normal(x as f32).1) - pdf).abs() < 1e-7);
        }
        assert!(normal(f32::NAN).0.is_nan());
    }

    #[test]
    fn a_cap_is_right_to_five_parts_in_ten_million_and_nothing_far_below_it() {
        for step in -4000..4001 {
            // Through 0, where digits are lost, the seam at 0.625 and where nothing more is to come.
            let (x, cap) = (step as f32 / 20.0, 15.0);
            let (found, slope) = capped(x, cap, 1.0 / cap);
            let truth = 15.0 * (f64::from(x) / 15.0).tanh();
            let steep = (f64::from(x) / 15.0).cosh().powi(-2);
            assert!(
                (f64::from(found) - truth).abs() <= 5e-7 * truth.abs(),
                "{x}: {found} instead of {truth}"
            );
            assert!(
                (f64::from(slope) - steep).abs() <= 4e-6 * steep,
                "{x}: {slope} instead of {steep}"
            );
            assert_eq!(capped(x, 1e8, 1e-8), (x, 1.0));
        }
        assert!(capped(f32::NAN, 15.0, 1.0 / 15.0).0.is_nan());
        assert_eq!(capped(f32::NEG_INFINITY, 15.0, 1.0 / 15.0).0, -15.0);
    }

    #[test]
    fn nothing_beside_a_softmax_is_the_softmax_to_the_bit() {
        let row: Vec<f32> = (0..37).map(|place| (place * 7 % 11) as f32 - 4.5).collect();
        let (mut one, mut other) = (row.clone(), row);
        assert_eq!(softmax(&mut one, 0.3), softmax_beside(&mut other, 0.3, 0.0));
        assert_eq!(one, other);
    }

    #[test]
    fn a_softmax_with_a_bad_number_is_bad() {
        let mut row = [0.0, f32::NAN, 1.0];
        softmax(&mut row, 1.0);
        assert!(row.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn sums_count_every_element_once() {
        for length in 0..70 {
            let ones = vec![1.0; length];
            assert_eq!(sum(&ones), length as f32);
            assert_eq!(dot(&ones, &ones), length as f32);
        }
        assert_eq!(greatest(&[]), f32::NEG_INFINITY);
    }
}
