//! The squared norm, for clipping by the global norm.

use super::node::open;
use super::{BLOCK, vector::vectorised};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// See [`crate::squared_norm`].
pub(crate) fn squared_norm<const R: usize>(x: &Tensor<R>) -> f64 {
    let (x, _) = open(x.clone());
    let parts: Vec<f64> = x.storage::<f32>().par_chunks(BLOCK).map(squares).collect();
    parts.iter().sum()
}

vectorised! {
    fn squares(x: &[f32]) -> f64 {
        let mut lanes = [0.0f64; 16];
        let (whole, rest) = x.as_chunks::<16>();
        for chunk in whole {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(*value) * f64::from(*value);
            }
        }
        lanes.iter().sum::<f64>() + rest.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>()
    }
}
