//! One file with diploid and haploid contigs, as a man's genome has them.

use std::fmt::Write as _;
use std::path::PathBuf;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;

use crate::common::{dvcall, error_of, records};

/// What a pair of genotypes counts as.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Same,
    /// The right allele with the wrong genotype.
    Genotype,
    Missed,
    Extra,
}
use Outcome::{Extra, Genotype, Missed, Same};

/// Genotypes of truth and call; no record where empty. Contig and ploidy are those of the place.
type Case = (&'static str, &'static str, &'static str, &'static str, Outcome);

/// X begins with a pseudoautosomal region.
const CASES: [Case; 44] = [
    ("1", "diploid", "0/1", "0/1", Same),
    ("1", "diploid", "0|1", "1|0", Same),
    ("1", "diploid", "1/1", "1|1", Same),
    ("1", "diploid", "0/1", "./1", Same),
    ("1", "diploid", "1/1", "./1", Genotype),
    ("1", "diploid", "0/1", "1", Genotype),
    ("1", "diploid", "0/1", "1/1", Genotype),
    ("1", "diploid", "1/1", "0/1", Genotype),
    ("1", "diploid", "0/1", "0/0", Missed),
    ("1", "diploid", "", "0/1", Extra),
    ("X", "diploid", "0|1", "0/1", Same),
    ("X", "diploid", "1|1", "1", Same),
    ("X", "diploid", "0|1", "1", Genotype),
    ("X", "diploid", "", "1/1", Extra),
    ("X", "diploid", "1|0", "./.", Missed),
    ("X", "haploid", "1", "1", Same),
    ("X", "haploid", "1", "1/1", Same),
    ("X", "haploid", "1", "1|1", Same),
    ("X", "haploid", "1", "./1", Same),
    ("X", "haploid", "1", "1/.", Same),
    ("X", "haploid", ".|1", "1", Same),
    ("X", "haploid", ".|1", "1/1", Same),
    ("X", "haploid", "1|.", "1/.", Same),
    ("X", "haploid", "1/1", "1", Same),
    ("X", "haploid", "1", "0/1", Genotype),
    ("X", "haploid", ".|1", "0|1", Genotype),
    ("X", "haploid", "1", "0", Missed),
    ("X", "haploid", "1", ".", Missed),
    ("X", "haploid", "1", "", Missed),
    ("X", "haploid", "", "1", Extra),
    ("X", "haploid", "", "0/1", Extra),
    ("X", "haploid", "", "1/1", Extra),
    ("X", "haploid", "", "./1", Extra),
    ("X", "haploid", "1", "1", Same),
    ("Y", "haploid", "1", "1", Same),
    ("Y", "haploid", "1|.", "1/1", Same),
    ("Y", "haploid", "1", "1|0", Genotype),
    ("Y", "haploid", "", "0|1", Extra),
    ("Y", "haploid", "1", "./.", Missed),
    ("MT", "haploid", "1", "1", Same),
    ("MT", "haploid", "1", "0/1", Genotype),
    ("MT", "haploid", "1", "1/1", Same),
    ("MT", "haploid", "", "1", Extra),
    ("MT", "haploid", "1", "0/0", Missed),
];
const CONTIGS: [&str; 4] = ["1", "X", "Y", "MT"];
/// Distance between cases, and from a case's SNP to its indel.
const APART: usize = 120;
const BESIDE: usize = 60;

struct Genome {
    folder: tempfile::TempDir,
    sequences: Vec<(&'static str, String)>,
}

impl Genome {
    fn new() -> Self {
        let mut seed = 11_u64;
        let mut base = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ['A', 'C', 'G', 'T'][(seed >> 33) as usize % 4]
        };
        let length = |contig| (CASES.iter().filter(|case| case.0 == contig).count() + 2) * APART;
        let mut sequence = |contig| (0..length(contig)).map(|_| base()).collect();
        let sequences: Vec<(&str, String)> = CONTIGS.map(|contig| (contig, sequence(contig))).to_vec();
        let folder = tempfile::tempdir().unwrap();
        let (mut fasta, mut index) = (String::new(), String::new());
        for (contig, bases) in &sequences {
            writeln!(fasta, ">{contig}").unwrap();
            let (length, offset) = (bases.len(), fasta.len());
            writeln!(index, "{contig}\t{length}\t{offset}\t{length}\t{}", length + 1).unwrap();
            writeln!(fasta, "{bases}").unwrap();
        }
        std::fs::write(folder.path().join("ref.fa"), fasta).unwrap();
        std::fs::write(folder.path().join("ref.fa.fai"), index).unwrap();
        Self { folder, sequences }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a SNP and an indel for each case. `genotype`: that of a case; no record if empty.
    fn vcf(&self, name: &str, genotype: impl Fn(&Case) -> String) -> PathBuf {
        let mut text =
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tHG002\n".to_owned();
        for (contig, bases) in &self.sequences {
            for (i, case) in CASES.iter().filter(|case| case.0 == *contig).enumerate() {
                let genotype = genotype(case);
                if genotype.is_empty() {
                    continue;
                }
                let snp = (i + 1) * APART;
                let (old, new) = (&bases[snp..=snp], if &bases[snp..=snp] == "A" { "C" } else { "A" });
                writeln!(
                    text,
                    "{contig}\t{}\t.\t{old}\t{new}\t9\tPASS\t.\tGT\t{genotype}",
                    snp + 1
                )
                .unwrap();
                let indel = snp + BESIDE;
                let (short, long) = (&bases[indel..=indel], &bases[indel..=indel + 2]);
                let (old, new) = match i % 2 {
                    0 => (long.to_owned(), short.to_owned()),
                    _ => (short.to_owned(), format!("{short}GATTACA")),
                };
                writeln!(
                    text,
                    "{contig}\t{}\t.\t{old}\t{new}\t9\tPASS\t.\tGT\t{genotype}",
                    indel + 1
                )
                .unwrap();
            }
        }
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, truth: &PathBuf, query: &PathBuf) -> Command {
        let mut command = dvcall();
        command.args(["evaluate", "--ref"]).arg(self.path("ref.fa"));
        command.arg("--truth").arg(truth).arg("--query").arg(query);
        command.arg("--output").arg(self.path("out"));
        command
    }

    fn output(&self, suffix: &str) -> String {
        std::fs::read_to_string(self.path(&format!("out.{suffix}"))).unwrap()
    }

    /// Counts of a subset in the extended table: TRUTH.TP, TRUTH.FN, QUERY.TP, QUERY.FP, FP.gt.
    fn counts(&self, variant_type: &str, subset: &str) -> Option<[usize; 5]> {
        let table = self.output("extended.csv");
        let mut rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let columns = rows.next().unwrap();
        let row = rows.find(|row| row[..4] == [variant_type, "*", subset, "ALL"])?;
        let names = ["TRUTH.TP", "TRUTH.FN", "QUERY.TP", "QUERY.FP", "FP.gt"];
        Some(names.map(|name| row[columns.iter().position(|c| *c == name).unwrap()].parse().unwrap()))
    }
}

/// The counts of the cases that `is_in` chooses.
fn expected(is_in: impl Fn(&Case) -> bool) -> [usize; 5] {
    let of = |outcome| CASES.iter().filter(|case| is_in(case) && case.4 == outcome).count();
    let [same, genotype, missed, extra] = [Same, Genotype, Missed, Extra].map(of);
    [same, genotype + missed, same, genotype + extra, genotype]
}

#[test]
fn every_pair_of_genotypes_counts_where_it_belongs() {
    let genome = Genome::new();
    let truth = genome.vcf("truth.vcf", |case| case.2.into());
    let query = genome.vcf("query.vcf", |case| case.3.into());
    let shown = genome.command(&truth, &query).assert().success();
    for variant_type in ["SNP", "INDEL"] {
        assert_eq!(genome.counts(variant_type, "*"), Some(expected(|_| true)));
        for ploidy in ["haploid", "diploid"] {
            let counts = genome.counts(variant_type, ploidy);
            assert_eq!(
                counts,
                Some(expected(|case| case.1 == ploidy)),
                "{variant_type} {ploidy}"
            );
        }
    }
    let screen = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    let [true_positives, misses, _, wrong, genotypes] = expected(|case| case.1 == "haploid");
    let row = [true_positives + misses, true_positives, misses, wrong, genotypes].map(|n| n.to_string());
    let words: Vec<_> = screen
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    let haploid = words
        .iter()
        .find(|words| words.starts_with(&["haploid", "SNP", "ALL"]))
        .unwrap();
    assert_eq!(haploid[3..8], row, "{screen}");
    let metrics: serde_json::Value = serde_json::from_str(&genome.output("metrics.json")).unwrap();
    let by_ploidy = metrics["call_sets"][0]["by_ploidy"].as_array().unwrap();
    let json = by_ploidy
        .iter()
        .find(|row| row["subset"] == "haploid" && row["type"] == "INDEL")
        .unwrap();
    assert_eq!(json["truth_tp"]["all"], true_positives);
    assert!(genome.output("html").contains("<h2>By ploidy</h2>"));
    // Indels of different zygosity have separate records, because those of the query are left-aligned.
    let records = records(&genome.path("out.vcf.gz"));
    let fields = records.iter().map(|record| record.split('\t').collect::<Vec<_>>());
    let snps = fields.filter(|fields| fields[3].len() == fields[4].len());
    let marked: Vec<_> = snps.filter(|fields| fields[7].contains("haploid")).collect();
    assert!(marked.iter().all(|fields| fields[0] != "1"));
    let with_record = |case: &&Case| case.1 == "haploid" && (case.4 != Missed || !case.2.is_empty());
    assert_eq!(marked.len(), CASES.iter().filter(with_record).count());
}

/// Subset sizes are those of the places: the boundary lies between the last genotype of one kind and the first of the
/// other.
#[test]
fn the_subsets_have_sizes() {
    let genome = Genome::new();
    let truth = genome.vcf("truth.vcf", |case| case.2.into());
    let query = genome.vcf("query.vcf", |case| case.3.into());
    genome.command(&truth, &query).assert().success();
    let table = genome.output("extended.csv");
    let size = |subset: &str| -> usize {
        let row = table
            .lines()
            .find(|line| line.starts_with(&format!("SNP,*,{subset},ALL")))
            .unwrap();
        row.split(',').nth(13).unwrap().parse().unwrap()
    };
    assert_eq!(size("haploid") + size("diploid"), size("*"));
    let length = |contig: &str| genome.sequences.iter().find(|s| s.0 == contig).unwrap().1.len();
    // Truth of the pseudoautosomal region ends with the indel of case 5, and the first haploid SNP is that of case 6.
    let border = (5 * APART + BESIDE + 6 * APART) / 2 + 1;
    assert_eq!(size("haploid"), length("X") - border + length("Y") + length("MT"));
}

/// `--ploidy-style diploid` against haploid truth, and the reverse.
#[test]
fn the_style_of_haploid_genotypes_changes_no_count() {
    let genome = Genome::new();
    let called = |case: &Case| {
        if case.1 == "haploid" {
            "1".to_owned()
        } else {
            "0/1".to_owned()
        }
    };
    let doubled = |case: &Case| called(case).replace("1", "1/1").replace("0/1/1", "0/1");
    let one = genome.vcf("one.vcf", called);
    let two = genome.vcf("two.vcf", doubled);
    for (truth, query) in [(&one, &one), (&one, &two), (&two, &one)] {
        genome.command(truth, query).assert().success();
        for variant_type in ["SNP", "INDEL"] {
            for ploidy in ["haploid", "diploid"] {
                let cases = CASES.iter().filter(|case| case.1 == ploidy).count();
                assert_eq!(genome.counts(variant_type, ploidy), Some([cases, 0, cases, 0, 0]));
            }
        }
    }
    genome
        .command(&two, &two)
        .assert()
        .success()
        .stdout(predicates::str::contains("Ploidy").not());
    for subset in ["haploid", "diploid"] {
        assert_eq!(genome.counts("SNP", subset), None, "no genotype has one allele");
    }
    for suffix in ["metrics.json", "html", "summary.csv", "extended.csv"] {
        assert!(!genome.output(suffix).contains("haploid"), "{suffix}");
    }
}

#[test]
fn a_haploid_genome_has_haploid_rows_alone() {
    let genome = Genome::new();
    let truth = genome.vcf("truth.vcf", |case| if case.4 == Extra { "" } else { "1" }.into());
    let query = genome.vcf("query.vcf", |case| if case.4 == Missed { "0" } else { "1" }.into());
    genome.command(&truth, &query).assert().success();
    for variant_type in ["SNP", "INDEL"] {
        assert_eq!(genome.counts(variant_type, "haploid"), genome.counts(variant_type, "*"));
        assert_eq!(genome.counts(variant_type, "diploid"), None);
    }
}

#[test]
fn polyploid_genotypes_are_left_out_and_told() {
    let genome = Genome::new();
    let truth = genome.vcf("truth.vcf", |case| if case.0 == "Y" { "0/0/1" } else { "1" }.into());
    let query = genome.vcf("query.vcf", |_| "1".into());
    let told = predicates::str::contains("10 calls whose genotype has more than two alleles");
    genome.command(&truth, &query).assert().success().stderr(told);
}

#[test]
fn a_stratum_cannot_have_the_name_of_a_ploidy() {
    let genome = Genome::new();
    let truth = genome.vcf("truth.vcf", |case| case.2.into());
    std::fs::write(genome.path("x.bed"), "X\t0\t90\n").unwrap();
    std::fs::write(genome.path("strata.tsv"), "haploid\tx.bed\n").unwrap();
    let mut command = genome.command(&truth, &truth);
    command.arg("--stratification").arg(genome.path("strata.tsv"));
    assert!(error_of(&mut command).contains("stratum 'haploid' has the name"));
}
