//! The heads of every objective that predicts tokens from the states where they are predicted, and does nothing else.

use crate::heads::VOCABULARY_HEAD;
use crate::model::untracked;
use crate::scoring::{Answerer, Rule};
use crate::tensors::{answers, cross_entropy, guesses, mean, numbers, pass, tensor_ids};
use crate::{Answers, Batch, Example, Heads, Loss};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::Vocabulary;
use cloze_foundation::Draw;
use cloze_kernels::Visibility;
use cloze_options::words;
use std::borrow::Cow;

/// What [`TokenHeads`] are to do.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The loss's name among the parts of the loss.
    pub part: &'static str,
    /// Who sees whom when the model reads a text of its own accord.
    pub visibility: Visibility,
    /// What published code adds to the denominator of the loss; usually 0.
    pub denominator_added: f64,
    /// Whether the head predicts masked tokens: in their places, or [one before](TokenHeads::one_before).
    pub masked: bool,
    /// How sentences are scored; the head answers by every rule.
    pub rules: &'static [Rule],
}

words! {
    /// What an answer is worth, in [0, 1].
    pub(crate) enum Credit {
        /// 1 if the truth is the most probable token, otherwise 0.
        Accuracy = "accuracy",
        /// The probability of the truth.
        Probability = "probability",
    }
}

impl Credit {
    /// What it costs to tell: guesses need the scores of all tokens, which the loss does not keep.
    pub(crate) fn flops(self, encoder: &EncoderConfig, vocabulary: usize, predicted: usize) -> f64 {
        match self {
            Self::Accuracy => {
                VocabularyHead::forward_flops(encoder.width, encoder.table_width(), vocabulary, predicted)
            }
            Self::Probability => 0.0,
        }
    }
}

/// One vocabulary head, `head`: the mean cross-entropy of a batch's targets.
#[derive(Module, Debug)]
pub struct TokenHeads {
    head: VocabularyHead,
    #[module(skip)]
    tokens: Tokens,
    /// How far before a masked token it is predicted.
    #[module(skip)]
    before: u32,
    /// The extra column whose sum the loss is divided by, if that is not the weights'.
    #[module(skip)]
    over: Option<&'static str>,
    /// What answers are worth, where somebody heeds them.
    #[module(skip)]
    credit: Option<Credit>,
}

impl TokenHeads {
    /// Draws the head.
    pub fn new(encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init, tokens: Tokens) -> Self {
        Self {
            head: VocabularyHead::new(
                encoder,
                encoder.table_width(),
                vocabulary.size,
                &init.at(VOCABULARY_HEAD),
            ),
            tokens,
            before: 0,
            over: None,
            credit: None,
        }
    }

    /// The same heads, which say in training how good their answers were.
    pub(crate) fn giving(self, credit: Option<Credit>) -> Self {
        Self { credit, ..self }
    }

    /// The same heads, which predict a masked token from the state at the position before it.
    pub fn one_before(self) -> Self {
        Self { before: 1, ..self }
    }

    /// The same heads, whose loss is divided by the sum of an extra column rather than by the weights'.
    pub fn over(self, column: &'static str) -> Self {
        Self {
            over: Some(column),
            ..self
        }
    }

    /// A masked batch as these heads answer about it. A masked token at the very beginning of a window has nothing before it
    /// and is predicted where it is.
    fn asked<'a>(&self, batch: &'a Batch) -> Cow<'a, Batch> {
        if self.before == 0 {
            return Cow::Borrowed(batch);
        }
        let before = |position: &u32| match position % batch.length as u32 {
            place if place >= self.before => position - self.before,
            _ => *position,
        };
        Cow::Owned(Batch {
            positions: batch.positions.iter().map(before).collect(),
            ..batch.clone()
        })
    }

    /// Hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, D]`
    fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let ids = tensor_ids(&batch.inputs, &encoder.device());
        encoder.decoded_at(ids, &pass(batch, dropout), &batch.positions)
    }

    /// The loss's name.
    pub(crate) fn part(&self) -> &'static str {
        self.tokens.part
    }

    /// The mean loss of a batch from the states at its predicted positions.
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, result: `[1]`
    pub(crate) fn loss_of(&self, encoder: &Encoder, hidden: Tensor<2>, batch: &Batch, training: bool) -> Tensor<1> {
        self.mean_of(
            cross_entropy(&self.head, hidden, encoder.tokens.val(), batch, training).sum,
            batch,
        )
    }

    fn mean_of(&self, sum: Tensor<1>, batch: &Batch) -> Tensor<1> {
        match self.over {
            None => mean(sum, &batch.weights, self.tokens.denominator_added),
            Some(column) => {
                let all: u64 = batch.extra(column).iter().copied().map(u64::from).sum();
                sum / all.max(1) as f64
            }
        }
    }

    /// How good the answers from these states were.
    ///
    /// # Shapes
    /// - `hidden`: `[M, D]`, `each`: `[M]`
    fn answered(&self, encoder: &Encoder, hidden: Tensor<2>, each: Tensor<1>, batch: &Batch) -> Vec<Answers> {
        let Some(credit) = self.credit.filter(|_| !batch.positions.is_empty()) else {
            return Vec::new();
        };
        let credit = match credit {
            Credit::Probability => untracked(each).neg().exp(),
            Credit::Accuracy => {
                let (hidden, table) = (untracked(hidden), untracked(encoder.tokens.val()));
                let guesses = self.head.clone().valid().logits(hidden, table).argmax(1);
                let truth = tensor_ids(&batch.targets, &guesses.device());
                guesses.reshape([batch.targets.len()]).equal(truth).float()
            }
        };
        vec![Answers {
            part: 0,
            truth: batch.targets.clone(),
            credit,
        }]
    }

    /// What is lost on every prediction of a batch.
    fn each(&self, encoder: &Encoder, batch: &Batch) -> Vec<f32> {
        let hidden = self.hidden(encoder, batch, None);
        numbers(cross_entropy(&self.head, hidden, encoder.tokens.val(), batch, false).each)
    }
}

impl Heads for TokenHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = training.then(|| draw.purpose("dropout"));
        let hidden = self.hidden(encoder, batch, dropout);
        let found = cross_entropy(&self.head, hidden.clone(), encoder.tokens.val(), batch, training);
        let answers = match training {
            true => self.answered(encoder, hidden, found.each, batch),
            false => Vec::new(),
        };
        let total = self.mean_of(found.sum, batch);
        Loss {
            answers,
            ..Loss::new(total.clone()).with(self.tokens.part, total)
        }
    }

    fn reading(&self, ids: &[u32]) -> Example {
        Example {
            visibility: self.tokens.visibility.clone(),
            ..Example::reading(ids)
        }
    }

    fn rules(&self) -> &[Rule] {
        self.tokens.rules
    }

    fn losses(&self, encoder: &Encoder, _rule: &Rule, batch: &Batch) -> Vec<f32> {
        self.each(encoder, batch)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        self.tokens.masked.then_some(Answerer::Encoder)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        let masked = self.tokens.masked;
        masked.then(|| self.each(encoder, &self.asked(batch)))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let guesses = || {
            let batch = self.asked(batch);
            let hidden = self.hidden(encoder, &batch, None);
            guesses(&self.head, hidden, encoder.tokens.val(), &batch)
        };
        self.tokens.masked.then(guesses)
    }

    fn answers(&self, encoder: &Encoder, batch: &Batch, count: usize) -> Option<Vec<Vec<(u32, f32)>>> {
        let batch = match self.tokens.masked {
            true => self.asked(batch),
            false => Cow::Borrowed(batch),
        };
        let hidden = self.hidden(encoder, &batch, None);
        Some(answers(&self.head, hidden, encoder.tokens.val(), &batch, count))
    }

    fn vocabulary_head(&self) -> Option<&VocabularyHead> {
        Some(&self.head)
    }

    fn share_vocabulary_head(&mut self, head: &VocabularyHead) {
        self.head = head.clone();
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}
