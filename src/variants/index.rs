//! The index of a bgzipped VCF that dvcall writes.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use rust_htslib::bcf;

use crate::formats::check_whole;
use crate::genome::Contigs;

/// Longest contig that a tabix index can address, in bases; longer ones take CSI (SAM specification, section 5.1.1).
const TABIX_LIMIT: u64 = 1 << 29;

/// Makes the index of a bgzipped VCF that was just written, beside it, and returns its path. Fails if the VCF has no end:
/// closing a file does not tell whether its last block could be written.
pub fn index_variants(vcf: &Path, contigs: &Contigs) -> Result<PathBuf> {
    ensure!(
        check_whole(vcf).is_ok(),
        "{} could not be written to its end; is the disk full?",
        vcf.display()
    );
    let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
    let (kind, suffix) = if longest < TABIX_LIMIT {
        (bcf::index::Type::Tbx, "tbi")
    } else {
        (bcf::index::Type::Csi(14), "csi")
    };
    let index = vcf.with_added_extension(suffix);
    bcf::index::build(vcf, None::<&Path>, 0, kind).map_err(|error| {
        // What there is of it is of no use; that it cannot be removed would hide why.
        let _ = std::fs::remove_file(&index);
        anyhow!("cannot index {}: {}", vcf.display(), error.msg)
    })?;
    Ok(index)
}
