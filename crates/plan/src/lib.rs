//! From an experiment file to a frozen plan: the language, its defaults, sweeps, the ids of runs, what it all costs.

mod card;
pub mod config;
pub mod cost;
pub mod experiment;
pub mod identity;
mod model;
mod plan;
mod select;
mod start;
pub mod sweep;

pub use config::{RunConfig, TaskConfig};
pub use cost::{Cost, cost};
pub use experiment::Experiment;
pub use identity::{had_id, run_id};
pub use model::ModelConfig;
pub use plan::{at_run, broken_sets, check_data, check_models, expand, expand_beside, located, read, write};
pub use select::{select, select_models};
pub use start::Start;

/// A plan whose runs have their whole configuration.
pub type Plan = cloze_schema::Plan<RunConfig>;
/// A run of a plan.
pub type PlannedRun = cloze_schema::PlannedRun<RunConfig>;

/// A run as people name it.
pub fn title(run: &PlannedRun) -> String {
    format!("{} seed={}", place(run), run.config.seed)
}

/// A run's arm, with the point at which it stands where it is tuned: `mlm at peak_lr=0.002`.
pub fn place(run: &PlannedRun) -> String {
    match &run.point {
        Some(point) => format!("{} at {point}", run.arm),
        None => run.arm.clone(),
    }
}
