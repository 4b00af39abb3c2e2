//! What real reads tell of their library.

use crate::common::measure;
use crate::data;

/// Real reads have about one place in ten kilobases where a part of them share an error (`models/README.md`).
pub fn real_reads_share_errors() {
    let data = data();
    let reads = data.join("reads/train/HG002_b37_chr20_20.16M_83x/reads.bam");
    let library = measure(&reads, &data.join("reference/b37.chr20.fa.gz"), 2);
    assert!((0.5e-4..4e-4).contains(&library.systematic_errors), "{library}");
    assert!(library.bases > 50_000, "{library}");
}
