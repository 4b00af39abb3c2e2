//! Tests of `dvcall call` on simulated reads: indels of every length, SNPs at the ends of contigs, reads of one strand.

mod common;

use std::collections::VecDeque;
use std::path::Path;

use common::{call, records};
use rust_htslib::bam;

const READ: usize = 150;
/// Bases between two variants.
const APART: usize = 700;

/// Pseudo-random numbers (Knuth, TAOCP vol. 2, MMIX's generator).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn bases(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| b"ACGT"[self.below(4)]).collect()
    }
}

/// Replaces `deleted` bases from `start` on by `inserted`, on one haplotype or both.
struct Variant {
    contig: usize,
    start: usize,
    deleted: usize,
    inserted: Vec<u8>,
    homozygous: bool,
}

/// Writes a FASTA of these contigs and a BAM of reads with the variants at 30×, with correct alignments.
fn write(folder: &Path, contigs: &[Vec<u8>], variants: &[Variant], one_strand: bool, random: &mut Random) {
    let fasta = folder.join("ref.fa");
    let (mut text, mut index, mut header) = (Vec::new(), String::new(), String::from("@HD\tVN:1.6\tSO:coordinate\n"));
    for (number, bases) in contigs.iter().enumerate() {
        text.extend(format!(">c{number}\n").bytes());
        index += &format!(
            "c{number}\t{n}\t{}\t{n}\t{}\n",
            text.len(),
            bases.len() + 1,
            n = bases.len()
        );
        header += &format!("@SQ\tSN:c{number}\tLN:{}\n", bases.len());
        text.extend(bases.iter().chain(b"\n"));
    }
    std::fs::write(&fasta, text).unwrap();
    std::fs::write(folder.join("ref.fa.fai"), index).unwrap();
    header += "@RG\tID:a\tSM:a\n";
    let view = bam::HeaderView::from_bytes(header.as_bytes());
    let path = folder.join("reads.bam");
    let mut writer = bam::Writer::from_path(&path, &bam::Header::from_template(&view), bam::Format::Bam).unwrap();
    for (number, bases) in contigs.iter().enumerate() {
        let mut lines = Vec::new();
        for haplotype in 0..2 {
            let on_haplotype = |v: &&Variant| v.contig == number && (v.homozygous || haplotype == 0);
            let own: Vec<&Variant> = variants.iter().filter(on_haplotype).collect();
            let pairs = spelled(bases, &own);
            let length = READ.min(pairs.len());
            for _ in 0..(15 * pairs.len()).div_ceil(length) {
                let at = random.below(pairs.len() + length) as i64 - length as i64 / 2;
                let at = at.clamp(0, (pairs.len() - length) as i64) as usize;
                lines.extend(aligned(
                    &pairs[at..at + length],
                    number,
                    !one_strand && random.below(2) == 0,
                ));
            }
        }
        lines.sort();
        for (read, (_, line)) in lines.iter().enumerate() {
            let line = format!("c{number}r{read}\t{line}");
            writer
                .write(&bam::Record::from_sam(&view, line.as_bytes()).unwrap())
                .unwrap();
        }
    }
    drop(writer);
    bam::index::build(&path, None, bam::index::Type::Bai, 1).unwrap();
}

/// The bases of a haplotype, with their reference positions; None for inserted bases.
fn spelled(reference: &[u8], variants: &[&Variant]) -> Vec<(u8, Option<usize>)> {
    let (mut pairs, mut at) = (Vec::new(), 0);
    let plain = |from: usize, to: usize| (from..to).map(|p| (reference[p], Some(p)));
    for v in variants {
        pairs.extend(plain(at, v.start));
        let replaces = v.deleted == v.inserted.len();
        let inserted = v.inserted.iter().enumerate();
        pairs.extend(inserted.map(|(i, &base)| (base, replaces.then_some(v.start + i))));
        at = v.start + v.deleted;
    }
    pairs.extend(plain(at, reference.len()));
    pairs
}

/// A read's start, and its SAM line without the name. Ends of fewer than ten bases beyond an indel are clipped.
fn aligned(pairs: &[(u8, Option<usize>)], contig: usize, reverse: bool) -> Option<(usize, String)> {
    let mut ops: VecDeque<(char, usize, usize)> = VecDeque::new();
    let mut last: Option<usize> = None;
    for &(_, position) in pairs {
        let op = if position.is_some() { 'M' } else { 'I' };
        if let (Some(position), Some(last)) = (position, last)
            && position > last + 1
        {
            ops.push_back(('D', position - last - 1, 0));
        }
        match ops.back_mut() {
            Some((letter, length, _)) if *letter == op => *length += 1,
            _ => ops.push_back((op, 1, position.unwrap_or(0))),
        }
        last = position.or(last);
    }
    let is_clipped = |op: &&mut (char, usize, usize)| op.0 != 'M' || op.1 < 10;
    let consumed = |(letter, length, _): (char, usize, usize)| if letter == 'D' { 0 } else { length };
    let (mut front, mut back) = (0, 0);
    while ops.front_mut().as_ref().is_some_and(is_clipped) {
        front += ops.pop_front().map_or(0, consumed);
    }
    while ops.back_mut().as_ref().is_some_and(is_clipped) {
        back += ops.pop_back().map_or(0, consumed);
    }
    let (_, _, start) = *ops.front()?;
    let soft = |n: usize| if n > 0 { format!("{n}S") } else { String::new() };
    let middle: String = ops
        .iter()
        .map(|(letter, length, _)| format!("{length}{letter}"))
        .collect();
    let bases: String = pairs.iter().map(|&(base, _)| char::from(base)).collect();
    let (flag, quality) = (if reverse { 16 } else { 0 }, "F".repeat(pairs.len()));
    let cigar = soft(front) + &middle + &soft(back);
    Some((
        start,
        format!(
            "{flag}\tc{contig}\t{}\t60\t{cigar}\t*\t0\t0\t{bases}\t{quality}\tRG:Z:a",
            start + 1
        ),
    ))
}

/// Calls the reads of `folder`; returns contig, POS, FILTER and GT of the records.
fn called(folder: &Path) -> Vec<[String; 4]> {
    let output = folder.join("calls.vcf");
    call(&folder.join("ref.fa"), &folder.join("reads.bam"), &output)
        .assert()
        .success();
    let fields = |line: String| {
        let fields: Vec<&str> = line.split('\t').collect();
        let genotype = fields[9].split(':').next().unwrap();
        [fields[0], fields[1], fields[6], genotype].map(str::to_owned)
    };
    records(&output).into_iter().map(fields).collect()
}

/// Checks that each variant is called with its genotype, and that no other records pass.
fn check(variants: &[Variant], called: &[[String; 4]]) {
    assert_eq!(missed(variants, called), [""; 0]);
    let passed = called.iter().filter(|record| record[2] == "PASS");
    assert_eq!(passed.count(), variants.len());
}

/// The variants without a record that has their position and genotype.
fn missed(variants: &[Variant], called: &[[String; 4]]) -> Vec<String> {
    let genotype = |v: &Variant| if v.homozygous { "1/1" } else { "0/1" };
    let finds = |v: &Variant| {
        // An indel's record is at the base before it.
        let position = v.start + usize::from(v.deleted == v.inserted.len());
        let (contig, position) = (format!("c{}", v.contig), position.to_string());
        called.contains(&[contig, position, "PASS".to_owned(), genotype(v).to_owned()])
    };
    let missed = variants.iter().filter(|v| !finds(v));
    missed
        .map(|v| {
            format!(
                "c{}:{} −{} +{} {}",
                v.contig,
                v.start + 1,
                v.deleted,
                v.inserted.len(),
                genotype(v)
            )
        })
        .collect()
}

fn other(base: u8) -> u8 {
    if base == b'A' { b'C' } else { b'A' }
}

#[test]
fn deletions_of_every_length_are_called() {
    let mut random = Random(1);
    // Deletions of 96 to 109 bases end near the right edge of the pileup; those of 400 bases or more do not fit into a
    // window.
    let lengths = (1..90)
        .step_by(11)
        .chain(90..115)
        .chain([130, 170, 220, 300, 400, 600, 900, 1_500]);
    let (mut variants, mut start) = (Vec::new(), APART);
    for (deleted, homozygous) in lengths.flat_map(|n| [(n, false), (n, true)]) {
        variants.push(Variant {
            contig: 0,
            start,
            deleted,
            inserted: Vec::new(),
            homozygous,
        });
        start += deleted + APART;
    }
    let mut contig = random.bases(start + APART);
    for v in &variants {
        // Makes the deletion left-aligned.
        contig[v.start - 1] = other(contig[v.start + v.deleted - 1]);
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[contig], &variants, false, &mut random);
    check(&variants, &called(folder.path()));
}

#[test]
fn snps_beside_long_deletions_are_called() {
    let mut random = Random(2);
    let contig = random.bases(70_000);
    let (mut variants, mut start) = (Vec::new(), APART);
    let lengths = [60, 97, 101, 105, 109, 130].into_iter();
    for (deleted, homozygous) in lengths.flat_map(|n| [(n, false), (n, true)]) {
        for distance in [8, 45, 100] {
            for at in [start - distance, start + deleted + distance] {
                let deletion = Variant {
                    contig: 0,
                    start,
                    deleted,
                    inserted: Vec::new(),
                    homozygous,
                };
                let snp = Variant {
                    contig: 0,
                    start: at,
                    deleted: 1,
                    inserted: vec![other(contig[at])],
                    homozygous,
                };
                variants.extend(if at < start { [snp, deletion] } else { [deletion, snp] });
                start += deleted + APART;
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[contig], &variants, false, &mut random);
    let called = called(folder.path());
    assert!(called.iter().filter(|record| record[2] == "PASS").count() <= variants.len());
    variants.retain(|v| !v.inserted.is_empty());
    assert_eq!(missed(&variants, &called), [""; 0]);
}

#[test]
fn snps_at_the_ends_of_contigs_are_called() {
    let mut random = Random(3);
    let (mut contigs, mut variants) = (Vec::new(), Vec::new());
    for (length, distance) in [60, 120, 400].into_iter().flat_map(|n| (0..5).map(move |d| (n, d))) {
        for start in [distance, length - 1 - distance] {
            let bases = random.bases(length);
            let (contig, inserted) = (contigs.len(), vec![other(bases[start])]);
            variants.push(Variant {
                contig,
                start,
                deleted: 1,
                inserted,
                homozygous: false,
            });
            contigs.push(bases);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &contigs, &variants, false, &mut random);
    check(&variants, &called(folder.path()));
}

#[test]
fn heterozygous_snps_of_reads_of_one_strand_are_called() {
    let mut random = Random(4);
    let contig = random.bases(30_000);
    let snp = |start: usize| Variant {
        contig: 0,
        start,
        deleted: 1,
        inserted: vec![other(contig[start])],
        homozygous: false,
    };
    let variants: Vec<_> = (APART..contig.len() - APART).step_by(APART).map(snp).collect();
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        std::slice::from_ref(&contig),
        &variants,
        true,
        &mut random,
    );
    check(&variants, &called(folder.path()));
}
