//! What a document's words tell about what its sentences share, exactly: the topic by a sum over the topics, the
//! favourite name of each class by a sum over its names.
//!
//! This is tractable because the grammar's rules do not depend on either, and because a word form belongs to one lexeme
//! only: P(text) = product of the charts' probabilities x P(lexemes | their classes), and the last factor is here.

use super::language::{FAVOUR, Language};
use super::lexicon::{LEAK, LexemeId};
use super::words::TOPICS;
use std::collections::BTreeMap;

/// The lexemes of a document, or of a document but one word.
#[derive(Clone)]
pub struct Evidence<'l> {
    language: &'l Language,
    /// log P(lexemes that are no names | topic).
    topics: Vec<f64>,
    /// How often each name occurs.
    names: BTreeMap<LexemeId, i32>,
}

impl<'l> Evidence<'l> {
    /// The evidence of these lexemes.
    pub fn new(language: &'l Language, lexemes: impl Iterator<Item = LexemeId>) -> Self {
        let mut evidence = Self {
            language,
            topics: vec![0.0; TOPICS.len()],
            names: BTreeMap::new(),
        };
        lexemes.for_each(|lexeme| evidence.count(lexeme, 1));
        evidence
    }

    /// The evidence without one occurrence of a lexeme.
    pub fn without(&self, lexeme: LexemeId) -> Self {
        let mut evidence = self.clone();
        evidence.count(lexeme, -1);
        evidence
    }

    fn count(&mut self, lexeme: LexemeId, times: i32) {
        if self.language.lexicon.class_of(lexeme).proper {
            *self.names.entry(lexeme).or_default() += times;
        } else {
            for topic in 0..self.topics.len() {
                self.topics[topic] +=
                    f64::from(times) * given_topic(self.language, lexeme, |other| f64::from(other == topic)).ln();
            }
        }
    }

    /// How much likelier a document with this many mentions of a name is if the name is its favourite.
    fn gain(&self, lexeme: LexemeId) -> f64 {
        let share = self.language.lexicon.lexemes[lexeme as usize].share;
        let mentions = self.names.get(&lexeme).copied().unwrap_or(0);
        (1.0 + FAVOUR / ((1.0 - FAVOUR) * share)).powi(mentions)
    }

    /// For each class, the sum of P(favourite) x [`gain`](Self::gain) over its names; 1 for other classes.
    fn favour(&self) -> Vec<f64> {
        let lexicon = &self.language.lexicon;
        let mut sums = vec![1.0; lexicon.classes.len()];
        for lexeme in self.names.keys() {
            let entry = &lexicon.lexemes[*lexeme as usize];
            sums[entry.class] += entry.share * (self.gain(*lexeme) - 1.0);
        }
        sums
    }

    /// log P(lexemes | their classes).
    pub fn log_probability(&self) -> f64 {
        let lexicon = &self.language.lexicon;
        let fresh = self.names.iter().map(|(lexeme, mentions)| {
            f64::from(*mentions) * ((1.0 - FAVOUR) * lexicon.lexemes[*lexeme as usize].share).ln()
        });
        let topic = log_sum(&self.topics) - (self.topics.len() as f64).ln();
        topic + fresh.sum::<f64>() + self.favour().iter().map(|sum| sum.ln()).sum::<f64>()
    }

    /// What the evidence predicts for one more word.
    pub fn prediction(&self) -> Prediction<'_, 'l> {
        let total = log_sum(&self.topics);
        Prediction {
            evidence: self,
            topics: self.topics.iter().map(|topic| (topic - total).exp()).collect(),
            favour: self.favour(),
        }
    }
}

/// P(lexeme | its class) for one more word of the document.
pub struct Prediction<'e, 'l> {
    evidence: &'e Evidence<'l>,
    topics: Vec<f64>,
    favour: Vec<f64>,
}

impl Prediction<'_, '_> {
    /// The probability of each topic given the evidence.
    pub fn topics(&self) -> &[f64] {
        &self.topics
    }

    /// Probability of a lexeme given its class and the evidence.
    pub fn probability(&self, lexeme: LexemeId) -> f64 {
        let language = self.evidence.language;
        if !language.lexicon.class_of(lexeme).proper {
            return given_topic(language, lexeme, |topic| self.topics[topic]);
        }
        let entry = &language.lexicon.lexemes[lexeme as usize];
        let favourite = entry.share * self.evidence.gain(lexeme) / self.favour[entry.class];
        FAVOUR * favourite + (1.0 - FAVOUR) * entry.share
    }
}

/// Probability of a lexeme that is no name, given its class and the probabilities of the topics.
fn given_topic(language: &Language, lexeme: LexemeId, topic: impl Fn(usize) -> f64) -> f64 {
    let entry = &language.lexicon.lexemes[lexeme as usize];
    let common = language.lexicon.classes[entry.class].common_share;
    entry.share
        * match entry.list.checked_sub(1) {
            None => common,
            Some(own) => (1.0 - common) * ((1.0 - LEAK) * topic(own) + LEAK / TOPICS.len() as f64),
        }
}

fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}
