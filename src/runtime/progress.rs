//! Progress: a bar on a terminal, a log line each minute elsewhere. Output to people.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::genome::Partition;
use crate::output::controls_in_lines;

/// Lines of the log for this target begin with the date and time.
pub const DATED: &str = "dvcall::dated";

/// Least time between two lines where no bar is shown.
const PERIOD: Duration = Duration::from_secs(60);

/// A progress bar over `total` units on stderr. It is hidden with `--quiet`, or if stderr is not a terminal.
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
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(500));
    }
    bar
}

/// A number with its noun in singular or plural: `1 call`, `2 calls`.
pub fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Tells when a line of the log is due.
pub struct LineClock {
    logged: Instant,
}

impl LineClock {
    /// A clock whose first line is due a minute from now.
    pub fn start() -> Self {
        Self { logged: Instant::now() }
    }

    /// Whether the last line is a minute old. The caller then logs a line.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.duration_since(self.logged) >= PERIOD;
        if is_due {
            self.logged = now;
        }
        is_due
    }
}

/// How much is done, in percent, and the time to go, from the speed since `started`, when `skipped` was done.
pub fn done_and_to_go(done: u64, all: u64, skipped: u64, since_start: Duration) -> String {
    let (done, all) = (done as f64, all.max(done) as f64);
    let left = since_start.mul_f64((all - done) / (done - skipped as f64).max(1.0));
    format!(
        "{:.1} % done, {} to go",
        100.0 * done / all.max(1.0),
        HumanDuration(left)
    )
}

/// Progress of the work on partitions: a bar, or a log line each minute if stderr is not a terminal. With `--verbose`
/// also a line for each contig.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    lines: LineClock,
    all: u64,
    /// Bases of an earlier run, which say nothing about the speed.
    skipped: u64,
    done: u64,
    contig: String,
    bases: u64,
}

impl Progress {
    /// Progress over this number of bases.
    pub fn over(bases: u64) -> Self {
        Self {
            bar: progress_bar(bases, "bases"),
            started: Instant::now(),
            lines: LineClock::start(),
            all: bases,
            skipped: 0,
            done: 0,
            contig: String::new(),
            bases: 0,
        }
    }

    /// Counts bases as done that an earlier run has called.
    pub fn skip(&mut self, bases: u64) {
        self.skipped = bases;
        self.done = bases;
        self.bar.set_position(bases);
        self.bar.reset_eta();
    }

    /// Adds a finished partition.
    pub fn add(&mut self, partition: &Partition) {
        if partition.region.contig != self.contig {
            self.log_contig();
            self.contig.clone_from(&partition.region.contig);
            self.bases = 0;
        }
        self.bases += partition.bases();
        self.done += partition.bases();
        self.bar.inc(partition.bases());
        if let Some(line) = self.line(Instant::now()).filter(|_| self.bar.is_hidden()) {
            log::info!(target: DATED, "{line}");
        }
    }

    /// What to log now, if the last line is old enough.
    fn line(&mut self, now: Instant) -> Option<String> {
        if self.done == self.skipped || !self.lines.is_due(now) {
            return None;
        }
        let since_start = now.duration_since(self.started);
        let progress = done_and_to_go(self.done, self.all, self.skipped, since_start);
        Some(format!("{}: {progress}", self.contig))
    }

    pub fn finish(&mut self) {
        self.log_contig();
        self.bar.finish_and_clear();
    }

    fn log_contig(&self) {
        if self.bases > 0 {
            let (contig, bases) = (&self.contig, HumanCount(self.bases));
            let seconds = self.started.elapsed().as_secs_f64();
            let line = || log::debug!("{contig}: {bases} bases done, {seconds:.1} s since the start");
            self.bar.suspend(line);
        }
    }
}

/// Writes to standard output with control characters escaped. A closed output is no error, because `head` closes it
/// early.
pub fn print(text: impl Display) -> Result<()> {
    print_on(stdout().lock(), text).context("cannot write to standard output")
}

/// Like [`print()`], on standard error, for a run that writes its results to standard output.
pub fn print_aside(text: impl Display) -> Result<()> {
    print_on(stderr().lock(), text).context("cannot write to standard error")
}

fn print_on(mut out: impl Write, text: impl Display) -> std::io::Result<()> {
    let text = text.to_string();
    match write!(out, "{}", controls_in_lines(&text)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Maximum resident memory of this process so far, in bytes.
pub fn peak_memory() -> u64 {
    // SAFETY: getrusage only fills the struct.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    usage.ru_maxrss as u64 * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_each_minute_and_tells_the_time_to_go() {
        let mut progress = Progress::over(4_000);
        let begin = progress.started;
        let line = |progress: &mut Progress, seconds| progress.line(begin + Duration::from_secs(seconds));
        assert_eq!(line(&mut progress, 90), None);
        (progress.contig, progress.done) = ("chr20".into(), 1_000);
        assert_eq!(line(&mut progress, 59), None);
        assert_eq!(line(&mut progress, 61).unwrap(), "chr20: 25.0 % done, 3 minutes to go");
        progress.done = 2_000;
        assert_eq!(line(&mut progress, 120), None);
        assert_eq!(line(&mut progress, 7_200).unwrap(), "chr20: 50.0 % done, 2 hours to go");
        progress.done = 4_000;
        assert_eq!(
            line(&mut progress, 7_300).unwrap(),
            "chr20: 100.0 % done, 0 seconds to go"
        );
    }

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "call")), ["0 calls", "1 call", "2 calls"]);
    }
}
