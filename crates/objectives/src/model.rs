//! A model under training: the shared encoder plus whatever its objective adds.

use crate::Batch;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, Parameters};
use cloze_corpus::Vocabulary;
use cloze_foundation::Draw;

/// The loss of a batch.
pub struct Loss {
    /// What is minimised, tracked, shape `[1]`.
    pub total: Tensor<1>,
    /// Its parts by name (untracked, shape `[1]`), the ones worth a curve: `("mlm", ..)`, `("accuracy", ..)`.
    pub parts: Vec<(&'static str, Tensor<1>)>,
}

/// What every trained model can be asked. Evaluations know no more than this.
pub trait Model: Parameters + Send {
    /// The loss of a batch. `draw` seeds dropout and samples; `training` switches dropout on.
    fn loss(&self, batch: &Batch, draw: Draw, training: bool) -> Loss;

    /// The shared encoder.
    fn encoder(&self) -> &Encoder;

    /// The sentence scores this model has, the headline one first.
    fn scores(&self) -> &'static [&'static str];

    /// Scores sentences (`[CLS]` .. `[SEP]`) by one of [`scores`](Self::scores): higher is more acceptable. A
    /// sentence's score does not depend on the others in the call. A rule that the model does not have gives the
    /// headline one.
    fn score(&self, rule: &str, sentences: &[Vec<u32>], vocabulary: &Vocabulary) -> Vec<f64>;

    /// Negative log-likelihood (nats) of every target of a masked batch, for models with a masked-token head; `None`
    /// for the others.
    fn masked_losses(&self, batch: &Batch) -> Option<Vec<f32>>;

    /// The most probable id at every predicted position of a masked batch, for the same models.
    fn masked_guesses(&self, _batch: &Batch) -> Option<Vec<u32>> {
        None
    }

    /// The same weights without gradients and dropout, for evaluation.
    fn frozen(&self) -> Box<dyn Model>;
}
