//! The `cloze` binary: arguments in, printing out. Data go to stdout, everything else to stderr.

mod arguments;
mod commands;
mod plain;
mod progress;
mod remaining;
mod teller;
mod terminal;

use arguments::{Arguments, Internal, InternalCommand, unknown_command};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::process::ExitCode;

// Every eager tensor operation allocates a fresh buffer; mimalloc keeps them mapped (docs/log.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let first = std::env::args_os().nth(1).and_then(|word| word.into_string().ok());
    let first = first.unwrap_or_default();
    let done = if InternalCommand::is(&first) {
        commands::execute_internal(Internal::parse().command)
    } else {
        match Arguments::try_parse() {
            Ok(arguments) => commands::execute(arguments.command),
            Err(error) => match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
                (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) if *word == first => {
                    Err(unknown_command(word))
                }
                _ => error.exit(),
            },
        }
    };
    let status = done.unwrap_or_else(|fault| {
        terminal::say(&format!("error: {fault}"));
        fault.exit_status()
    });
    terminal::finish();
    ExitCode::from(status)
}
