//! Statistics against reference figures and by simulation.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test stats golden::`.

mod golden;
mod laws;
mod multi_bootstrap;
mod orders;
mod sequential;
mod tuning;
