//! Holm's step-down correction for several comparisons.

use cloze_foundation::{Fault, Result};

/// Adjusted p values in the order given (Holm 1979): with p sorted, the i-th is the running maximum of
/// min(1, (m - i + 1) p).
///
/// # Errors
/// A value that is not a probability.
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    if let Some(index) = p.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(Fault::run(format!("p value {} is {}", index + 1, p[index])).allowed(["numbers from 0 to 1"]));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut highest = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        highest = highest.max(((p.len() - rank) as f64 * p[index]).min(1.0));
        adjusted[index] = highest;
    }
    Ok(adjusted)
}
