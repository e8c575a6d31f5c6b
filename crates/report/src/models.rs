//! Models that others trained, beside the arms. They are none of them: they have one judgement and no seeds, so that nothing asks
//! for their mean, an interval or a test.

use crate::arm::Arm;
use crate::score::{Score, headline};
use crate::view::View;
use cloze_schema::metric::{BEST_LOSS, CUT, NO_HEAD, NOT_ASKED, SEEN, UNIGRAM_LOSS, UNKNOWN};
use cloze_schema::model::excerpt;
use cloze_schema::{PlannedModel, Row, Split, TaskFacts};
use std::collections::{BTreeMap, BTreeSet};

/// The mark of a model that others trained.
pub(crate) const OTHERS: &str = "§";
/// Digits of a hash that are shown.
const DIGITS: usize = 16;
/// What is found beside scores.
const NO_SCORES: [&str; 7] = [UNIGRAM_LOSS, BEST_LOSS, SEEN, CUT, UNKNOWN, NO_HEAD, NOT_ASKED];

/// A model that others trained.
#[derive(Clone, Debug)]
pub(crate) struct OfOthers {
    pub planned: PlannedModel,
    /// What was found of it.
    found: BTreeMap<Score, f64>,
    /// The evaluations that could not ask it anything, for its window.
    unasked: BTreeSet<String>,
    /// Whether anything was.
    pub is_judged: bool,
}

impl OfOthers {
    /// With its rows among the metrics; `tasks` is what the plan says of its evaluations.
    pub(crate) fn new(planned: &PlannedModel, rows: &[&Row], tasks: &[TaskFacts]) -> Self {
        let is_score = |row: &&&Row| {
            row.split == Split::Test && row.value.is_finite() && !NO_SCORES.contains(&row.metric.as_str())
        };
        let scores = rows.iter().filter(is_score);
        let unasked = rows.iter().filter(|row| row.metric == NOT_ASKED);
        Self {
            planned: planned.clone(),
            found: scores
                .map(|row| (Score::new(&row.task, &row.metric, tasks), row.value))
                .collect(),
            unasked: unasked.map(|row| row.task.clone()).collect(),
            is_judged: !rows.is_empty(),
        }
    }

    /// The first digits of the hash of the configuration and weights that were judged.
    pub(crate) fn weights(&self) -> Option<&str> {
        let start = self.planned.data.as_ref()?.start.as_deref()?;
        start.get(..DIGITS).or(Some(start))
    }

    /// Its name where arms stand beside it.
    pub(crate) fn marked(&self) -> String {
        format!("{}{OTHERS}", self.planned.arm)
    }

    /// All that was found of it.
    pub(crate) fn found(&self) -> &BTreeMap<Score, f64> {
        &self.found
    }

    /// What it has of a score that arms have, where both were asked the same. A loss is over tokens, and its tokens are its own.
    pub(crate) fn beside(&self, arm: &Arm, score: &Score) -> Option<f64> {
        let whole = score.task.split('/').next().unwrap_or_default();
        let is_asked_alike = match (&arm.data, &self.planned.data) {
            (Some(one), Some(other)) => one.tasks.get(whole) == other.tasks.get(whole),
            _ => true,
        };
        let is_loss = [Score::NATS, "nats"].contains(&score.unit());
        self.found.get(score).copied().filter(|_| is_asked_alike && !is_loss)
    }

    /// The leading score of each of these evaluations, and those that found nothing: that could ask no head of it, and that it
    /// reads too little for.
    pub(crate) fn leading(&self, tasks: &[TaskFacts]) -> (Vec<(&Score, f64)>, [Vec<String>; 2]) {
        let (mut leading, [mut silent, mut unasked]) = (Vec::new(), [Vec::new(), Vec::new()]);
        for facts in tasks {
            let of_task = self.found.keys().filter(|score| score.task == facts.task);
            let metrics: Vec<&str> = of_task.map(|score| score.metric.as_str()).collect();
            let metric = headline(&facts.task, &metrics, tasks);
            let leads = |score: &Score| score.task == facts.task && Some(score.metric.as_str()) == metric;
            match self.found.iter().find(|(score, _)| leads(score)) {
                Some((score, value)) => leading.push((score, *value)),
                None if self.unasked.contains(&facts.task) => unasked.push(facts.task.clone()),
                None => silent.push(facts.task.clone()),
            }
        }
        (leading, [silent, unasked])
    }

    /// What is known of how it was trained, in at most so many characters of its card.
    pub(crate) fn budget(&self, characters: usize) -> String {
        let Some(card) = &self.planned.card else {
            return "its budget is unknown".to_owned();
        };
        let said = excerpt(card, characters);
        format!("its card says of its training: \u{201c}{said}\u{201d}")
    }
}

impl View {
    /// The evaluations of the plan, without those by which runs were judged afterwards.
    pub(crate) fn planned_tasks(&self) -> Vec<TaskFacts> {
        let is_planned = |facts: &&TaskFacts| !self.afterwards.contains(&facts.task);
        self.plan.tasks.iter().filter(is_planned).cloned().collect()
    }
}
