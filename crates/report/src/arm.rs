//! The arms of a plan: what was planned, how each seed ended, what it used.

use crate::read::Settings;
use cloze_schema::{PlannedRun, RunData, Spent};
use std::collections::{BTreeMap, BTreeSet};

/// How a planned run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Diverged,
    Failed,
    /// It says that it has ended, and its numbers are not among the metrics: it is not whole (`cloze doctor` says so), or they
    /// were not gathered since (`cloze run` does so).
    Ungathered,
    /// It was trained before the trials of its arm have ended, at one of its points: whether it counts is known after them.
    Early,
    /// Its arm was decided without it.
    NotNeeded,
    Missing,
}

impl Ending {
    /// All of them with their words, in the order of the tables.
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Done, "done"),
        (Self::Diverged, "diverged"),
        (Self::Failed, "failed"),
        (Self::Ungathered, "not gathered"),
        (Self::Early, "before its trials"),
        (Self::NotNeeded, "not needed"),
        (Self::Missing, "missing"),
    ];
}

/// One point of a sweep without its seed.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// As people wrote it or as the plan made it. It is shown, and compared as a whole; what varies stands in `factors`.
    pub name: String,
    /// The name without what the whole experiment sweeps; older plans do not say it.
    pub stem: Option<String>,
    /// How its model scores sentences, where its options decide it.
    pub rule: Option<String>,
    /// What the arm itself is called, without anything swept; older plans do not say it.
    pub base: Option<String>,
    /// What varies over the sweep, by key path.
    pub factors: toml::Table,
    /// The configuration of its first seed.
    pub settings: Settings,
    /// The data that its first seed is planned on, where they are known.
    pub data: Option<RunData>,
    /// What its rows say of their data, where they do.
    pub measured: Option<String>,
    /// Cores that were busy elsewhere while a seed trained, where that was measured.
    pub elsewhere: BTreeMap<u64, f64>,
    /// What its loss is the sum of, by the names of the parts.
    pub parts_of_loss: BTreeSet<String>,
    /// Every planned seed and how it ended.
    pub seeds: Vec<(u64, Ending)>,
    /// What each finished seed used in all.
    pub spent: BTreeMap<u64, Spent>,
}

impl Arm {
    /// The arm of a planned run, before any seed is known.
    pub(crate) fn new(run: &PlannedRun<Settings>) -> Self {
        Self {
            name: run.arm.clone(),
            stem: run.stem.clone(),
            rule: run.rule.clone(),
            base: run.base.clone(),
            factors: run.factors.clone(),
            settings: run.config.clone(),
            data: run.data.clone(),
            measured: None,
            elsewhere: BTreeMap::new(),
            parts_of_loss: BTreeSet::new(),
            seeds: Vec::new(),
            spent: BTreeMap::new(),
        }
    }

    /// Whether its own loss is a mean over tokens, and no sum of several: then word frequencies have one too.
    pub(crate) fn is_token_loss(&self) -> bool {
        self.parts_of_loss.len() < 2
    }

    /// Seeds that ended like this.
    pub(crate) fn count(&self, ending: Ending) -> usize {
        self.seeds.iter().filter(|(_, ended)| *ended == ending).count()
    }
}
