//! Experiment to plan to runs: the budget, the training loop, the run store, the worker processes.

pub mod bench;
pub mod budget;
pub mod config;
pub mod cost;
pub mod device;
pub mod experiment;
pub mod identity;
pub mod judge;
pub mod meter;
pub mod optimizer;
pub mod plan;
pub mod progress;
pub mod provenance;
pub mod run;
pub mod schedule;
pub mod store;
pub mod sweep;
pub mod train;
pub mod worker;

pub use budget::Spent;
pub use cloze_backbone::Preset;
pub use config::{Budget, Equalise, OptimizerConfig, RunConfig, TaskConfig};
pub use cost::Cost;
pub use experiment::Experiment;
pub use identity::run_id;
pub use plan::{Plan, PlannedRun, ReportConfig, TaskFacts};
pub use progress::Progress;
pub use run::{RunOptions, Summary, run};
pub use worker::{Errand, train_run};
