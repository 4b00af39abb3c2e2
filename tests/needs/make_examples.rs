//! `dvcall make-examples`: real truth, and shards read by Python.

use std::fs;
use std::process::Command;

use dvcall::examples::Manifest;

use crate::common::{dvcall, sample};
use crate::{data, in_checkout};

/// True alleles that no candidate explains: in one set one, which no read shows.
pub fn real_truth_is_explained() {
    let data = data();
    for (set, expected) in [("HG002_b37_chr20_18.78M_78x", 1), ("HG002_b37_chr20_20.16M_83x", 0)] {
        let set = data.join("reads/train").join(set);
        let folder = tempfile::tempdir().unwrap();
        let missed = folder.path().join("missed.tsv");
        let mut command = dvcall();
        command.args(["make-examples", "--quiet", "--ref"]);
        command.arg(data.join("reference/b37.chr20.fa.gz"));
        for (flag, name) in [
            ("--reads", "reads.bam"),
            ("--regions", "region.bed"),
            ("--truth", "truth.vcf.gz"),
            ("--confident", "confident.bed"),
        ] {
            command.arg(flag).arg(set.join(name));
        }
        command.arg("--missed-truth").arg(&missed).arg("--output");
        command.arg(folder.path().join("examples")).assert().success();
        let missed = fs::read_to_string(missed).unwrap();
        assert_eq!(missed.lines().skip(1).count(), expected, "{set:?}\n{missed}");
    }
}

/// The lines of Python in `docs/training.md`, which read `shard-00000.safetensors.zst`.
fn documented_lines() -> String {
    let text = fs::read_to_string(in_checkout("docs/training.md")).unwrap();
    let (_, after) = text.split_once("```python\n").unwrap();
    let (lines, _) = after.split_once("```").unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    lines.to_owned()
}

pub fn python_reads_a_shard_in_the_lines_of_the_docs() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("examples");
    let mut command = dvcall();
    command.args(["make-examples", "--quiet", "--regions", "chrB"]);
    for (flag, name) in [
        ("--ref", "reference.fa"),
        ("--reads", "sample.bam"),
        ("--truth", "truth.vcf.gz"),
        ("--confident", "confident.bed"),
    ] {
        command.arg(flag).arg(sample().join(name));
    }
    command.arg("--output").arg(&output).assert().success();
    let (manifest, _) = Manifest::read(&output).unwrap();
    // The candidate is in the middle: its row of reference bases is never blank there.
    let script = documented_lines()
        + "print(images.shape, (images[:, 0, 110, 0] > 0).all(), *((labels == n).sum() for n in (0, 1, 2)), labels.shape)";
    let shown = Command::new(in_checkout("scripts/python.sh"))
        .args(["-c", &script])
        .current_dir(&output)
        .output()
        .unwrap();
    let (examples, snp, indel) = (manifest.examples, manifest.snp, manifest.indel);
    let hom_ref = snp.hom_ref + indel.hom_ref;
    let (het, hom_alt) = (snp.het + indel.het, snp.hom_alt + indel.hom_alt);
    assert!(het > 5 && hom_alt > 5, "{het} {hom_alt}");
    assert_eq!(
        String::from_utf8(shown.stdout).unwrap().trim(),
        format!("({examples}, 100, 221, 7) True {hom_ref} {het} {hom_alt} ({examples},)"),
        "{}",
        String::from_utf8_lossy(&shown.stderr)
    );
}
