//! A run that is asked to end removes what it has begun.

use std::sync::atomic::{AtomicI32, Ordering};

use anyhow::{Result, bail};

/// The signal that came; 0: none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: libc::c_int) {
    SIGNAL.store(signal, Ordering::Relaxed);
}

/// From now on the first Ctrl-C or `kill` is left to [`check`] to find; a second one ends the process at once.
pub fn heed() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler only stores a number.
        unsafe {
            let mut action = std::mem::zeroed::<libc::sigaction>();
            libc::sigaction(signal, std::ptr::null(), &mut action);
            // Ignored, as under nohup: that stays.
            if action.sa_sigaction != libc::SIG_IGN {
                action.sa_sigaction = note as *const () as usize;
                action.sa_flags = libc::SA_RESTART | libc::SA_RESETHAND;
                libc::sigaction(signal, &action, std::ptr::null_mut());
            }
        }
    }
}

/// Fails if a signal came.
pub fn check() -> Result<()> {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => bail!("ended by signal {signal}; nothing was written"),
    }
}

/// Lets a signal that came end the process after all, so that a shell sees what ended it.
pub fn raise() {
    // SAFETY: it has no handler any more.
    unsafe { libc::raise(SIGNAL.load(Ordering::Relaxed)) };
}
