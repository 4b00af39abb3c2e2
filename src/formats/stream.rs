//! Streams from URLs, which htslib opens with libcurl.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::io;
use std::ops::Range;
use std::ptr;

use rust_htslib::htslib::{self, hFILE};

unsafe extern "C" {
    /// Reads after the first `read` of `length` bytes, which were taken from the stream's buffer.
    fn hread2(file: *mut hFILE, to: *mut c_void, length: usize, read: usize) -> isize;
}

/// An open stream.
pub struct Stream {
    inner: *mut hFILE,
    /// For HTTP: the range of the next request. htslib asks for it at each request.
    range: Box<RangeHeader>,
}

// SAFETY: htslib does not bind streams to threads.
unsafe impl Send for Stream {}

/// Why a stream cannot be opened or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// The status of the HTTP answer, where htslib tells it.
    pub status: Option<i32>,
    /// The error number that htslib gives.
    pub number: i32,
}

/// The header that limits a request to a range of bytes.
#[derive(Default)]
struct RangeHeader {
    range: Option<Range<u64>>,
    /// What htslib gets: a header and a null.
    headers: [*mut c_char; 2],
}

impl RangeHeader {
    fn text(&self) -> Option<CString> {
        let range = self.range.as_ref()?;
        CString::new(format!("Range: bytes={}-{}", range.start, range.end - 1)).ok()
    }

    /// Gives the header to htslib, which owns it from then on; for `hopen`'s `httphdr_callback`.
    unsafe extern "C" fn give(data: *mut c_void, headers: *mut *mut *mut c_char) -> c_int {
        // SAFETY: `data` is the box of an open stream, and a null `headers` only tells of the end.
        let header = unsafe { &mut *data.cast::<Self>() };
        if headers.is_null() {
            return 0;
        }
        if let Some(text) = header.text() {
            // SAFETY: the text ends in NUL; htslib frees the copy.
            header.headers = unsafe { [libc::strdup(text.as_ptr()), ptr::null_mut()] };
            // SAFETY: htslib reads the pointers before the next call.
            unsafe { *headers = header.headers.as_mut_ptr() };
        }
        0
    }
}

impl Stream {
    /// Opens a URL. With HTTP, only `range` is requested, or the whole file if there is none. Also returns the status
    /// of the HTTP answer, 0 for other protocols.
    pub fn open(url: &str, range: Option<Range<u64>>) -> Result<(Self, i32), StreamError> {
        let invalid = StreamError {
            status: None,
            number: libc::EINVAL,
        };
        let name = CString::new(url).map_err(|_| invalid)?;
        let mut range = Box::new(RangeHeader {
            range,
            ..RangeHeader::default()
        });
        let mut status: c_long = 0;
        let null: *const c_char = ptr::null();
        // SAFETY: all strings end in NUL, a null ends the list, and the box outlives the stream.
        let inner = unsafe {
            htslib::hopen(
                name.as_ptr(),
                c"r:".as_ptr(),
                c"httphdr_callback".as_ptr(),
                RangeHeader::give as unsafe extern "C" fn(*mut c_void, *mut *mut *mut c_char) -> c_int,
                c"httphdr_callback_data".as_ptr(),
                ptr::from_mut(&mut *range).cast::<c_void>(),
                c"http_response_ptr".as_ptr(),
                ptr::from_mut(&mut status),
                null,
            )
        };
        let status = i32::try_from(status).unwrap_or(0);
        if inner.is_null() {
            let status = Some(status).filter(|&status| status >= 400);
            return Err(StreamError { status, ..last() });
        }
        Ok((Self { inner, range }, status))
    }

    /// Reads `length` bytes; fewer only at the end.
    pub fn read(&mut self, length: usize) -> Result<Vec<u8>, StreamError> {
        let mut bytes: Vec<u8> = Vec::with_capacity(length);
        // SAFETY: the stream is open; its buffer holds the bytes from `begin` to `end`, and `bytes` has the room.
        unsafe {
            let stream = &mut *self.inner;
            let buffered = usize::try_from(stream.end.offset_from(stream.begin))
                .unwrap_or(0)
                .min(length);
            ptr::copy_nonoverlapping(stream.begin.cast(), bytes.as_mut_ptr(), buffered);
            stream.begin = stream.begin.add(buffered);
            let mut read = buffered;
            if read < length {
                let all = hread2(self.inner, bytes.as_mut_ptr().cast(), length, read);
                read = usize::try_from(all).map_err(|_| last())?;
            }
            bytes.set_len(read);
        }
        Ok(bytes)
    }

    /// Moves to `range`, which is all that HTTP requests next.
    pub fn seek(&mut self, range: Range<u64>) -> Result<(), StreamError> {
        let start = range.start;
        self.range.range = Some(range);
        // SAFETY: the stream is open.
        match unsafe { htslib::hseek(self.inner, start as i64, libc::SEEK_SET) } {
            -1 => Err(last()),
            _ => Ok(()),
        }
    }

    /// Length of the file. With HTTP, a seek must come before.
    pub fn length(&mut self) -> Result<u64, StreamError> {
        // SAFETY: the stream is open.
        let end = unsafe { htslib::hseek(self.inner, 0, libc::SEEK_END) };
        u64::try_from(end).map_err(|_| last())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is opened once and closed once.
        unsafe { htslib::hclose_abruptly(self.inner) };
    }
}

fn last() -> StreamError {
    StreamError {
        status: None,
        number: io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO),
    }
}

impl StreamError {
    /// Whether the same request may succeed later.
    pub fn may_pass(self) -> bool {
        match self.status {
            Some(status) => [408, 429, 500, 502, 503, 504].contains(&status),
            None => [
                libc::EBUSY,
                libc::EIO,
                libc::EPIPE,
                libc::ESPIPE,
                libc::ETIMEDOUT,
                libc::ECONNREFUSED,
                libc::ECONNRESET,
                libc::ECONNABORTED,
                libc::ENETUNREACH,
                libc::EHOSTUNREACH,
            ]
            .contains(&self.number),
        }
    }

    /// Whether the server has no such file, or shows it to others only. S3 denies access to missing files.
    pub fn is_missing(self) -> bool {
        match self.status {
            Some(status) => [400, 401, 403, 404, 410].contains(&status),
            None => [libc::ENOENT, libc::EACCES, libc::EPERM].contains(&self.number),
        }
    }

    /// What went wrong, and how to mend it.
    pub fn explain(self) -> String {
        let code = self.status.map_or(String::new(), |status| format!(" (HTTP {status})"));
        let what = match (self.status, self.number) {
            (Some(401 | 403 | 407), _) | (None, libc::EACCES | libc::EPERM) => {
                "its server denies access{code}; check the URL, or give credentials as docs/remote.md says"
            }
            (Some(404 | 410), _) | (None, libc::ENOENT) => "its server has no such file{code}; check the URL",
            (Some(429), _) => "its server gets too many requests{code}; use fewer threads, or try again later",
            (Some(500..), _) | (None, libc::EBUSY) => "its server is out of order{code}; try again later",
            (Some(_), _) => "its server refuses the request{code}; check the URL",
            (None, libc::EDESTADDRREQ) => "its host is unknown; check the URL and the network",
            (None, libc::ECONNREFUSED) => {
                "no server answers there (connection refused); check host and port of the URL"
            }
            (None, libc::ENETUNREACH | libc::EHOSTUNREACH) => "its host cannot be reached; check the network",
            (None, libc::ETIMEDOUT) => "its server does not answer in time; try again later",
            (None, libc::ESPIPE) => "its server does not serve byte ranges; use another server, or download the file",
            (None, libc::EPIPE) => "its server stops in the middle; try again later, or download the file",
            (None, libc::EPROTONOSUPPORT) => {
                "URLs need the library libcurl.so.4, and s3:// also libcrypto; install them (Debian: apt-get install libcurl4)"
            }
            (None, libc::EIO | libc::ECONNABORTED) => {
                "the connection fails; check the URL, and the certificate of an https:// server, or try again later"
            }
            (None, libc::EINVAL) => "the URL is not valid, or its server refuses the request; check the URL",
            (None, number) => return io::Error::from_raw_os_error(number).to_string(),
        };
        what.replace("{code}", &code)
    }
}

/// Sets what htslib does at errors, before the first URL and other threads: dvcall tries again itself.
pub fn forbid_retries() {
    // SAFETY: no other thread runs yet.
    unsafe { libc::setenv(RETRIES.as_ptr(), c"0".as_ptr(), 1) };
}

const RETRIES: &CStr = c"HTS_RETRY_MAX";
