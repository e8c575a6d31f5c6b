//! A model under training: the shared encoder and the heads of its objective.

use crate::scoring::{self, Answerer, Questions, Rule};
use crate::tensors::{pass, tensor_ids};
use crate::{Batch, Continuation, Example, Heads};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Parameter, Parameters};
use cloze_corpus::{Encoded, Vocabulary};
use cloze_foundation::{Draw, Fault, Result};
use cloze_kernels::at_a_time;
use std::borrow::Cow;

/// The loss of a batch.
pub struct Loss {
    /// What is minimised, tracked, shape `[1]`.
    pub total: Tensor<1>,
    /// Its parts by name (untracked, shape `[1]`), the ones worth a curve: `("mlm", ..)`, `("accuracy", ..)`. A part that
    /// a batch has nothing of may be left out.
    pub parts: Vec<(String, Tensor<1>)>,
    /// What was answered, for an objective that [heeds](crate::Objective::heed) it; empty for all others.
    pub answers: Vec<Answers>,
}

/// What a model answered about the predictions of a batch.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The part of the mixture that asked; 0 where there is none.
    pub part: usize,
    /// The truth, M ids.
    pub truth: Vec<u32>,
    /// How good each answer was, in [0, 1], untracked, `[M]`.
    pub credit: Tensor<1>,
}

impl Loss {
    /// A loss without parts.
    pub fn new(total: Tensor<1>) -> Self {
        Self {
            total,
            parts: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The loss with one part more.
    ///
    /// # Shapes
    /// - `value`: `[1]`, tracked or not
    pub fn with(mut self, name: &str, value: Tensor<1>) -> Self {
        self.parts.push((name.to_owned(), untracked(value)));
        self
    }
}

/// What is trained and judged. Evaluations know no more than this.
///
/// Parameter paths are `encoder.…` and then those of the heads.
pub struct Model {
    encoder: Encoder,
    heads: Box<dyn Heads>,
}

const ENCODER: &str = "encoder";

impl Model {
    /// An encoder with heads.
    pub fn new(encoder: Encoder, heads: Box<dyn Heads>) -> Self {
        Self { encoder, heads }
    }

    /// What its encoder was made from.
    pub fn config(&self) -> &EncoderConfig {
        self.encoder.config()
    }

    /// The loss of a batch. `draw` seeds dropout and samples; `training` switches dropout on.
    pub fn loss(&self, batch: &Batch, draw: Draw, training: bool) -> Loss {
        self.heads.loss(&self.encoder, batch, draw, training)
    }

    /// The ways in which it scores a sentence, the headline one first.
    pub fn rules(&self) -> &[Rule] {
        self.heads.rules()
    }

    /// The rule with this name.
    ///
    /// # Errors
    /// A rule that the model does not have, with those it has.
    pub fn rule(&self, name: &str) -> Result<&Rule> {
        self.place_of_rule(name).map(|place| &self.rules()[place])
    }

    fn place_of_rule(&self, name: &str) -> Result<usize> {
        let names = || self.rules().iter().map(|rule| &*rule.name);
        names().position(|known| known == name).ok_or_else(|| {
            Fault::usage(format!("the model has no scoring rule `{name}`"))
                .allowed(names())
                .nearest(name, names())
        })
    }

    /// Scores sentences (`[CLS]` .. `[SEP]`) by a rule: higher is more acceptable. A sentence's score does not depend on
    /// the others in the call. Of ids alone each counts as a word.
    ///
    /// # Errors
    /// A rule that the model does not have.
    pub fn score<S: Clone + Into<Encoded>>(
        &self,
        rule: &Rule,
        sentences: &[S],
        vocabulary: &Vocabulary,
    ) -> Result<Vec<f64>> {
        let sentences: Vec<Encoded> = sentences.iter().cloned().map(Into::into).collect();
        let scores = self.scores_told(std::slice::from_ref(rule), &sentences, vocabulary, &|_| ())?;
        Ok(scores.into_iter().next().unwrap_or_default())
    }

    /// The same by several rules, rule by rule, with the same bits; `scored` is told of how many scores more are there. Neighbours
    /// among the model's rules that [share](Rule::shares) questions ask them once.
    ///
    /// # Errors
    /// A rule that the model does not have.
    pub fn scores_told(
        &self,
        rules: &[Rule],
        sentences: &[Encoded],
        vocabulary: &Vocabulary,
        scored: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Vec<f64>>> {
        let (own, most) = (self.rules(), at_a_time(&self.encoder.device()));
        let places = rules.iter().map(|rule| self.place_of_rule(&rule.name));
        let places = places.collect::<Result<Vec<usize>>>()?;
        let mut scores = Vec::with_capacity(rules.len());
        for together in places.chunk_by(|one, next| *next == one + 1 && own[*next].shares) {
            let losses = |batch: &_| self.heads.losses(&self.encoder, &own[together[0]], batch);
            let how: Vec<Questions> = together.iter().map(|place| own[*place].how).collect();
            let told = |more: usize| scored(more * together.len());
            let found = scoring::score_together(&how, sentences, vocabulary, &losses, most, &told);
            scores.extend(found);
        }
        Ok(scores)
    }

    /// How it is asked what comes next in a text; `None` for models that predict no tokens.
    pub fn continuation(&self) -> Option<Continuation> {
        self.heads.continuation()
    }

    /// Who answers about masked tokens; `None` for models without a masked-token head.
    pub fn masked_answerer(&self) -> Option<Answerer> {
        self.heads.masked_answerer()
    }

    /// What stands in the brackets behind what is found about masked tokens: see [`Heads::masked_helper`].
    pub fn masked_helper(&self) -> Option<String> {
        self.heads.masked_helper()
    }

    /// Negative log-likelihood (nats) of every target of a masked batch, for models with a masked-token head; `None`
    /// for the others.
    pub fn masked_losses(&self, batch: &Batch) -> Option<Vec<f32>> {
        self.heads.masked_losses(&self.encoder, batch)
    }

    /// The most probable id at every predicted position of a masked batch, for the same models.
    pub fn masked_guesses(&self, batch: &Batch) -> Option<Vec<u32>> {
        self.heads.masked_guesses(&self.encoder, batch)
    }

    /// The most probable ids at every predicted position with their probabilities, at most `count` of each: of masked tokens for
    /// models that predict those, and of the token behind the position for models that read from left to right.
    pub fn answers(&self, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        self.heads.answers(&self.encoder, batch, count)
    }

    /// Whether the two segments of every window belong together, for models that were asked: the logits of yes, and of no.
    ///
    /// # Shapes
    /// - result: `[B, 2]`
    pub fn verdicts(&self, batch: &Batch) -> Option<Tensor<2>> {
        self.heads.verdicts(&self.encoder, batch)
    }

    /// A text as the model reads it of its own accord: a causal model looks back only.
    pub fn reading(&self, ids: &[u32]) -> Example {
        self.heads.reading(ids)
    }

    /// The embeddings and every layer's states of texts of one length, as the model reads them of its own accord: a
    /// causal model's state at a position knows nothing of what follows. Tracked where the model is.
    ///
    /// # Shapes
    /// - `texts`: B of L ids, results: layers + 1 of `[B·L, D]`
    pub fn states(&self, texts: &[Vec<u32>]) -> Vec<Tensor<2>> {
        let examples: Vec<Example> = texts.iter().map(|ids| self.reading(ids)).collect();
        self.states_of(&Batch::of(&examples), None)
    }

    /// The same of a batch's inputs, read as its examples say; with dropout from these draws, for whoever trains on.
    ///
    /// # Shapes
    /// - results: layers + 1 of `[N, D]`
    pub fn states_of(&self, batch: &Batch, dropout: Option<Draw>) -> Vec<Tensor<2>> {
        self.states_by(&self.reader(), batch, dropout)
    }

    /// The same by another encoder of its shape, for whoever asks what a model knows without being trained.
    ///
    /// # Shapes
    /// - results: layers + 1 of `[N, D]`
    pub fn states_by(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Vec<Tensor<2>> {
        let ids = tensor_ids(&batch.inputs, &self.encoder.device());
        encoder.layers(ids, &pass(batch, dropout))
    }

    /// The last states of a batch as [`states_of`](Self::states_of) gives them, and the entropy of every position's attention by
    /// layer, in nats.
    ///
    /// # Shapes
    /// - results: `[N, D]`, layers of `[N, H]`
    pub fn last_states_with_entropy(&self, batch: &Batch) -> (Tensor<2>, Vec<Tensor<2>>) {
        let reader = self.reader();
        let ids = tensor_ids(&batch.inputs, &reader.device());
        let (mut states, entropies) = reader.layers_with_entropy(ids, &pass(batch, None));
        // There are the embeddings at least.
        (states.swap_remove(states.len() - 1), entropies)
    }

    /// The encoder with which it reads a text of its own accord: what evaluations and exports mean by its encoder.
    pub fn reader(&self) -> Cow<'_, Encoder> {
        let own = self.heads.reader(&self.encoder);
        own.map_or(Cow::Borrowed(&self.encoder), Cow::Owned)
    }

    /// The same weights without gradients, for evaluation.
    pub fn frozen(&self) -> Self {
        Self::new(self.encoder.clone().valid(), self.heads.frozen())
    }
}

impl Parameters for Model {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        self.encoder
            .each_parameter(&mut |path, parameter| see(&below(ENCODER, path), parameter));
        self.heads.each_parameter(see);
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        self.encoder
            .change_parameters(&mut |path, parameter| change(&below(ENCODER, path), parameter));
        self.heads.change_parameters(change);
    }
}

/// Numbers that nothing is learnt from.
pub(crate) fn untracked<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    if value.is_autodiff() { value.inner() } else { value }
}

/// The path of what lies below `name`.
pub(crate) fn below(name: &str, path: &str) -> String {
    format!("{name}.{path}")
}
