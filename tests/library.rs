//! Tests that the measured library is the same for any format, index and number of threads.

mod common;

use common::{measure, sample};
use rust_htslib::bam::index;

#[test]
fn the_library_does_not_depend_on_format_index_or_threads() {
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
