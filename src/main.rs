use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use dvcall::cli::Cli;
use dvcall::commands;

fn main() -> ExitCode {
    let cli = parse();
    let level = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => "error",
        (_, true) => "debug",
        _ => "info",
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format_timestamp(None)
        .format_target(false)
        .init();
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever a library put into its message.
            let line = format!("{error:#}")
                .split('\n')
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" ");
            eprintln!("dvcall: error: {line}");
            ExitCode::FAILURE
        }
    }
}

/// The version text looks for GPUs and reads the model, so it is made only when asked for.
fn parse() -> Cli {
    let asked = std::env::args().any(|arg| arg == "--version" || arg == "-V");
    let command = if asked {
        Cli::command().version(commands::version())
    } else {
        Cli::command()
    };
    let matches = command.get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}
