//! The subcommands, each the pipeline in plain calls.

pub mod evaluate;

pub mod evidence;
pub mod ordered;
pub mod progress;

use anyhow::Result;

use crate::cli::Command;

/// Runs a parsed command line.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Call(_) => Ok(()),
        Command::Evaluate(args) => evaluate::run(&args),
    }
}
