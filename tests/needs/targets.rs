//! The depth of targets against samtools.

use std::path::Path;
use std::process::Command;

use crate::common::{call, sample};
use crate::data;

/// A target with the sum of its depths.
fn sums(reference: &Path, reads: &Path, bed: &str, flags: &[&str]) -> Vec<(f64, f64, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("targets.bed"), bed).unwrap();
    let mut command = call(reference, reads, &path("x.vcf"));
    command.args(["--no-realign", "--targets"]).arg(path("targets.bed"));
    command
        .arg("--target-report")
        .arg(path("x"))
        .args(flags)
        .assert()
        .success();
    // The filters of dvcall: mapping and base quality, flags, mates once.
    let filters = ["depth", "-a", "-s", "-q", "10", "-Q", "5", "-G", "0x800", "-b"];
    let depths = Command::new("samtools")
        .args(filters)
        .arg(path("targets.bed"))
        .arg(reads)
        .output()
        .unwrap();
    let depths = String::from_utf8(depths.stdout).unwrap();
    let depths: Vec<(&str, u64, u64)> = depths
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            (fields[0], fields[1].parse().unwrap(), fields[2].parse().unwrap())
        })
        .collect();
    let table = std::fs::read_to_string(path("x.targets.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let (start, end): (u64, u64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        let inside = depths
            .iter()
            .filter(|(contig, at, _)| *contig == fields[0] && (start..=end).contains(at));
        let sum: u64 = inside.map(|(.., depth)| depth).sum();
        let bases = end - start + 1;
        (fields[5].parse().unwrap(), sum as f64 / bases as f64, bases)
    });
    rows.collect()
}

pub fn depths_are_those_of_samtools() {
    let bed: String = (0..20)
        .map(|n| format!("chrA\t{}\t{}\tt{n}\n", n * 2_000, n * 2_000 + 1_700))
        .collect();
    let reference = sample().join("reference.fa");
    for (ours, theirs, bases) in sums(&reference, &sample().join("sample.bam"), &bed, &[]) {
        eprintln!("{ours} {theirs:.4} {bases}");
        assert!((ours - theirs).abs() <= 0.005 * theirs, "{ours} {theirs}");
    }
}

pub fn depths_of_real_reads_are_those_of_samtools() {
    let set = data().join("reads/train/HG002_b37_chr20_18.78M_78x");
    let bed = std::fs::read_to_string(set.join("region.bed")).unwrap();
    let region: Vec<&str> = bed.lines().next().unwrap().split('\t').collect();
    let start: u64 = region[1].parse().unwrap();
    let bed: String = (0..10)
        .map(|n| {
            format!(
                "{}\t{}\t{}\tt{n}\n",
                region[0],
                start + n * 1_000,
                start + n * 1_000 + 900
            )
        })
        .collect();
    let reference = data().join("reference/b37.chr20.fa.gz");
    let regions = format!("{}:{}-{}", region[0], start, start + 10_000);
    let flags = ["--regions", regions.as_str(), "--mates-on-other-contigs", "keep"];
    for (ours, theirs, bases) in sums(&reference, &set.join("reads.bam"), &bed, &flags) {
        eprintln!("{ours} {theirs:.4} {bases}");
        assert!((ours - theirs).abs() <= 0.01 * theirs, "{ours} {theirs}");
    }
}
