//! A frozen plan, as it is written to and read from `plan.json`.

use crate::data::is_same;
use crate::{ChartKind, Choice, Claim, Part, PlannedModel, RunData, Sequential, Tuning};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the experiment wants from its report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportConfig {
    /// The arm that others are compared with. Where the whole experiment sweeps a key (`mlm rate=0.15 width=128`), it
    /// may be named without that part, by its stem (`mlm rate=0.15`).
    pub baseline: Option<String>,
    /// Arms that say by themselves what they are compared with, by name; named as in `baseline`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<String, String>,
    /// Charts to draw.
    pub charts: Vec<ChartKind>,
}

impl ReportConfig {
    /// What an arm is to be compared with, if the arm or the experiment says it.
    pub fn wanted(&self, arm: &str) -> Option<&str> {
        let own = self.baselines.get(arm);
        own.or(self.baseline.as_ref()).map(String::as_str)
    }
}

/// What the whole of an evaluation that is made of items is the mean of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeanOver {
    /// Every phenomenon counts the same, and within it every paradigm.
    Phenomena,
    /// Every paradigm counts the same: BLiMP's convention.
    Paradigms,
}

/// An evaluation as reports show it, copied from its entry in the registry: a report needs the plan and the metrics,
/// and not the code that judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenFacts")]
pub struct TaskFacts {
    /// Its name, as in the metrics.
    pub task: String,
    /// Which evaluation it is: its name, where the experiment gives it no other.
    pub kind: String,
    /// For charts and tables.
    pub title: String,
    /// The metric that they lead with.
    pub headline: String,
    /// Whether a larger headline is better.
    pub higher_is_better: bool,
    /// The headline of a guesser, where there is one.
    pub chance: Option<f64>,
    /// What the headline is the mean of, if it is made of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_over: Option<MeanOver>,
}

impl TaskFacts {
    /// An evaluation of which no more is known than its name, which is also what it is and what it is called, and what it leads with.
    pub fn named(task: &str, headline: &str, higher_is_better: bool) -> Self {
        Self {
            task: task.to_owned(),
            kind: task.to_owned(),
            title: task.to_owned(),
            headline: headline.to_owned(),
            higher_is_better,
            chance: None,
            mean_over: None,
        }
    }
}

/// [`TaskFacts`] in a file. Older ones have neither `kind` nor `mean_over`.
#[derive(Deserialize)]
struct WrittenFacts {
    task: String,
    kind: Option<String>,
    title: String,
    headline: String,
    higher_is_better: bool,
    chance: Option<f64>,
    mean_over: Option<MeanOver>,
}

impl From<WrittenFacts> for TaskFacts {
    fn from(written: WrittenFacts) -> Self {
        Self {
            kind: written.kind.unwrap_or_else(|| written.task.clone()),
            task: written.task,
            title: written.title,
            headline: written.headline,
            higher_is_better: written.higher_is_better,
            chance: written.chance,
            mean_over: written.mean_over,
        }
    }
}

/// An objective as reports show it, copied from its entry in the registry as [`TaskFacts`] are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveFacts {
    /// Its name, as in the configurations.
    pub objective: String,
    /// How its models score sentences; none where they do not, or where each has its own way.
    pub rule: Option<String>,
}

/// A run in a plan. `C` is its configuration: all of it where runs are planned and trained, what a report shows of it
/// there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun<C> {
    /// Hash of the configuration, 16 hexadecimal digits.
    pub id: String,
    /// The arm's name: `mlm`, `mlm rate=0.4 width=128`.
    pub arm: String,
    /// The arm's name without what the whole experiment sweeps: `mlm rate=0.4`. Older plans do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<String>,
    /// What the arm itself is called, without anything that is swept: `mlm`. Older plans do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// How its model scores sentences, where its objective's options decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// At which point of what is tuned it stands: `peak_lr=0.002`. Runs of an arm at several points have one name, since only
    /// those of one point are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// What varies over the sweep, by key path, for charts over a swept key: `options.rate` -> 0.4.
    pub factors: toml::Table,
    /// What decides the result.
    pub config: C,
    /// Expected training FLOPs.
    pub flops: f64,
    /// The data that it is made from; `None` where the plan was made without looking at them, and in older plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<RunData>,
}

impl<C: PartialEq> PlannedRun<C> {
    /// Whether it is the same run from the same data, under the same name. What it is expected to cost is no part of it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.arm == other.arm
            && self.factors == other.factors
            && self.config == other.config
            && is_same(self.data.as_ref(), other.data.as_ref())
    }
}

/// A plan: every run of an experiment, resolved and frozen before the first one starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan<C> {
    /// File name of the experiment without `.toml`: the results folder's name.
    pub experiment: String,
    /// What it asks.
    pub question: String,
    /// The paper it follows.
    pub cites: Option<String>,
    /// Every run, arms in file order, seeds innermost; then the trials.
    pub runs: Vec<PlannedRun<C>>,
    /// Arms that others trained, in file order: they are judged beside the runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<PlannedModel>,
    /// What the report shows.
    pub report: ReportConfig,
    /// What the report has to know of the evaluations that judge the runs. Absent in a plan written by hand: tasks then go
    /// by their names, without a chance level.
    #[serde(default)]
    pub tasks: Vec<TaskFacts>,
    /// What the report has to know of the objectives that the runs are trained with. Older plans do not say it.
    #[serde(default)]
    pub objectives: Vec<ObjectiveFacts>,
    /// What was claimed before the first run.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Until when arms are trained, where that is not until all of their seeds are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Sequential>,
    /// How arms are tuned before they are trained, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuning>,
    /// Evaluations that the experiment asks for and these runs are trained without, since their data could not be read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub without: BTreeSet<String>,
}

/// The file of a plan in its results folder.
pub const PLAN_FILE: &str = "plan.json";
/// The file beside it with the metrics of every run that has ended.
pub const METRICS_FILE: &str = "metrics.parquet";

impl<C> Plan<C> {
    /// The ids of its runs.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| run.id.as_str())
    }

    /// The runs of which each is trained if every tuned arm takes its first point: what a plan is expected to cost.
    pub fn expected(&self) -> impl Iterator<Item = &PlannedRun<C>> {
        let firsts = |tuning: &Tuning| vec![Choice::Point(0); tuning.arms.len()];
        let parts = self.tuning.as_ref().map(|tuning| tuning.parts(&firsts(tuning)));
        self.runs.iter().filter(move |run| {
            let part = parts.as_ref().and_then(|parts| parts.get(run.id.as_str()));
            part.is_none_or(|part| *part == Part::Needed)
        })
    }

    /// The run with this id.
    pub fn run(&self, id: &str) -> Option<&PlannedRun<C>> {
        self.runs.iter().find(|run| run.id == id)
    }
}

impl<C: PartialEq> Plan<C> {
    /// Whether both plan the same runs from the same data and show them in the same way.
    pub fn is_same(&self, other: &Self) -> bool {
        self.shows_the_same(other) && self.runs_the_same(other)
    }

    /// Whether both have the same runs, and judge the same models, in the same order.
    pub fn runs_the_same(&self, other: &Self) -> bool {
        let mut pairs = self.runs.iter().zip(&other.runs);
        let mut models = self.models.iter().zip(&other.models);
        let counts = |plan: &Self| (plan.runs.len(), plan.models.len());
        counts(self) == counts(other)
            && pairs.all(|(one, other)| one.is_same(other))
            && models.all(|(one, other)| one.is_same(other))
    }

    /// Whether both ask, claim and show the same.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let said = |plan: &Self| (plan.experiment.clone(), plan.question.clone(), plan.cites.clone());
        let cards = |plan: &Self| plan.models.iter().map(|model| model.card.clone()).collect::<Vec<_>>();
        said(self) == said(other)
            && cards(self) == cards(other)
            && self.report == other.report
            && self.tasks == other.tasks
            && self.claims == other.claims
            && self.sequential == other.sequential
            && self.tuning == other.tuning
    }
}
