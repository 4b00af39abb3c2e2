//! Signal handling: a signal ends the run at once, and no unfinished output remains.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result};
use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::crash::crash;
use super::draft::{remove, temporaries};
use super::kept::kept_work;
use super::{crash, out_of_memory};

/// Signals by which people and batch systems end a run.
const ENDING_SIGNALS: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU];

/// Time limit for the cleanup, because a file system may hang.
const CLEANUP_LIMIT: Duration = Duration::from_millis(1_500);

/// Whether a signal is ending the process.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Installs the handlers, so that a signal removes unfinished outputs before the process ends.
pub fn install() -> Result<()> {
    let handled = ENDING_SIGNALS.into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new(handled).context("cannot wait for signals")?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            end(signal);
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(wait).context("cannot start a thread")?;
    crash::install();
    out_of_memory::reserve();
    // A file beyond the size limit (`ulimit -f`) then gives a write error.
    // SAFETY: ignoring a signal runs no handler.
    unsafe { libc::signal(SIGXFSZ, libc::SIG_IGN) };
    Ok(())
}

/// Whether the signal is ignored, like SIGHUP under nohup.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: sigaction only fills the struct.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        libc::sigaction(signal, std::ptr::null(), &mut action);
        action.sa_sigaction == libc::SIG_IGN
    }
}

/// Removes unfinished outputs, prints the reason, and ends the process by the default action of the signal, so that a
/// shell sees the signal.
fn end(signal: i32) {
    ENDING.store(true, Ordering::SeqCst);
    let crash = crash();
    let name = signal_name(signal).unwrap_or_default();
    let message = match &crash {
        Some(crash) => crash.message.clone(),
        None => format!("ended by signal {signal} ({name})"),
    };
    let (done, wait) = channel();
    let cleanup = move || {
        remove_unfinished();
        let outputs = kept_work().unwrap_or_else(|| "unfinished outputs are removed".to_owned());
        eprintln!("dvcall: error: {message}; {outputs}");
        let _ = done.send(());
    };
    // In another thread, because the cleanup may hang.
    let _ = std::thread::Builder::new().spawn(cleanup);
    let _ = wait.recv_timeout(CLEANUP_LIMIT);
    if crash.as_ref().is_some_and(|crash| crash.is_out_of_memory) {
        // SAFETY: no destructor is needed.
        unsafe { libc::_exit(1) }
    }
    let _ = emulate_default_handler(crash.map_or(signal, |crash| crash.signal));
}

/// Removes all temporary files. Keeps the guard, so that no other thread makes or renames outputs after this.
fn remove_unfinished() {
    let temporaries = temporaries();
    for path in temporaries.iter().rev() {
        // Threads may still write into the folder.
        while remove(path).is_err_and(|error| error.kind() == std::io::ErrorKind::DirectoryNotEmpty) {}
    }
    std::mem::forget(temporaries);
}

/// Waits for the end of the process if a signal is ending it, because errors during this time are not worth a message.
pub fn yield_to_signal() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}
