//! Every objective of the registry, from outside.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test objectives corruption::`.

mod common;
mod corruption;
mod golden;
mod hub;
mod imported;
mod model;
mod options;
mod own_objective;
mod pairs;
mod parity;
mod prepared;
mod recipe;
mod registry;
mod scoring;
mod training;
mod two_streams;
