//! Numbers that come near a cap and stay below it.

use super::BLOCK;
use super::node::{self, Backpropagate, close, open};
use super::room::room;
use super::vector;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// See [`crate::soft_cap`].
pub(crate) fn soft_cap(x: Tensor<2>, cap: f64) -> Tensor<2> {
    let (shape, cap) = (x.dims(), cap as f32);
    let (mut y, place) = open(x);
    let values = y.storage_mut::<f32>();
    let mut slopes = room(if place.is_tracked() { values.len() } else { 0 });
    if place.is_tracked() {
        let slopes = slopes.par_chunks_mut(BLOCK);
        values
            .par_chunks_mut(BLOCK)
            .zip(slopes)
            .for_each(|(x, slopes)| vector::soft_cap_with_slopes(x, cap, slopes));
    } else {
        values.par_chunks_mut(BLOCK).for_each(|x| vector::soft_cap(x, cap));
    }
    close(y, [place], || Saved {
        slopes: node::tensor(slopes, shape),
    })
}

#[derive(Clone, Debug)]
struct Saved {
    slopes: FlexTensor,
}

impl Backpropagate<1> for Saved {
    fn backpropagate(self, mut gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        gradient
            .storage_mut::<f32>()
            .par_chunks_mut(BLOCK)
            .zip(self.slopes.storage::<f32>().par_chunks(BLOCK))
            .for_each(|(gradient, slopes)| vector::multiply_by(gradient, slopes));
        [Some(gradient)]
    }
}
