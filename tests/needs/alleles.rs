//! `dvcall call --alleles` on real reads: true alleles, and alleles that are not there.

use std::path::Path;

use dvcall::genome::Reference;

use crate::common::{call, dvcall, records};
use crate::data;

/// Contig, 1-based position, REF and ALT.
type Key = (String, u64, String, String);

fn key(record: &str) -> Key {
    let fields: Vec<_> = record.split('\t').collect();
    (
        fields[0].into(),
        fields[1].parse().unwrap(),
        fields[3].into(),
        fields[4].into(),
    )
}

/// About a thousand SNPs, insertions, deletions and MNPs in the regions, away from the true alleles.
fn absent(reference: &Path, regions: &Path, truth: &[Key]) -> Vec<Key> {
    let reader = Reference::open(reference).unwrap().reader().unwrap();
    let text = std::fs::read_to_string(regions).unwrap();
    let regions = text.lines().map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let position = |rank: usize| fields[rank].parse::<u64>().unwrap();
        (fields[0].to_owned(), position(1), position(2))
    });
    let regions: Vec<_> = regions.collect();
    let bases: u64 = regions.iter().map(|(_, start, end)| end - start).sum();
    let mut absent = Vec::new();
    for (contig, start, end) in regions {
        let step = (bases / 1_000).max(40);
        for (number, at) in (start + 30..end - 30).step_by(step as usize).enumerate() {
            let near =
                |(_, position, reference, _): &Key| position - 30 < at && at < position + reference.len() as u64 + 30;
            let next = String::from_utf8(reader.fetch(&contig, at, at + 3).unwrap()).unwrap();
            if next.contains('N') || truth.iter().any(near) {
                continue;
            }
            let other = |base: &str| if base == "A" { "C" } else { "A" };
            let (reference, alternate) = match number % 4 {
                0 => (next[..1].to_owned(), other(&next[..1]).to_owned()),
                1 => (next[..1].to_owned(), format!("{}GATC", &next[..1])),
                2 => (next.clone(), next[..1].to_owned()),
                _ => (
                    next[..2].to_owned(),
                    next[..2].chars().map(|b| other(&b.to_string())).collect(),
                ),
            };
            absent.push((contig.clone(), at + 1, reference, alternate));
        }
    }
    absent
}

/// True positives of both types, PASS only.
fn true_positives(reference: &Path, set: &Path, calls: &Path, folder: &Path) -> u64 {
    let mut command = dvcall();
    command.args(["evaluate", "--quiet", "--ref"]).arg(reference);
    command
        .arg("--truth")
        .arg(set.join("truth.vcf.gz"))
        .arg("--query")
        .arg(calls);
    command.arg("--confident").arg(set.join("confident.bed"));
    command.arg("--regions").arg(set.join("region.bed"));
    command.arg("--output").arg(folder.join("scores")).assert().success();
    let table = std::fs::read_to_string(folder.join("scores.summary.csv")).unwrap();
    let (header, rows) = table.split_once('\n').unwrap();
    let column = |name: &str| header.split(',').position(|column| column == name).unwrap();
    let (filter, found) = (column("Filter"), column("TRUTH.TP"));
    let rows = rows.lines().map(|row| row.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[filter] == "PASS")
        .map(|row| row[found].parse::<u64>().unwrap())
        .sum()
}

pub fn given_alleles_are_genotyped_at_least_as_well_as_found_ones() {
    for (reference, set) in [
        ("b37.chr20.fa.gz", "NA12878_b37_chr20_10.0M_7x"),
        ("b37.chr20.fa.gz", "HG002_b37_chr20_44.89M_77x"),
        ("ucsc.hg19.chr20.unittest.fasta.gz", "NA12878_hg19_chr20_10.0M_52x"),
    ] {
        let (reference, set) = (
            data().join("reference").join(reference),
            data().join("reads/validation").join(set),
        );
        let folder = tempfile::tempdir().unwrap();
        let truth: Vec<Key> = records(&set.join("truth.vcf.gz"))
            .iter()
            .map(|record| key(record))
            .collect();
        let absent = absent(&reference, &set.join("region.bed"), &truth);
        let mut panel = [truth, absent.clone()].concat();
        panel.sort();
        panel.dedup();
        let line = |(contig, position, reference, alternates): &Key| {
            format!("{contig}\t{position}\t.\t{reference}\t{alternates}\t.\t.\t.\n")
        };
        let lines: String = panel.iter().map(line).collect();
        let header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
        let path = folder.path().join("panel.vcf");
        std::fs::write(&path, header.to_owned() + &lines).unwrap();
        let run = |flags: &[&str]| {
            let output = folder.path().join("calls.vcf.gz");
            let mut command = call(&reference, &set.join("reads.bam"), &output);
            command
                .arg("--regions")
                .arg(set.join("region.bed"))
                .args(flags)
                .assert()
                .success();
            (
                records(&output),
                true_positives(&reference, &set, &output, folder.path()),
            )
        };
        let (_, free) = run(&[]);
        let (given, found) = run(&["--alleles", path.to_str().unwrap(), "--only-alleles"]);
        let inside = |key: &&Key| given.iter().any(|record| super::alleles::key(record) == **key);
        assert!(absent.len() > 500 && absent.iter().filter(inside).count() == absent.len());
        let genotype = |record: &String| record.split('\t').nth(9).unwrap().split(':').next().unwrap().to_owned();
        let false_calls: Vec<_> = given.iter().filter(|record| absent.contains(&key(record))).collect();
        let false_calls: Vec<_> = false_calls
            .into_iter()
            .filter(|r| genotype(r).contains(['1', '2']))
            .collect();
        assert!(false_calls.is_empty(), "{}: {false_calls:?}", set.display());
        assert!(found >= free, "{}: {found} {free}", set.display());
    }
}
