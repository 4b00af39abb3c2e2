//! A crash, of a library most likely, leaves nothing unfinished either.

use std::sync::atomic::{AtomicI32, Ordering};

use libc::{RLIM_INFINITY, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGUSR1};
use signal_hook::low_level::signal_name;

/// The signal that a thread crashed by; 0: none.
static CRASHED_BY: AtomicI32 = AtomicI32::new(0);

/// Longest time, in seconds, that a crashed process may last: the crashed thread may hold what tidying up needs.
const PATIENCE: u32 = 3;

/// Stops the crashed thread for ever and wakes the one that waits for signals, which tells what happened and ends the process.
extern "C" fn crashed(signal: libc::c_int) {
    CRASHED_BY.store(signal, Ordering::SeqCst);
    // SAFETY: these functions may be called by a handler.
    unsafe {
        libc::alarm(PATIENCE);
        libc::kill(libc::getpid(), SIGUSR1);
        loop {
            libc::pause();
        }
    }
}

/// From now on a crash is told in one line.
pub(super) fn install() {
    for signal in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV] {
        // SAFETY: the handler calls only what a handler may call, on a stack of its own where the thread has one.
        unsafe {
            let mut action = std::mem::zeroed::<libc::sigaction>();
            action.sa_sigaction = crashed as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// How the process ends after a crash.
pub(super) struct Crash {
    pub signal: i32,
    pub message: String,
    /// Libraries crash where the memory of a process is limited: then the limit is the error.
    pub is_for_want_of_memory: bool,
}

/// The crash that woke the thread that waits for signals, if one did.
pub(super) fn crash() -> Option<Crash> {
    let signal = Some(CRASHED_BY.load(Ordering::SeqCst)).filter(|&signal| signal != 0)?;
    let name = signal_name(signal).unwrap_or_default();
    let limit = memory_limit();
    let message = match limit {
        Some(bytes) => format!(
            "a library crashed ({name}), most likely for want of memory: the process may take {} MB (ulimit -v); allow more, or \
             use fewer --threads",
            bytes / 1_000_000
        ),
        None => format!("crashed ({name}); this is a fault of dvcall or of a library, please report it"),
    };
    Some(Crash {
        signal,
        message,
        is_for_want_of_memory: limit.is_some(),
    })
}

/// The bytes of addresses that the process may take, if they are limited.
pub fn memory_limit() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: RLIM_INFINITY,
        rlim_max: RLIM_INFINITY,
    };
    // SAFETY: getrlimit only fills the struct that it is given.
    unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) };
    Some(limit.rlim_cur).filter(|&bytes| bytes != RLIM_INFINITY)
}
