//! BCF records, encoded by htslib from lines of VCF.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rust_htslib::htslib::{self, bcf_hdr_t, bcf1_t, kstring_t};

const NO_MEMORY: &str = "no memory for it";

/// Encodes lines of VCF on any number of threads.
pub(super) struct BcfEncoder {
    /// That of a VCF.
    header: Vec<u8>,
    /// htslib changes the header while it parses a line, so each thread takes another.
    idle: Mutex<Vec<LineEncoder>>,
}

impl BcfEncoder {
    /// An encoder of records with this header.
    pub fn new(header: Vec<u8>) -> Self {
        Self {
            header,
            idle: Mutex::default(),
        }
    }

    /// The first bytes of the file.
    pub fn head(&self) -> Result<Vec<u8>> {
        LineEncoder::new(&self.header)?.head()
    }

    /// The records of some lines.
    pub fn encode(&self, lines: &str) -> Result<Vec<u8>> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = idle().pop();
        let mut encoder = ready.map_or_else(|| LineEncoder::new(&self.header), Ok)?;
        let mut records = Vec::with_capacity(lines.len());
        lines.lines().try_for_each(|line| encoder.add(line, &mut records))?;
        idle().push(encoder);
        Ok(records)
    }
}

struct LineEncoder {
    header: NonNull<bcf_hdr_t>,
    record: NonNull<bcf1_t>,
    line: CText,
}

// SAFETY: only this value uses its pointers, and htslib does not bind them to threads.
unsafe impl Send for LineEncoder {}

impl LineEncoder {
    fn new(header: &[u8]) -> Result<Self> {
        let mut text = CString::new(header)?.into_bytes_with_nul();
        // SAFETY: each pointer is checked, is owned by the new value from then on, and the text ends in NUL.
        unsafe {
            let encoder = Self {
                header: NonNull::new(htslib::bcf_hdr_init(c"r".as_ptr())).context(NO_MEMORY)?,
                record: NonNull::new(htslib::bcf_init()).context(NO_MEMORY)?,
                line: CText::default(),
            };
            let parsed = htslib::bcf_hdr_parse(encoder.header.as_ptr(), text.as_mut_ptr().cast());
            ensure!(parsed == 0, "htslib does not take its header");
            Ok(encoder)
        }
    }

    /// Magic, length and text of the header (VCF 4.2, section 6.2).
    fn head(&self) -> Result<Vec<u8>> {
        let mut text = CText::default();
        // SAFETY: both are open.
        let status = unsafe { htslib::bcf_hdr_format(self.header.as_ptr(), 1, &raw mut text.0) };
        ensure!(status == 0, "htslib cannot write its header");
        let text = [text.bytes(), b"\0"].concat();
        Ok([b"BCF\x02\x02", &u32::try_from(text.len())?.to_le_bytes()[..], &text].concat())
    }

    /// Appends the record of a line (VCF 4.2, section 6.3).
    fn add(&mut self, line: &str, records: &mut Vec<u8>) -> Result<()> {
        self.line.hold(line)?;
        // SAFETY: all are open, and the line ends in NUL. After that, the record holds its two parts.
        let (record, shared, each) = unsafe {
            let parsed = htslib::vcf_parse(&raw mut self.line.0, self.header.as_ptr(), self.record.as_ptr());
            let record = self.record.as_ref();
            ensure!(parsed == 0 && record.errcode == 0, "htslib cannot make BCF of '{line}'");
            (record, bytes_of(&record.shared), bytes_of(&record.indiv))
        };
        let alleles = record.n_allele() << 16 | record.n_info();
        let samples = record.n_fmt() << 24 | record.n_sample();
        let (position, length) = (i32::try_from(record.pos)?, i32::try_from(record.rlen)?);
        let sizes = [u32::try_from(shared.len() + 24)?, u32::try_from(each.len())?];
        records.extend(sizes.map(u32::to_le_bytes).as_flattened());
        records.extend([record.rid, position, length].map(i32::to_le_bytes).as_flattened());
        records.extend(record.qual.to_le_bytes());
        records.extend([alleles, samples].map(u32::to_le_bytes).as_flattened());
        records.extend([shared, each].concat());
        Ok(())
    }
}

impl Drop for LineEncoder {
    fn drop(&mut self) {
        // SAFETY: each is freed once.
        unsafe {
            htslib::bcf_destroy(self.record.as_ptr());
            htslib::bcf_hdr_destroy(self.header.as_ptr());
        }
    }
}

/// Text in libc's memory, because htslib may move it.
struct CText(kstring_t);

impl Default for CText {
    fn default() -> Self {
        Self(kstring_t {
            l: 0,
            m: 0,
            s: std::ptr::null_mut(),
        })
    }
}

impl CText {
    /// Copies a text to where htslib reads it.
    fn hold(&mut self, text: &str) -> Result<()> {
        let held = &mut self.0;
        // SAFETY: the memory belongs to this value alone, and has room for the text and a NUL.
        unsafe {
            if held.m <= text.len() {
                let room = 2 * text.len() + 64;
                let moved = NonNull::new(libc::realloc(held.s.cast(), room)).context(NO_MEMORY)?;
                (held.s, held.m) = (moved.as_ptr().cast(), room);
            }
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), held.s, text.len());
            *held.s.add(text.len()) = 0;
        }
        held.l = text.len();
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the text lives as long as this value.
        unsafe { bytes_of(&self.0) }
    }
}

impl Drop for CText {
    fn drop(&mut self) {
        // SAFETY: the memory is libc's, and is freed once.
        unsafe { libc::free(self.0.s.cast()) };
    }
}

/// The bytes of htslib's string.
///
/// # Safety
/// The string must hold as many bytes as it says.
unsafe fn bytes_of(text: &kstring_t) -> &[u8] {
    match text.s.is_null() {
        true => &[],
        // SAFETY: as above.
        false => unsafe { std::slice::from_raw_parts(text.s.cast(), text.l) },
    }
}
