//! Random access to a plain or bgzipped file.

use std::io::{self, BufRead, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rust_htslib::htslib::{self, BGZF};

use super::input::{InputFile, htslib_name};

/// Maximum bytes of a decompressed index. The index of a human BAM with 30-fold coverage takes 9 MB.
const INDEX_LIMIT: u64 = 256 << 20;

/// Fails if `files` more files cannot be open at once. The error has the cause, which htslib's error lacks.
pub fn can_open(path: &Path, files: usize) -> io::Result<()> {
    let opened: io::Result<Vec<InputFile>> = (0..files).map(|_| InputFile::open(path)).collect();
    opened.map(drop)
}

/// Reads the next line with its line end. Returns the number of bytes, 0 at the end of the text. Fails if the line has
/// more than `longest` bytes, because a small compressed file can hold a huge line.
pub fn read_line(text: &mut impl BufRead, longest: u64, line: &mut Vec<u8>) -> io::Result<usize> {
    let read = text.by_ref().take(longest).read_until(b'\n', line)?;
    if read as u64 == longest && line.last() != Some(&b'\n') {
        let cause = format!("a line is longer than {longest} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, cause));
    }
    Ok(read)
}

/// Reads a plain or bgzipped index. Fails if it exceeds [`INDEX_LIMIT`] after decompression.
pub fn read_index(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = BgzfFile::open(path)?.take(INDEX_LIMIT + 1).read_to_end(&mut bytes)?;
    ensure!(
        read as u64 <= INDEX_LIMIT,
        "it takes more than {} MiB when it is decompressed",
        INDEX_LIMIT >> 20
    );
    Ok(bytes)
}

/// A file that htslib reads. rust-htslib's own reader never closes its file.
pub struct BgzfFile {
    inner: *mut BGZF,
}

// SAFETY: only this value uses the file, and htslib does not bind files to threads.
unsafe impl Send for BgzfFile {}

impl BgzfFile {
    pub fn open(path: &Path) -> Result<Self> {
        let failed = || format!("cannot open {}", path.display());
        let name = htslib_name(path).with_context(failed)?;
        can_open(path, 1).with_context(failed)?;
        // SAFETY: both strings end in NUL; null is checked.
        let inner = unsafe { htslib::bgzf_open(name.as_ptr(), c"r".as_ptr()) };
        if inner.is_null() {
            // For example, too many open files.
            return Err(std::io::Error::last_os_error()).with_context(failed);
        }
        Ok(Self { inner })
    }

    pub fn is_compressed(&self) -> bool {
        // SAFETY: the file is open.
        unsafe { htslib::bgzf_compression(self.inner) != 0 }
    }

    /// Whether the text can be read from its middle: not if it is gzipped otherwise than by bgzip.
    pub fn can_seek(&self) -> bool {
        // SAFETY: the file is open.
        unsafe { htslib::bgzf_compression(self.inner) != 1 }
    }

    /// The virtual offset of the next byte of a bgzipped file.
    pub fn tell(&self) -> u64 {
        // SAFETY: the file is open.
        let file = unsafe { &*self.inner };
        (file.block_address as u64) << 16 | (file.block_offset as u64 & 0xffff)
    }

    /// Reads the `.gzi` of a bgzipped file. [`Self::seek_text`] needs it.
    pub fn load_index(&mut self, gzi: &Path) -> Result<()> {
        let failed = || format!("cannot read {}", gzi.display());
        let name = htslib_name(gzi).with_context(failed)?;
        // htslib allocates memory for the number of entries in the file, so the number must fit the length.
        let mut entries = [0; 8];
        let mut file = InputFile::open(gzi).with_context(failed)?;
        file.read_exact(&mut entries).with_context(failed)?;
        let expected = u64::from_le_bytes(entries)
            .checked_mul(16)
            .and_then(|bytes| bytes.checked_add(8));
        let length = file.length().with_context(failed)?;
        ensure!(
            expected == Some(length),
            "{}: it has {length} bytes, expected {expected:?}",
            failed()
        );
        // SAFETY: the file is open, the string ends in NUL, and the suffix may be null.
        let status = unsafe { htslib::bgzf_index_load(self.inner, name.as_ptr(), std::ptr::null()) };
        ensure!(status == 0, failed());
        Ok(())
    }

    /// Seeks to a byte of the decompressed text.
    pub fn seek_text(&mut self, offset: u64) -> Result<()> {
        // SAFETY: the file is open.
        let status = unsafe { htslib::bgzf_useek(self.inner, offset as i64, libc::SEEK_SET) };
        ensure!(status == 0, "no text at byte {offset}");
        Ok(())
    }

    /// Seeks to a virtual offset (SAM specification, section 4.1.1) of a bgzipped file.
    pub fn seek(&mut self, offset: u64) -> Result<()> {
        // SAFETY: the file is open.
        let status = unsafe { htslib::bgzf_seek(self.inner, offset as i64, libc::SEEK_SET) };
        ensure!(status == 0, "no block at byte {}", offset >> 16);
        Ok(())
    }

    /// Reads `length` bytes of decompressed text; fewer only at the end of the file.
    pub fn read(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = Read::read(self, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

impl Read for BgzfFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the buffer has `buffer.len()` bytes.
        let read = unsafe { htslib::bgzf_read(self.inner, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(read).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "damaged block"))
    }
}

impl Drop for BgzfFile {
    fn drop(&mut self) {
        // SAFETY: the file is opened once and closed once.
        unsafe { htslib::bgzf_close(self.inner) };
    }
}
