//! Calls with a gVCF, and parses reference blocks.

use std::path::Path;

use super::{call, records};

/// Calls with a gVCF; returns the records of the VCF and of the gVCF.
pub fn called(reference: &Path, reads: &Path, flags: &[&str]) -> [Vec<String>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (vcf, gvcf) = (folder.path().join("x.vcf.gz"), folder.path().join("x.g.vcf.gz"));
    let mut command = call(reference, reads, &vcf);
    command.arg("--gvcf").arg(&gvcf).args(flags).assert().success();
    assert!(folder.path().join("x.g.vcf.gz.tbi").exists());
    [records(&vcf), records(&gvcf)]
}

/// A reference block: contig, first and last position (1-based), GT, GQ, MIN_DP and PL.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub contig: String,
    pub start: u64,
    pub end: u64,
    pub genotype: String,
    pub quality: u32,
    pub min_depth: u32,
    pub likelihoods: Vec<u32>,
}

pub fn block(record: &str) -> Option<Block> {
    let fields: Vec<_> = record.split('\t').collect();
    let end = fields[7].strip_prefix("END=")?.parse().unwrap();
    assert_eq!((fields[4], fields[8]), ("<*>", "GT:GQ:MIN_DP:PL"), "{record}");
    let sample: Vec<_> = fields[9].split(':').collect();
    // A merge of files would transfer the FILTER of a block to another sample's variant.
    assert_eq!(fields[6], ".", "{record}");
    assert!(sample[2] != "0" || ["./.", "."].contains(&sample[0]), "{record}");
    Some(Block {
        contig: fields[0].to_owned(),
        start: fields[1].parse().unwrap(),
        end,
        genotype: sample[0].to_owned(),
        quality: sample[1].parse().unwrap(),
        min_depth: sample[2].parse().unwrap(),
        likelihoods: sample[3].split(',').map(|p| p.parse().unwrap()).collect(),
    })
}
