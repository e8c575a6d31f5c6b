//! What tuning adds to a plan: the points of every arm, and their trials.

use super::names::Labels;
use super::points::{Point, segments};
use super::until::lacking;
use crate::cost::Expected;
use crate::experiment::Experiment;
use crate::experiment::arms::Arm;
use crate::experiment::tune::{Tune, at_rate};
use crate::identity::run_id;
use crate::{PlannedRun, RunConfig, TaskConfig};
use cloze_foundation::{Fault, Result};
use cloze_objectives::Objective;
use cloze_options::{Member, Node, Written};
use cloze_schema::Tuning;
use cloze_schema::tuning::{Tried, TunedArm, TunedPoint, held_out_loss};
use std::collections::BTreeSet;

/// One way in which an arm may be trained.
pub(super) struct Candidate {
    /// What tells it from the others, as in ` peak_lr=0.002`; nothing where there are no others.
    pub(super) label: String,
    /// What it sets, by key path.
    pub(super) at: toml::Table,
    pub(super) settings: Node,
}

/// The ways in which a point of the sweep may be trained: one where nothing is tuned.
///
/// # Errors
/// A key that cannot be set there.
pub(super) fn candidates(experiment: &Experiment, arm: &Arm, point: &Point) -> Result<Vec<Candidate>> {
    let Some(tune) = &experiment.tune else {
        return Ok(vec![Candidate {
            label: String::new(),
            at: toml::Table::new(),
            settings: point.settings.clone(),
        }]);
    };
    let dimensions = tune.dimensions_of(arm);
    let labels = Labels::of(&dimensions);
    let candidate = |indices: Vec<usize>| {
        let mut found = Candidate {
            label: String::new(),
            at: toml::Table::new(),
            settings: point.settings.clone(),
        };
        for (place, (dimension, index)) in dimensions.iter().zip(indices).enumerate() {
            for axis in &dimension.axes {
                let node = axis.values[index].clone();
                found.at.insert(axis.path.clone(), node.to_toml());
                let key = axis.key.clone();
                found.settings.put(&segments(&axis.path), Member { key, node })?;
            }
            found.label += &labels.at(place, index);
        }
        Ok(found)
    };
    tune.points_of(arm).into_iter().map(candidate).collect()
}

/// The trials of a plan while it is made.
pub(super) struct Trials<'a> {
    tune: &'a Tune,
    written: Written<'a>,
    /// Known from the first point on; within, none where arms are judged by their own losses.
    judge: Option<Option<TaskConfig>>,
    arms: Vec<TunedArm>,
    /// The trials of points, and those beside them.
    runs: [Vec<PlannedRun>; 2],
}

impl<'a> Trials<'a> {
    /// None yet.
    ///
    /// # Errors
    /// Seeds that the sweep has too: what they choose would be judged by what it was chosen with.
    pub(super) fn of(experiment: &'a Experiment) -> Result<Option<Self>> {
        let Some(tune) = &experiment.tune else { return Ok(None) };
        let written = Written::new(&experiment.tune_written, "tune");
        if let Some(seed) = tune.seeds.iter().find(|seed| experiment.sweep.seeds.all.contains(seed)) {
            let what = format!("seed {seed} is one of the sweep's, so that no trial may have it");
            return Err(written
                .open("seeds")
                .fault(what)
                .remedy("give trials seeds of their own: a point that was chosen by a seed is favoured by it"));
        }
        Ok(Some(Self {
            tune,
            written,
            judge: None,
            arms: Vec::new(),
            runs: [Vec::new(), Vec::new()],
        }))
    }

    /// Adds a point of an arm, which is trained like `run` if it is taken, and its trials.
    ///
    /// # Errors
    /// No judge of its own; a share that leaves nothing of the budget.
    pub(super) fn add(
        &mut self,
        candidate: &Candidate,
        runs: &[PlannedRun],
        objective: &dyn Objective,
        expected: &mut Expected,
    ) -> Result<()> {
        let Some(run) = runs.first() else { return Ok(()) };
        let judge = self
            .tune
            .judge(&run.config)
            .map_err(|fault| self.written.locate(fault))?;
        if self.judge.as_ref().is_some_and(|known| *known != judge) {
            let fault = self
                .written
                .open("judge")
                .fault("the usual judge differs between points of the sweep");
            return Err(fault.remedy("name one, which judges all trials: judge = { task = .. }"));
        }
        if judge.is_none() && !objective.helpers(&run.config.encoder).is_empty() {
            let what = format!(
                "the loss of `{}` chooses no point: a generator that is trained beside it writes its questions, so that the loss is low \
                 where the generator is bad",
                run.arm
            );
            let fault = self.written.open("judge").fault(what);
            return Err(
                fault.remedy("let an evaluation judge the trials, or tune such arms in an experiment of their own")
            );
        }
        if let Some(judge) = &judge
            && let Some(lacking) = lacking(run, judge)?
        {
            let what = format!(
                "`{}` can never be asked by `{}`, which is to choose its point: {lacking}",
                run.arm,
                judge.name()
            );
            let fault = self.written.open("judge").fault(what);
            return Err(
                fault.remedy("name another judge in tune.judge, that every arm can be asked by, or leave it out")
            );
        }
        self.judge = Some(judge.clone());
        let [of_points, beside] = &mut self.runs;
        let mut trials = |found: &mut Vec<PlannedRun>, config: &RunConfig, label: &str| {
            let each = self.tune.seeds.iter().map(|seed| {
                let config = self
                    .tune
                    .trial(config, judge.as_ref(), *seed)
                    .map_err(|fault| self.written.locate(fault))?;
                let id = run_id(&config);
                found.push(PlannedRun {
                    id: id.clone(),
                    arm: format!("{}{label} trial", run.arm),
                    stem: None,
                    point: None,
                    factors: toml::Table::new(),
                    flops: expected.flops(&config, objective)?,
                    config,
                    ..run.clone()
                });
                Ok(id)
            });
            each.collect::<Result<Vec<String>>>()
        };
        let point = TunedPoint {
            at: candidate.at.clone(),
            trials: trials(of_points, &run.config, &candidate.label)?,
            runs: runs.iter().map(|run| run.id.clone()).collect(),
            beside: {
                let beside = self.tune.sensitivity.iter().map(|factor| {
                    let label = format!("{} lr x{factor}", candidate.label);
                    trials(beside, &at_rate(&run.config, *factor), &label)
                });
                beside.collect::<Result<_>>()?
            },
        };
        match self.arms.last_mut().filter(|last| last.arm == run.arm) {
            Some(arm) => arm.points.push(point),
            None => self.arms.push(TunedArm {
                arm: run.arm.clone(),
                points: vec![point],
            }),
        }
        Ok(())
    }

    /// The design, and the trials.
    ///
    /// # Errors
    /// An evaluation that is not known; a trial that is called like an arm.
    pub(super) fn end(self, experiment: &Experiment) -> Result<Option<(Tuning, Vec<PlannedRun>)>> {
        let Some(judge) = &self.judge else { return Ok(None) };
        let arms: BTreeSet<&str> = self.arms.iter().map(|arm| arm.arm.as_str()).collect();
        // A rate beside one point may be that of another, whose name it then has.
        let mut known = BTreeSet::new();
        let mut runs = self.runs.concat();
        runs.retain(|run| known.insert(run.id.clone()));
        if let Some(run) = runs.iter().find(|run| arms.contains(run.arm.as_str())) {
            return Err(Fault::usage(format!("an arm and a trial are called `{}`", run.arm))
                .at(self.written.place())
                .remedy("give the arm another name: name = \"...\""));
        }
        let axes = self.tune.dimensions().flat_map(|dimension| &dimension.axes);
        let tried = axes.map(|axis| Tried {
            path: axis.path.clone(),
            values: axis.values.iter().map(Node::to_toml).collect(),
        });
        let tuning = Tuning {
            share: self.tune.share,
            judge: match judge {
                Some(judge) => judge.facts(experiment.data_root.as_deref())?,
                None => held_out_loss(),
            },
            space: tried.collect(),
            drawn: self.tune.drawn(),
            factors: self.tune.sensitivity.clone(),
            arms: self.arms,
        };
        Ok(Some((tuning, runs)))
    }
}
