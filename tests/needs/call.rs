//! `dvcall call` on real reads.

use crate::common::gvcf::{Block, block, called};
use crate::common::{call, records};
use crate::data;

pub fn bam_and_cram_of_real_reads_give_the_same_records() {
    let data = data();
    let set = data.join("reads/validation/NA12878_hg19_chr20_10.0M_52x");
    let reference = data.join("reference/ucsc.hg19.chr20.unittest.fasta.gz");
    let folder = tempfile::tempdir().unwrap();
    let run = |reads: &str, flags: &[&str]| {
        let output = folder.path().join("calls.vcf.gz");
        let region = "chr20:10,000,000-10,030,000";
        call(&reference, &set.join(reads), &output)
            .args(["--regions", region])
            .args(flags)
            .assert()
            .success();
        records(&output)
    };
    let bam = run("reads.bam", &["--threads", "1", "--batch-size", "64"]);
    assert!(bam.iter().filter(|r| r.contains("\tPASS\t")).count() > 40);
    assert_eq!(
        run(
            "NA12878_S1.chr20.10_10p1mb.cram",
            &["--threads", "2", "--batch-size", "1"]
        ),
        bam
    );
}

pub fn blocks_are_as_sure_as_those_of_deepvariant() {
    let data = data();
    let reference = data.join("reference/ucsc.hg19.chr20.unittest.fasta.gz");
    let reads = data.join("reads/validation/NA12878_hg19_chr20_10.0M_52x/reads.bam");
    let (start, end) = (10_000_000, 10_010_000);
    let [_, ours] = called(&reference, &reads, &["--regions", &format!("chr20:{start}-{end}")]);
    let golden = std::fs::read_to_string(data.join("deepvariant_golden/calls.g.vcf")).unwrap();
    let golden = golden.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
    let blocks = |records: &[String]| -> Vec<Block> { records.iter().filter_map(|record| block(record)).collect() };
    let (ours, theirs) = (blocks(&ours), blocks(&golden.collect::<Vec<_>>()));
    let at = |blocks: &[Block], at: u64| blocks.iter().find(|b| (b.start..=b.end).contains(&at)).cloned();
    let both: Vec<_> = (start..=end).filter_map(|p| at(&ours, p).zip(at(&theirs, p))).collect();
    assert!(both.len() > 9_800, "{}", both.len());
    let alike = both
        .iter()
        .filter(|(a, b)| a.genotype == b.genotype && a.quality / 10 == b.quality / 10);
    let share = alike.count() as f64 / both.len() as f64;
    assert!(share > 0.995, "{share}");
    // Where a block begins and ends at the same places, it has the same least depth but for a few reads.
    let same = both.iter().filter(|(a, b)| (a.start, a.end) == (b.start, b.end));
    let close = same
        .clone()
        .filter(|(a, b)| a.min_depth.abs_diff(b.min_depth) <= 2)
        .count();
    assert!(close as f64 > 0.9 * same.clone().count() as f64 && same.count() > 5_000);
}
