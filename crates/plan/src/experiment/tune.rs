//! `[tune]`: the same trials for every arm before it is trained, on seeds of their own and by a judge of their own.

use super::arms::Arm;
use super::dimension::{Crossed, Dimension};
use super::evaluate::{HELD_OUT_LOSS, Judge, development};
use crate::sweep::combinations;
use crate::{RunConfig, TaskConfig};
use cloze_foundation::{Draw, Fault, Place, Result};
use cloze_options::amount::digits;
use cloze_options::options;
use cloze_schema::Axis;
use cloze_trainer::Spacing;
use std::collections::BTreeSet;

/// What may be tuned: how an arm learns. Text, encoder and budget are the same for every arm.
const TUNED: [&str; 3] = ["optimizer.", "options.", "encoder.dropout"];

/// Factors beyond which no learning rate means anything.
const MOST_FACTOR: f64 = 1e4;

options! {
    /// The same trials for every arm, before it is trained.
    pub(crate) struct Tune {
        /// "key.path" = [values]: what is tried with every arm, every combination. An arm without one of the options is tried
        /// without it.
        pub(crate) grid: Crossed = Crossed::default() => "none: every arm as it is written";
        /// How many points of the grid are tried with each arm, drawn at random; an arm with fewer is tried at all of its own.
        trials: Option<usize> = None, from(1).to(10_000) => "all of them";
        /// The share of the budget that a trial has: a run of its own, with its whole schedule.
        pub(crate) share: f64 = 0.3, above(0).to(1);
        /// Seeds of the trials, none of which the sweep has.
        pub(crate) seeds: Vec<u64> = vec![1001];
        /// The evaluation whose headline decides, as in `evaluate.tasks`; none that judges the runs. Or `held-out-loss`: the loss of
        /// the arm's own objective on the held-out text, where no option of the objective is tried.
        judge: Option<Judge> = None => "minimal pairs of the built-in language, or of the files of `blimp` where that judges the runs, that share no sentence with those of the test";
        /// What the learning rates of the point that was taken are multiplied with, to see whether the order of the arms holds
        /// there, as in [0.03, 0.1, 1, 3]: trials too.
        pub(crate) sensitivity: Vec<f64> = Vec::new(), above(0).to(MOST_FACTOR) => "none";
    }
    check Self::asks_something
}

impl Tune {
    fn asks_something(&self) -> Result<()> {
        for axis in self.dimensions().flat_map(|dimension| &dimension.axes) {
            super::dimension::check_path(&axis.path, &axis.key)?;
            if !TUNED.iter().any(|known| axis.path.starts_with(known)) {
                return Err(Fault::usage(format!("`{}` is the same for every arm", axis.path))
                    .at(axis.key.of(axis.path.as_str()))
                    .allowed(["optimizer.*", "options.*", "encoder.dropout"])
                    .remedy("compare its values instead: [sweep.grid]"));
            }
        }
        if self.judge == Some(Judge::HeldOutLoss) {
            self.one_loss_each()?;
        }
        if self.grid.0.is_empty() && self.sensitivity.is_empty() {
            return Err(Fault::usage("nothing is tuned")
                .at(Place::key("grid"))
                .remedy("say what is tried, as in [tune.grid] \"optimizer.peak_lr\" = [1e-3, 2e-3, 4e-3]"));
        }
        let twice =
            |key: &'static str, what: &str| Err(Fault::usage(format!("{what} is given twice")).at(Place::key(key)));
        if let Some(seed) = repeated(&self.seeds) {
            return twice("seeds", &format!("seed {seed}"));
        }
        if let Some(factor) = repeated(
            &self
                .sensitivity
                .iter()
                .map(|factor| factor.to_bits())
                .collect::<Vec<_>>(),
        ) {
            return twice("sensitivity", &format!("factor {}", f64::from_bits(factor)));
        }
        if self.seeds.is_empty() {
            return Err(Fault::usage("there are no seeds for trials").at(Place::key("seeds")));
        }
        Ok(())
    }

    pub(crate) fn dimensions(&self) -> impl Iterator<Item = &Dimension> {
        self.grid.0.iter()
    }

    /// What of the space an arm has.
    pub(crate) fn dimensions_of(&self, arm: &Arm) -> Vec<Dimension> {
        self.dimensions().filter_map(|dimension| dimension.of(arm)).collect()
    }

    /// The points at which an arm is tried: a value for each of its dimensions, by index.
    pub(crate) fn points_of(&self, arm: &Arm) -> Vec<Vec<usize>> {
        let dimensions = self.dimensions_of(arm);
        let lengths: Vec<usize> = dimensions.iter().map(Dimension::length).collect();
        let mut points: Vec<(usize, Vec<usize>)> = combinations(&lengths).enumerate().collect();
        if let Some(trials) = self.trials.filter(|trials| *trials < points.len()) {
            // By what is tried and not by arm: arms with the same keys are tried at the same points.
            let axes = dimensions.iter().flat_map(|dimension| &dimension.axes);
            let draw = axes.fold(Draw::new(0, "tune"), |draw, axis| draw.purpose(&axis.path));
            draw.stream().shuffle(&mut points);
            points.truncate(trials);
            points.sort();
        }
        points.into_iter().map(|(_, point)| point).collect()
    }

    /// How many points were drawn, where not all of them are tried.
    pub(crate) fn drawn(&self) -> Option<usize> {
        let all = self.dimensions().map(Dimension::length).fold(1, usize::saturating_mul);
        self.trials.filter(|trials| *trials < all)
    }

    /// At how many points an arm is tried.
    pub(crate) fn points_in(&self, arm: &Arm) -> usize {
        let lengths = self.dimensions_of(arm);
        let all = lengths.iter().map(Dimension::length).fold(1, usize::saturating_mul);
        self.trials.map_or(all, |trials| trials.min(all))
    }

    /// How many trials an arm has at most, those of the sensitivity included.
    pub(crate) fn size(&self, arm: &Arm) -> usize {
        let points = self.points_in(arm).saturating_mul(self.seeds.len());
        points.saturating_mul(1 + self.sensitivity.len())
    }

    /// That trials are judged by a loss only where it is the same loss: with other options an objective asks other things, and another
    /// objective always does.
    fn one_loss_each(&self) -> Result<()> {
        let mut axes = self.dimensions().flat_map(|dimension| &dimension.axes);
        if let Some(axis) = axes.find(|axis| axis.path.starts_with("options.")) {
            return Err(Fault::usage(format!(
                "losses at other values of `{}` are losses of other questions",
                axis.path
            ))
            .at(axis.key.of(axis.path.as_str()))
            .remedy(format!(
                "leave it out, or let an evaluation judge the trials in the place of \"{HELD_OUT_LOSS}\""
            )));
        }
        if !self.sensitivity.is_empty() {
            return Err(
                Fault::usage("the order of arms cannot be seen by the losses of their own objectives")
                    .at(Place::key("sensitivity"))
                    .remedy(format!(
                        "leave it out, or let an evaluation judge the trials in the place of \"{HELD_OUT_LOSS}\""
                    )),
            );
        }
        Ok(())
    }

    /// Which evaluation judges the trials of a run like this one; none where the loss of its own objective does.
    ///
    /// # Errors
    /// A judge that also judges runs: what chooses may not be what is reported.
    pub(crate) fn judge(&self, config: &RunConfig) -> Result<Option<TaskConfig>> {
        let refused = |what: String| Fault::usage(what).at(Place::key("judge"));
        let judge = match &self.judge {
            Some(Judge::HeldOutLoss) => return Ok(None),
            Some(Judge::Task(judge)) => judge.clone(),
            None => development(config)?,
        };
        for task in &config.evaluate {
            task.is_apart_from(&judge).map_err(|why| {
                refused(format!("`{}` judges the runs too: {why}", task.name())).remedy(
                    "what chooses a point may not be what is reported: name another evaluation or other data, of the built-in minimal \
                     pairs and of blimp set = \"development\" with apart_from, or leave the judge out",
                )
            })?;
            if task.name() == judge.name() {
                return Err(refused(format!("`{}` is an evaluation of the runs", task.name()))
                    .remedy("give the judge of the trials a name of its own: name = \"development\""));
            }
        }
        Ok(Some(judge))
    }

    /// A run of the tuning like this one, with another seed.
    ///
    /// # Errors
    /// A share that leaves nothing of a budget.
    pub(crate) fn trial(&self, config: &RunConfig, judge: Option<&TaskConfig>, seed: u64) -> Result<RunConfig> {
        let mut trial = RunConfig {
            evaluate: judge.cloned().into_iter().collect(),
            points: 1,
            spacing: Spacing::Even,
            seed,
            ..config.clone()
        };
        let equalise: Axis = trial.budget.equalise;
        trial.budget.amount *= self.share;
        if equalise.facts().is_count {
            trial.budget.amount = trial.budget.amount.round();
            if trial.budget.amount < 1.0 {
                let what = format!("a share of {} leaves none of the {}", self.share, equalise.facts().word);
                return Err(Fault::usage(what).at(Place::key("share")));
            }
        }
        Ok(trial)
    }
}

/// With all learning rates as many times as high.
pub(crate) fn at_rate(config: &RunConfig, factor: f64) -> RunConfig {
    // So that 3 times 0.1 is 0.3, and a trial that there is anyway the same one.
    let times = |rate: f64| match factor {
        1.0 => rate,
        _ => digits(rate * factor, 13),
    };
    let mut changed = config.clone();
    changed.optimizer = changed.optimizer.with_rates(times);
    changed
}

fn repeated<T: Ord + Copy>(values: &[T]) -> Option<T> {
    let mut known = BTreeSet::new();
    values.iter().copied().find(|value| !known.insert(*value))
}
