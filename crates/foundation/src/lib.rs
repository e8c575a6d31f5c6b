//! What every crate of cloze stands on: [`Fault`]s that a person can act on, [`Draw`]s that are functions of
//! (seed, purpose, step, example), and files that are complete or absent.

pub mod draw;
pub mod fault;
pub mod files;
pub mod load;
pub mod panics;
pub mod place;

pub use draw::{Draw, Stream};
pub use fault::{Fault, FaultKind, Result};
pub use place::{Key, Line, Origin, Place};
