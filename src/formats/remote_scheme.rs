//! Lets htslib read files at URLs through [`RemoteFile`]: by names such as `dvcall:3`, the opened file with number 3, and
//! `dvcall:3.fai`, the file whose URL has this suffix added.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::ptr;
use std::sync::{Arc, Once};

use rust_htslib::htslib::hFILE;

use super::input::beside;
use super::remote::RemoteFile;

const SCHEME: &CStr = c"dvcall";

/// htslib's interface for a new kind of stream (its hfile_internal.h).
#[repr(C)]
struct Backend {
    read: unsafe extern "C" fn(*mut hFILE, *mut c_void, usize) -> isize,
    write: Option<unsafe extern "C" fn(*mut hFILE, *const c_void, usize) -> isize>,
    seek: unsafe extern "C" fn(*mut hFILE, i64, c_int) -> i64,
    flush: Option<unsafe extern "C" fn(*mut hFILE) -> c_int>,
    close: unsafe extern "C" fn(*mut hFILE) -> c_int,
}

#[repr(C)]
struct SchemeHandler {
    open: unsafe extern "C" fn(*const c_char, *const c_char) -> *mut hFILE,
    is_remote: unsafe extern "C" fn(*const c_char) -> c_int,
    provider: *const c_char,
    priority: c_int,
}

// SAFETY: the text is constant.
unsafe impl Sync for SchemeHandler {}

unsafe extern "C" {
    fn hfile_init(size: usize, mode: *const c_char, capacity: usize) -> *mut hFILE;
    fn hfile_add_scheme_handler(scheme: *const c_char, handler: *const SchemeHandler);
    fn hfile_always_remote(name: *const c_char) -> c_int;
}

static BACKEND: Backend = Backend {
    read,
    write: None,
    seek,
    flush: None,
    close,
};

static HANDLER: SchemeHandler = SchemeHandler {
    open,
    // htslib looks for the index of a local file itself, but opens that of a remote file.
    is_remote: hfile_always_remote,
    provider: c"dvcall".as_ptr(),
    priority: 50,
};

/// A stream of htslib.
#[repr(C)]
struct RemoteStream {
    base: hFILE,
    file: *const RemoteFile,
    position: u64,
    /// Number of bytes read since the last seek.
    run: u64,
}

/// The name by which htslib opens a file at a URL.
pub fn name_of(url: &str) -> io::Result<String> {
    static REGISTERED: Once = Once::new();
    // SAFETY: name and handler are constants.
    REGISTERED.call_once(|| unsafe { hfile_add_scheme_handler(SCHEME.as_ptr(), &raw const HANDLER) });
    let (number, _) = RemoteFile::open(url)?;
    Ok(format!("{}:{number}", SCHEME.to_string_lossy()))
}

/// The file that a name means.
fn find(name: &CStr) -> Option<Arc<RemoteFile>> {
    let name = name.to_str().ok()?.split_once(':')?.1;
    let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    let file = RemoteFile::numbered(name[..digits].parse().ok()?)?;
    match name[digits..].strip_prefix('.') {
        None => Some(file),
        Some(suffix) => {
            let url = beside(file.url().as_ref(), suffix);
            Some(RemoteFile::open(url.to_str()?).ok()?.1)
        }
    }
}

unsafe extern "C" fn open(name: *const c_char, mode: *const c_char) -> *mut hFILE {
    // SAFETY: htslib gives a text that ends in NUL.
    let Some(file) = find(unsafe { CStr::from_ptr(name) }) else {
        set_error(libc::ENOENT);
        return ptr::null_mut();
    };
    // SAFETY: htslib allocates the stream and fills `base`; all other fields are filled here.
    unsafe {
        let stream = hfile_init(size_of::<RemoteStream>(), mode, 0).cast::<RemoteStream>();
        if stream.is_null() {
            return ptr::null_mut();
        }
        (&raw mut (*stream).file).write(Arc::into_raw(file));
        (&raw mut (*stream).position).write(0);
        (&raw mut (*stream).run).write(0);
        (*stream).base.backend = (&raw const BACKEND).cast();
        stream.cast()
    }
}

unsafe extern "C" fn read(stream: *mut hFILE, to: *mut c_void, length: usize) -> isize {
    // SAFETY: the stream comes from `open`, and `to` has `length` bytes.
    let (stream, to) = unsafe {
        let to = std::slice::from_raw_parts_mut(to.cast::<u8>(), length);
        (&mut *stream.cast::<RemoteStream>(), to)
    };
    // SAFETY: the stream owns the file until it is closed.
    let file = unsafe { &*stream.file };
    match file.read_at(stream.position, to, stream.run) {
        Ok(read) => {
            stream.position += read as u64;
            stream.run += read as u64;
            read as isize
        }
        Err(_) => {
            set_error(libc::EIO);
            -1
        }
    }
}

unsafe extern "C" fn seek(stream: *mut hFILE, offset: i64, whence: c_int) -> i64 {
    // SAFETY: the stream comes from `open` and owns the file until it is closed.
    let (stream, file) = unsafe {
        let stream = &mut *stream.cast::<RemoteStream>();
        let file = &*stream.file;
        (stream, file)
    };
    let base = match whence {
        libc::SEEK_SET => 0,
        libc::SEEK_END => file.length(),
        _ => stream.position,
    };
    match base.checked_add_signed(offset) {
        Some(position) => {
            if position != stream.position {
                (stream.position, stream.run) = (position, 0);
            }
            position as i64
        }
        None => {
            set_error(libc::EINVAL);
            -1
        }
    }
}

unsafe extern "C" fn close(stream: *mut hFILE) -> c_int {
    // SAFETY: the stream owns one count of the file; htslib frees the stream itself.
    drop(unsafe { Arc::from_raw((*stream.cast::<RemoteStream>()).file) });
    0
}

fn set_error(number: c_int) {
    // SAFETY: each thread has its own error number.
    unsafe { *libc::__errno_location() = number };
}
