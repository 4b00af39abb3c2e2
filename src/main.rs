use std::io::Write;

use clap::{CommandFactory, FromArgMatches};
use dvcall::cli::Cli;
use dvcall::commands;

fn main() {
    let cli = parse().unwrap_or_else(|error| {
        let _ = error.print();
        end(error.exit_code())
    });
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
        Ok(()) => end(0),
        Err(error) => {
            // One line, whatever a library put into its message.
            let line = format!("{error:#}")
                .split('\n')
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" ");
            // An error may hold what could not be put in place, which goes with it.
            drop(error);
            let _ = writeln!(std::io::stderr(), "dvcall: error: {line}");
            commands::signals::raise();
            end(1)
        }
    }
}

/// The version text looks for GPUs and reads the model, so it is made only when asked for.
fn parse() -> Result<Cli, clap::Error> {
    let asked = std::env::args_os().any(|arg| arg == "--version" || arg == "-V");
    let command = if asked {
        Cli::command().version(commands::version())
    } else {
        Cli::command()
    };
    Cli::from_arg_matches(&command.try_get_matches()?)
}

/// Ends the process without libtorch's static destructors, which take a tenth of a second.
fn end(code: i32) -> ! {
    let _ = std::io::stdout().flush();
    // SAFETY: what is to be written or removed has been; nothing waits for the end of the process.
    unsafe { libc::_exit(code) }
}
