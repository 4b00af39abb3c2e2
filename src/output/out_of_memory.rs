//! Handling of failed memory allocation: the run ends with one line, and no unfinished output remains.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

use super::draft::{remove, temporaries_within};
use super::kept::kept_work;

/// The system's allocator with an orderly end of the process. Otherwise, a memory limit (`ulimit -v`) would abort it.
pub struct Allocator;

// SAFETY: all work is done by the system's allocator. If it fails, the process ends without unwinding.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { System.realloc(old, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Reserved memory, which is released for the cleanup when memory runs out.
const RESERVE: Layout = Layout::new::<[u8; 4 << 20]>();
static RESERVED: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// Allocates the reserve. It is never written, so it takes address space only.
pub(super) fn reserve() {
    // SAFETY: the layout has a size.
    RESERVED.store(unsafe { System.alloc(RESERVE) }, Ordering::SeqCst);
}

fn release_reserve() {
    let reserved = RESERVED.swap(ptr::null_mut(), Ordering::SeqCst);
    if !reserved.is_null() {
        // SAFETY: the memory has this allocator and layout, and the swap makes this thread its only owner.
        unsafe { System.dealloc(reserved, RESERVE) };
    }
}

#[inline]
fn checked(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

/// Reports the lack of memory, cleans up, and ends the process.
#[cold]
fn end(bytes: usize) -> ! {
    static ENDED_BY: AtomicU64 = AtomicU64::new(0);
    // SAFETY: the function has no arguments and no side effects.
    let this_thread = unsafe { libc::pthread_self() };
    match ENDED_BY.compare_exchange(0, this_thread, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            report(bytes);
            release_reserve();
            for path in temporaries_within(Duration::from_secs(1))
                .iter()
                .flat_map(|all| all.iter().rev())
            {
                let _ = remove(path);
            }
            // Last, because it needs memory.
            let kept = kept_work().map_or_else(String::new, |kept| format!("; {kept}"));
            write_aside(format!("{kept}\n").as_bytes());
        }
        Err(other) if other != this_thread => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        Err(_) => {}
    }
    // SAFETY: no destructor is needed.
    unsafe { libc::_exit(1) }
}

/// Begins the line of the message, without allocation, and without the lock of stderr, which this thread may hold.
fn report(bytes: usize) {
    let mut line = [0; 200];
    let mut rest = &mut line[..];
    let _ = write!(
        rest,
        "dvcall: error: out of memory: cannot allocate {bytes} bytes; use fewer --threads, or allow more memory"
    );
    let length = 200 - rest.len();
    write_aside(&line[..length]);
}

/// Writes to standard error without its lock.
fn write_aside(text: &[u8]) {
    // SAFETY: the pointer and the length are those of `text`.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
