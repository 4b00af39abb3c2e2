//! MD5 digests, as in SAM headers, computed by htslib.

use anyhow::{Result, ensure};
use rust_htslib::htslib;

pub(super) struct Md5 {
    inner: *mut htslib::hts_md5_context,
}

impl Md5 {
    pub fn new() -> Result<Self> {
        // SAFETY: the function has no arguments; null is checked.
        let inner = unsafe { htslib::hts_md5_init() };
        ensure!(!inner.is_null(), "not enough memory for an MD5 digest");
        Ok(Self { inner })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the context is live, and the buffer has `bytes.len()` bytes.
        unsafe { htslib::hts_md5_update(self.inner, bytes.as_ptr().cast(), bytes.len() as _) };
    }

    /// The digest in hexadecimal digits.
    pub fn finish(self) -> String {
        let mut digest = [0_u8; 16];
        // SAFETY: the context is live, and a digest has 16 bytes.
        unsafe { htslib::hts_md5_final(digest.as_mut_ptr(), self.inner) };
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Drop for Md5 {
    fn drop(&mut self) {
        // SAFETY: the context is made once and freed once.
        unsafe { htslib::hts_md5_destroy(self.inner) };
    }
}
