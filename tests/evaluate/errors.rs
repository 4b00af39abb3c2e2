//! Bad input: one line that says what, where and how to mend it, exit status 1, and nothing written.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::common::{dvcall, error_of};
use crate::world::{HEADER, Line, World};

pub const REFERENCE: &str = "ACGTTGCAACGGATCCATGCATTAGCCGATCGGATACCAGTACG";

pub struct Case {
    pub world: World,
    pub command: Command,
}

fn line(position: usize, reference: &str, alternate: &str) -> Line {
    Line {
        position,
        reference: reference.into(),
        alternates: vec![alternate.into()],
        genotype: "0/1".into(),
    }
}

/// A world where all is well but for what the query holds.
pub fn with_query(query: impl FnOnce(&World) -> std::path::PathBuf) -> Case {
    let world = World::new(REFERENCE);
    let truth = world.vcf("truth.vcf", &[line(4, "T", "G"), line(10, "G", "A")]);
    let query = query(&world);
    let mut command = dvcall();
    command
        .arg("evaluate")
        .arg("--ref")
        .arg(world.fasta())
        .arg("--truth")
        .arg(truth)
        .arg("--query")
        .arg(query)
        .arg("--output")
        .arg(world.path("out"));
    Case { world, command }
}

pub fn good(world: &World) -> std::path::PathBuf {
    world.vcf("query.vcf", &[line(4, "T", "G")])
}

fn text(world: &World, body: &str) -> std::path::PathBuf {
    let path = world.path("query.vcf");
    std::fs::write(&path, format!("{HEADER}{body}")).unwrap();
    path
}

impl Case {
    fn arg(mut self, flag: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(flag).arg(value);
        self
    }

    /// Checks the error and that nothing was left behind.
    pub fn fails_with(mut self, parts: &[&str]) {
        let error = error_of(&mut self.command);
        for part in parts {
            assert!(error.contains(part), "no '{part}' in: {error}");
        }
        let left: Vec<_> = std::fs::read_dir(self.world.folder.path())
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("out") || name.starts_with(".dvcall"))
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

const ONE_SAMPLE: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n";

#[test]
fn unsorted_records() {
    let body = format!("{ONE_SAMPLE}c\t11\t.\tG\tA\t9\t.\t.\tGT\t0/1\nc\t5\t.\tT\tG\t9\t.\t.\tGT\t0/1\n");
    with_query(|w| text(w, &body)).fails_with(&["query.vcf, line 5", "not sorted", "c:5", "bcftools sort"]);
}

#[test]
fn contigs_of_another_reference() {
    let body = format!("{ONE_SAMPLE}chrc\t5\t.\tT\tG\t9\t.\t.\tGT\t0/1\n");
    with_query(|w| text(w, &body)).fails_with(&["contig 'chrc'", "which has 'c'", "rename"]);
    let body = format!("{ONE_SAMPLE}z\t5\t.\tT\tG\t9\t.\t.\tGT\t0/1\n");
    with_query(|w| text(w, &body)).fails_with(&["contig 'z'", "not in the reference"]);
}

#[test]
fn a_ref_that_is_not_the_reference() {
    with_query(|w| w.vcf("query.vcf", &[line(4, "A", "G")])).fails_with(&[
        "c:5",
        "REF 'A'",
        "'T'",
        "another reference",
    ]);
    with_query(|w| w.vcf("query.vcf", &[line(43, "GA", "G")])).fails_with(&["c:44", "beyond the end"]);
}

#[test]
fn no_genotypes() {
    let body = format!("{ONE_SAMPLE}c\t5\t.\tT\tG\t9\t.\t.\tDP\t7\n");
    with_query(|w| text(w, &body)).fails_with(&["line 4", "no GT"]);
    with_query(|w| text(w, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")).fails_with(&["no sample"]);
    let body = format!("{ONE_SAMPLE}c\t5\t.\tT\tG\t9\t.\t.\tGT\t0/2\n");
    with_query(|w| text(w, &body)).fails_with(&["allele 2"]);
}

#[test]
fn several_samples_need_a_name() {
    let body = format!("{}\tS2\nc\t5\t.\tT\tG\t9\t.\t.\tGT\t0/1\t0/0\n", ONE_SAMPLE.trim_end());
    with_query(|w| text(w, &body)).fails_with(&["2 samples (S, S2)", "--sample"]);
    with_query(|w| text(w, &body))
        .arg("--sample", "X")
        .fails_with(&["no sample 'X'", "S, S2"]);
    let mut case = with_query(|w| text(w, &body)).arg("--sample", "S");
    case.command.assert().success();
}

#[test]
fn beds_out_of_range() {
    let bed = |world: &World, body: &str| {
        let path = world.path("x.bed");
        std::fs::write(&path, body).unwrap();
        path
    };
    let case = with_query(good);
    let path = bed(&case.world, "c\t0\t900\n");
    case.arg("--confident", path)
        .fails_with(&["x.bed", "c:0-900", "44 bases"]);
    let case = with_query(good);
    let path = bed(&case.world, "d\t0\t9\n");
    case.arg("--confident", path).fails_with(&["contig 'd'"]);
    let case = with_query(good);
    let path = bed(&case.world, "c\t9\n");
    case.arg("--confident", path).fails_with(&["line 1"]);
    with_query(good)
        .arg("--regions", "c:90-99")
        .fails_with(&["beyond the end"]);
}

/// The good query, bgzipped; it needs no index.
fn bgzipped(world: &World) -> std::path::PathBuf {
    let path = world.path("query.vcf.gz");
    let mut writer = rust_htslib::bgzf::Writer::from_path(&path).unwrap();
    std::io::Write::write_all(&mut writer, &std::fs::read(good(world)).unwrap()).unwrap();
    path
}

#[test]
fn truncated_files() {
    let cut = |by: usize| {
        move |world: &World| {
            let path = bgzipped(world);
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() - by]).unwrap();
            path
        }
    };
    with_query(bgzipped).command.assert().success();
    with_query(cut(28)).fails_with(&["query.vcf.gz is truncated"]);
    with_query(cut(60)).fails_with(&["query.vcf.gz is truncated"]);
    let damaged = |world: &World| {
        let path = bgzipped(world);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40..60].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    with_query(damaged).fails_with(&["query.vcf.gz", "damaged"]);
    let body = format!("{ONE_SAMPLE}c\t5\t.\tT\tG\t9\t.\n");
    with_query(|w| text(w, &body)).fails_with(&["line 4", "truncated"]);
}

#[test]
fn files_that_are_not_there_or_not_vcfs() {
    with_query(|w| w.path("none.vcf")).fails_with(&["none.vcf"]);
    with_query(World::fasta).fails_with(&["ref.fa"]);
    with_query(|w| {
        std::fs::write(w.path("empty.vcf"), "").unwrap();
        w.path("empty.vcf")
    })
    .fails_with(&["empty.vcf is empty"]);
    with_query(good)
        .arg("--stratification", "nowhere.tsv")
        .fails_with(&["nowhere.tsv"]);
}

/// A BCF is known by its bytes, whatever its name, and gives the scores of the same VCF.
#[test]
fn binary_files() {
    use rust_htslib::bcf::{Format, Header, Read, Reader, Writer};
    let binary = |world: &World| {
        let path = world.path("query.vcf.gz");
        let definition = "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n#CHROM";
        let text = std::fs::read_to_string(good(world))
            .unwrap()
            .replace("#CHROM", definition);
        std::fs::write(world.path("query.vcf"), text).unwrap();
        let mut reader = Reader::from_path(world.path("query.vcf")).unwrap();
        let header = Header::from_template(reader.header());
        let mut writer = Writer::from_path(&path, &header, false, Format::Bcf).unwrap();
        reader
            .records()
            .for_each(|record| writer.write(&record.unwrap()).unwrap());
        path
    };
    let summary = |case: &mut Case| {
        case.command.assert().success();
        std::fs::read_to_string(case.world.path("out.summary.csv")).unwrap()
    };
    let scores = summary(&mut with_query(binary));
    assert_eq!(scores, summary(&mut with_query(good)));
    assert!(scores.contains("SNP,PASS"), "{scores}");
}

#[test]
fn outputs_that_cannot_be_written() {
    let world = World::new(REFERENCE);
    let calls = good(&world);
    let mut command = dvcall();
    command
        .args(["evaluate", "--ref"])
        .arg(world.fasta())
        .arg("--truth")
        .arg(&calls);
    command
        .arg("--query")
        .arg(&calls)
        .arg("--output")
        .arg(calls.join("folder/x"));
    assert!(error_of(&mut command).contains("cannot make folder"));
}

#[test]
fn an_input_is_never_replaced() {
    let world = World::new(REFERENCE);
    let (truth, query) = (good(&world), world.path("own.vcf.gz"));
    std::fs::copy(&truth, &query).unwrap();
    let mut command = dvcall();
    command
        .args(["evaluate", "--ref"])
        .arg(world.fasta())
        .arg("--truth")
        .arg(&truth);
    command
        .arg("--query")
        .arg(&query)
        .arg("--output")
        .arg(world.path("own"));
    assert!(error_of(&mut command).contains("would replace the input"));
    assert_eq!(std::fs::read(&truth).unwrap(), std::fs::read(&query).unwrap());
}

#[test]
fn wrong_usage_is_status_2() {
    dvcall()
        .args(["evaluate", "--query", "x"])
        .assert()
        .code(2)
        .stderr(contains("required arguments were not provided").and(contains("--truth")));
    let mut case = with_query(good).arg("--runtime", "x");
    case.command
        .assert()
        .code(2)
        .stderr(contains("invalid value 'x' for '--runtime"));
    with_query(good)
        .arg("--runtime", "x=5")
        .fails_with(&["--runtime x", "query"]);
}
