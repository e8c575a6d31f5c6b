//! Processes: the parent that looks after a sweep, the child that trains one run, signals between them, Slurm. They know the
//! store; the store does not know them.

pub mod errand;
pub mod options;
pub mod progress;
mod pulse;
mod queue;
pub(crate) mod ready;
pub mod run;
pub mod slurm;
pub mod stop;
mod supervise;
mod sweep;
mod worker;

pub use errand::{Cadence, Errand};
pub use options::RunOptions;
pub use progress::{Judging, Progress};
pub use ready::Ready;
pub use run::{Summary, run};
pub use stop::Stop;
pub use worker::train_run;
