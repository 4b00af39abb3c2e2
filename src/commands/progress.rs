//! Words for people: a bar with time to go on a terminal, silence elsewhere; and what is told at the end.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `total` units on stderr. Hidden with `--quiet`; indicatif hides it when stderr is not a terminal.
pub fn progress_bar(total: u64, unit: &str) -> ProgressBar {
    let target = if log::log_enabled!(log::Level::Info) {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let template =
        format!("{{msg}} {{bar:30}} {{percent:>3}} %  {{human_pos}}/{{human_len}} {unit}  {{elapsed}}, {{eta}} to go");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Writes to standard output. Whoever closed it, as `head` does, has read enough: no error.
pub fn print(text: impl Display) -> Result<()> {
    let mut out = stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Largest resident memory of this process so far, in bytes.
pub fn peak_memory() -> u64 {
    // SAFETY: getrusage only fills the struct that it is given.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    usage.ru_maxrss as u64 * 1024
}
