//! The head that makes an encoder tell real tokens from replaced ones.

use crate::Batch;
use crate::proposed::Judge;
use crate::tensors::{numbers, pass, tensor_ids, tensor_weights};
use burn::module::Module;
use burn::tensor::{Tensor, activation};
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init};
use cloze_foundation::Draw;

/// ELECTRA's head: dense, GELU, dense to one number (`model/modeling.py` and `run_pretraining.py` of
/// google-research/electra), without a norm.
#[derive(Module, Debug)]
pub(crate) struct Discriminator {
    /// `[D, D]`.
    discriminator_dense: Dense,
    /// `[D, 1]`.
    discriminator_output: Dense,
    /// Whether the loss is over the predicted positions alone.
    masked_alone: bool,
}

impl Discriminator {
    pub(crate) fn new(encoder: &EncoderConfig, masked_alone: bool, init: &Init) -> Self {
        let dense = |columns, name: &str| Dense::new(encoder.width, columns, true, &init.at(name));
        Self {
            discriminator_dense: dense(encoder.width, "discriminator_dense"),
            discriminator_output: dense(1, "discriminator_output"),
            masked_alone,
        }
    }

    /// log p(replaced) - log p(original) from hidden states.
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, result: `[M, 1]`
    pub(crate) fn verdicts(&self, hidden: Tensor<2>) -> Tensor<2> {
        let states = cloze_kernels::gelu(self.discriminator_dense.forward(hidden));
        // Each row by itself: the sums of a product with one column depend on how many rows there are.
        let Dense { weight, bias, .. } = &self.discriminator_output;
        let logits = (states * weight.val().transpose()).sum_dim(1);
        match bias {
            Some(bias) => logits + bias.val().unsqueeze(),
            None => logits,
        }
    }

    /// Forward FLOPs for n verdicts: 2·n·D·(D + 1).
    pub(crate) fn forward_flops(width: usize, verdicts: usize) -> f64 {
        let width = width as f64;
        2.0 * verdicts as f64 * (width * width + width)
    }
}

/// The mean of -log p(right verdict): log p is log σ(-logit) for an original and log σ(logit) for a replaced token; a correct
/// guess is an original.
///
/// # Shapes
/// - `logits`: `[M, 1]`, `now` and `before`: M ids, result: `[1]`
pub(crate) fn verdict_loss(logits: Tensor<2>, now: &[u32], before: &[u32]) -> Tensor<1> {
    let signs = now
        .iter()
        .zip(before)
        .map(|(now, before)| if now == before { 1.0 } else { -1.0 });
    let logits = logits.flatten::<1>(0, 1);
    let signs = tensor_weights(&signs.collect::<Vec<f32>>(), &logits.device());
    activation::log_sigmoid(logits * -signs).mean().neg()
}

/// -log p(original) of every verdict.
///
/// # Shapes
/// - `logits`: `[M, 1]`
pub(crate) fn verdict_losses(logits: Tensor<2>) -> Vec<f32> {
    numbers(activation::log_sigmoid(logits.neg()).neg().flatten::<1>(0, 1))
}

impl Judge for Discriminator {
    /// Over all positions, `[CLS]` and `[SEP]` included (`run_pretraining.py`), or over the predicted ones.
    fn loss(&self, encoder: &Encoder, proposed: &[u32], batch: &Batch, dropout: Option<Draw>) -> Tensor<1> {
        let device = encoder.device();
        let (ids, how) = (tensor_ids(proposed, &device), pass(batch, dropout));
        if !self.masked_alone {
            return verdict_loss(self.verdicts(encoder.forward(ids, &how)), proposed, &batch.originals);
        }
        if batch.positions.is_empty() {
            return self.discriminator_dense.weight.val().sum() * 0.0;
        }
        let hidden = encoder.forward_at(ids, &how, tensor_ids(&batch.positions, &device));
        let now: Vec<u32> = batch.positions.iter().map(|row| proposed[*row as usize]).collect();
        verdict_loss(self.verdicts(hidden), &now, &batch.targets)
    }

    fn losses(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        let device = encoder.device();
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &device));
        verdict_losses(self.verdicts(encoder.forward_at(ids, &pass(batch, None), rows)))
    }
}
