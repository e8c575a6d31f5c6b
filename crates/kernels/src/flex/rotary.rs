//! Rotary positions. The backward pass turns by the negative angle.

use super::node::{Backpropagate, close, open};
use super::vector::vectorised;
use crate::{Heads, reference};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// See [`crate::rotary`].
pub(crate) fn rotary(qkv: Tensor<2>, heads: Heads, base: f64) -> Tensor<2> {
    let width = qkv.dims()[1] / 3;
    let (qkv, place) = open(qkv);
    let (cos, mut sin) = reference::rotary_tables(heads.length, width / heads.heads, base);
    let turned = turn(qkv, heads, width, &cos, &sin);
    close(turned, [place], || {
        sin.iter_mut().for_each(|sin| *sin = -*sin);
        Saved { heads, width, cos, sin }
    })
}

#[derive(Clone, Debug)]
struct Saved {
    heads: Heads,
    width: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Backpropagate<1> for Saved {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [Some(turn(gradient, self.heads, self.width, &self.cos, &self.sin))]
    }
}

fn turn(mut qkv: FlexTensor, heads: Heads, width: usize, cos: &[f32], sin: &[f32]) -> FlexTensor {
    let window = (heads.length * 3 * width).max(1);
    qkv.storage_mut::<f32>()
        .par_chunks_mut(window)
        .for_each(|window| turn_window(window, width, heads.heads, cos, sin));
    qkv
}

vectorised! {
    /// Turns the queries and keys of one window in place.
    fn turn_window(qkv: &mut [f32], width: usize, heads: usize, cos: &[f32], sin: &[f32]) {
        let head_width = width / heads;
        let half = head_width / 2;
        if half == 0 {
            return;
        }
        for (row, (cos, sin)) in qkv.chunks_exact_mut(3 * width).zip(cos.chunks_exact(half).zip(sin.chunks_exact(half))) {
            for head in row[..2 * width].chunks_exact_mut(head_width) {
                let (first, second) = head.split_at_mut(half);
                for j in 0..half {
                    let (a, b) = (first[j], second[j]);
                    first[j] = a * cos[j] - b * sin[j];
                    second[j] = b * cos[j] + a * sin[j];
                }
            }
        }
    }
}
