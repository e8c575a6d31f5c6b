//! A learning curve as one number.

use crate::check;
use cloze_foundation::{Fault, Result};

/// The area under a metric against the logarithm of a budget, divided by the width: the mean height of the curve, in
/// the metric's unit. Points come in any order; x must be positive and distinct.
///
/// # Errors
/// Fewer than two points, equal or non-positive x, or a value that is not finite.
pub fn area_under_log_curve(points: &[(f64, f64)]) -> Result<f64> {
    let (mut points, x, y) = (
        points.to_vec(),
        column(points, |point| point.0),
        column(points, |point| point.1),
    );
    check::finite("x", &x)?;
    check::finite("y", &y)?;
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let distinct = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if points.len() < 2 || !distinct || points[0].0 <= 0.0 {
        return Err(Fault::run(
            "a curve on a logarithmic axis needs at least two points with distinct positive x",
        ));
    }
    let width = (points[points.len() - 1].0 / points[0].0).ln();
    let area: f64 = points
        .windows(2)
        .map(|p| (p[1].0 / p[0].0).ln() * (p[0].1 + p[1].1) / 2.0)
        .sum();
    Ok(area / width)
}

fn column(points: &[(f64, f64)], take: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
    points.iter().map(take).collect()
}
