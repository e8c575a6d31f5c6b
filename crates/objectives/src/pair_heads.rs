//! The heads of masked objectives that also ask whether the two segments of a window belong together.

use crate::model::below;
use crate::scoring::{Answerer, Rule};
use crate::tensors::{pass, tensor_ids};
use crate::{Batch, Example, Heads, Loss, TokenHeads};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use cloze_backbone::{Dense, Encoder, EncoderConfig, Init, Parameter, Parameters, VocabularyHead};
use cloze_foundation::Draw;

/// The column of the windows' labels: 1 for segments that do not belong together.
pub(crate) const APART: &str = "apart";
/// Answers to a question of two.
const ANSWERS: usize = 2;

/// A vocabulary head as [`TokenHeads`] have it, and BERT's pooler with a layer of two numbers on it (google-research/bert,
/// `modeling.py` and `run_pretraining.py`): tanh of a dense layer of the state of `[CLS]`, then the log-softmax of two numbers.
pub(crate) struct PairHeads {
    tokens: TokenHeads,
    pooler: Dense,
    verdict: Dense,
}

const POOLER: &str = "pooler";
const VERDICT: &str = "verdict";

/// The vocabulary head's stand where they do without a verdict.
impl Parameters for PairHeads {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        self.tokens.each_parameter(see);
        for (name, layer) in [(POOLER, &self.pooler), (VERDICT, &self.verdict)] {
            layer.each_parameter(&mut |path, parameter| see(&below(name, path), parameter));
        }
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        self.tokens.change_parameters(change);
        for (name, layer) in [(POOLER, &mut self.pooler), (VERDICT, &mut self.verdict)] {
            layer.change_parameters(&mut |path, parameter| change(&below(name, path), parameter));
        }
    }
}

impl PairHeads {
    /// Draws the heads that stand beside those of the tokens.
    pub(crate) fn new(tokens: TokenHeads, encoder: &EncoderConfig, init: &Init) -> Self {
        let dense = |name: &str, columns: usize| Dense::new(encoder.width, columns, true, &init.at(name));
        Self {
            tokens,
            pooler: dense(POOLER, encoder.width),
            verdict: dense(VERDICT, ANSWERS),
        }
    }

    /// Forward FLOPs of the verdict on so many windows.
    pub(crate) fn forward_flops(encoder: &EncoderConfig, windows: usize) -> f64 {
        let width = encoder.width as f64;
        2.0 * windows as f64 * width * (width + ANSWERS as f64)
    }

    /// The two numbers of the verdict, from the states of `[CLS]`.
    ///
    /// # Shapes
    /// - `states`: `[B, D]`, result: `[B, 2]`
    fn judged(&self, states: Tensor<2>) -> Tensor<2> {
        self.verdict.forward(self.pooler.forward(states).tanh())
    }
}

/// The rows of a batch where its windows begin.
fn firsts(batch: &Batch) -> impl Iterator<Item = u32> {
    let length = batch.length as u32;
    (0..batch.windows as u32).map(move |window| window * length)
}

impl Heads for PairHeads {
    /// The mean over the predicted tokens plus the mean over the windows, unweighted (`run_pretraining.py`). One pass gives
    /// the states of both.
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let labels = batch.extra(APART);
        if labels.len() != batch.windows || labels.is_empty() {
            // Windows too short to be cut have no verdict.
            return self.tokens.loss(encoder, batch, draw, training);
        }
        let dropout = training.then(|| draw.purpose("dropout"));
        let device = encoder.device();
        let rows: Vec<u32> = batch.positions.iter().copied().chain(firsts(batch)).collect();
        let ids = tensor_ids(&batch.inputs, &device);
        let states = encoder.forward_at(ids, &pass(batch, dropout), tensor_ids(&rows, &device));
        let predicted = batch.positions.len();
        let tokens = self
            .tokens
            .loss_of(encoder, states.clone().slice(0..predicted), batch, training);
        let answers = log_softmax(self.judged(states.narrow(0, predicted, batch.windows)), 1);
        let picked = answers.gather(1, tensor_ids(labels, &device).reshape([batch.windows, 1]));
        let pairs = -picked.mean();
        let total = tokens.clone() + pairs.clone();
        Loss::new(total).with(self.tokens.part(), tokens).with("pairs", pairs)
    }

    fn reading(&self, ids: &[u32]) -> Example {
        self.tokens.reading(ids)
    }

    fn rules(&self) -> &[Rule] {
        self.tokens.rules()
    }

    fn losses(&self, encoder: &Encoder, rule: &Rule, batch: &Batch) -> Vec<f32> {
        self.tokens.losses(encoder, rule, batch)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        self.tokens.masked_answerer()
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        self.tokens.masked_losses(encoder, batch)
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        self.tokens.masked_guesses(encoder, batch)
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        self.tokens.answers(encoder, batch, count)
    }

    fn verdicts(&self, encoder: &Encoder, batch: &Batch) -> Option<Tensor<2>> {
        let device = encoder.device();
        let rows: Vec<u32> = firsts(batch).collect();
        let ids = tensor_ids(&batch.inputs, &device);
        let states = encoder.forward_at(ids, &pass(batch, None), tensor_ids(&rows, &device));
        Some(self.judged(states))
    }

    fn vocabulary_head(&self) -> Option<&VocabularyHead> {
        self.tokens.vocabulary_head()
    }

    fn share_vocabulary_head(&mut self, head: &VocabularyHead) {
        self.tokens.share_vocabulary_head(head);
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(Self {
            tokens: self.tokens.clone().valid(),
            pooler: self.pooler.clone().valid(),
            verdict: self.verdict.clone().valid(),
        })
    }
}

#[cfg(test)]
mod tests;
