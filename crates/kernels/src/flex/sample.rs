//! Sampling from a softmax by inverting its distribution function.

use super::node::open;
use super::vector::{exponentials, sum};
use crate::reference::uniform;
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

/// Entries whose sum is tried at once.
const STRIDE: usize = 64;

/// See [`crate::sample`].
pub(crate) fn sample(logits: Tensor<2>, seed: u64) -> Tensor<1, Int> {
    let [rows, columns] = logits.dims();
    let device = logits.device();
    let (mut logits, _) = open(logits);
    let drawn: Vec<i64> = logits
        .storage_mut::<f32>()
        .par_chunks_mut(columns.max(1))
        .enumerate()
        .map(|(row, logits)| draw(logits, uniform(seed, row as u64)) as i64)
        .collect();
    Tensor::from_data(TensorData::new(drawn, [rows]), &device)
}

/// The first index at which the sum of the probabilities passes `uniform`; 0 if the logits are not numbers.
fn draw(logits: &mut [f32], uniform: f64) -> usize {
    exponentials(logits);
    let strides: Vec<f64> = logits.chunks(STRIDE).map(|stride| f64::from(sum(stride))).collect();
    let total: f64 = strides.iter().sum();
    if total.is_nan() {
        return 0;
    }
    let target = total * uniform;
    let mut passed = 0.0;
    for (stride, amount) in strides.iter().enumerate() {
        if passed + amount > target {
            let first = stride * STRIDE;
            let end = logits.len().min(first + STRIDE);
            for (index, value) in logits[first..end].iter().enumerate() {
                passed += f64::from(*value);
                if passed > target {
                    return first + index;
                }
            }
            // Rounding: the stride's sum passed the target and its elements one by one did not.
            return end - 1;
        }
        passed += amount;
    }
    logits.len() - 1
}
