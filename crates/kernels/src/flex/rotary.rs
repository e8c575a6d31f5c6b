//! Rotary positions. The backward pass turns by the negative angle.

use super::node::{Backpropagate, close, open};
use super::vector::vectorised;
use crate::{Positions, Rotary, reference};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// Rows of one task.
const ROWS: usize = 128;

/// See [`crate::rotary`].
pub(crate) fn rotary(x: Tensor<2>, how: &Rotary) -> Tensor<2> {
    let (x, place) = open(x);
    let (cos, mut sin) = reference::rotary_tables(how);
    let turned = turn(x, how, &cos, &sin);
    close(turned, [place], || {
        sin.iter_mut().for_each(|sin| *sin = -*sin);
        let how = how.clone();
        Saved { how, cos, sin }
    })
}

#[derive(Clone, Debug)]
struct Saved {
    how: Rotary,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Backpropagate<1> for Saved {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [Some(turn(gradient, &self.how, &self.cos, &self.sin))]
    }
}

fn turn(mut x: FlexTensor, how: &Rotary, cos: &[f32], sin: &[f32]) -> FlexTensor {
    let columns = x.layout().shape()[1];
    let (head_width, half) = (how.head_width, how.head_width / 2);
    if half == 0 {
        return x;
    }
    let rows = x.storage_mut::<f32>().par_chunks_mut((ROWS * columns).max(1));
    rows.enumerate().for_each(|(task, rows)| {
        for (row, x) in (task * ROWS..).zip(rows.chunks_exact_mut(columns)) {
            let position = match &how.positions {
                Positions::Counted(length) => row % length,
                Positions::Given(positions) => positions[row] as usize,
            };
            let [cos, sin] = [cos, sin].map(|table| &table[position * half..][..half]);
            turn_row(&mut x[..how.columns], head_width, cos, sin);
        }
    });
    x
}

vectorised! {
    /// Turns the heads of one row in place.
    fn turn_row(row: &mut [f32], head_width: usize, cos: &[f32], sin: &[f32]) {
        for head in row.chunks_exact_mut(head_width) {
            let (first, second) = head.split_at_mut(cos.len());
            for j in 0..cos.len() {
                let (a, b) = (first[j], second[j]);
                first[j] = a * cos[j] - b * sin[j];
                second[j] = b * cos[j] + a * sin[j];
            }
        }
    }
}
