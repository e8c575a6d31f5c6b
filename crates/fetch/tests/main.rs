//! Data sets from a server on this machine: never from the network.
//! One program, since each links all that it tests: a file's tests are found by its name, as in
//! `cargo test --workspace --test fetch archives::`.

mod archives;
mod faults;
mod server;
mod sets;
