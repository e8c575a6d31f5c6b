//! Pretraining objectives: what is hidden, what is predicted, the loss, how a sentence is scored.
//!
//! An objective is one file here and one line in [`registry::OBJECTIVES`].

pub mod batch;
pub mod example;
pub mod laws;
pub mod model;
pub mod objective;
pub mod registry;
pub mod scoring;
mod tensors;

pub mod autoregressive;
pub mod electra;
pub mod mlm;
pub mod span;
pub mod whole_word;

pub use batch::{Batch, Sizes};
pub use example::{Example, Extra};
pub use model::{Loss, Model};
pub use objective::{Entry, Objective};
pub use registry::{OBJECTIVES, configure, find, read};
