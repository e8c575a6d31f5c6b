//! What an optimizer of the matrices between hidden states is.

use burn::tensor::Tensor;
use cloze_backbone::HiddenMatrix;
use std::fmt::Debug;

/// A matrix that moves.
///
/// # Shapes
/// - `value`, `gradient`: `[inputs, outputs]`, without a graph
pub struct Moved {
    /// What it is.
    pub matrix: HiddenMatrix,
    /// Its numbers.
    pub value: Tensor<2>,
    /// The gradient, clipped.
    pub gradient: Tensor<2>,
    /// The rule's own learning rate at this moment.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

/// Who moves the matrices between hidden states where it is not AdamW; everything else is AdamW's. One file for each, and a
/// line in `config.rs`.
pub trait HiddenRule: Debug {
    /// The highest learning rate of these matrices; it follows the schedule of the other one.
    fn peak_lr(&self) -> f64;

    /// The same, to be changed.
    fn peak_lr_mut(&mut self) -> &mut f64;

    /// The names of what it remembers of a matrix between updates, as they stand in a checkpoint.
    fn remembers(&self) -> &'static [&'static str];

    /// One update: the new value, and what is remembered, in the order of the names. Nothing is remembered at first.
    fn update(&self, moved: Moved, remembered: Option<Vec<Tensor<2>>>) -> (Tensor<2>, Vec<Tensor<2>>);

    /// FLOPs of an update of these matrices, beside those that any optimizer takes for each number, which are not counted.
    fn flops(&self, matrices: &[HiddenMatrix]) -> f64;
}
