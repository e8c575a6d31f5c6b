//! Whether a score of an arm in one folder may be held against that of the arm of this name in another, and what else differs.

use crate::arm::Arm;
use crate::read::said;
use crate::score::Score;
use crate::study::Study;
use std::collections::{BTreeMap, BTreeSet};

/// An arm in each of two folders.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub studies: [&'a Study<'a>; 2],
    pub arms: [usize; 2],
}

impl Both<'_> {
    fn held(&self) -> [&Arm; 2] {
        [0, 1].map(|side| &self.studies[side].view.arms[self.arms[side]])
    }

    /// Why the two are not one arm but for what both folders hold equal; nothing where they are.
    pub(super) fn is_another(&self) -> Option<String> {
        let [one, other] = self.held();
        if one.settings.named.objective != other.settings.named.objective {
            return Some(format!(
                "it trains {} in the first folder and {} in the second",
                one.settings.named.objective, other.settings.named.objective
            ));
        }
        let keys = differing(one, other, |path| {
            path.starts_with("options") || path.starts_with("mixture")
        });
        (!keys.is_empty()).then(|| format!("it is another arm in each: {}", keys.join(", ")))
    }

    /// Why a score is not to be compared; nothing where it may be.
    pub(super) fn is_foreign(&self, score: &Score) -> Option<String> {
        let [one, other] = self.held();
        let task = score.task.split('/').next().unwrap_or_default();
        let judge = |arm: &Arm| {
            arm.settings
                .named
                .evaluate
                .iter()
                .find(|judge| judge.name() == task)
                .cloned()
        };
        if let (Some(mine), Some(theirs)) = (judge(one), judge(other)) {
            if mine.task != theirs.task {
                return Some(format!(
                    "{task} is {} in the first folder and {} in the second",
                    mine.task, theirs.task
                ));
            }
            if mine.options != theirs.options {
                return Some(format!(
                    "{task} is asked otherwise: {} in the first folder and {} in the second",
                    said(&mine.options),
                    said(&theirs.options)
                ));
            }
        }
        let rules = [0, 1].map(|side| self.studies[side].rule(self.arms[side]));
        let is_scored = self.studies.iter().any(|study| study.is_scored(score));
        if is_scored && rules[0] != rules[1] {
            let [mine, theirs] = rules.map(|rule| rule.unwrap_or_else(|| "no rule that is known".to_owned()));
            return Some(format!(
                "sentences are scored by {mine} in the first folder and by {theirs} in the second"
            ));
        }
        let window = |arm: &Arm| arm.settings.said("encoder.window");
        if score.unit() == Score::NATS && window(one) != window(other) {
            return Some("windows of another length are another context for a loss".to_owned());
        }
        match (&one.data, &other.data) {
            (Some(mine), Some(theirs)) => {
                let ours = format!("what `{task}` reads");
                let mut words = mine.differences(theirs);
                // What another evaluation reads does not matter here.
                words.retain(|word| !word.starts_with("what `") || *word == ours);
                (!words.is_empty()).then(|| format!("other data: {} differs", words.join(" and ")))
            }
            (None, None) if one.measured.is_some() && one.measured == other.measured => None,
            // Nothing says of which data a side is made: equal configurations are taken for equal data.
            _ => {
                let keys = differing(one, other, |path| path.starts_with("corpus"));
                (!keys.is_empty()).then(|| format!("other data: {}", keys.join(", ")))
            }
        }
    }

    /// Whether nothing says that the data are the same.
    pub(super) fn is_taken_on_trust(&self) -> bool {
        let [one, other] = self.held();
        let same = one.measured.is_some() && one.measured == other.measured;
        (one.data.is_none() || other.data.is_none()) && !same
    }

    /// What else differs in their configurations, by key path: it is what a difference may come from.
    pub(super) fn settings(&self) -> Vec<String> {
        let [one, other] = self.held();
        differing(one, other, |path| {
            !SAID_APART.iter().any(|apart| path.starts_with(apart))
        })
    }

    /// Whether a run of one is a run of the other, by its id: then it would be compared with itself.
    pub(super) fn are_the_same_runs(&self) -> bool {
        let ids = [0, 1].map(|side| -> BTreeSet<&str> {
            let arm = self.held()[side];
            let runs = self.studies[side]
                .view
                .plan
                .runs
                .iter()
                .filter(|run| run.arm == arm.name);
            runs.map(|run| run.id.as_str()).collect()
        });
        !ids[0].is_disjoint(&ids[1])
    }
}

/// What is compared elsewhere, or decides nothing of an arm.
const SAID_APART: [&str; 3] = ["seed", "evaluate", "options"];

/// The keys in which two configurations differ, with both values.
fn differing(one: &Arm, other: &Arm, is_asked: impl Fn(&str) -> bool) -> Vec<String> {
    let (mine, theirs) = (one.settings.all(), other.settings.all());
    let paths: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
    let said =
        |leaves: &BTreeMap<String, String>, path: &String| leaves.get(path).cloned().unwrap_or("unset".to_owned());
    let differ = paths
        .into_iter()
        .filter(|path| is_asked(path) && mine.get(*path) != theirs.get(*path));
    differ
        .map(|path| format!("{path} is {} and {}", said(&mine, path), said(&theirs, path)))
        .collect()
}
