//! What a file tells of its library: the same for any format, index and number of threads.

mod common;

use std::path::Path;

use common::{data, sample};
use dvcall::genome::Reference;
use dvcall::library::Library;
use dvcall::reads::ReadSource;
use rust_htslib::bam::index;

fn measure(reads: &Path, reference: &Path, threads: usize) -> Library {
    let reference = Reference::open(reference).unwrap();
    let source = ReadSource::open(reads, &reference, None).unwrap();
    Library::measure(&source, &reference, threads).unwrap().0
}

#[test]
fn it_does_not_depend_on_format_index_or_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (reference, bam) = (sample().join("reference.fa"), sample().join("sample.bam"));
    let library = measure(&bam, &reference, 1);
    assert!(library.bases > 10_000, "{library}");
    let copy = folder.path().join("copy.bam");
    std::fs::copy(&bam, &copy).unwrap();
    index::build(&copy, None, index::Type::Csi(14), 1).unwrap();
    assert_eq!(measure(&bam, &reference, 3), library);
    assert_eq!(measure(&copy, &reference, 2), library);
    assert_eq!(measure(&sample().join("sample.cram"), &reference, 2), library);
}

/// Real reads have about one place in ten kilobases where a part of them share an error (`models/README.md`).
#[test]
fn real_reads_share_errors() {
    let Some(data) = data() else { return };
    let reads = data.join("reads/train/HG002_b37_chr20_20.16M_83x/reads.bam");
    let library = measure(&reads, &data.join("reference/b37.chr20.fa.gz"), 2);
    assert!((0.5e-4..4e-4).contains(&library.systematic_errors), "{library}");
    assert!(library.bases > 50_000, "{library}");
}
