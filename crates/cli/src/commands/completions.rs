//! `cloze completions`: generated from the argument types.

use crate::arguments::Arguments;
use clap::CommandFactory;
use clap_complete::Shell;

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cloze", &mut script);
    script
}
