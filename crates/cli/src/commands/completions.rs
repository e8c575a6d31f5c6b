//! `cloze completions`: generated from the argument types and the registries.

use super::explain::topics;
use crate::arguments::Arguments;
use clap::CommandFactory;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    // Only here are topics a closed list: a misspelt one shall get the nearest match, not clap's error.
    let mut command = Arguments::command().mut_subcommand("explain", |explain| {
        explain.mut_arg("topic", |topic| topic.value_parser(PossibleValuesParser::new(topics())))
    });
    clap_complete::generate(shell, &mut command, "cloze", &mut script);
    script
}
