//! What an objective adds to the shared encoder.

use crate::scoring::Rule;
use crate::{Batch, Loss};
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, Parameters};
use cloze_foundation::Draw;
use cloze_kernels::Pattern;

/// Everything of a model but its encoder: heads, helper networks, and what is computed with them. An objective makes them
/// ([`Objective::heads`](crate::Objective::heads)); the [`Model`](crate::Model) that owns them lends the encoder.
///
/// Their parameters stand at the top of the model's paths, after the encoder's: `head.dense.weight`.
pub trait Heads: Parameters + Send {
    /// The loss of a batch. `draw` seeds dropout and samples; `training` switches dropout on.
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss;

    /// Who looks at whom when the model reads a text for itself.
    fn pattern(&self) -> Pattern;

    /// The ways in which the model scores a sentence, the headline one first.
    fn rules(&self) -> &[Rule];

    /// What the one who answers by `rule` loses on every prediction of a batch: M negative log-likelihoods in nats.
    /// `rule` is one of [`rules`](Self::rules).
    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32>;

    /// Negative log-likelihood (nats) of every target of a masked batch, for heads that predict masked tokens.
    fn masked_losses(&self, _encoder: &Encoder, _batch: &Batch) -> Option<Vec<f32>> {
        None
    }

    /// The most probable id at every predicted position of a masked batch, for the same heads.
    fn masked_guesses(&self, _encoder: &Encoder, _batch: &Batch) -> Option<Vec<u32>> {
        None
    }

    /// The embeddings and every layer's states of a batch as the model itself reads it.
    ///
    /// # Shapes
    /// - results: layers + 1 of `[N, D]`
    fn states(&self, encoder: &Encoder, batch: &Batch) -> Vec<Tensor<2>> {
        let ids = crate::tensors::tensor_ids(&batch.inputs, &encoder.device());
        encoder.layers(ids, crate::tensors::pass(batch, self.pattern(), None))
    }

    /// The same weights without gradients, for evaluation.
    fn frozen(&self) -> Box<dyn Heads>;
}
