//! Candidates on real reads: against truth, and against DeepVariant's own.

use std::collections::BTreeSet;
use std::path::Path;

use crate::data;
use crate::evidence::{Evidence, GOLDEN_SET, GoldenRow, golden_rows};
use dvcall::candidates::{Candidate, CandidateOptions, find_candidates};
use dvcall::genome::{IntervalSet, Sequence};
use dvcall::variants::left_align;
use rust_htslib::bcf::record::GenotypeAllele;
use rust_htslib::bcf::{self, Read as _};

const TRUTH_SETS: [&str; 5] = [
    "train/HG002_b37_chr20_18.78M_78x",
    "train/HG002_b37_chr20_20.16M_83x",
    "train/HG002_b37_chr20_20.53M_96x",
    "validation/HG002_b37_chr20_44.89M_77x",
    GOLDEN_SET,
];

/// Position, reference and alternate of one change, in its minimal left-aligned spelling.
type Change = (u64, String, String);

fn change(position: u64, reference: &[u8], alternate: &[u8], sequence: &Sequence) -> Change {
    let mut alleles = [reference.to_vec(), alternate.to_vec()];
    let position = left_align(position, &mut alleles, sequence.start, |p| sequence.base(p));
    let [reference, alternate] = alleles.map(|a| String::from_utf8(a).unwrap());
    (position, reference, alternate)
}

fn is_snp(change: &Change) -> bool {
    change.1.len() == 1 && change.2.len() == 1
}

/// The changes of a set's truth inside its confident region.
fn truth(folder: &Path, sequence: &Sequence, contig: &str) -> BTreeSet<Change> {
    let bed = |name: &str| IntervalSet::from_bed(&folder.join(name)).unwrap();
    let confident = bed("confident.bed").intersect(&bed("region.bed"));
    let mut reader = bcf::Reader::from_path(folder.join("truth.vcf.gz")).unwrap();
    let mut changes = BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        let (start, alleles) = (record.pos() as u64, record.alleles());
        if !confident.covers(contig, start, start + alleles[0].len() as u64) {
            continue;
        }
        let genotype = record.genotypes().unwrap().get(0);
        for allele in genotype.iter() {
            if let GenotypeAllele::Unphased(a @ 1..) | GenotypeAllele::Phased(a @ 1..) = allele {
                changes.extend(split(start, alleles[0], alleles[*a as usize], sequence));
            }
        }
    }
    changes
}

/// Several replaced bases in a row are several SNPs.
fn split(start: u64, reference: &[u8], alternate: &[u8], sequence: &Sequence) -> Vec<Change> {
    let (position, reference, alternate) = change(start, reference, alternate, sequence);
    if reference.len() != alternate.len() {
        return vec![(position, reference, alternate)];
    }
    let bases = reference.chars().zip(alternate.chars());
    (position..)
        .zip(bases)
        .filter(|(_, (a, b))| a != b)
        .map(|(p, (a, b))| (p, a.to_string(), b.to_string()))
        .collect()
}

fn changes_of(candidates: &[Candidate], sequence: &Sequence) -> BTreeSet<Change> {
    candidates
        .iter()
        .flat_map(|c| {
            c.alternates
                .iter()
                .flat_map(|a| split(c.position, &c.reference, &a.bases, sequence))
        })
        .collect()
}

pub fn truth_is_among_the_candidates() {
    let data = data();
    let (mut missed_snps, mut missed_indels, mut total) = (Vec::new(), Vec::new(), 0);
    for set in TRUTH_SETS {
        let evidence = Evidence::of_set(&data, set);
        let candidates = find_candidates(
            &evidence.reads,
            &evidence.sequence,
            &evidence.region,
            &CandidateOptions::default(),
        );
        let found = changes_of(&candidates, &evidence.sequence);
        let folder = data.join("reads").join(set);
        for change in truth(&folder, &evidence.sequence, &evidence.region.contig) {
            let over = evidence
                .reads
                .iter()
                .filter(|r| r.start <= change.0 && r.end() > change.0);
            let depth = over.count();
            if depth < 20 {
                continue;
            }
            total += 1;
            if !found.contains(&change) {
                let missed = if is_snp(&change) {
                    &mut missed_snps
                } else {
                    &mut missed_indels
                };
                missed.push(format!("{set} {}:{change:?} depth {depth}", change.0 + 1));
            }
        }
        eprintln!("{set}: {} candidates", candidates.len());
    }
    eprintln!("{total} true changes at 20x and more; missed: {missed_snps:?} {missed_indels:?}");
    assert!(total > 450, "{total}");
    assert!(missed_snps.is_empty());
    assert!(missed_indels.len() <= 2);
}

/// DeepVariant asks for a fraction of the reads. dvcall also weighs base qualities, and so leaves out weak alleles.
pub fn candidates_are_those_of_deepvariant_without_weak_ones() {
    let data = data();
    let evidence = Evidence::golden(&data);
    let find = |options| find_candidates(&evidence.reads, &evidence.sequence, &evidence.region, &options);
    let candidates = find(CandidateOptions::default());
    let with_weak = find(CandidateOptions {
        min_snp_lod: f64::NEG_INFINITY,
        min_indel_lod: f64::NEG_INFINITY,
        ..CandidateOptions::default()
    });
    let rows = golden_rows(&data);
    let missed: Vec<_> = rows
        .iter()
        .filter(|row| !candidates.iter().any(|c| row.is_of(c)))
        .collect();
    let extra: Vec<_> = candidates
        .iter()
        .filter(|c| !rows.iter().any(|row| row.is_of(c)))
        .collect();
    let extra: Vec<_> = extra
        .iter()
        .map(|c| (c.position + 1, c.alternates.len(), c.depth))
        .collect();
    eprintln!(
        "{} of {} examples matched, missed {missed:?}, extra {extra:?}",
        rows.len() - missed.len(),
        rows.len()
    );
    let is_weak = |row: &&GoldenRow| with_weak.iter().any(|c| c.position == row.position);
    assert!(missed.len() <= 6 && missed.iter().all(is_weak));
    assert!(extra.is_empty());
}
