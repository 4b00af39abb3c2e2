//! BCF output, through htslib: it reads lines of VCF and writes them as records.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::htslib::{self, bcf_hdr_t, bcf1_t, htsFile, kstring_t};

/// Turns lines of VCF into a BCF file.
pub(super) struct BcfWriter {
    header: NonNull<bcf_hdr_t>,
    record: NonNull<bcf1_t>,
    /// None: it is closed.
    file: Option<NonNull<htsFile>>,
    /// The line that is parsed. htslib changes it and may move it, so it is of libc's memory.
    line: kstring_t,
}

impl BcfWriter {
    /// Starts a file with this header, which is that of a VCF.
    pub fn create(path: &Path, header: Vec<u8>) -> Result<Self> {
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: each pointer is checked, is owned by the new value from then on, and the strings end in NUL.
        unsafe {
            let no_memory = "no memory for it";
            let mut header = CString::new(header)?.into_bytes_with_nul();
            let mut writer = Self {
                header: NonNull::new(htslib::bcf_hdr_init(c"r".as_ptr())).context(no_memory)?,
                record: NonNull::new(htslib::bcf_init()).context(no_memory)?,
                file: None,
                line: kstring_t {
                    l: 0,
                    m: 0,
                    s: std::ptr::null_mut(),
                },
            };
            let parsed = htslib::bcf_hdr_parse(writer.header.as_ptr(), header.as_mut_ptr().cast());
            ensure!(parsed == 0, "htslib does not take its header");
            let file = NonNull::new(htslib::hts_open(name.as_ptr(), c"wb".as_ptr()));
            let file = file.ok_or_else(std::io::Error::last_os_error)?;
            writer.file = Some(file);
            let written = htslib::bcf_hdr_write(file.as_ptr(), writer.header.as_ptr());
            ensure!(written == 0, "{}", std::io::Error::last_os_error());
            Ok(writer)
        }
    }

    /// Writes the record of a line, with or without its end.
    pub fn write_line(&mut self, line: &str) -> Result<()> {
        let text = line.trim_end_matches('\n');
        self.hold(text)?;
        let (header, record) = (self.header.as_ptr(), self.record.as_ptr());
        let Some(file) = self.file else {
            bail!("it is closed");
        };
        // SAFETY: all are open, and the line ends in NUL.
        unsafe {
            let parsed = htslib::vcf_parse(&mut self.line, header, record);
            ensure!(
                parsed == 0 && (*record).errcode == 0,
                "htslib cannot make BCF of '{text}'"
            );
            let written = htslib::bcf_write(file.as_ptr(), header, record);
            ensure!(written == 0, "{}", std::io::Error::last_os_error());
        }
        Ok(())
    }

    /// Copies a line to where htslib reads it.
    fn hold(&mut self, text: &str) -> Result<()> {
        let line = &mut self.line;
        // SAFETY: the memory belongs to the line alone, and has room for the text and a NUL.
        unsafe {
            if line.m <= text.len() {
                let room = 2 * text.len() + 64;
                let moved = NonNull::new(libc::realloc(line.s.cast(), room)).context("no memory for it")?;
                (line.s, line.m) = (moved.as_ptr().cast(), room);
            }
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), line.s, text.len());
            *line.s.add(text.len()) = 0;
        }
        line.l = text.len();
        Ok(())
    }

    pub fn close(mut self) -> Result<()> {
        let file = self.file.take();
        // SAFETY: it is open, and is closed once.
        let status = file.map_or(0, |file| unsafe { htslib::hts_close(file.as_ptr()) });
        ensure!(status == 0, "{}", std::io::Error::last_os_error());
        Ok(())
    }
}

impl Drop for BcfWriter {
    fn drop(&mut self) {
        // SAFETY: each is freed once.
        unsafe {
            if let Some(file) = self.file.take() {
                htslib::hts_close(file.as_ptr());
            }
            libc::free(self.line.s.cast());
            htslib::bcf_destroy(self.record.as_ptr());
            htslib::bcf_hdr_destroy(self.header.as_ptr());
        }
    }
}
