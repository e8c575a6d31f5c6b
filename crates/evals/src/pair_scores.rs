//! What every judge of minimal pairs shares: scoring, ties, lengths, means.

use crate::{Finding, Subject};
use cloze_corpus::MinimalPair;
use cloze_foundation::Result;
use cloze_objectives::scoring::scored_tokens;
use std::collections::{BTreeMap, HashMap};

/// What the headline is the mean of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeanOver {
    /// Every phenomenon counts the same.
    Phenomenon,
    /// Every paradigm counts the same: BLiMP's convention.
    Paradigm,
}

/// A sentence's score and what a length-normalised one is divided by.
#[derive(Clone, Copy, Debug)]
struct Score {
    sum: f64,
    tokens: usize,
}

impl Score {
    fn per_token(self) -> f64 {
        self.sum / self.tokens.max(1) as f64
    }
}

/// Judges pairs by every scoring rule of the model, the headline rule's measures without brackets.
///
/// A sentence that is longer than the pretraining window is scored on its first positions. Equal sentences are scored
/// once, so that they tie exactly.
///
/// # Errors
/// None that a model whose rules are its own can give.
pub(crate) fn judge(task: &str, pairs: &[MinimalPair], subject: &Subject, unit: MeanOver) -> Result<Vec<Finding>> {
    let vocabulary = subject.corpus.tokenizer.vocabulary();
    let mut sentences: Vec<Vec<u32>> = Vec::new();
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut index = |text: &str| {
        let mut ids = subject.corpus.tokenizer.sentence(text);
        ids.truncate(subject.window);
        *known.entry(ids).or_insert_with_key(|ids| {
            sentences.push(ids.clone());
            sentences.len() - 1
        })
    };
    let indices: Vec<[usize; 2]> = pairs.iter().map(|pair| [index(&pair.good), index(&pair.bad)]).collect();
    let mut measures = Vec::new();
    for (place, rule) in subject.model.rules().iter().enumerate() {
        let sums = subject.model.score(rule, &sentences, vocabulary)?;
        let scores: Vec<Score> = sums
            .into_iter()
            .zip(&sentences)
            .map(|(sum, sentence)| Score {
                sum,
                tokens: scored_tokens(sentence, vocabulary),
            })
            .collect();
        let scored: Vec<[Score; 2]> = indices.iter().map(|pair| pair.map(|index| scores[index])).collect();
        let brackets = if place == 0 {
            String::new()
        } else {
            format!("[{}]", rule.name)
        };
        measures.extend(report(task, &brackets, pairs, &scored, unit));
    }
    Ok(measures)
}

/// What is reported of a set of pairs.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    accuracy: f64,
    per_token: f64,
    ties: f64,
}

impl Shares {
    fn of([good, bad]: [Score; 2]) -> Self {
        Self {
            accuracy: credit(good.sum, bad.sum),
            per_token: credit(good.per_token(), bad.per_token()),
            ties: f64::from(good.sum == bad.sum),
        }
    }

    fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Self {
            accuracy: mean(|s| s.accuracy),
            per_token: mean(|s| s.per_token),
            ties: mean(|s| s.ties),
        }
    }

    fn measures(self, task: &str, brackets: &str) -> [Finding; 3] {
        let metrics = [
            ("accuracy", self.accuracy),
            ("accuracy.per_token", self.per_token),
            ("ties", self.ties),
        ];
        metrics.map(|(metric, value)| Finding {
            task: task.to_owned(),
            metric: format!("{metric}{brackets}"),
            value,
        })
    }
}

/// 1 for the right order, one half for a tie; scores that are not numbers are no merit.
fn credit(good: f64, bad: f64) -> f64 {
    match good.partial_cmp(&bad) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        _ => 0.0,
    }
}

/// The whole task first, then each phenomenon (the mean over its paradigms) in alphabetical order.
fn report(task: &str, brackets: &str, pairs: &[MinimalPair], scored: &[[Score; 2]], unit: MeanOver) -> Vec<Finding> {
    let mut by_phenomenon: BTreeMap<&str, BTreeMap<&str, Vec<Shares>>> = BTreeMap::new();
    for (pair, scores) in pairs.iter().zip(scored) {
        let paradigms = by_phenomenon.entry(&pair.phenomenon).or_default();
        paradigms.entry(&pair.paradigm).or_default().push(Shares::of(*scores));
    }
    let mut units = Vec::new();
    let mut measures = Vec::new();
    for (phenomenon, paradigms) in by_phenomenon {
        let paradigms: Vec<Shares> = paradigms.values().map(|pairs| Shares::mean(pairs)).collect();
        let shares = Shares::mean(&paradigms);
        measures.extend(shares.measures(&format!("{task}/{phenomenon}"), brackets));
        match unit {
            MeanOver::Phenomenon => units.push(shares),
            MeanOver::Paradigm => units.extend(paradigms),
        }
    }
    Shares::mean(&units)
        .measures(task, brackets)
        .into_iter()
        .chain(measures)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(phenomenon: &str, paradigm: &str) -> MinimalPair {
        let [phenomenon, paradigm] = [phenomenon, paradigm].map(str::to_owned);
        MinimalPair {
            phenomenon,
            paradigm,
            good: String::new(),
            bad: String::new(),
        }
    }

    fn value(measures: &[Finding], task: &str, metric: &str) -> f64 {
        let mut found = measures
            .iter()
            .filter(|measure| measure.task == task && measure.metric == metric);
        let measure = found.next().unwrap_or_else(|| panic!("no {task} {metric}"));
        assert!(found.next().is_none(), "{task} {metric} twice");
        measure.value
    }

    #[test]
    fn means_are_over_the_stated_unit_and_ties_count_one_half() {
        let score = |sum: f64, tokens: usize| Score { sum, tokens };
        let pairs = [pair("a", "a1"), pair("a", "a1"), pair("a", "a2"), pair("b", "b1")];
        let scored = [
            [score(-4.0, 4), score(-5.0, 4)],         // right
            [score(-4.0, 2), score(-4.0, 4)],         // a tie; wrong per token
            [score(-6.0, 6), score(-4.0, 2)],         // wrong; right per token
            [score(f64::NAN, 3), score(f64::NAN, 3)], // neither right nor a tie
        ];
        let phenomena = report("t", "", &pairs, &scored, MeanOver::Phenomenon);
        assert_eq!(value(&phenomena, "t/a", "accuracy"), (0.75 + 0.0) / 2.0);
        assert_eq!(value(&phenomena, "t/a", "accuracy.per_token"), (0.5 + 1.0) / 2.0);
        assert_eq!(value(&phenomena, "t/a", "ties"), 0.25);
        assert_eq!(value(&phenomena, "t/b", "accuracy"), 0.0);
        assert_eq!(value(&phenomena, "t", "accuracy"), 0.375 / 2.0);
        let paradigms = report("t", "[other]", &pairs, &scored, MeanOver::Paradigm);
        assert_eq!(value(&paradigms, "t", "accuracy[other]"), 0.75 / 3.0);
        assert_eq!(value(&paradigms, "t/a", "ties[other]"), 0.25);
        assert_eq!(paradigms.len(), 3 * 3);
    }
}
