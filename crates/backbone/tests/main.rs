//! The encoder, its parts and what it reads and writes, from outside.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test backbone encoder::`.

mod common;
mod disentangled;
mod embedding_residual;
mod encoder;
mod hub;
mod initial_values;
mod logits;
mod parity;
mod sharing;
mod value_embeddings;
