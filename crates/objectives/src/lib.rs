//! Pretraining objectives: what is hidden, what is predicted, the loss, how a sentence is scored.
//!
//! An objective is one file here and one line in [`registry::OBJECTIVES`].

pub mod batch;
mod discriminator;
pub mod example;
mod generator;
pub mod heads;
mod imported;
pub mod laws;
mod masking;
pub mod model;
pub mod objective;
mod pair_heads;
mod proposed;
pub mod registry;
pub mod scoring;
pub mod tensors;
pub mod token_heads;
mod units;

pub mod adaptive;
pub mod all_tokens_mlm;
pub mod autoregressive;
pub mod diffusion;
pub mod electra;
pub mod entity;
pub mod frequency;
pub mod mixture;
pub mod mlm;
pub mod mntp;
pub mod mpnet;
pub mod n_gram;
pub mod permutation;
pub mod pmi;
pub mod prefix;
pub mod replace_mlm;
pub mod rtd;
pub mod span;
pub mod whole_word;

pub use batch::{Batch, Looks, Portion, Sizes};
pub use example::{Example, Extra, Part};
pub use heads::{Continuation, Heads};
pub use imported::{imported, rule_of};
pub use mixture::MIXTURE;
pub use model::{Answers, Loss, Model};
pub use objective::{Answered, Entry, Memory, Objective};
pub use registry::{OBJECTIVES, configure, entries, find, laws, page, prepared, read, rules};
pub use scoring::{Answerer, Kind, Rule};
pub use token_heads::{TokenHeads, Tokens};

#[cfg(test)]
extern crate self as cloze_objectives;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
