//! How a plan is to be run.

use super::Cadence;
use crate::store::Origin;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a plan is to be run. Nothing here changes a result.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The folder of all results; the experiment's own is inside it, and `.cache` with prepared corpora.
    pub results: PathBuf,
    /// The experiment file, where there is one: a results folder that belongs to another is refused.
    pub origin: Option<Origin>,
    /// The command that this is, as far as it decides results, for provenance.
    pub command: Option<String>,
    /// Folder with data sets.
    pub data_root: Option<PathBuf>,
    /// The device's name.
    pub device: String,
    /// Runs at the same time; by default one per core for narrow encoders on the host, one otherwise. Where the budget is
    /// in seconds there is never more than one.
    pub jobs: Option<usize>,
    /// Start no further run after one has failed.
    pub fail_fast: bool,
    /// Train diverged runs again.
    pub retry_diverged: bool,
    /// Train only the runs that these words name ([`cloze_plan::select`]); the metrics are then not gathered.
    pub only: Vec<String>,
    /// When runs save what they have.
    pub checkpoint: Cadence,
    /// How long a run that another process holds may be silent before it is taken over.
    pub lease: Duration,
    /// A signal that asks for a stop, beside SIGTERM and SIGINT.
    pub stop_signal: Option<String>,
    /// The program that has the hidden subcommand: normally [`this_program`](super::errand::this_program).
    pub program: PathBuf,
}

/// The folder of prepared corpora beside the experiments' results.
pub fn cache(results: &Path) -> PathBuf {
    results.join(".cache")
}
