//! The subcommands, each the pipeline in plain calls.

pub mod calibrate;
pub mod call;
mod call_worker;
pub mod evaluate;
pub mod evidence;
mod left_out;
pub mod make_examples;
pub mod model_info;
pub mod ordered;
pub mod progress;
mod provenance;
pub mod show;
pub mod timings;
pub mod train;
mod version;

use anyhow::Result;
use rust_htslib::htslib::{hts_set_log_level, htsLogLevel_HTS_LOG_OFF};

use crate::cli::Command;
use crate::output::signals;

pub use version::version;

/// Runs a parsed command line.
pub fn run(command: Command) -> Result<()> {
    // What htslib has to say is in our errors; its own lines would make two of one.
    // SAFETY: sets a number before any thread is started.
    unsafe { hts_set_log_level(htsLogLevel_HTS_LOG_OFF) };
    signals::heed()?;
    match command {
        Command::Call(args) => call::run(&args),
        Command::MakeExamples(args) => make_examples::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::ModelInfo(args) => model_info::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Show(args) => show::run(&args),
    }
}
