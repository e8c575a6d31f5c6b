//! The `cloze` binary as a person meets it.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test cli bench::`.

mod bench;
mod common;
mod compare;
mod entities;
mod examples;
mod faults;
mod fetch;
mod judging;
mod life;
mod others;
mod pages;
mod slurm;
mod snapshots;
mod store;
mod surroundings;
mod tune;
mod until;
mod words;
