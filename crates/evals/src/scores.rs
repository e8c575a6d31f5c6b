//! What answers are worth: accuracy, F1 and Matthews' correlation of classes; F1 of entities.

use cloze_corpus::sets::Span;
use std::collections::HashSet;

/// How often classes were answered for classes.
pub(crate) struct Confusion {
    /// `[truth][answer]`.
    counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// Of truths and answers below `classes`, side by side.
    pub(crate) fn of(classes: usize, truths: &[u32], answers: &[u32]) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        for (truth, answer) in truths.iter().zip(answers) {
            counts[*truth as usize][*answer as usize] += 1;
        }
        Self { counts }
    }

    fn right(&self, class: usize) -> f64 {
        self.counts[class][class] as f64
    }

    fn truths(&self, class: usize) -> f64 {
        self.counts[class].iter().sum::<u64>() as f64
    }

    fn answers(&self, class: usize) -> f64 {
        self.counts.iter().map(|row| row[class]).sum::<u64>() as f64
    }

    fn over(&self, of: impl Fn(usize) -> f64) -> f64 {
        (0..self.counts.len()).map(of).sum()
    }

    /// The share of right answers; of single classes it is the micro-averaged F1 too.
    pub(crate) fn accuracy(&self) -> f64 {
        ratio(
            self.over(|class| self.right(class)),
            self.over(|class| self.truths(class)),
        )
    }

    /// The mean of the classes' F1, over those that are a truth or an answer (`f1_score(average="macro")` of scikit-learn).
    pub(crate) fn macro_f1(&self) -> f64 {
        let seen = |class: &usize| self.truths(*class) + self.answers(*class) > 0.0;
        let classes: Vec<usize> = (0..self.counts.len()).filter(seen).collect();
        let f1 = |class: &usize| 2.0 * self.right(*class) / (self.truths(*class) + self.answers(*class));
        ratio(classes.iter().map(f1).sum(), classes.len() as f64)
    }

    /// Matthews' correlation, of two or more classes (Gorodkin 2004); 0 where all truths or all answers are alike, as
    /// scikit-learn has it.
    pub(crate) fn matthews(&self) -> f64 {
        let all = self.over(|class| self.truths(class));
        let right = self.over(|class| self.right(class));
        let both = self.over(|class| self.truths(class) * self.answers(class));
        let spread = |of: &dyn Fn(usize) -> f64| all * all - self.over(|class| of(class) * of(class));
        let width = spread(&|class| self.truths(class)) * spread(&|class| self.answers(class));
        ratio(right * all - both, width.sqrt())
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Precision, recall and F1 of entities: right is who has the words and the kind of a true one (conlleval.pl).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct SpanScores {
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    pub(crate) f1: f64,
}

impl SpanScores {
    /// Of sentences, truths and answers side by side; of one kind alone, or of all.
    pub(crate) fn of(truths: &[Vec<Span>], answers: &[Vec<Span>], kind: Option<&str>) -> Self {
        let wanted = |span: &&Span| kind.is_none_or(|kind| span.kind == kind);
        let (mut right, mut true_ones, mut answered) = (0.0, 0.0, 0.0);
        for (truth, answer) in truths.iter().zip(answers) {
            let truth: HashSet<&Span> = truth.iter().filter(wanted).collect();
            let answer: HashSet<&Span> = answer.iter().filter(wanted).collect();
            right += truth.intersection(&answer).count() as f64;
            true_ones += truth.len() as f64;
            answered += answer.len() as f64;
        }
        Self {
            precision: ratio(right, answered),
            recall: ratio(right, true_ones),
            f1: ratio(2.0 * right, true_ones + answered),
        }
    }
}

#[cfg(test)]
#[path = "scores_tests.rs"]
mod tests;
