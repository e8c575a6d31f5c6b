//! One arm along training.

use crate::figure::Estimate;
use crate::view::{CONFIDENCE, Curves, Point};
use cloze_foundation::Result;
use cloze_schema::Axis;
use cloze_stats::summarise;

/// Mean and interval over seeds at every judgement. Runs are judged at equal shares of their budget, so judgements
/// correspond by number; x is the mean over seeds of what was used.
///
/// # Errors
/// Values that are not finite; a view holds none.
pub(crate) fn profile(curves: &Curves, axis: Axis, scale: f64) -> Result<Vec<Estimate>> {
    let longest = curves.values().map(Vec::len).max().unwrap_or_default();
    let mut estimates = Vec::with_capacity(longest);
    for k in 0..longest {
        let points: Vec<_> = curves.values().filter_map(|points| points.get(k)).collect();
        let values: Vec<f64> = points.iter().map(|point| point.value * scale).collect();
        let x = points.iter().map(|point| point.spent[axis]).sum::<f64>() / points.len() as f64;
        estimates.push(Estimate::new(x, &summarise(&values, CONFIDENCE)?));
    }
    Ok(estimates)
}

/// A judgement as a point of a chart.
pub(crate) fn spot(point: &Point, axis: Axis, scale: f64) -> (f64, f64) {
    (point.spent[axis], point.value * scale)
}

/// `mlm (3 seeds)`, with spaces that do not break.
pub(crate) fn with_seeds(name: &str, curves: &Curves) -> String {
    let seeds = if curves.len() == 1 {
        "1\u{a0}seed, no\u{a0}interval".to_owned()
    } else {
        format!("{}\u{a0}seeds", curves.len())
    };
    format!("{name} ({seeds})")
}
