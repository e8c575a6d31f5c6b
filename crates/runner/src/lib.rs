//! Runs on disk and in processes: the run store, who trains what, and how a sweep is looked after.

pub mod afterwards;
pub mod data;
pub mod export;
pub mod features;
pub mod foreign;
mod found;
pub mod gather;
pub mod history;
pub mod judge;
pub mod loaded;
pub mod models;
pub mod needs;
pub mod processes;
pub mod provenance;
pub mod score;
pub mod status;
pub mod store;

pub use gather::{Gathered, gather};
pub use history::freeze;
pub use models::Standing;
pub use needs::{Need, Needs, Spared, Wait};
pub use processes::{Cadence, Errand, Judging, Progress, Ready, RunOptions, Stop, Summary, run, train_run};
