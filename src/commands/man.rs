//! `dvcall man`: prints manual pages.

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::cli::{Cli, ManArgs};
use crate::runtime::print;

pub fn run(args: &ManArgs) -> Result<()> {
    let mut command = Cli::command();
    command.build(); // sets the subcommand names dvcall-call, dvcall-train, …
    let page = match &args.command {
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .with_context(|| format!("{name} is not a command of dvcall; see dvcall --help"))?,
        None => command,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    print(String::from_utf8(text)?)
}
