//! Small worlds: a reference, variants on two haplotypes, and VCFs that spell them in one way or another.

use std::path::{Path, PathBuf};

use dvcall::evaluate::{Counts, EvaluatedCallSet, FilterRow, Options, TYPES, evaluate};

/// A change on the reference: `start..end` becomes `bases` on the haplotypes that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub bases: String,
    pub on: [bool; 2],
}

/// One line of a VCF: 0-based position, REF, ALTs, GT.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub position: usize,
    pub reference: String,
    pub alternates: Vec<String>,
    pub genotype: String,
}

impl Line {
    /// The line that spells the haplotypes over `start..end`, or none if both are the reference. Phased if `separator`
    /// is `|`.
    pub fn of(reference: &str, edits: &[Edit], start: usize, end: usize, separator: &str) -> Option<Self> {
        let expected = &reference[start..end];
        let haplotypes = [0, 1].map(|h| haplotype(reference, edits, h, start, end));
        let mut alternates: Vec<String> = Vec::new();
        for bases in haplotypes.iter().filter(|b| *b != expected) {
            if !alternates.contains(bases) {
                alternates.push(bases.clone());
            }
        }
        let number = |bases: &String| alternates.iter().position(|a| a == bases).map_or(0, |i| i + 1);
        (!alternates.is_empty()).then(|| Self {
            position: start,
            reference: expected.to_owned(),
            genotype: format!("{}{separator}{}", number(&haplotypes[0]), number(&haplotypes[1])),
            alternates: alternates.clone(),
        })
    }
}

/// The bases of a haplotype over a stretch of the reference that no edit crosses the edge of.
pub fn haplotype(reference: &str, edits: &[Edit], which: usize, start: usize, end: usize) -> String {
    let mut text = String::new();
    let mut at = start;
    for edit in edits.iter().filter(|e| e.on[which] && e.start >= start && e.end <= end) {
        text += &reference[at..edit.start];
        text += &edit.bases;
        at = edit.end;
    }
    text + &reference[at..end]
}

/// A folder with an indexed reference of one contig `c`.
pub struct World {
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new(reference: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fasta = folder.path().join("ref.fa");
        std::fs::write(&fasta, format!(">c\n{reference}\n")).unwrap();
        let n = reference.len();
        std::fs::write(folder.path().join("ref.fa.fai"), format!("c\t{n}\t3\t{n}\t{}\n", n + 1)).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn fasta(&self) -> PathBuf {
        self.path("ref.fa")
    }

    /// Writes a VCF of one sample, lines in the order given.
    pub fn vcf(&self, name: &str, lines: &[Line]) -> PathBuf {
        let mut text = format!("{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n");
        for line in lines {
            text += &format!(
                "c\t{}\t.\t{}\t{}\t50\tPASS\t.\tGT\t{}\n",
                line.position + 1,
                line.reference,
                line.alternates.join(","),
                line.genotype
            );
        }
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn options(&self, truth: &Path) -> Options {
        Options {
            reference: self.fasta(),
            truth: truth.to_owned(),
            ..Options::default()
        }
    }

    pub fn run(&self, truth: &Path, query: &Path) -> EvaluatedCallSet {
        evaluate(self.options(truth), query.to_owned(), None).unwrap()
    }
}

pub const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=c>\n";

/// True positives, misses and false positives, SNPs and indels together: (truth TP, FN, query TP, FP).
pub fn totals(run: &EvaluatedCallSet) -> (u64, u64, u64, u64) {
    let sum = |of: fn(&Counts) -> u64| -> u64 { TYPES.iter().map(|&t| of(run.counts(t, FilterRow::All))).sum() };
    (
        sum(|c| c.truth_tp.all),
        sum(|c| c.truth_fn.all),
        sum(|c| c.query_tp.all),
        sum(|c| c.query_fp.all),
    )
}
