use std::borrow::Cow;
use std::io::Write;

use clap::{CommandFactory, FromArgMatches};
use dvcall::cli::Cli;
use dvcall::commands;
use dvcall::output::{Allocator, escape, kept_work, remove_temporaries, signals};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() {
    let cli = parse().unwrap_or_else(|error| {
        print_usage_error(&error);
        end(error.exit_code())
    });
    let level = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => "error",
        (_, true) => "debug",
        _ => "info",
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format(|out, record| {
            let (level, style) = (record.level(), out.default_level_style(record.level()));
            let message = record.args().to_string();
            write!(out, "[{style}{level:<5}{style:#}] ")?;
            if record.target() == commands::DATED {
                write!(out, "{} ", out.timestamp_seconds())?;
            }
            writeln!(out, "{}", escape::controls(&message))
        })
        .init();
    match commands::run(cli.command) {
        Ok(()) => end(0),
        Err(error) => {
            // One line, even if a library's message has several.
            let text = format!("{error:#}");
            // Torch adds the frames of its stack.
            let message = text.split("\nException raised from ").next().unwrap_or_default();
            let line = message.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
                + hint(&error)
                + &kept_work().map_or_else(String::new, |kept| format!("; {kept}"));
            let line = commands::without_secrets(&line);
            let code = if error.is::<commands::Worse>() {
                commands::Worse::EXIT_CODE
            } else {
                1
            };
            // An error may hold unfinished outputs; dropping it removes them.
            drop(error);
            signals::yield_to_signal();
            let _ = writeln!(std::io::stderr(), "dvcall: error: {}", escape::controls(&line));
            end(code)
        }
    }
}

/// Prints in colour, unless the text quotes control characters of the command line.
fn print_usage_error(error: &clap::Error) {
    let text = error.render().to_string();
    let _ = match escape::controls_in_lines(&text) {
        Cow::Borrowed(_) => error.print(),
        Cow::Owned(escaped) => write!(std::io::stderr(), "{escaped}"),
    };
}

/// A remedy to add to an error whose system message gives none.
fn hint(error: &anyhow::Error) -> &'static str {
    let system = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let mut codes = system.filter_map(std::io::Error::raw_os_error);
    match codes.any(|code| [libc::EMFILE, libc::ENFILE].contains(&code)) {
        true => "; allow more open files: ulimit -n 4096",
        false => "",
    }
}

/// Parses the command line. The text of `--version --verbose` needs GPUs and the model, so it is made only on demand.
fn parse() -> Result<Cli, clap::Error> {
    let has_flag = |names: &[&str]| std::env::args_os().any(|arg| names.iter().any(|name| arg == *name));
    let mut command = Cli::command();
    if has_flag(&["--version", "-V"]) && has_flag(&["--verbose"]) {
        command = command.version(commands::verbose_version());
    }
    Cli::from_arg_matches(&command.try_get_matches()?)
}

/// Ends the process without libtorch's static destructors, which take a tenth of a second.
fn end(code: i32) -> ! {
    let _ = std::io::stdout().flush();
    remove_temporaries();
    // SAFETY: stdout is flushed and temporary files are removed; no destructor is needed.
    unsafe { libc::_exit(code) }
}
