//! Who is told how a sweep goes. What a person sees of it is the command line's.

use crate::store::Marker;
use cloze_plan::PlannedRun;
use cloze_trainer::Tick;

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

    /// A run has ended.
    fn ended(&self, run: &PlannedRun, marker: &Marker);
}
