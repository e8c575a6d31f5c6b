//! The `cloze` binary: arguments in, printing out. Data go to stdout, everything else to stderr.

mod arguments;
mod commands;
mod progress;
mod terminal;

use clap::Parser;
use std::process::ExitCode;

// Every eager tensor operation allocates a fresh buffer; mimalloc keeps them mapped (docs/log.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let status = commands::execute(arguments.command).unwrap_or_else(|fault| {
        terminal::say(&format!("error: {fault}"));
        fault.exit_status()
    });
    terminal::finish();
    ExitCode::from(status)
}
