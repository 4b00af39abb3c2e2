//! A signal ends the run at once, whatever its threads are at, and nothing unfinished stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result};
use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::crash;
use super::crash::crash;
use super::draft::{remove, temporaries};
use super::out_of_memory;

/// What people and batch systems end a run with.
const ENDING_SIGNALS: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU];

/// Longest time for tidying up: a file system may be stuck.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Whether a signal is ending the process.
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on a signal removes what is unfinished before it ends the process.
pub fn install() -> Result<()> {
    let heeded = ENDING_SIGNALS.into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new(heeded).context("cannot wait for signals")?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            end(signal);
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(wait).context("cannot start a thread")?;
    crash::install();
    out_of_memory::reserve();
    // A file that grows beyond the limit (`ulimit -f`) is then an error of the write.
    // SAFETY: no handler runs.
    unsafe { libc::signal(SIGXFSZ, libc::SIG_IGN) };
    Ok(())
}

/// As SIGHUP is under nohup.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: sigaction only fills the struct that it is given.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        libc::sigaction(signal, std::ptr::null(), &mut action);
        action.sa_sigaction == libc::SIG_IGN
    }
}

/// Removes what is unfinished, says why, and lets the signal do what it does by default, so that a shell sees what ended the
/// process.
fn end(signal: i32) {
    ENDING.store(true, Ordering::SeqCst);
    let crash = crash();
    let name = signal_name(signal).unwrap_or_default();
    let message = match &crash {
        Some(crash) => crash.message.clone(),
        None => format!("ended by signal {signal} ({name}); what was not finished is removed"),
    };
    let (done, wait) = channel();
    let tidy = move || {
        tidy_up();
        eprintln!("dvcall: error: {message}");
        let _ = done.send(());
    };
    // Beside this thread, which does not get stuck.
    let _ = std::thread::Builder::new().spawn(tidy);
    let _ = wait.recv_timeout(PATIENCE);
    if crash.as_ref().is_some_and(|crash| crash.is_for_want_of_memory) {
        // SAFETY: nothing waits for the end of the process.
        unsafe { libc::_exit(1) }
    }
    let _ = emulate_default_handler(crash.map_or(signal, |crash| crash.signal));
}

/// Nothing is made or renamed any more after this.
fn tidy_up() {
    let temporaries = temporaries();
    for path in temporaries.iter().rev() {
        // Threads may still write into it.
        while remove(path).is_err_and(|error| error.kind() == std::io::ErrorKind::DirectoryNotEmpty) {}
    }
    std::mem::forget(temporaries);
}

/// Waits for the end of the process if a signal is ending it: what fails meanwhile is not worth a word.
pub fn yield_to_signal() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}
