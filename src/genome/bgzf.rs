//! A file, plain or bgzipped, read from any place.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rust_htslib::htslib::{self, BGZF};

/// A file that is read through htslib.
pub struct BgzfFile {
    inner: *mut BGZF,
}

// SAFETY: the file belongs to this value alone, and htslib ties none to a thread.
unsafe impl Send for BgzfFile {}

impl BgzfFile {
    pub fn open(path: &Path) -> Result<Self> {
        let failed = || format!("cannot open {}", path.display());
        let name = CString::new(path.as_os_str().as_bytes()).with_context(failed)?;
        // Safe: both strings end in NUL; null is checked.
        let inner = unsafe { htslib::bgzf_open(name.as_ptr(), c"r".as_ptr()) };
        if inner.is_null() {
            // Such as too many open files.
            return Err(std::io::Error::last_os_error()).with_context(failed);
        }
        Ok(Self { inner })
    }

    pub fn is_compressed(&self) -> bool {
        // Safe: the file is open.
        unsafe { htslib::bgzf_compression(self.inner) != 0 }
    }

    /// Reads the `.gzi` of a bgzipped file, which [`Self::seek_text`] then needs.
    pub fn load_index(&mut self, gzi: &Path) -> Result<()> {
        let failed = || format!("cannot read {}", gzi.display());
        let name = CString::new(gzi.as_os_str().as_bytes()).with_context(failed)?;
        // Safe: the file is open, the string ends in NUL, no suffix is allowed to be null.
        let status = unsafe { htslib::bgzf_index_load(self.inner, name.as_ptr(), std::ptr::null()) };
        ensure!(status == 0, failed());
        Ok(())
    }

    /// Goes to a byte of the text.
    pub fn seek_text(&mut self, offset: u64) -> Result<()> {
        // Safe: the file is open.
        let status = unsafe { htslib::bgzf_useek(self.inner, offset as i64, libc::SEEK_SET) };
        ensure!(status == 0, "no text at byte {offset}");
        Ok(())
    }

    /// Goes to a virtual offset (SAM specification, section 4.1.1) of a bgzipped file.
    pub fn seek(&mut self, offset: u64) -> Result<()> {
        // Safe: the file is open.
        let status = unsafe { htslib::bgzf_seek(self.inner, offset as i64, libc::SEEK_SET) };
        ensure!(status == 0, "no block at byte {}", offset >> 16);
        Ok(())
    }

    /// Up to `length` bytes of text from here; fewer only at the end of the file.
    pub fn read(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        // Safe: the buffer has `length` bytes.
        let read = unsafe { htslib::bgzf_read(self.inner, bytes.as_mut_ptr().cast(), length) };
        bytes.truncate(usize::try_from(read).context("damaged block")?);
        Ok(bytes)
    }
}

impl Drop for BgzfFile {
    fn drop(&mut self) {
        // Safe: opened once, closed once.
        unsafe { htslib::bgzf_close(self.inner) };
    }
}
