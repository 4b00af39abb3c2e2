//! The subcommands, each the pipeline in plain calls.

pub mod evaluate;

pub mod evidence;
pub mod make_examples;
pub mod ordered;
pub mod progress;
pub mod staged;

use anyhow::Result;

use crate::cli::Command;

/// Runs a parsed command line.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Call(_) => Ok(()),
        Command::MakeExamples(args) => make_examples::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
    }
}
