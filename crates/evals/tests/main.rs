//! Evaluations, from outside.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test evals fake::`.

mod fake;
mod fine_tuning;
mod frozen;
mod judges;
mod own_evaluation;
mod rules;
