//! Tests of the evidence for calls and reference blocks, with synthetic reads.

mod common;

use std::ops::Range;
use std::path::{Path, PathBuf};

use common::{call, records};
use rust_htslib::bam::{self, Format, Header, HeaderView, Record, header::HeaderRecord, index};

/// A synthetic contig of 4,000 bases and its reads, in a temporary folder.
struct World {
    folder: tempfile::TempDir,
    reference: Vec<u8>,
    /// 0-based start and SAM line.
    reads: Vec<(usize, String)>,
}

/// A pseudo-random number.
fn random(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            reference: (0..4_000).map(|i| b"ACGT"[random(i) as usize % 4]).collect(),
            reads: Vec::new(),
        }
    }

    /// A base that differs from the reference.
    fn other(&self, position: usize) -> u8 {
        if self.reference[position] == b'A' { b'C' } else { b'A' }
    }

    /// Adds an unpaired read of good base quality.
    fn add(&mut self, name: &str, start: usize, cigar: &str, bases: &[u8]) {
        let (number, bases) = (self.reads.len(), String::from_utf8(bases.to_vec()).unwrap());
        let flag = if number % 2 == 0 { 0 } else { 16 };
        // Different qualities make all reads different.
        let quals: String = (0..bases.len())
            .map(|i| char::from(b'F' + (random((number * 300 + i) as u64) % 4) as u8))
            .collect();
        let line = format!(
            "{name}\t{flag}\tc1\t{}\t60\t{cigar}\t*\t0\t0\t{bases}\t{quals}",
            start + 1
        );
        self.reads.push((start, line));
    }

    fn write(&mut self) -> [PathBuf; 2] {
        let [fasta, reads] = ["ref.fa", "reads.bam"].map(|name| self.folder.path().join(name));
        let text = String::from_utf8(self.reference.clone()).unwrap();
        std::fs::write(&fasta, format!(">c1\n{text}\n")).unwrap();
        let length = self.reference.len();
        std::fs::write(
            fasta.with_added_extension("fai"),
            format!("c1\t{length}\t4\t{length}\t{}\n", length + 1),
        )
        .unwrap();
        let mut header = Header::new();
        header.push_record(
            HeaderRecord::new(b"HD")
                .push_tag(b"VN", 1.6)
                .push_tag(b"SO", "coordinate"),
        );
        header.push_record(HeaderRecord::new(b"SQ").push_tag(b"SN", "c1").push_tag(b"LN", length));
        header.push_record(HeaderRecord::new(b"RG").push_tag(b"ID", "a").push_tag(b"SM", "s"));
        let view = HeaderView::from_header(&header);
        let mut writer = bam::Writer::from_path(&reads, &header, Format::Bam).unwrap();
        self.reads.sort_by_key(|read| read.0);
        for (_, line) in &self.reads {
            writer
                .write(&Record::from_sam(&view, line.as_bytes()).unwrap())
                .unwrap();
        }
        drop(writer);
        index::build(&reads, None, index::Type::Bai, 1).unwrap();
        [fasta, reads]
    }

    /// The records of the VCF and of the gVCF.
    fn called(&mut self, flags: &[&str]) -> [Vec<String>; 2] {
        let [fasta, reads] = self.write();
        let [vcf, gvcf] = ["x.vcf", "x.g.vcf"].map(|name| self.folder.path().join(name));
        let mut command = call(&fasta, &reads, &vcf);
        command.arg("--gvcf").arg(&gvcf).args(flags).assert().success();
        [records(&vcf), records(Path::new(&gvcf))]
    }
}

/// FILTER, genotype and depths of the record at a position (1-based).
fn at(records: &[String], position: usize) -> String {
    let field = |record: &str, n: usize| record.split('\t').nth(n).unwrap().to_owned();
    let found = records.iter().find(|record| field(record, 1) == position.to_string());
    found.map_or("absent".to_owned(), |record| {
        let sample: Vec<_> = field(record, 9).split(':').map(str::to_owned).collect();
        format!("{} {} {}", field(record, 6), sample[0], sample[3])
    })
}

/// GT and GQ of the block over a position (1-based).
fn block(records: &[String], position: u64) -> (String, u32) {
    let block = records.iter().find(|record| {
        let fields: Vec<_> = record.split('\t').collect();
        let end = fields[7].strip_prefix("END=").map_or(0, |end| end.parse().unwrap());
        (fields[1].parse().unwrap()..=end).contains(&position)
    });
    let sample: Vec<_> = block.unwrap().split('\t').nth(9).unwrap().split(':').collect();
    (sample[0].to_owned(), sample[1].parse().unwrap())
}

#[test]
fn a_shallow_amplicon_beside_a_deep_one_keeps_its_reads() {
    let mut world = World::new();
    for i in 0..6_000 {
        let bases = world.reference[1_100..1_250].to_vec();
        world.add(&format!("deep{i}"), 1_100, "150M", &bases);
    }
    for i in 0..40 {
        let mut bases = world.reference[1_600..1_750].to_vec();
        if i % 4 < 2 {
            bases[75] = world.other(1_675);
        }
        world.add(&format!("shallow{i}"), 1_600, "150M", &bases);
    }
    let [calls, blocks] = world.called(&[]);
    assert_eq!(at(&calls, 1_676), "PASS 0/1 20,20");
    let depth = |records: &[String]| -> Vec<String> {
        let blocks = records.iter().filter(|record| record.contains("END=1250\t"));
        blocks
            .map(|record| record.split('\t').nth(9).unwrap().split(':').nth(2).unwrap().to_owned())
            .collect()
    };
    assert_eq!(depth(&blocks), ["500"]);
    let [_, blocks] = world.called(&["--max-depth", "90"]);
    assert_eq!(depth(&blocks), ["90"]);
}

#[test]
fn reads_that_share_one_name_give_the_same_calls() {
    let genotypes = |name: fn(usize) -> String| {
        let mut world = World::new();
        for i in 0..5_000 {
            let start = 500 + i * 3_000 / 5_000;
            let mut bases = world.reference[start..start + 150].to_vec();
            for position in [900, 1_700, 2_900] {
                if random(i as u64 + 77).is_multiple_of(2) && (start..start + 150).contains(&position) {
                    bases[position - start] = world.other(position);
                }
            }
            world.add(&name(i), start, "150M", &bases);
        }
        let [calls, _] = world.called(&["--max-depth", "60"]);
        [901, 1_701, 2_901].map(|position| at(&calls, position)[..8].to_owned())
    };
    assert_eq!(genotypes(|i| format!("r{i}")), ["PASS 0/1"; 3]);
    assert_eq!(genotypes(|_| "read".to_owned()), ["PASS 0/1"; 3]);
}

#[test]
fn a_clipped_primer_is_not_evidence() {
    let mut world = World::new();
    // One amplicon's insert contains a SNP, which the next amplicon's primer covers.
    for i in 0..30 {
        let mut bases = world.reference[1_000..1_150].to_vec();
        bases[130] = world.other(1_130);
        world.add(&format!("a{i}"), 1_000, "150M", &bases);
        let bases = world.reference[1_120..1_270].to_vec();
        // Reads contain different lengths of the primer.
        let short = i % 3 * 4;
        let cigar = format!("{}S128M", 22 - short);
        world.add(&format!("b{i}"), 1_142, &cigar, &bases[short..]);
    }
    let [calls, _] = world.called(&[]);
    assert_eq!(at(&calls, 1_131), "PASS 1/1 0,30");
}

/// 30 reads over a deletion; every second read has it.
fn with_deletion(deleted: Range<usize>, change: impl Fn(&mut World)) -> World {
    let mut world = World::new();
    for i in 0..30 {
        let start = deleted.start - 100 + i;
        let whole = world.reference[start..start + 150].to_vec();
        if i % 4 < 2 {
            let before = deleted.start - start;
            let bases = [
                &whole[..before],
                &world.reference[deleted.end..deleted.end + 150 - before],
            ]
            .concat();
            let cigar = format!("{before}M{}D{}M", deleted.len(), 150 - before);
            world.add(&format!("r{i}"), start, &cigar, &bases);
        } else {
            world.add(&format!("r{i}"), start, "150M", &whole);
        }
    }
    change(&mut world);
    world
}

/// Bases without a repeat, so that a deletion has only one representation.
const DELETED: Range<usize> = 2_000..2_006;

#[test]
fn a_deletion_over_an_ambiguous_base_is_called() {
    for code in [b'N', b'R', b'k'] {
        let [calls, _] = with_deletion(DELETED, |world| world.reference[2_003] = code).called(&[]);
        let anchor = calls.iter().find(|record| record.contains("\tPASS\t")).unwrap();
        let fields: Vec<_> = anchor.split('\t').collect();
        assert!(
            fields[3].len() == 7 && fields[3].contains('N') && fields[9].starts_with("0/1"),
            "{anchor}"
        );
    }
}

#[test]
fn the_gvcf_has_low_quality_at_deletions_that_cannot_be_called() {
    let max_quality = |blocks: &[String]| {
        let qualities = DELETED.map(|position| block(blocks, position as u64 + 1));
        qualities
            .map(|(genotype, quality)| if genotype == "0/0" { quality } else { 0 })
            .max()
            .unwrap()
    };
    // Deletions with an unknown anchor, with mostly unknown bases, and with an anchor before the requested region.
    let [_, blocks] = with_deletion(DELETED, |world| world.reference[1_999] = b'N').called(&[]);
    assert!(max_quality(&blocks) < 10, "{blocks:?}");
    let [_, blocks] = with_deletion(DELETED, |world| world.reference[2_001..2_005].fill(b'N')).called(&[]);
    assert!(max_quality(&blocks) < 10, "{blocks:?}");
    let mut world = with_deletion(DELETED, |_| ());
    let [calls, blocks] = world.called(&["--regions", "c1:2,001-2,100"]);
    assert!(calls.is_empty() && max_quality(&blocks) < 10, "{blocks:?}");
    assert_eq!(block(&blocks, 2_010).0, "0/0");
    // A deletion over several requested regions is called once.
    let [calls, _] = world.called(&[
        "--regions",
        "c1:1,950-2,000",
        "--regions",
        "c1:2,001-2,003",
        "--regions",
        "c1:2,005-2,100",
    ]);
    assert_eq!(
        calls.iter().filter(|record| record.contains("\tPASS\t")).count(),
        1,
        "{calls:?}"
    );
}
