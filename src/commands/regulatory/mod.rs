//! `dvcall regulatory`: the subcommands of sequence networks.

mod prepare;
mod train;

use anyhow::Result;

use crate::cli::RegulatoryCommand;

pub fn run(command: &RegulatoryCommand) -> Result<()> {
    match command {
        RegulatoryCommand::Prepare(args) => prepare::run(args),
        RegulatoryCommand::Train(args) => train::run(args),
    }
}
