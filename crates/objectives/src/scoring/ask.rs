//! Questions grouped by length so that nothing is padded, a few thousand tokens at a time, and what their answers come to.

use super::{Losses, Questions};
use crate::{Batch, Example};
use cloze_corpus::{Encoded, Vocabulary};
use cloze_kernels::side_by_side;
use std::collections::BTreeMap;

/// Tokens of a batch, about.
pub(super) const TOKENS: usize = 8192;
/// Predictions of a batch at least. A matrix product of very few rows adds up in another order, and whoever is scored alone
/// is to get the same bits as in company.
pub(super) const LEAST: usize = 16;

/// The questions of rules that have the same answers to the same questions, each with the places of the rules that ask it. What
/// several ask at one place of their lists is asked once; every rule's own questions keep their order.
pub fn asked_together(rules: &[Questions], sentence: &Encoded, vocabulary: &Vocabulary) -> Vec<(Vec<usize>, Example)> {
    let mut lists: Vec<_> = rules.iter().map(|how| how(sentence, vocabulary).into_iter()).collect();
    let mut asked: Vec<(Vec<usize>, Example)> = Vec::new();
    loop {
        let (so_far, mut is_over) = (asked.len(), true);
        for (rule, list) in lists.iter_mut().enumerate() {
            let Some(example) = list.next() else { continue };
            is_over = false;
            match asked[so_far..].iter_mut().find(|(_, known)| *known == example) {
                Some((who, _)) => who.push(rule),
                None => asked.push((vec![rule], example)),
            }
        }
        if is_over {
            return asked;
        }
    }
}

/// Minus the sum of a sentence's losses over all of its questions. Batches are asked about side by side, at most `most` at a
/// time; `scored` is told how many sentences more have their score.
pub fn score(
    how: Questions,
    sentences: &[Encoded],
    vocabulary: &Vocabulary,
    losses: Losses,
    most: usize,
    scored: &(dyn Fn(usize) + Sync),
) -> Vec<f64> {
    let mut scores = score_together(&[how], sentences, vocabulary, losses, most, scored);
    scores.pop().unwrap_or_default()
}

/// The same by several rules that have the same answers to the same questions, rule by rule. Each gives the bits that it gives
/// alone.
pub fn score_together(
    rules: &[Questions],
    sentences: &[Encoded],
    vocabulary: &Vocabulary,
    losses: Losses,
    most: usize,
    scored: &(dyn Fn(usize) + Sync),
) -> Vec<Vec<f64>> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, sentence) in sentences.iter().enumerate() {
        by_length.entry(sentence.ids.len()).or_default().push(index);
    }
    let asking = Asking {
        rules,
        sentences,
        vocabulary,
        losses,
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for (length, members) in &by_length {
        // Sentences of one length have about as many questions.
        let asked = members.first().map_or(0, |first| asking.about(*first).len());
        let windows = (TOKENS / length.max(&1)).max(1);
        let pieces_of = members.chunks((windows / asked.max(1)).max(1));
        pieces.extend(pieces_of.map(|members| Piece { members, windows }));
    }
    let ask = |piece: Piece| {
        let found = asking.ask(piece);
        scored(piece.members.len());
        found
    };
    let found = side_by_side(pieces.clone(), most, ask);
    let mut scores = vec![vec![0.0; sentences.len()]; rules.len()];
    for (piece, found) in pieces.iter().zip(found) {
        for (scores, found) in scores.iter_mut().zip(found) {
            for (index, score) in piece.members.iter().zip(found) {
                scores[*index] = score;
            }
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

/// Who asks what of whom.
#[derive(Clone, Copy)]
struct Asking<'a> {
    rules: &'a [Questions],
    sentences: &'a [Encoded],
    vocabulary: &'a Vocabulary,
    losses: Losses<'a>,
}

impl Asking<'_> {
    fn about(&self, index: usize) -> Vec<(Vec<usize>, Example)> {
        asked_together(self.rules, &self.sentences[index], self.vocabulary)
    }

    /// The scores of a piece's sentences, rule by rule.
    fn ask(&self, piece: Piece) -> Vec<Vec<f64>> {
        let mut scores = vec![vec![0.0; piece.members.len()]; self.rules.len()];
        let members = piece.members.iter().enumerate();
        let mut left = members
            .flat_map(|(place, index)| {
                let asked = self.about(*index).into_iter();
                asked.map(move |(rules, example)| ((place, rules), example))
            })
            .filter(|(_, example)| !example.positions.is_empty());
        loop {
            let (owners, mut batch): (Vec<_>, Vec<Example>) = left.by_ref().take(piece.windows).unzip();
            if batch.is_empty() {
                return scores;
            }
            // The same questions once more; their answers are not looked at.
            let predictions: usize = batch.iter().map(|example| example.positions.len()).sum();
            let again = (LEAST.div_ceil(predictions) - 1) * batch.len();
            let repeated: Vec<Example> = batch.iter().cycle().take(again).cloned().collect();
            batch.extend(repeated);
            // A loss that is missing must not look like a good score.
            let mut each = (self.losses)(&Batch::of(&batch))
                .into_iter()
                .map(f64::from)
                .chain(std::iter::repeat(f64::NAN));
            for ((place, rules), example) in owners.into_iter().zip(&batch) {
                let weights = example.weights.iter().copied().map(f64::from);
                let weighted = weights.zip(each.by_ref()).map(|(weight, loss)| weight * loss);
                let lost = weighted.sum::<f64>();
                rules.into_iter().for_each(|rule| scores[rule][place] -= lost);
            }
        }
    }
}
