//! The `cloze` binary: arguments in, printing out. Data go to stdout, everything else to stderr.
#![allow(clippy::print_stderr)] // the one crate that prints; data go through `commands::print`

mod arguments;
mod commands;
mod progress;

use clap::Parser;
use std::process::ExitCode;

// Every eager tensor operation allocates a fresh buffer; mimalloc keeps them mapped (docs/log.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match commands::execute(arguments.command) {
        Ok(status) => ExitCode::from(status),
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::from(fault.exit_status())
        }
    }
}
