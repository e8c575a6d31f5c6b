//! Dropout whose mask is recomputed where it is needed.

use super::BLOCK;
use super::node::{Backpropagate, close, open};
use super::vector::vectorised;
use crate::Dropout;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// See [`crate::dropout`].
pub(crate) fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.rate == 0.0 {
        return x;
    }
    let (x, place) = open(x);
    close(everywhere(x, dropout), [place], || Saved { dropout })
}

#[derive(Clone, Debug)]
struct Saved {
    dropout: Dropout,
}

impl Backpropagate<1> for Saved {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [Some(everywhere(gradient, self.dropout))]
    }
}

fn everywhere(mut x: FlexTensor, dropout: Dropout) -> FlexTensor {
    let blocks = x.storage_mut::<f32>().par_chunks_mut(BLOCK).enumerate();
    blocks.for_each(|(block, x)| drop_from(x, (block * BLOCK) as u64, dropout));
    x
}

/// Multiplies `x`, whose first element has index `first`, by its mask: that of [`crate::reference::keeps`].
pub(crate) fn drop_from(x: &mut [f32], first: u64, dropout: Dropout) {
    // An integer is below a real threshold if and only if it is below the next integer.
    let threshold = ((1.0 - dropout.rate) * 4_294_967_296.0).ceil() as u64;
    apply(x, first, dropout.seed, threshold, (1.0 / (1.0 - dropout.rate)) as f32);
}

vectorised! {
    fn apply(x: &mut [f32], first: u64, seed: u64, threshold: u64, scale: f32) {
        for (i, x) in x.iter_mut().enumerate() {
            let kept = (crate::reference::hash(seed, first + i as u64) >> 32) < threshold;
            // A product, so that a bad number stays bad.
            *x *= if kept { scale } else { 0.0 };
        }
    }
}
