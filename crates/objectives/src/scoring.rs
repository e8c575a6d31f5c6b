//! How sentences are scored: rules, and their questions grouped by length so that nothing is padded, a few thousand
//! tokens at a time.
//!
//! A sentence (`[CLS]` .. `[SEP]`) must fit the encoder's window: who has longer ones scores their first `window`
//! positions. Special tokens, `[UNK]` included, are never scored, so a sentence without any other token scores 0.

use crate::{Batch, Example};
use cloze_corpus::Vocabulary;
use cloze_kernels::{Visibility, side_by_side};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Tokens of a batch, about.
const TOKENS: usize = 8192;
/// Predictions of a batch at least. A matrix product of very few rows adds up in another order, and whoever is scored alone
/// is to get the same bits as in company.
const LEAST: usize = 16;

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
pub type Questions = fn(&[u32], &Vocabulary) -> Vec<Example>;

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
}

impl Rule {
    /// A rule with a fixed name.
    pub const fn new(name: &'static str, meaning: &'static str, who: Answerer, how: Questions) -> Self {
        let name = Cow::Borrowed(name);
        Self {
            name,
            meaning,
            who,
            how,
        }
    }
}

impl Rule {
    /// The same by a part of a mixture: `mlm.pseudo-log-likelihood`.
    pub fn of_part(self, part: &str) -> Self {
        let name = Cow::Owned(format!("{part}.{}", self.name));
        Self { name, ..self }
    }
}

/// Rules are told apart by their names.
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

/// Σ log p(token | those before it), by the encoder.
pub const LEFT_TO_RIGHT: Rule = Rule::new(
    "left-to-right",
    "sum over the tokens of log p(token | those before it), beginning with [CLS]; [SEP] is not scored",
    Answerer::Encoder,
    left_to_right,
);

/// Σ log p(token | all the others), by an encoder that predicts a masked token from the position before it.
pub const PSEUDO_LOG_LIKELIHOOD_ONE_BEFORE: Rule = Rule::new(
    "pseudo-log-likelihood",
    "sum over the tokens of log p(token | all the others), each masked in turn and predicted at the position before it",
    Answerer::Encoder,
    each_masked_one_before,
);

/// Each token masked in turn (Salazar et al. 2020, Masked Language Model Scoring).
pub fn each_masked(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<Example> {
    let masked = |position: u32| {
        let mut example = predicting(sentence, vec![position], vec![sentence[position as usize]]);
        example.inputs[position as usize] = vocabulary.special.mask;
        example
    };
    ordinary(sentence, vocabulary).into_iter().map(masked).collect()
}

/// Each token masked in turn and predicted at the position before it, from all the others and the `[MASK]`. A sentence's first
/// token has none before it and is not scored; it is `[CLS]`.
pub fn each_masked_one_before(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<Example> {
    let before = |mut example: Example| {
        let position = example.positions.first_mut()?;
        *position = position.checked_sub(1)?;
        Some(example)
    };
    each_masked(sentence, vocabulary)
        .into_iter()
        .filter_map(before)
        .collect()
}

/// Each token from those before it, in one pass that looks back only. `[CLS]` is the beginning of sequence; `[SEP]` is not scored.
pub fn left_to_right(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<Example> {
    let targets = ordinary(sentence, vocabulary)
        .into_iter()
        .filter(|position| *position > 0);
    let (positions, ids) = targets
        .map(|position| (position - 1, sentence[position as usize]))
        .unzip();
    let mut example = predicting(sentence, positions, ids);
    example.visibility = Visibility::Causal;
    vec![example]
}

/// All tokens in one pass over the sentence as it is, for models that judge what they see.
pub fn every_position(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<Example> {
    let positions = ordinary(sentence, vocabulary);
    let ids = positions.iter().map(|position| sentence[*position as usize]).collect();
    vec![predicting(sentence, positions, ids)]
}

/// How many tokens of a sentence are scored: what a length-normalised score is divided by.
pub fn scored_tokens(sentence: &[u32], vocabulary: &Vocabulary) -> usize {
    ordinary(sentence, vocabulary).len()
}

pub(crate) fn ordinary(sentence: &[u32], vocabulary: &Vocabulary) -> Vec<u32> {
    (0..sentence.len() as u32)
        .filter(|position| !vocabulary.is_special(sentence[*position as usize]))
        .collect()
}

pub(crate) fn predicting(sentence: &[u32], positions: Vec<u32>, targets: Vec<u32>) -> Example {
    let weights = vec![1.0; positions.len()];
    Example {
        positions,
        targets,
        weights,
        ..Example::reading(sentence)
    }
}

/// What a batch's M predictions lose, in their order: negative log-likelihoods in nats.
pub type Losses<'a> = &'a (dyn Fn(&Batch) -> Vec<f32> + Sync);

/// Minus the sum of a sentence's losses over all of its questions. Batches are asked about side by side, at most `most` at a
/// time; `scored` is told how many sentences more have their score.
pub fn score(
    how: Questions,
    sentences: &[Vec<u32>],
    vocabulary: &Vocabulary,
    losses: Losses,
    most: usize,
    scored: &(dyn Fn(usize) + Sync),
) -> Vec<f64> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, sentence) in sentences.iter().enumerate() {
        by_length.entry(sentence.len()).or_default().push(index);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for (length, members) in &by_length {
        // Sentences of one length have about as many questions.
        let asked = members
            .first()
            .map_or(0, |first| how(&sentences[*first], vocabulary).len());
        let windows = (TOKENS / length.max(&1)).max(1);
        let pieces_of = members.chunks((windows / asked.max(1)).max(1));
        pieces.extend(pieces_of.map(|members| Piece { members, windows }));
    }
    let ask = |piece: Piece| {
        let found = piece.ask(how, sentences, vocabulary, losses);
        scored(piece.members.len());
        found
    };
    let found = side_by_side(pieces.clone(), most, ask);
    let mut scores = vec![0.0; sentences.len()];
    for (piece, found) in pieces.iter().zip(found) {
        for (index, score) in piece.members.iter().zip(found) {
            scores[*index] = score;
        }
    }
    scores
}

/// Sentences of one length that are asked about one after the other, so many windows at a time.
#[derive(Clone, Copy)]
struct Piece<'a> {
    members: &'a [usize],
    windows: usize,
}

impl Piece<'_> {
    fn ask(&self, how: Questions, sentences: &[Vec<u32>], vocabulary: &Vocabulary, losses: Losses) -> Vec<f64> {
        let mut scores = vec![0.0; self.members.len()];
        let mut left = self
            .members
            .iter()
            .enumerate()
            .flat_map(|(place, index)| {
                how(&sentences[*index], vocabulary)
                    .into_iter()
                    .map(move |example| (place, example))
            })
            .filter(|(_, example)| !example.positions.is_empty());
        loop {
            let (owners, mut batch): (Vec<usize>, Vec<Example>) = left.by_ref().take(self.windows).unzip();
            if batch.is_empty() {
                return scores;
            }
            // The same questions once more; their answers are not looked at.
            let predictions: usize = batch.iter().map(|example| example.positions.len()).sum();
            let again = (LEAST.div_ceil(predictions) - 1) * batch.len();
            let repeated: Vec<Example> = batch.iter().cycle().take(again).cloned().collect();
            batch.extend(repeated);
            // A loss that is missing must not look like a good score.
            let mut each = losses(&Batch::of(&batch))
                .into_iter()
                .map(f64::from)
                .chain(std::iter::repeat(f64::NAN));
            for (owner, example) in owners.into_iter().zip(&batch) {
                let weights = example.weights.iter().copied().map(f64::from);
                let weighted = weights.zip(each.by_ref()).map(|(weight, loss)| weight * loss);
                scores[owner] -= weighted.sum::<f64>();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloze_corpus::SpecialTokens;
    use std::sync::Mutex;

    const CLS: u32 = 2;
    const SEP: u32 = 3;
    const MASK: u32 = 4;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(
            30,
            SpecialTokens {
                pad: 0,
                unknown: 1,
                start: CLS,
                end: SEP,
                mask: MASK,
            },
        )
    }

    /// A loss that depends on the target, its window's inputs and its place there, and on nothing else.
    fn fake(batch: &Batch) -> Vec<f32> {
        assert_eq!(batch.inputs.len(), batch.windows * batch.length);
        let predictions = batch.positions.iter().zip(&batch.targets);
        predictions
            .map(|(position, target)| {
                let (window, place) = (*position as usize / batch.length, *position as usize % batch.length);
                let inputs = &batch.inputs[window * batch.length..][..batch.length];
                let context: u32 = inputs.iter().enumerate().map(|(i, id)| (i as u32 + 1) * id).sum();
                (context * 31 + *target * 7 + place as u32) as f32 / 64.0
            })
            .collect()
    }

    const RULES: [Questions; 4] = [each_masked, each_masked_one_before, left_to_right, every_position];

    #[test]
    fn a_score_does_not_depend_on_the_others_in_the_call() {
        // Enough sentences of few lengths that batches are cut in the middle of a sentence's copies.
        let sentence = |n: u32| {
            let words = (0..2 + n % 4).map(|k| 5 + (n * 7 + k * 3) % 25);
            std::iter::once(CLS).chain(words).chain([SEP]).collect::<Vec<u32>>()
        };
        let sentences: Vec<Vec<u32>> = (0..12_000).map(sentence).collect();
        for how in RULES {
            let calls = Mutex::new(0);
            let told = Mutex::new(Vec::new());
            let losses = |batch: &Batch| {
                *calls.lock().unwrap() += 1;
                assert!(batch.inputs.len() <= TOKENS);
                fake(batch)
            };
            let scored = |more| told.lock().unwrap().push(more);
            let together = score(how, &sentences, &vocabulary(), &losses, usize::MAX, &scored);
            assert!(calls.into_inner().unwrap() > 4);
            // Every sentence is told once, and most of them before the end.
            let told = told.into_inner().unwrap();
            assert_eq!(told.iter().sum::<usize>(), sentences.len());
            assert!(told.len() > 4 && told[0] < sentences.len() / 2);
            for index in [0, 1, 2, 3, 6000, 8191, 11_999] {
                let alone = score(how, &sentences[index..=index], &vocabulary(), &fake, 1, &|_| ());
                assert_eq!(alone, [together[index]]);
            }
        }
    }

    #[test]
    fn each_rule_asks_what_it_says() {
        let sentence = vec![CLS, 10, 1, 11, SEP]; // 1 is [UNK]
        let asked = |how: Questions| {
            let seen = Mutex::new(Vec::new());
            let losses = |batch: &Batch| {
                seen.lock().unwrap().push(batch.clone());
                (1..=batch.positions.len()).map(|n| n as f32).collect()
            };
            let score = score(how, std::slice::from_ref(&sentence), &vocabulary(), &losses, 1, &|_| ());
            assert_eq!(score, [-3.0]);
            let [batch] = <[Batch; 1]>::try_from(seen.into_inner().unwrap()).expect("one batch");
            // Asked again and again, so that the batch has predictions enough.
            assert_eq!((batch.positions.len(), batch.inputs.len() % sentence.len()), (LEAST, 0));
            (batch.inputs, batch.positions[..2].to_vec(), batch.targets[..2].to_vec())
        };
        let masked = [CLS, MASK, 1, 11, SEP, CLS, 10, 1, MASK, SEP].repeat(8);
        assert_eq!(asked(each_masked), (masked.clone(), vec![1, 8], vec![10, 11]));
        assert_eq!(asked(each_masked_one_before), (masked, vec![0, 7], vec![10, 11]));
        let whole = sentence.repeat(8);
        assert_eq!(asked(left_to_right), (whole.clone(), vec![0, 2], vec![10, 11]));
        assert_eq!(asked(every_position), (whole, vec![1, 3], vec![10, 11]));
        assert_eq!(scored_tokens(&sentence, &vocabulary()), 2);
    }

    #[test]
    fn nothing_to_score_is_zero_and_a_missing_loss_is_not_a_number() {
        for how in RULES {
            let never: Losses = &|_| panic!("there is nothing to ask");
            let empty = [vec![CLS, SEP], Vec::new()];
            assert_eq!(score(how, &empty, &vocabulary(), never, 1, &|_| ()), [0.0, 0.0]);
            let lost = score(how, &[vec![CLS, 7, SEP]], &vocabulary(), &|_| Vec::new(), 1, &|_| ());
            assert!(lost[0].is_nan());
        }
    }

    #[test]
    fn a_prediction_counts_as_often_as_its_weight_says() {
        let weighted: Questions = |sentence, _| {
            let mut example = predicting(sentence, vec![1, 2], vec![sentence[1], sentence[2]]);
            example.weights = vec![0.5, 3.0];
            vec![example.clone(), example]
        };
        let losses = |batch: &Batch| (1..=batch.positions.len()).map(|n| n as f32).collect();
        let score = score(weighted, &[vec![CLS, 7, 8, SEP]], &vocabulary(), &losses, 1, &|_| ());
        assert_eq!(score, [-(0.5 + 6.0 + 1.5 + 12.0)]);
    }
}
