//! The limited-memory BFGS method (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithm 7.4) for smooth convex functions.

/// Steps that the curvature is known from.
const MEMORY: usize = 10;
/// How often a step is halved before the function is taken to be as low as its arithmetic tells.
const HALVINGS: usize = 30;
/// The share of the decrease that the slope promises which a step has to give (Armijo's condition).
const SUFFICIENT: f64 = 1e-4;

/// A step and the change of the gradient over it.
struct Curvature {
    step: Vec<f64>,
    change: Vec<f64>,
    /// Their product, positive.
    product: f64,
}

/// Where a function is lowest, from a start: until no entry of its gradient is above `tolerance`, or `most` steps.
/// `function` gives value and gradient.
///
/// # Shapes
/// - `start`, gradients and result: n
pub(super) fn minimise(
    start: Vec<f64>,
    tolerance: f64,
    most: usize,
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Vec<f64> {
    let mut at = start;
    let (mut value, mut gradient) = function(&at);
    let mut known: Vec<Curvature> = Vec::new();
    for _ in 0..most {
        if gradient.iter().all(|slope| slope.abs() <= tolerance) {
            break;
        }
        let direction = descent(&gradient, &known);
        let slope = dot(&direction, &gradient);
        let mut length = 1.0;
        if known.is_empty() {
            length = 1.0 / dot(&gradient, &gradient).sqrt().max(1.0);
        }
        let Some((next, found, there)) = (0..HALVINGS).find_map(|_| {
            let next: Vec<f64> = at
                .iter()
                .zip(&direction)
                .map(|(at, along)| at + length * along)
                .collect();
            let (found, there) = function(&next);
            let is_lower = found <= value + SUFFICIENT * length * slope && found < value;
            length *= 0.5;
            is_lower.then_some((next, found, there))
        }) else {
            break;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(next, at)| next - at).collect();
        let change: Vec<f64> = there.iter().zip(&gradient).map(|(there, here)| there - here).collect();
        let product = dot(&step, &change);
        // What rounding makes of the curvature of a convex function may be negative.
        if product > 1e-12 * dot(&change, &change) {
            if known.len() == MEMORY {
                known.remove(0);
            }
            known.push(Curvature { step, change, product });
        }
        (at, value, gradient) = (next, found, there);
    }
    at
}

/// Minus the gradient times what is known of the inverse curvature, by the two loops.
fn descent(gradient: &[f64], known: &[Curvature]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(known.len());
    for Curvature { step, change, product } in known.iter().rev() {
        let share = dot(step, &direction) / product;
        add(&mut direction, -share, change);
        shares.push(share);
    }
    if let Some(Curvature { change, product, .. }) = known.last() {
        let scale = product / dot(change, change);
        direction.iter_mut().for_each(|along| *along *= scale);
    }
    for (Curvature { step, change, product }, share) in known.iter().zip(shares.iter().rev()) {
        let back = dot(change, &direction) / product;
        add(&mut direction, share - back, step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_point_of_a_quadratic_and_of_a_curved_valley_is_found() {
        // x² + 10 y² - 2 x: lowest at (1, 0).
        let quadratic = |at: &[f64]| {
            let [x, y] = [at[0], at[1]];
            (x * x + 10.0 * y * y - 2.0 * x, vec![2.0 * x - 2.0, 20.0 * y])
        };
        let found = minimise(vec![-3.0, 5.0], 1e-8, 100, quadratic);
        assert!((found[0] - 1.0).abs() < 1e-7 && found[1].abs() < 1e-7, "{found:?}");
        // Rosenbrock's function, which is not even convex: lowest at (1, 1).
        let valley = |at: &[f64]| {
            let [x, y] = [at[0], at[1]];
            let off = y - x * x;
            let value = (1.0 - x).powi(2) + 100.0 * off * off;
            (value, vec![-2.0 * (1.0 - x) - 400.0 * x * off, 200.0 * off])
        };
        let found = minimise(vec![-1.2, 1.0], 1e-8, 500, valley);
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn no_step_is_taken_where_it_is_flat_and_no_more_than_allowed() {
        let mut calls = 0;
        let flat = minimise(vec![2.0], 1e-6, 10, |_| {
            calls += 1;
            (1.0, vec![0.0])
        });
        assert_eq!((flat, calls), (vec![2.0], 1));
        let once = minimise(vec![4.0], 0.0, 1, |at| (at[0] * at[0], vec![2.0 * at[0]]));
        assert_eq!(once, [3.0], "one step of length 1");
    }
}
