//! Memory that cannot be had ends the run by one line, and nothing unfinished stays.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

use super::draft::{remove, temporaries_within};

/// The system's allocator, which without this would abort the process where memory is limited (`ulimit -v`).
pub struct Allocator;

// SAFETY: all is left to the system's allocator; where that fails, the process ends without unwinding.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.realloc(old, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Memory that is given back when there is no more, for tidying up.
const RESERVE: Layout = Layout::new::<[u8; 4 << 20]>();
static RESERVED: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// Takes the reserve. As nothing is written to it, it takes addresses only.
pub(super) fn reserve() {
    // SAFETY: the layout has a size.
    RESERVED.store(unsafe { System.alloc(RESERVE) }, Ordering::SeqCst);
}

fn give_reserve_back() {
    let reserved = RESERVED.swap(ptr::null_mut(), Ordering::SeqCst);
    if !reserved.is_null() {
        // SAFETY: it is of this allocator and layout, and nobody else has taken it.
        unsafe { System.dealloc(reserved, RESERVE) };
    }
}

#[inline]
fn given(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

/// Says so, tidies up, and ends the process.
#[cold]
fn end(bytes: usize) -> ! {
    static ENDED_BY: AtomicU64 = AtomicU64::new(0);
    // SAFETY: takes and changes nothing.
    let this_thread = unsafe { libc::pthread_self() };
    match ENDED_BY.compare_exchange(0, this_thread, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            say(bytes);
            give_reserve_back();
            for path in temporaries_within(Duration::from_secs(1))
                .iter()
                .flat_map(|all| all.iter().rev())
            {
                let _ = remove(path);
            }
        }
        Err(other) if other != this_thread => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        Err(_) => {}
    }
    // SAFETY: nothing waits for the end of the process.
    unsafe { libc::_exit(1) }
}

/// Without memory, and without the lock of stderr, which this thread may hold.
fn say(bytes: usize) {
    let mut line = [0; 200];
    let mut rest = &mut line[..];
    let _ = writeln!(
        rest,
        "dvcall: error: out of memory: {bytes} bytes more cannot be had; use fewer --threads, or let the process have more memory"
    );
    let length = 200 - rest.len();
    // SAFETY: the bytes are there.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), length) };
}
