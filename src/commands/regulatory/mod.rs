//! `dvcall regulatory`: the subcommands of sequence networks.

mod explain;
mod prepare;
mod pretrain;
mod score;
mod train;

use anyhow::Result;

use crate::cli::RegulatoryCommand;

pub fn run(command: &RegulatoryCommand) -> Result<()> {
    match command {
        RegulatoryCommand::Prepare(args) => prepare::run(args),
        RegulatoryCommand::Train(args) => train::run(args),
        RegulatoryCommand::Pretrain(args) => pretrain::run(args),
        RegulatoryCommand::Score(args) => score::run(args),
        RegulatoryCommand::Explain(args) => explain::run(args),
    }
}
