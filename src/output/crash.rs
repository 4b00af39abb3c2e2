//! Cleanup after a crash, which is most likely in a library: no unfinished output remains.

use std::sync::atomic::{AtomicI32, Ordering};

use libc::{RLIM_INFINITY, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGUSR1};
use signal_hook::low_level::signal_name;

/// The signal of the crash; 0: no crash.
static CRASHED_BY: AtomicI32 = AtomicI32::new(0);

/// Maximum time, in seconds, from the crash to the end of the process. The limit is necessary because the crashed
/// thread may hold a lock that the cleanup needs.
const PATIENCE: u32 = 3;

/// Signal handler: wakes the signal thread, which reports the crash and ends the process, and stops the crashed thread.
extern "C" fn crashed(signal: libc::c_int) {
    CRASHED_BY.store(signal, Ordering::SeqCst);
    // SAFETY: a signal handler may call these functions.
    unsafe {
        libc::alarm(PATIENCE);
        libc::kill(libc::getpid(), SIGUSR1);
        loop {
            libc::pause();
        }
    }
}

/// Installs the handler, so that a crash is reported in one line.
pub(super) fn install() {
    for signal in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV] {
        // SAFETY: the handler calls only functions that a handler may call. It uses an alternate stack if the thread
        // has one.
        unsafe {
            let mut action = std::mem::zeroed::<libc::sigaction>();
            action.sa_sigaction = crashed as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// A crash, and how to report it.
pub(super) struct Crash {
    pub signal: i32,
    pub message: String,
    /// Whether the memory of the process is limited. Libraries crash then, so the limit is the likely cause.
    pub is_out_of_memory: bool,
}

/// The crash that woke the signal thread; none if another signal did.
pub(super) fn crash() -> Option<Crash> {
    let signal = Some(CRASHED_BY.load(Ordering::SeqCst)).filter(|&signal| signal != 0)?;
    let name = signal_name(signal).unwrap_or_default();
    let limit = memory_limit();
    let message = match limit {
        Some(bytes) => format!(
            "a library crashed ({name}), most likely out of memory: the limit of the process is {} MB (ulimit -v); \
             raise the limit, or use fewer --threads",
            bytes / 1_000_000
        ),
        None => format!("crashed ({name}); this is a fault of dvcall or of a library; please report it"),
    };
    Some(Crash {
        signal,
        message,
        is_out_of_memory: limit.is_some(),
    })
}

/// The limit of the process's address space in bytes; none without a limit.
pub fn memory_limit() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: RLIM_INFINITY,
        rlim_max: RLIM_INFINITY,
    };
    // SAFETY: getrlimit only fills the struct.
    unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) };
    Some(limit.rlim_cur).filter(|&bytes| bytes != RLIM_INFINITY)
}
