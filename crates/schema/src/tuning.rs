//! Fair tuning: which trials a plan has, and how a point of the space is taken from them.

use crate::metric::{LOSS, PRETRAINING};
use crate::{AttemptRows, Plan, Split, TaskFacts};
use cloze_options::Quantity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The design of a plan whose arms are tuned before they are trained. All of it is fixed before the first run: which trials there
/// are, who judges them, and every run that an arm may come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// The share of the budget that a trial has, with the whole of its schedule.
    pub share: f64,
    /// What judges trials: an evaluation that judges no run, or [`held_out_loss`].
    pub judge: TaskFacts,
    /// What was tried, in the order in which it was written.
    pub space: Vec<Tried>,
    /// How many points of an arm's grid were drawn; none where it is the whole grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<usize>,
    /// What the learning rates of the point that was taken are multiplied with, to see whether the order of arms holds there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<f64>,
    /// Every arm of the plan.
    pub arms: Vec<TunedArm>,
}

/// A key with the values that were tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Key path: `optimizer.peak_lr`.
    pub path: String,
    /// Its values.
    pub values: Vec<toml::Value>,
}

/// An arm, and what it may become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunedArm {
    /// Its name.
    pub arm: String,
    /// Its points of the space, in the order in which they are taken where several are equally good.
    pub points: Vec<TunedPoint>,
}

/// A point of the space, with the ids of its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunedPoint {
    /// What is set, by key path. Keys that the arm has not are left out.
    pub at: toml::Table,
    /// A trial for each seed of the tuning.
    pub trials: Vec<String>,
    /// The runs of the arm, if this point is taken.
    pub runs: Vec<String>,
    /// By factor and seed: trials beside this point, if it is taken. One that is a trial anyway has that one's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Vec<String>>,
}

/// A value that was tried, as a number; an amount may be written with a unit. None where values have no order.
pub fn number(value: &toml::Value) -> Option<f64> {
    match value {
        toml::Value::Float(number) => Some(*number),
        toml::Value::Integer(whole) => Some(*whole as f64),
        toml::Value::String(text) => [Quantity::Count, Quantity::Time]
            .iter()
            .find_map(|quantity| quantity.read(text)),
        _ => None,
    }
}

/// What became of a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trial {
    /// Its score.
    Score(f64),
    /// It has ended without one: it diverged, or gave no number.
    Lost,
    /// It has not ended.
    Open,
}

/// The point that an arm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Not every trial has ended.
    Open,
    /// No point has a score in every seed.
    Nothing,
    /// This one.
    Point(usize),
}

/// Whether a run of a plan is needed, as far as tuning decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is not: its arm takes another point.
    Passed,
    /// The trials of its arm have not ended.
    Later,
    /// It is.
    Needed,
}

/// The judge of trials that is no evaluation: the loss of each arm's own objective on the held-out text.
pub fn held_out_loss() -> TaskFacts {
    TaskFacts {
        title: "Own objective: held-out loss".to_owned(),
        ..TaskFacts::named(PRETRAINING, LOSS, false)
    }
}

impl Tuning {
    /// Whether trials of different arms can be compared. Losses of different objectives cannot.
    pub fn compares_arms(&self) -> bool {
        self.judge.task != PRETRAINING
    }

    /// The point that every arm takes: that with the best mean over the seeds of its trials, the first of several. A point with a
    /// trial that was lost is not taken. A function of the trials that have ended, and not of when.
    pub fn choices(&self, of: &dyn Fn(&str) -> Trial) -> Vec<Choice> {
        self.arms.iter().map(|arm| self.choice(&arm.scores(of))).collect()
    }

    /// The point that these scores let an arm take.
    pub fn choice(&self, scores: &[Trial]) -> Choice {
        let sign = if self.judge.higher_is_better { 1.0 } else { -1.0 };
        let mut best: Option<(usize, f64)> = None;
        for (place, score) in scores.iter().enumerate() {
            match score {
                Trial::Open => return Choice::Open,
                Trial::Score(score) if best.is_none_or(|(_, known)| sign * score > known) => {
                    best = Some((place, sign * score));
                }
                _ => {}
            }
        }
        best.map_or(Choice::Nothing, |(place, _)| Choice::Point(place))
    }

    /// The arms that take no point though their trials have ended: nothing of theirs is trained.
    pub fn untuned(&self, choices: &[Choice]) -> impl Iterator<Item = &TunedArm> {
        let arms = self.arms.iter().zip(choices);
        arms.filter(|(_, choice)| **choice == Choice::Nothing)
            .map(|(arm, _)| arm)
    }

    /// Which runs are needed, by id.
    pub fn parts(&self, choices: &[Choice]) -> BTreeMap<&str, Part> {
        let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
        for (arm, choice) in self.arms.iter().zip(choices) {
            for (place, point) in arm.points.iter().enumerate() {
                let part = match choice {
                    Choice::Open => Part::Later,
                    Choice::Point(taken) if *taken == place => Part::Needed,
                    _ => Part::Passed,
                };
                let trials = point.trials.iter().map(|id| (id, Part::Needed));
                let others = point
                    .runs
                    .iter()
                    .chain(point.beside.iter().flatten())
                    .map(|id| (id, part));
                for (id, part) in trials.chain(others) {
                    // What several points share is needed where one of them is taken.
                    let known = parts.entry(id).or_insert(part);
                    *known = part.max(*known);
                }
            }
        }
        parts
    }

    /// The ids of everything that is made for tuning, and is no run of the comparison.
    pub fn trials(&self) -> BTreeSet<&str> {
        let points = self.arms.iter().flat_map(|arm| &arm.points);
        let ids = points.flat_map(|point| point.trials.iter().chain(point.beside.iter().flatten()));
        ids.map(String::as_str).collect()
    }

    /// What a trial came to by its rows that count.
    pub fn score(&self, attempts: &[AttemptRows]) -> Option<f64> {
        let split = match self.compares_arms() {
            true => Split::Test,
            false => Split::HeldOut,
        };
        crate::sequential::last_score(split, &self.judge.task, &self.judge.headline, attempts)
    }
}

impl TunedArm {
    /// The ids of everything at its points: trials, what it may come to, and what stands beside.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let of_points = self.points.iter().flat_map(|point| {
            let own = point.trials.iter().chain(&point.runs);
            own.chain(point.beside.iter().flatten())
        });
        of_points.map(String::as_str)
    }

    /// The ids of the trials that choose its point.
    pub fn trials(&self) -> impl Iterator<Item = &str> {
        self.points.iter().flat_map(|point| &point.trials).map(String::as_str)
    }

    /// What became of every point: the mean over its seeds, lost where one of them is, open where one has not ended.
    pub fn scores(&self, of: &dyn Fn(&str) -> Trial) -> Vec<Trial> {
        self.points.iter().map(|point| mean(&point.trials, of)).collect()
    }
}

/// The mean of some trials.
pub fn mean(trials: &[String], of: &dyn Fn(&str) -> Trial) -> Trial {
    let mut sum = 0.0;
    let mut lost = false;
    for id in trials {
        match of(id) {
            Trial::Open => return Trial::Open,
            Trial::Lost => lost = true,
            Trial::Score(score) => sum += score,
        }
    }
    match lost || trials.is_empty() {
        true => Trial::Lost,
        false => Trial::Score(sum / trials.len() as f64),
    }
}

impl<C> Plan<C> {
    /// The places of the runs that are compared: without trials, and of every tuned arm those of the point that it takes. An arm
    /// that has not taken one yet stands with its first point, of which nothing is trained then.
    pub fn compared(&self, choices: &[Choice]) -> Vec<usize> {
        let Some(tuning) = &self.tuning else {
            return (0..self.runs.len()).collect();
        };
        let taken = tuning.arms.iter().zip(choices).filter_map(|(arm, choice)| {
            let place = if let Choice::Point(place) = choice { *place } else { 0 };
            arm.points.get(place)
        });
        let ids: BTreeSet<&str> = taken.flat_map(|point| &point.runs).map(String::as_str).collect();
        let places = self.runs.iter().enumerate();
        places
            .filter(|(_, run)| ids.contains(run.id.as_str()))
            .map(|(place, _)| place)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(name: &str, beside: &[&str]) -> TunedPoint {
        TunedPoint {
            at: toml::Table::new(),
            trials: vec![format!("{name}1"), format!("{name}2")],
            runs: vec![format!("run {name}")],
            beside: beside.iter().map(|id| vec![(*id).to_owned()]).collect(),
        }
    }

    fn tuning(higher_is_better: bool) -> Tuning {
        Tuning {
            share: 0.3,
            judge: TaskFacts::named("judge", "accuracy", higher_is_better),
            space: Vec::new(),
            drawn: None,
            factors: vec![3.0],
            // What stands beside the first point is a trial of the second one.
            arms: vec![TunedArm {
                arm: "mlm".to_owned(),
                points: vec![point("a", &["b1"]), point("b", &["high"]), point("c", &["c high"])],
            }],
        }
    }

    /// `0.5` is a score, `x` a lost trial, `?` an open one.
    fn trial(word: &str) -> Trial {
        match word {
            "?" => Trial::Open,
            "x" => Trial::Lost,
            score => Trial::Score(score.parse().unwrap()),
        }
    }

    #[test]
    fn an_arm_takes_the_best_mean_when_all_trials_have_ended() {
        for (scores, higher, lower) in [
            (
                ["0.5", "0.5", "0.7", "0.6", "0.6", "0.6"],
                Choice::Point(1),
                Choice::Point(0),
            ),
            // The first of several.
            (
                ["0.5", "0.7", "0.6", "0.6", "0.7", "0.5"],
                Choice::Point(0),
                Choice::Point(0),
            ),
            // What diverged in one seed is not taken, however good the other one is.
            (
                ["0.5", "0.5", "0.9", "x", "0.4", "0.4"],
                Choice::Point(0),
                Choice::Point(2),
            ),
            (["x", "x", "x", "0.9", "x", "0.1"], Choice::Nothing, Choice::Nothing),
            (["0.5", "0.5", "0.7", "0.6", "0.6", "?"], Choice::Open, Choice::Open),
            (["0.5", "0.5", "0.7", "0.6", "x", "?"], Choice::Open, Choice::Open),
            (["?", "?", "?", "?", "?", "?"], Choice::Open, Choice::Open),
        ] {
            let ids = ["a1", "a2", "b1", "b2", "c1", "c2"];
            let of = |id: &str| trial(scores[ids.iter().position(|known| *known == id).unwrap()]);
            assert_eq!(tuning(true).choices(&of), [higher], "{scores:?}");
            assert_eq!(tuning(false).choices(&of), [lower], "{scores:?}");
        }
    }

    #[test]
    fn trials_are_needed_at_once_and_the_others_when_their_point_is_taken() {
        let tuning = tuning(true);
        let of = |choice: Choice| {
            let parts = tuning.parts(&[choice]);
            ["a1", "b1", "run a", "run b", "high", "c high"].map(|id| parts[id])
        };
        use Part::{Later, Needed, Passed};
        assert_eq!(of(Choice::Open), [Needed, Needed, Later, Later, Later, Later]);
        assert_eq!(of(Choice::Point(0)), [Needed, Needed, Needed, Passed, Passed, Passed]);
        assert_eq!(of(Choice::Point(1)), [Needed, Needed, Passed, Needed, Needed, Passed]);
        assert_eq!(of(Choice::Nothing), [Needed, Needed, Passed, Passed, Passed, Passed]);
        assert_eq!(tuning.trials().len(), 8);
        // Two trials, a run and one beside at each of three points, of which one is a trial as well.
        assert_eq!(tuning.arms[0].ids().collect::<BTreeSet<_>>().len(), 3 * 4 - 1);
        let untuned = |choice: Choice| tuning.untuned(&[choice]).count();
        assert_eq!(
            [Choice::Nothing, Choice::Open, Choice::Point(1)].map(untuned),
            [1, 0, 0]
        );
    }
}
