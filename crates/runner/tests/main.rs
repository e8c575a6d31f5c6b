//! Runs on disk and in processes, from outside.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test runner compat::`.

mod afterwards;
mod common;
mod compat;
mod damage;
mod export;
mod loaded;
mod models;
mod processes;
mod resume;
mod start;
mod training;
