//! The subcommands, each the pipeline in plain calls.

pub mod evaluate;

use anyhow::Result;

use crate::cli::Command;

/// Runs a parsed command line.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Evaluate(args) => evaluate::run(&args),
    }
}
