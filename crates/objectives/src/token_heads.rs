//! The heads of every objective that predicts tokens from the states where they are predicted, and does nothing else.

use crate::scoring::{Answerer, Rule};
use crate::tensors::{cross_entropy, guesses, mean, numbers, pass, tensor_ids};
use crate::{Batch, Example, Heads, Loss};
use burn::module::Module;
use burn::tensor::Tensor;
use cloze_backbone::{Encoder, EncoderConfig, Init, VocabularyHead};
use cloze_corpus::Vocabulary;
use cloze_foundation::Draw;
use cloze_kernels::{CrossEntropy, Visibility};

/// What [`TokenHeads`] are to do.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The loss's name among the parts of the loss.
    pub part: &'static str,
    /// Who sees whom when the model reads a text of its own accord.
    pub visibility: Visibility,
    /// What published code adds to the denominator of the loss; usually 0.
    pub denominator_added: f64,
    /// Whether the head predicts the token of a masked position there.
    pub masked: bool,
    /// How sentences are scored; the head answers by every rule.
    pub rules: &'static [Rule],
}

/// One vocabulary head, `head`: the mean cross-entropy of a batch's targets.
#[derive(Module, Debug)]
pub struct TokenHeads {
    head: VocabularyHead,
    #[module(skip)]
    tokens: Tokens,
}

impl TokenHeads {
    /// Draws the head.
    pub fn new(encoder: &EncoderConfig, vocabulary: &Vocabulary, init: &Init, tokens: Tokens) -> Self {
        Self {
            head: VocabularyHead::new(encoder, encoder.table_width(), vocabulary.size, &init.at("head")),
            tokens,
        }
    }

    /// Hidden states at the predicted positions.
    ///
    /// # Shapes
    /// - result: `[M, D]`
    fn hidden(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> Tensor<2> {
        let device = encoder.device();
        let [ids, rows] = [&batch.inputs, &batch.positions].map(|numbers| tensor_ids(numbers, &device));
        encoder.forward_at(ids, &pass(batch, dropout), rows)
    }

    fn cross_entropy(&self, encoder: &Encoder, batch: &Batch, dropout: Option<Draw>) -> CrossEntropy {
        let hidden = self.hidden(encoder, batch, dropout);
        cross_entropy(&self.head, hidden, encoder.tokens.val(), batch)
    }
}

impl Heads for TokenHeads {
    fn loss(&self, encoder: &Encoder, batch: &Batch, draw: Draw, training: bool) -> Loss {
        let dropout = training.then(|| draw.purpose("dropout"));
        let sum = self.cross_entropy(encoder, batch, dropout).sum;
        let total = mean(sum, &batch.weights, self.tokens.denominator_added);
        Loss::new(total.clone()).with(self.tokens.part, total)
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
        numbers(self.cross_entropy(encoder, batch, None).each)
    }

    fn masked_answerer(&self) -> Option<Answerer> {
        self.tokens.masked.then_some(Answerer::Encoder)
    }

    fn masked_losses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<f32>> {
        let masked = self.tokens.masked;
        masked.then(|| numbers(self.cross_entropy(encoder, batch, None).each))
    }

    fn masked_guesses(&self, encoder: &Encoder, batch: &Batch) -> Option<Vec<u32>> {
        let guesses = || {
            guesses(
                &self.head,
                self.hidden(encoder, batch, None),
                encoder.tokens.val(),
                batch,
            )
        };
        self.tokens.masked.then(guesses)
    }

    fn frozen(&self) -> Box<dyn Heads> {
        Box::new(self.clone().valid())
    }
}
