//! How sentences are scored: rules, what they ask, and how it is asked.
//!
//! A sentence (`[CLS]` .. `[SEP]`) must fit the encoder's window: who has longer ones scores their first `window`
//! positions. Special tokens, `[UNK]` included, are never scored, so a sentence without any other token scores 0.

mod ask;
mod questions;

use crate::{Batch, Example};
pub use ask::{asked_together, score, score_together};
use cloze_corpus::{Encoded, Vocabulary};
pub use questions::{
    each_masked, each_masked_one_before, each_masked_one_before_word_l2r, each_masked_word_l2r, every_position,
    left_to_right, scored_tokens,
};
pub(crate) use questions::{ordinary, predicting};
use std::borrow::Cow;

/// Which network of a model answers. Scores of different answerers are not comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answerer {
    /// A head that predicts tokens from the shared encoder's states.
    Encoder,
    /// A helper network beside the encoder that proposes tokens.
    Generator,
    /// A head on the encoder that tells real tokens from replaced ones.
    Discriminator,
}

impl Answerer {
    /// The word in the brackets behind a metric that is not the encoder's own, with whatever heads on it: numbers of
    /// another network are another score.
    pub fn helper(self) -> Option<&'static str> {
        match self {
            Self::Encoder | Self::Discriminator => None,
            Self::Generator => Some("generator"),
        }
    }
}

/// What stands behind the names of the metrics of each of a model's rules: nothing for the first one, if the encoder
/// answers, and the rule's own name in brackets for the others.
pub fn brackets(rules: &[Rule]) -> Vec<String> {
    let own = |place: usize, rule: &Rule| place == 0 && rule.who.helper().is_none();
    let rules = rules.iter().enumerate();
    rules
        .map(|(place, rule)| match own(place, rule) {
            true => String::new(),
            false => format!("[{}]", rule.name),
        })
        .collect()
}

/// The questions that a rule asks about a sentence: a sentence's score is minus the sum of what is lost on their
/// predictions, each times its weight.
pub type Questions = fn(&Encoded, &Vocabulary) -> Vec<Example>;

/// What a score says of the probability of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is its logarithm: the token behind a position is predicted there, by a model that looks back only.
    NextToken,
    /// It is its logarithm: each token is predicted in its own place, from those before it.
    InPlace,
    /// It is below its logarithm.
    LowerBound,
    /// Nothing: numbers of tokens, added up.
    Sum,
}

impl Kind {
    /// Whether it is the logarithm itself.
    pub fn is_likelihood(self) -> bool {
        matches!(self, Self::NextToken | Self::InPlace)
    }
}

/// A way to score sentences.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The word in the metrics' brackets: see [`brackets`].
    pub name: Cow<'static, str>,
    /// What the score is.
    pub meaning: &'static str,
    /// Who answers the questions.
    pub who: Answerer,
    /// What is asked.
    pub how: Questions,
    /// What the score says of the probability of a text.
    pub kind: Kind,
    /// Whether the rule before it among a model's rules has the same answers to the same questions, so that what both ask is
    /// asked once.
    pub shares: bool,
}

impl Rule {
    /// A rule with a fixed name, whose scores are sums of numbers of tokens.
    pub const fn new(name: &'static str, meaning: &'static str, who: Answerer, how: Questions) -> Self {
        let name = Cow::Borrowed(name);
        Self {
            name,
            meaning,
            who,
            how,
            kind: Kind::Sum,
            shares: false,
        }
    }

    /// The same, whose score says this of the probability of a text.
    pub const fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same, which stands behind a rule with the same answers to the same questions.
    pub const fn sharing(mut self) -> Self {
        self.shares = true;
        self
    }

    /// The same by a part of a mixture: `mlm.pseudo-log-likelihood`.
    pub fn of_part(self, part: &str) -> Self {
        let name = Cow::Owned(format!("{part}.{}", self.name));
        Self { name, ..self }
    }
}

/// The rules of a model are told apart by their names; what one is, its [kind](Rule::kind) says.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}

/// Σ log p(token | all the others), by the encoder.
pub const PSEUDO_LOG_LIKELIHOOD: Rule = Rule::new(
    "pseudo-log-likelihood",
    "sum over the tokens of log p(token | all the others), each masked in turn (Salazar et al. 2020)",
    Answerer::Encoder,
    each_masked,
);

/// The name of the score that hides the rest of a word, too.
const WORD_L2R: &str = "pseudo-log-likelihood-word-l2r";

/// Σ log p(token | all the others but those behind it in its word), by the encoder. It stands behind [`PSEUDO_LOG_LIKELIHOOD`].
pub const PSEUDO_LOG_LIKELIHOOD_WORD_L2R: Rule = Rule::new(
    WORD_L2R,
    "sum over the tokens of log p(token | all the others but those behind it in its word), each masked in turn and those \
     with it (Kauf & Ivanova 2023)",
    Answerer::Encoder,
    each_masked_word_l2r,
)
.sharing();

/// Σ log p(token | those before it), by the encoder.
pub const LEFT_TO_RIGHT: Rule = Rule::new(
    "left-to-right",
    "sum over the tokens of log p(token | those before it), beginning with [CLS]; [SEP] is not scored",
    Answerer::Encoder,
    left_to_right,
)
.of_kind(Kind::NextToken);

/// Σ log p(token | all the others), by an encoder that predicts a masked token from the position before it.
pub const PSEUDO_LOG_LIKELIHOOD_ONE_BEFORE: Rule = Rule::new(
    "pseudo-log-likelihood",
    "sum over the tokens of log p(token | all the others), each masked in turn and predicted at the position before it",
    Answerer::Encoder,
    each_masked_one_before,
);

/// Σ log p(token | all the others but those behind it in its word), by such an encoder. It stands behind
/// [`PSEUDO_LOG_LIKELIHOOD_ONE_BEFORE`].
pub const PSEUDO_LOG_LIKELIHOOD_WORD_L2R_ONE_BEFORE: Rule = Rule::new(
    WORD_L2R,
    "sum over the tokens of log p(token | all the others but those behind it in its word), each masked in turn and those \
     with it, and predicted at the position before it (after Kauf & Ivanova 2023)",
    Answerer::Encoder,
    each_masked_one_before_word_l2r,
)
.sharing();

/// What a batch's M predictions lose, in their order: negative log-likelihoods in nats.
pub type Losses<'a> = &'a (dyn Fn(&Batch) -> Vec<f32> + Sync);

#[cfg(test)]
mod tests;
