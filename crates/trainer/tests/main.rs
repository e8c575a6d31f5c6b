//! Training, from outside.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test trainer nothing::`.

mod inside;
mod nothing;
mod optimizer;
mod unigram;
