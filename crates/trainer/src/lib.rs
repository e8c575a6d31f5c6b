//! One training step, what it learns by, and the loop of a run around it. `cloze bench` takes the same step.

pub mod audit;
pub mod bench;
mod bounds;
pub mod budget;
pub mod device;
pub mod feed;
pub mod held_out;
mod inside;
pub mod job;
pub mod meter;
pub mod observer;
pub mod optimizer;
pub mod schedule;
mod spacing;
pub mod stages;
pub mod step;
pub mod train;

pub use budget::{Budget, BudgetOptions};
pub use feed::Feed;
pub use held_out::HeldOut;
pub use job::Job;
pub use observer::{Finding, Judge, Judgement, Moment, Observer, Position, Saved, Tick};
pub use optimizer::{Muon, NorMuon, Optimizer, OptimizerConfig, OptimizerOptions};
pub use spacing::Spacing;
pub use stages::{Shape, Stage};
pub use step::Learner;
pub use train::{Ending, Trained, train};
