//! The subcommands. Each file holds the pipeline of one subcommand.

mod calibrate;
mod call;
mod call_output;
mod completions;
mod evaluate;
mod joint;
mod joint_output;
mod journal;
mod make_examples;
mod man;
mod model_info;
mod provenance;
mod regulatory;
mod report;
mod run_record;
mod show;
mod train;
mod training_progress;
mod validate;
mod version;

pub use crate::formats::without_secrets;
pub use crate::runtime::DATED;
pub use validate::Worse;
pub use version::verbose_version;

use anyhow::Result;
use rust_htslib::htslib::{hts_set_log_level, htsLogLevel_HTS_LOG_OFF};

use crate::cli::Command;
use crate::formats::{prepare_urls, remote_fault};
use crate::output::signals;

/// Runs a parsed command line.
pub fn run(command: Command) -> Result<()> {
    // dvcall's errors hold htslib's messages; htslib's own lines would repeat them.
    // SAFETY: no other thread runs yet.
    unsafe { hts_set_log_level(htsLogLevel_HTS_LOG_OFF) };
    prepare_urls();
    signals::install()?;
    // Behind an error of htslib, the fault of a server is the cause.
    run_command(command).map_err(|error| remote_fault().unwrap_or(error))
}

fn run_command(command: Command) -> Result<()> {
    match command {
        Command::Call(args) => call::run(&args),
        Command::Joint(args) => joint::run(&args),
        Command::MakeExamples(args) => make_examples::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::ModelInfo(args) => model_info::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Regulatory(args) => regulatory::run(&args.command),
        Command::Show(args) => show::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
