//! The index of a bgzipped VCF or BCF that dvcall writes.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use rust_htslib::bcf;

use crate::formats::check_whole;
use crate::genome::Contigs;

/// Length limit of contigs in a tabix index, in bases. Longer contigs need CSI (SAM specification, section 5.1.1).
const TABIX_LIMIT: u64 = 1 << 29;

/// Writes the index of a new bgzipped VCF beside it, on so many threads, and returns the path of the index. Fails if the VCF has no
/// end-of-file marker, because closing a file does not report an error of its last block.
pub fn index_variants(vcf: &Path, contigs: &Contigs, threads: usize) -> Result<PathBuf> {
    let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
    if longest < TABIX_LIMIT {
        build(vcf, bcf::index::Type::Tbx, "tbi", threads)
    } else {
        build(vcf, bcf::index::Type::Csi(14), "csi", threads)
    }
}

/// As [`index_variants`], for a BCF.
pub fn index_bcf(path: &Path, threads: usize) -> Result<PathBuf> {
    build(path, bcf::index::Type::Csi(14), "csi", threads)
}

fn build(vcf: &Path, kind: bcf::index::Type, suffix: &str, threads: usize) -> Result<PathBuf> {
    ensure!(
        check_whole(vcf).is_ok(),
        "{} is incomplete: its end could not be written; is the disk full?",
        vcf.display()
    );
    let index = vcf.with_added_extension(suffix);
    // More threads help only to decompress.
    let helpers = if threads > 1 { threads as u32 } else { 0 };
    bcf::index::build(vcf, None::<&Path>, helpers, kind).map_err(|error| {
        // An incomplete index is useless. An error of its removal would hide the cause.
        let _ = std::fs::remove_file(&index);
        anyhow!("cannot index {}: {}", vcf.display(), error.msg)
    })?;
    Ok(index)
}
