//! The fresh head of a fine-tuned encoder: one dense layer on its last states.

use super::Reads;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData, activation};
use cloze_backbone::{Dense, Encoder, Init};
use cloze_foundation::Draw;
use cloze_objectives::tensors::{gather, pass, tensor_ids, tensor_weights};
use cloze_objectives::{Batch, Heads, Loss, Rule};

/// Added to the scores of positions at which no answer can end.
const NEVER: f32 = -1e9;

/// One dense layer.
#[derive(Module, Debug)]
pub(super) struct TaskHead {
    /// `[D, K]`.
    out: Dense,
    #[module(skip)]
    reads: Reads,
}

impl TaskHead {
    /// Draws it.
    pub(super) fn new(width: usize, outputs: usize, reads: Reads, init: &Init) -> Self {
        Self {
            out: Dense::new(width, outputs, true, &init.at("out")),
            reads,
        }
    }

    /// Where it reads.
    pub(super) fn reads(&self) -> Reads {
        self.reads
    }

    /// Scores: of a text's classes, `[B, K]`; of the classes at every position that is read, `[M, K]`; of both ends at these
    /// positions, `[M, 2]`.
    ///
    /// # Shapes
    /// - result: as said
    pub(super) fn scores(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let states = encoder.forward(tensor_ids(&batch.inputs, &encoder.device()), &pass(batch, dropout));
        match self.reads {
            Reads::Text => self.out.forward(means(states, batch)),
            Reads::Words | Reads::Ends => self.out.forward(gather(states, &batch.positions)),
        }
    }

    fn loss_of(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<1> {
        let scores = self.scores(encoder, batch, dropout);
        match self.reads {
            Reads::Text | Reads::Words => lost(scores, &batch.targets),
            Reads::Ends => {
                let (windows, length) = (batch.windows, batch.length);
                let device = scores.device();
                // Every position of every window again, so that each window is a row.
                let mut rows = vec![0; windows * length];
                let mut never = vec![NEVER; windows * length];
                for (row, position) in batch.positions.iter().enumerate() {
                    rows[*position as usize] = row as u32;
                    never[*position as usize] = 0.0;
                }
                let all = scores.select(0, tensor_ids(&rows, &device));
                let never = Tensor::<2>::from_data(TensorData::new(never, [windows, length]), &device);
                let end = |column: usize| {
                    let scores = all.clone().slice([0..windows * length, column..column + 1]);
                    let targets: Vec<u32> = batch.targets.chunks(2).map(|ends| ends[column]).collect();
                    lost(scores.reshape([windows, length]) + never.clone(), &targets)
                };
                (end(0) + end(1)) / 2.0
            }
        }
    }
}

/// The mean negative log-likelihood of the targets.
///
/// # Shapes
/// - `scores`: `[n, K]`, `targets`: n below K
fn lost(scores: Tensor<2>, targets: &[u32]) -> Tensor<1> {
    let right = tensor_ids(targets, &scores.device()).reshape([targets.len(), 1]);
    activation::log_softmax(scores, 1).gather(1, right).mean().neg()
}

/// The weighted sums over the positions that are read, window by window.
///
/// # Shapes
/// - `states`: `[B·L, D]`, result: `[B, D]`
fn means(states: Tensor<2>, batch: &Batch) -> Tensor<2> {
    let [_, width] = states.dims();
    let mut weights = vec![0.0; batch.inputs.len()];
    for (position, weight) in batch.positions.iter().zip(&batch.weights) {
        weights[*position as usize] = *weight;
    }
    let weights = tensor_weights(&weights, &states.device()).reshape([batch.inputs.len(), 1]);
    let weighted = (states * weights).reshape([batch.windows, batch.length, width]);
    weighted.sum_dim(1).reshape([batch.windows, width])
}

impl Heads for TaskHead {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        Loss::new(self.loss_of(encoder, batch, training.then(|| draw.purpose("dropout"))))
    }

    /// None: it knows classes, and no tokens.
    fn rules(&self) -> &[Rule] {
        &[]
    }

    fn losses(&self, _: &Encoder, _: &Rule, _: &Batch) -> Vec<f32> {
        Vec::new()
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}
