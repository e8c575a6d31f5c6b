//! The law of repeated one-sample t statistics, number by number.
//!
//! Of n normal numbers with mean 0 all that t knows is v = sum / norm, the size of their direction along (1, ..., 1): t =
//! v sqrt(n - 1) / sqrt(n - v^2). The direction is uniform on the sphere and independent of the norm, so one number more turns
//! v into v cos a + sin a, where the angle a has a density in proportion to cos^(n-1) a and knows nothing of what came before:
//! v is a Markov chain, whatever the standard deviation is. Its law is carried along in cells, as Armitage, McPherson & Rowe
//! (1969) do for sums with a known one.

use std::f64::consts::{FRAC_PI_2, PI};

/// Cells of the law of |v|.
const CELLS: usize = 160;
/// Halvings that find a boundary.
const HALVINGS: usize = 60;

/// The law of |v| of some numbers, of those sequences that were not stopped before.
pub(super) struct Null {
    numbers: usize,
    /// |v| in the middle of each cell.
    middles: Vec<f64>,
    masses: Vec<f64>,
}

/// t of v.
pub(super) fn t(v: f64, numbers: usize) -> f64 {
    let n = numbers as f64;
    let rest = n - v * v;
    if rest > 0.0 {
        v * (n - 1.0).sqrt() / rest.sqrt()
    } else {
        f64::INFINITY
    }
}

/// The largest |v| of so many numbers.
pub(super) fn largest(numbers: usize) -> f64 {
    (numbers as f64).sqrt()
}

/// P(angle <= a) for a density in proportion to cos^power.
fn below(power: usize, a: f64) -> f64 {
    let (sine, cosine) = a.clamp(-FRAC_PI_2, FRAC_PI_2).sin_cos();
    // The integral of cos^k by parts, up to 0 and up to a right angle.
    let (mut part, mut half, mut k) = match power % 2 {
        0 => (a.clamp(-FRAC_PI_2, FRAC_PI_2), FRAC_PI_2, 0),
        _ => (sine, 1.0, 1),
    };
    let mut raised = if k == 0 { cosine } else { cosine * cosine };
    while k < power {
        k += 2;
        part = raised * sine / k as f64 + part * (k - 1) as f64 / k as f64;
        half *= (k - 1) as f64 / k as f64;
        raised *= cosine * cosine;
    }
    0.5 + 0.5 * part / half
}

/// P(v' > bound) after one number more, for a bound from 0.
fn above(numbers: usize, v: f64, bound: f64) -> f64 {
    // v' = sqrt(1 + v^2) sin(a + arctan v).
    let sine = bound / (1.0 + v * v).sqrt();
    if sine >= 1.0 {
        return 0.0;
    }
    let (first, turned) = (sine.asin(), v.atan());
    let power = numbers - 1;
    (below(power, PI - first - turned) - below(power, first - turned)).max(0.0)
}

/// P(|v| > bound) of so many numbers, of sequences that `before` lets go on; without it, of all.
fn beyond(before: Option<&Null>, numbers: usize, bound: f64) -> f64 {
    match before {
        None => 2.0 * (1.0 - below(numbers - 2, (bound / largest(numbers)).min(1.0).asin())),
        Some(null) => null
            .middles
            .iter()
            .zip(&null.masses)
            .map(|(v, mass)| mass * (above(null.numbers, *v, bound) + above(null.numbers, -v, bound)))
            .sum(),
    }
}

impl Null {
    /// The law of the first `numbers` numbers with |v| up to `high`; `before` is the law of one number less.
    pub(super) fn of(before: Option<&Self>, numbers: usize, high: f64) -> Self {
        let root = largest(numbers);
        let to = (high / root).clamp(0.0, 1.0).asin();
        let at = |place: f64| root * (to * place / CELLS as f64).sin();
        let beyond: Vec<f64> = (0..=CELLS)
            .map(|edge| beyond(before, numbers, at(edge as f64)))
            .collect();
        Self {
            numbers,
            middles: (0..CELLS).map(|cell| at(cell as f64 + 0.5)).collect(),
            masses: beyond.windows(2).map(|edges| (edges[0] - edges[1]).max(0.0)).collect(),
        }
    }

    /// The |v| that is passed with probability `share`, by sequences that go on until then.
    pub(super) fn passed(before: Option<&Self>, numbers: usize, share: f64) -> f64 {
        let (mut low, mut high) = (0.0, largest(numbers));
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if beyond(before, numbers, middle) > share {
                low = middle
            } else {
                high = middle
            }
        }
        high
    }
}
