//! What is not compared is told: on the screen, in the metrics and in the report.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::common::dvcall;
use crate::errors::REFERENCE;
use crate::world::World;

const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n";

/// Two contigs of the same sequence.
struct Case {
    world: World,
    command: Command,
}

/// What a run says: the warnings, the metrics and the report.
struct Told {
    warnings: Vec<String>,
    metrics: Value,
    report: String,
}

/// Writes a VCF of the records given as contig, POS, REF, ALT, FILTER, FORMAT and the sample's column.
fn vcf(world: &World, name: &str, records: &[[&str; 7]]) -> PathBuf {
    let line = |[contig, position, reference, alternate, filter, format, sample]: &[&str; 7]| {
        format!("{contig}\t{position}\t.\t{reference}\t{alternate}\t50\t{filter}\t.\t{format}\t{sample}\n")
    };
    let path = world.path(name);
    let body: String = records.iter().map(line).collect();
    std::fs::write(&path, format!("##fileformat=VCFv4.4\n{COLUMNS}{body}")).unwrap();
    path
}

const SNP: [&str; 7] = ["c", "5", "T", "G", "PASS", "GT", "0/1"];

impl Case {
    fn new(truth: &[[&str; 7]], query: &[[&str; 7]]) -> Self {
        let world = World::new(REFERENCE);
        std::fs::write(world.fasta(), format!(">c\n{REFERENCE}\n>d\n{REFERENCE}\n")).unwrap();
        std::fs::write(world.path("ref.fa.fai"), "c\t44\t3\t44\t45\nd\t44\t51\t44\t45\n").unwrap();
        let (truth, query) = (vcf(&world, "truth.vcf", truth), vcf(&world, "query.vcf", query));
        let mut command = dvcall();
        command.args(["evaluate", "--ref"]).arg(world.fasta());
        command.arg("--truth").arg(truth).arg("--query").arg(query);
        command.arg("--output").arg(world.path("out"));
        Self { world, command }
    }

    fn arg(mut self, flag: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(flag).arg(value);
        self
    }

    fn run(&mut self) -> Told {
        let output = self.command.assert().success().get_output().clone();
        let read = |suffix: &str| std::fs::read_to_string(self.world.path(&format!("out.{suffix}"))).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        Told {
            warnings: errors
                .lines()
                .filter(|l| l.contains("WARN"))
                .map(str::to_owned)
                .collect(),
            metrics: serde_json::from_str(&read("metrics.json")).unwrap(),
            report: read("html"),
        }
    }
}

impl Told {
    /// Checks one warning of a file with a number of calls and a place, and the same in metrics and report.
    fn says(&self, file: &str, reason: &str, calls: u64, words: &str, first: &str) {
        let counted = format!("{calls} {} {words}", if calls == 1 { "call" } else { "calls" });
        let said = |warning: &&String| [file, &counted, first].iter().all(|part| warning.contains(part));
        assert_eq!(
            self.warnings.iter().filter(said).count(),
            1,
            "{words}: {:?}",
            self.warnings
        );
        let list = match file {
            "truth.vcf" => &self.metrics["truth_left_out"],
            _ => &self.metrics["call_sets"][0]["left_out"],
        };
        let expected = serde_json::json!({"reason": reason, "calls": calls, "first": first});
        assert!(list.as_array().unwrap().contains(&expected), "{list}");
        assert!(self.report.contains(&format!("<td>{calls}</td><td>{first}</td>")) && self.report.contains(words));
    }
}

#[test]
fn nothing_is_told_where_nothing_is_left_out() {
    let told = Case::new(&[SNP], &[SNP]).run();
    assert!(told.warnings.is_empty(), "{:?}", told.warnings);
    assert!(!told.report.contains("Not compared"));
}

#[test]
fn genotypes_of_more_than_two_alleles() {
    let triploid = ["c", "11", "G", "A", "PASS", "GT", "0/1/1"];
    let told = Case::new(&[SNP, triploid], &[SNP, ["d", "5", "T", "G", ".", "GT", "0|1|1"]]).run();
    told.says(
        "truth.vcf",
        "more_than_two_alleles",
        1,
        "whose genotype has more than two",
        "c:11",
    );
    told.says(
        "query.vcf",
        "more_than_two_alleles",
        1,
        "whose genotype has more than two",
        "d:5",
    );
}

#[test]
fn filtered_truth_is_left_out_unless_asked_for() {
    let of_record = ["c", "11", "G", "A", "weak", "GT", "0/1"];
    let of_genotype = ["c", "21", "A", "C", "PASS", "GT:FT", "0/1:low;weak"];
    let mut case = Case::new(&[SNP, of_record, of_genotype], &[SNP]);
    let told = case.run();
    told.says(
        "truth.vcf",
        "filtered",
        2,
        "with a FILTER or FT other than PASS",
        "c:11",
    );
    let total = |told: &Told| told.metrics["call_sets"][0]["summary"][2]["truth_total"]["all"].clone();
    assert_eq!(total(&told), 1);
    case.command.arg("--use-filtered-truth");
    let told = case.run();
    assert_eq!(total(&told), 3);
    assert!(told.warnings.is_empty() && told.metrics["use_filtered_truth"] == true);
}

#[test]
fn symbolic_and_long_alleles() {
    let long = "A".repeat(1_001);
    let long = ["c", "11", "G", &long, "PASS", "GT", "0/1"];
    let symbolic = ["c", "21", "A", "<DÉLÉTION:OF:MANY:BASES:ÉÉÉÉÉ>", "PASS", "GT", "0/1"];
    let breakend = ["c", "22", "T", "T]d:9]", "PASS", "GT", "1/1"];
    let spanning = ["c", "25", "G", "*", "PASS", "GT", "0/1"];
    let calls = [SNP, long, symbolic, breakend, spanning];
    let told = Case::new(&calls, &calls).run();
    for file in ["truth.vcf", "query.vcf"] {
        told.says(file, "symbolic_allele", 2, "with a symbolic allele", "c:21");
        told.says(
            file,
            "long_allele",
            1,
            "with an allele of more than 1,000 bases",
            "c:11",
        );
    }
    // As missed truth inside of a stretch it is listed with its letters cut.
    let mixed = [
        "c",
        "21",
        "A",
        "C,<ÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉ>",
        "PASS",
        "GT",
        "1/2",
    ];
    let told = Case::new(&[SNP, mixed], &[SNP]).run();
    assert!(told.report.contains("ÉÉ… (32 letters)"));
}

#[test]
fn contigs_that_the_reference_lacks() {
    let elsewhere = ["decoy", "7", "A", "C", "PASS", "GT", "0/1"];
    let reference_call = ["decoy", "9", "A", "C", "PASS", "GT", "0/0"];
    let told = Case::new(&[SNP, elsewhere], &[elsewhere, reference_call, SNP]).run();
    for file in ["truth.vcf", "query.vcf"] {
        told.says(
            file,
            "contig_not_in_reference",
            1,
            "on contigs that the reference lacks",
            "decoy:7",
        );
    }
}

#[test]
fn strata_without_a_base() {
    let case = Case::new(&[SNP], &[SNP]);
    let write = |name: &str, text: &str| std::fs::write(case.world.path(name), text).unwrap();
    write("names.bed", "chrc\t0\t10\nchrd\t0\t10\n");
    write("end.bed", "c\t40\t44\n");
    write("here.bed", "c\t0\t10\n");
    write("conf.bed", "c\t0\t30\nd\t0\t44\n");
    write(
        "strata.tsv",
        "\u{feff}low<cmp\tnames.bed\nend\tend.bed\nhere\there.bed\n",
    );
    let [strata, confident] = ["strata.tsv", "conf.bed"].map(|name| case.world.path(name));
    let told = case.arg("--stratification", strata).arg("--confident", confident).run();
    assert_eq!(told.warnings.len(), 2, "{:?}", told.warnings);
    assert!(told.warnings[0].contains("low<cmp") && told.warnings[0].contains("chrc, chrd"));
    assert!(told.warnings[1].contains("'end'") && !told.warnings[1].contains("low"));
    assert_eq!(
        told.metrics["strata_without_bases"],
        serde_json::json!(["low<cmp", "end"])
    );
    assert!(told.report.contains("<td>low&lt;cmp</td><td>stratum without a base"));
    let here = |row: &&Value| row["subset"] == "here" && row["type"] == "SNP" && row["subtype"] == "*";
    let rows = told.metrics["call_sets"][0]["strata"].as_array().unwrap();
    assert_eq!(rows.iter().find(here).unwrap()["truth_tp"]["all"], 1);
}

/// Names of strata and filters that a VCF cannot hold as they are.
#[test]
fn the_annotated_vcf_can_be_read_whatever_names_are() {
    let filtered = ["c", "5", "T", "G", "a,b>=<c", "GT:FT", "0/1:low \"x\""];
    let case = Case::new(&[SNP], &[filtered]);
    std::fs::write(case.world.path("s.bed"), "c\t0\t10\n").unwrap();
    std::fs::write(case.world.path("strata.tsv"), "low; <all>, \"x\"=1\ts.bed\n").unwrap();
    let strata = case.world.path("strata.tsv");
    let mut case = case.arg("--stratification", strata);
    let report = case.run().report;
    assert!(!report.contains("<all>"), "the report shows names as text");
    let lines = crate::common::records(&case.world.path("out.vcf.gz"));
    let fields: Vec<&str> = lines[0].split('\t').collect();
    assert_eq!(fields[6], "a%2Cb%3E%3D%3Cc;low%20%22x%22");
    assert!(
        fields[7].ends_with("Regions=CONF,low%3B%20%3Call%3E%2C%20%22x%22%3D1"),
        "{}",
        fields[7]
    );
    let mut reader = rust_htslib::bcf::Reader::from_path(case.world.path("out.vcf.gz")).unwrap();
    let record = rust_htslib::bcf::Read::records(&mut reader).next().unwrap().unwrap();
    assert_eq!(record.filters().count(), 2);
}

/// A filter of the genotype counts as one of the record.
#[test]
fn genotypes_that_failed_a_filter_are_not_passed() {
    let told = Case::new(&[SNP], &[["c", "5", "T", "G", "PASS", "GT:FT", "0/1:LowGQ"]]).run();
    let rows = told.metrics["call_sets"][0]["summary"].as_array().unwrap();
    let found = |filter: &str| {
        let row = rows
            .iter()
            .find(|row| row["filter"] == filter && row["type"] == "SNP")
            .unwrap();
        row["truth_tp"]["all"].clone()
    };
    assert_eq!((found("ALL"), found("PASS")), (1.into(), 0.into()));
}

/// VCF 4.4 may give the first allele a sign of its own.
#[test]
fn phase_signs_before_the_first_allele() {
    let signed = |genotype| ["c", "5", "T", "G", "PASS", "GT", genotype];
    for genotype in ["/0/1", "|0|1", "/0|1"] {
        for (truth, query) in [(signed(genotype), SNP), (SNP, signed(genotype))] {
            let told = Case::new(&[truth], &[query]).run();
            assert_eq!(
                told.metrics["call_sets"][0]["summary"][2]["truth_tp"]["all"], 1,
                "{genotype}"
            );
        }
    }
}

/// Two SNPs of sets a and b may be turned against each other; those of one set may not.
#[test]
fn phase_sets_may_have_names() {
    fn snps(first: &str, second: &str) -> [[String; 7]; 2] {
        [("5", "T", "G", first), ("6", "G", "T", second)].map(|(position, reference, alternate, sample)| {
            ["c", position, reference, alternate, "PASS", "GT:PS", sample].map(str::to_owned)
        })
    }
    fn lines(snps: &[[String; 7]; 2]) -> [[&str; 7]; 2] {
        [0, 1].map(|i| snps[i].each_ref().map(String::as_str))
    }
    let found = |first: &str, second: &str| {
        let (truth, query) = (snps("0|1:1", "0|1:1"), snps(first, second));
        let mut case = Case::new(&lines(&truth), &lines(&query));
        case.command.arg("--phased");
        case.run().metrics["call_sets"][0]["summary"][2]["truth_tp"]["all"].clone()
    };
    assert_eq!(found("0|1:PATMAT", "1|0:b"), 2);
    assert_eq!(found("0|1:PATMAT", "1|0:PATMAT"), 1);
}

/// Names and samples of several call sets.
#[test]
fn call_sets_have_names_and_samples_of_their_own() {
    let case = Case::new(&[SNP], &[SNP]);
    let two = case.world.path("two.vcf");
    let columns = COLUMNS.trim_end();
    let body = "c\t5\t.\tT\tG\t9\t.\t.\tGT\t0/0\t0/1\n";
    std::fs::write(&two, format!("##fileformat=VCFv4.2\n{columns}\tS2\n{body}")).unwrap();
    let command = |query: &str, flags: &[&str]| {
        let mut command = dvcall();
        command.args(["evaluate", "--ref"]).arg(case.world.fasta());
        command.arg("--truth").arg(case.world.path("truth.vcf")).arg("--query");
        command.arg(query.replace("two.vcf", &two.display().to_string()));
        command.arg("--output").arg(case.world.path("out"));
        command.args(
            flags
                .iter()
                .map(|flag| flag.replace("two.vcf", &two.display().to_string())),
        );
        command
    };
    let found = |command: &mut Command| -> Vec<Value> {
        command.assert().success();
        let text = std::fs::read_to_string(case.world.path("out.metrics.json")).unwrap();
        let metrics: Value = serde_json::from_str(&text).unwrap();
        let sets = metrics["call_sets"].as_array().unwrap().clone();
        let figure =
            |set: &Value| serde_json::json!([set["name"], set["sample"], set["summary"][2]["truth_tp"]["all"]]);
        sets.iter().map(figure).collect()
    };
    let compared = [
        "--sample",
        "S",
        "--compare",
        "B=two.vcf",
        "--compare-sample",
        "B=S2",
        "--runtime",
        "A=3",
    ];
    assert_eq!(
        found(&mut command("A=two.vcf", &compared)),
        [serde_json::json!(["A", "S", 0]), serde_json::json!(["B", "S2", 1])]
    );
    // By default it is the query's sample, where the file has it.
    assert_eq!(
        found(&mut command("A=two.vcf", &["--sample", "S2", "--compare", "B=two.vcf"])),
        [serde_json::json!(["A", "S2", 1]), serde_json::json!(["B", "S2", 1])]
    );
    let refused = |flags: &[&str]| {
        let query = case.world.path("query.vcf").display().to_string();
        crate::common::error_of(&mut command(&query, flags))
    };
    assert!(refused(&["--compare", "B=two.vcf"]).contains("--compare-sample"));
    assert!(refused(&["--compare", "B=two.vcf", "--compare-sample", "X=S"]).contains("--compare-sample X"));
}

/// Curves by a number of INFO that may be below zero; missed truth lies at the lowest.
#[test]
fn curves_are_drawn_by_any_number() {
    let case = Case::new(&[SNP, ["d", "5", "T", "G", ".", "GT", "0/1"]], &[]);
    let body = "c\t5\t.\tT\tG\t.\t.\tX;VQSLOD=-3.5\tGT\t0/1\nc\t11\t.\tG\tA\t.\t.\tVQSLOD=-8\tGT\t0/1\n\
        c\t21\t.\tA\tC\t.\t.\tVQSLOD=2.25\tGT\t0/1\n";
    std::fs::write(
        case.world.path("query.vcf"),
        format!("##fileformat=VCFv4.2\n{COLUMNS}{body}"),
    )
    .unwrap();
    let mut case = case.arg("--score", "INFO/VQSLOD");
    let rows = |case: &Case| -> Vec<String> {
        let reader = rust_htslib::bgzf::Reader::from_path(case.world.path("out.roc.all.csv.gz")).unwrap();
        let mut table = csv::Reader::from_reader(reader);
        let rows = table.records().map(Result::unwrap);
        let wanted = rows.filter(|r| &r[0] == "SNP" && &r[2] == "*" && &r[3] == "ALL");
        wanted.map(|r| format!("{} {} {}", &r[5], &r[6], &r[17])).collect()
    };
    let told = case.run();
    assert_eq!(told.metrics["score"], "INFO/VQSLOD");
    // QQ, and the TRUTH.TP column at each of its levels.
    let levels: Vec<String> = rows(&case)
        .iter()
        .map(|r| r.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(levels, ["*", "-8.000000", "-3.500000", "2.250000"]);
    let mut case = case.arg("--score-step", "5");
    case.run();
    assert_eq!(rows(&case).len(), 3, "two levels that are more than 5 apart");
    let mut case = Case::new(&[SNP], &[SNP]).arg("--score", "FORMAT/XX");
    assert!(case.run().warnings[0].contains("FORMAT/XX"));
    dvcall()
        .args(["evaluate", "--score", "VQSLOD"])
        .assert()
        .code(2)
        .stderr(predicates::str::contains("invalid value 'VQSLOD' for '--score"));
}

/// The order of contigs in a file changes nothing.
#[test]
fn contigs_may_stand_in_any_order() {
    let other = ["d", "11", "G", "A", "weak", "GT", "0/1"];
    let files = |truth: &[[&str; 7]], query: &[[&str; 7]]| {
        let mut case = Case::new(truth, query);
        case.run();
        let read = |suffix: &str| std::fs::read(case.world.path(&format!("out.{suffix}"))).unwrap();
        ["summary.csv", "extended.csv", "roc.all.csv.gz", "vcf.gz"].map(read)
    };
    let passed = ["d", "11", "G", "A", "PASS", "GT", "0/1"];
    let expected = files(&[SNP, passed], &[SNP, other]);
    assert_eq!(files(&[SNP, passed], &[other, SNP]), expected);
    assert_eq!(files(&[passed, SNP], &[SNP, other]), expected);
    assert_eq!(files(&[passed, SNP], &[other, SNP]), expected);
}

#[test]
fn a_path_with_an_equals_sign_is_a_path() {
    let case = Case::new(&[SNP], &[SNP]);
    let path = case.world.path("a=b.vcf");
    std::fs::copy(case.world.path("query.vcf"), &path).unwrap();
    let told = case.arg("--compare", Path::new(&path)).run();
    assert_eq!(told.metrics["call_sets"][1]["name"], "a=b");
}

/// Editors put a byte-order mark before text. A VCF and a list of strata are read with it, a BED is refused by name.
#[test]
fn byte_order_marks() {
    let case = Case::new(&[SNP], &[SNP]);
    let marked = |name: &str, text: &str| std::fs::write(case.world.path(name), format!("\u{feff}{text}")).unwrap();
    let query = std::fs::read_to_string(case.world.path("query.vcf")).unwrap();
    marked("query.vcf", &query);
    marked("conf.bed", "c\t0\t30\n");
    let confident = case.world.path("conf.bed");
    let mut case = case;
    assert_eq!(case.run().metrics["call_sets"][0]["summary"][2]["truth_tp"]["all"], 1);
    let error = crate::common::error_of(&mut case.arg("--confident", confident).command);
    assert!(
        error.contains("conf.bed") && error.contains("byte-order mark"),
        "{error}"
    );
}
