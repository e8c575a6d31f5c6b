//! Who is told how a sweep goes. What a person sees of it is the command line's.

use crate::store::Marker;
use cloze_plan::PlannedRun;
use cloze_trainer::Tick;
use serde::{Deserialize, Serialize};

/// How far a task is that judges a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judging {
    /// The task's name.
    pub task: String,
    /// How many are done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
    /// What is counted: `sentences`, `steps`.
    pub what: String,
}

/// Who is told how a sweep goes. Called from several threads.
pub trait Progress: Sync {
    /// Something worth a line.
    fn say(&self, line: &str);

    /// These runs will be trained; what each is expected to take compares with what the others are.
    fn begin(&self, runs: &[&PlannedRun], seconds: &[f64]);

    /// A run has started.
    fn started(&self, run: &PlannedRun);

    /// A run goes on.
    fn ticked(&self, run: &PlannedRun, tick: &Tick);

    /// A task that judges a model goes on. `id` tells models apart, and `title` is what people call this one.
    fn judging(&self, id: &str, title: &str, judging: &Judging);

    /// A run has ended.
    fn ended(&self, run: &PlannedRun, marker: &Marker);
}
