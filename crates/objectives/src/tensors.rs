//! Host integers as tensors, and the few lines that every loss shares.

use crate::{Batch, Sizes};
use burn::tensor::{Device, Tensor, TensorData, activation};
pub use cloze_backbone::ids as tensor_ids;
use cloze_backbone::{EncoderConfig, Forward, Queries, VocabularyHead};
use cloze_foundation::Draw;
use cloze_kernels::CrossEntropy;

/// Training costs a forward pass and twice that for the backward pass.
pub const FORWARD_AND_BACKWARD: f64 = 3.0;

/// # Shapes
/// - result: `[n]` for n numbers
pub fn tensor_weights(numbers: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), [numbers.len()]), device)
}

/// The rows of `hidden` at `positions`.
///
/// # Shapes
/// - `hidden`: `[N, D]`, result: `[M, D]` for M positions
pub fn gather(hidden: Tensor<2>, positions: &[u32]) -> Tensor<2> {
    let positions = tensor_ids(positions, &hidden.device());
    hidden.select(0, positions)
}

/// A sum over predictions as a mean; `added` is what published code adds to the denominator against division by zero.
/// Without a prediction the mean is 0.
///
/// # Shapes
/// - `sum` and result: `[1]`
pub fn mean(sum: Tensor<1>, weights: &[f32], added: f64) -> Tensor<1> {
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    sum / if total > 0.0 { total + added } else { 1.0 }
}

/// How a batch goes through an encoder: as its examples say.
pub fn pass(batch: &Batch, dropout: Option<Draw>) -> Forward {
    Forward {
        visibility: batch.visibility.clone(),
        positions: batch.position_ids.clone(),
        segments: batch.segment_ids.clone(),
        scales: batch.score_scales.clone(),
        dropout,
        ..Forward::new(batch.windows, batch.length)
    }
}

/// Training FLOPs of an encoder with a vocabulary head on its predicted positions, and no other use of its last block. Where
/// ranks say who sees whom, what is seen is counted; `causal` is of the plain laws.
pub fn vocabulary_flops(encoder: &EncoderConfig, vocabulary: usize, sizes: &Sizes, causal: bool) -> f64 {
    let predicted = sizes.predicted;
    let head = VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, predicted);
    let body = match sizes.looks {
        None => encoder.decoded_flops_at(sizes.windows, sizes.length, causal, predicted),
        Some(looks) => {
            let rows = sizes.windows * sizes.length;
            let queries = |rows, pairs| Queries { rows, pairs };
            encoder.decoded_flops_of(
                sizes.length,
                queries(rows, looks.all),
                queries(predicted, looks.predicted),
            )
        }
    };
    FORWARD_AND_BACKWARD * (body + head)
}

/// Cross-entropy of a batch's targets, from the hidden states at its predicted positions; in `training` with the z-loss that its
/// encoder asks for, weighed as the rest is.
///
/// # Shapes
/// - `hidden`: `[M, K]`, `table`: `[V, E]`
pub fn cross_entropy(
    head: &VocabularyHead,
    hidden: Tensor<2>,
    table: Tensor<2>,
    batch: &Batch,
    training: bool,
) -> CrossEntropy {
    let device = hidden.device();
    let (targets, weights) = (
        tensor_ids(&batch.targets, &device),
        tensor_weights(&batch.weights, &device),
    );
    let counted = training.then(|| weights.clone());
    head.cross_entropy(hidden, table, targets, weights, counted)
}

/// The most probable id at every predicted position, from the hidden states there.
///
/// # Shapes
/// - `hidden`: `[M, K]`, `table`: `[V, E]`, result: M ids
pub fn guesses(head: &VocabularyHead, hidden: Tensor<2>, table: Tensor<2>, batch: &Batch) -> Vec<u32> {
    if batch.positions.is_empty() {
        return Vec::new();
    }
    let best = head.logits(hidden, table).argmax(1);
    best.into_data().iter::<u32>().collect()
}

/// The most probable ids at every predicted position with their probabilities, at most `count` of each, from the hidden states
/// there.
///
/// # Shapes
/// - `hidden`: `[M, K]`, `table`: `[V, E]`, result: M lists
pub fn answers(
    head: &VocabularyHead,
    hidden: Tensor<2>,
    table: Tensor<2>,
    batch: &Batch,
    count: usize,
) -> Vec<Vec<(u32, f32)>> {
    if batch.positions.is_empty() {
        return Vec::new();
    }
    let shares = activation::softmax(head.logits(hidden, table), 1);
    let [rows, vocabulary] = shares.dims();
    let shares = numbers(shares.reshape([rows * vocabulary]));
    let best = |row: &[f32]| {
        let mut ids: Vec<u32> = (0..row.len() as u32).collect();
        ids.sort_by(|a, b| row[*b as usize].total_cmp(&row[*a as usize]));
        ids.into_iter().take(count).map(|id| (id, row[id as usize])).collect()
    };
    shares.chunks_exact(vocabulary).map(best).collect()
}

/// Numbers of a tensor on the host.
pub fn numbers(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
