//! Dropout whose mask is recomputed where it is needed.

use super::BLOCK;
use super::node::{Backpropagate, close, open};
use super::vector::vectorised;
use crate::{Dropout, reference};
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

/// Words of random bits that are drawn at once.
const WORDS: usize = 8;

/// Multiplies `x`, whose first element has index `first`, by its mask: that of [`reference::keeps`].
pub(crate) fn drop_from(x: &mut [f32], first: u64, dropout: Dropout) {
    let scale = (1.0 / (1.0 - dropout.rate)) as f32;
    apply(x, first, dropout.seed, reference::kept_below(dropout), scale);
}

vectorised! {
    fn apply(x: &mut [f32], first: u64, seed: u64, bound: u32, scale: f32) {
        // A product, so that a bad number stays bad.
        let factor = |bits: u64| if (bits as u32) < bound { scale } else { 0.0 };
        // An odd first element has the second half of the bits that it shares with the element before.
        let (odd, x) = x.split_at_mut(x.len().min((first % 2) as usize));
        for x in odd {
            *x *= factor(reference::hash(seed, first / 2) >> 32);
        }
        let first = first.div_ceil(2);
        let length = x.len();
        let (chunks, rest) = x.as_chunks_mut::<{ 2 * WORDS }>();
        for (chunk, x) in (0..).zip(chunks) {
            // Two loops, so that each becomes vector instructions.
            let mut words = [0; WORDS];
            for (index, word) in (first + chunk * WORDS as u64..).zip(&mut words) {
                *word = reference::hash(seed, index);
            }
            for (i, x) in x.iter_mut().enumerate() {
                *x *= factor(words[i / 2] >> (32 * (i % 2)));
            }
        }
        let first = first + (length - rest.len()) as u64 / 2;
        for (i, x) in (0..).zip(rest) {
            *x *= factor(reference::hash(seed, first + i / 2) >> (32 * (i % 2)));
        }
    }
}
