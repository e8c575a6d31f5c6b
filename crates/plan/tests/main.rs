//! Experiments as they are written, and what is planned of them.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test plan committed::`.

mod committed;
mod located;
mod models;
mod options_matter;
mod planning;
mod schema;
mod tune;
mod until;
