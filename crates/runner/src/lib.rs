//! Experiment to plan to runs: the budget, the training loop, the run store, the worker processes.

pub mod config;
pub mod plan;

pub use config::{Budget, Equalise, Experiment, OptimizerConfig, RunConfig, TaskConfig};
pub use plan::{Plan, PlannedRun, ReportConfig};
