//! What an objective adds to the shared encoder.

use crate::scoring::{Answerer, Kind, Rule};
use crate::{Batch, Example, Loss};
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, Parameters, VocabularyHead};
use cloze_foundation::Draw;

/// Where the parameters of a [vocabulary head](Heads::vocabulary_head) stand among those of its objective.
pub const VOCABULARY_HEAD: &str = "head";

/// How a model is asked what comes next in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// At the last position, of which it tells what stands behind it.
    Behind,
    /// At a `[MASK]` behind the text, of which it tells what stands in its place.
    InPlace,
    /// At the first of as many `[MASK]`s as tokens are to come.
    IntoMasks,
}

/// Everything of a model but its encoder: heads, helper networks, and what is computed with them. An objective makes them
/// ([`Objective::heads`](crate::Objective::heads)); the [`Model`](crate::Model) that owns them lends the encoder.
///
/// Their parameters stand at the top of the model's paths, after the encoder's: `head.dense.weight`.
pub trait Heads: Parameters + Send + Sync {
    /// The loss of a batch. `draw` seeds dropout and samples; `training` switches dropout on.
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss;

    /// A text as the model reads it of its own accord, with nothing hidden and nothing predicted: who sees whom, and
    /// where. Everybody sees everybody where the heads say nothing else.
    fn reading(&self, ids: &[u32]) -> Example {
        Example::reading(ids)
    }

    /// The encoder with which the model reads a text of its own accord, where that is not the shared one as it is: heads that
    /// hold a part of its tables put them together here.
    fn reader(&self, _encoder: &Encoder) -> Option<Encoder> {
        None
    }

    /// The ways in which the model scores a sentence, the headline one first.
    fn rules(&self) -> &[Rule];

    /// What the one who answers by `rule` loses on every prediction of a batch: M negative log-likelihoods in nats.
    /// `rule` is one of [`rules`](Self::rules).
    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32>;

    /// Who answers about masked tokens; `None` for heads that do not predict them.
    fn masked_answerer(&self) -> Option<Answerer> {
        None
    }

    /// What stands in the brackets behind what is found about masked tokens, where a network beside the encoder answers: in a
    /// mixture also whose it is.
    fn masked_helper(&self) -> Option<String> {
        self.masked_answerer().and_then(Answerer::helper).map(str::to_owned)
    }

    /// Negative log-likelihood (nats) of every target of a masked batch, for heads that predict masked tokens.
    fn masked_losses(&self, _encoder: &Encoder, _batch: &Batch) -> Option<Vec<f32>> {
        None
    }

    /// The most probable id at every predicted position of a masked batch, for the same heads.
    fn masked_guesses(&self, _encoder: &Encoder, _batch: &Batch) -> Option<Vec<u32>> {
        None
    }

    /// The most probable ids at every predicted position with their probabilities, at most `count` of each: of masked tokens for
    /// heads that predict those, and of the token behind the position for heads that read from left to right.
    fn answers(&self, _encoder: &Encoder, _batch: &Batch, _count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        None
    }

    /// How [`answers`](Self::answers) is asked what comes next in a text; `None` for heads that predict no tokens.
    fn continuation(&self) -> Option<Continuation> {
        let has = |kind: Kind| self.rules().iter().any(|rule| rule.kind == kind);
        match self.masked_answerer() {
            Some(_) if has(Kind::InPlace) => Some(Continuation::InPlace),
            Some(_) => Some(Continuation::IntoMasks),
            None => has(Kind::NextToken).then_some(Continuation::Behind),
        }
    }

    /// Whether the two segments of every window belong together, for heads that are asked: the logits of yes, and of no.
    ///
    /// # Shapes
    /// - result: `[B, 2]`
    fn verdicts(&self, _encoder: &Encoder, _batch: &Batch) -> Option<Tensor<2>> {
        None
    }

    /// The head over the vocabulary with which tokens are predicted from the encoder's states, where others could predict with
    /// the same one. Its parameters stand under [`VOCABULARY_HEAD`].
    fn vocabulary_head(&self) -> Option<&VocabularyHead> {
        None
    }

    /// Predicts with this head from now on, for those that have [one](Self::vocabulary_head). Tensors are shared: what is
    /// learnt by whoever else has it is learnt here.
    fn share_vocabulary_head(&mut self, _head: &VocabularyHead) {}

    /// The same weights without gradients, for evaluation.
    fn frozen(&self) -> Box<dyn Heads>;
}
