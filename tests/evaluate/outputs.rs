//! What is written, and what the flags do.

use dvcall::variants::VariantType;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use dvcall::evaluate::{Curve, FilterRow, Options, ScoreField, Wanted, evaluate};

use crate::common::{dvcall, records};
use crate::world::{HEADER, Line, World, totals};

const REFERENCE: &str = "ACGTTGCAACGGATCCATGCATTAGCCGATCGGATACCAGTACGTTGACCATGACTTGACGATTACA";

fn line(position: usize, alternate: &str, genotype: &str) -> Line {
    Line {
        position,
        reference: REFERENCE[position..=position].into(),
        alternates: vec![alternate.into()],
        genotype: genotype.into(),
    }
}

fn command(world: &World, truth: &Path, query: &Path) -> Command {
    let mut command = dvcall();
    command
        .args(["evaluate", "--ref"])
        .arg(world.fasta())
        .arg("--truth")
        .arg(truth);
    command.arg("--query").arg(query).arg("--output").arg(world.path("out"));
    command
}

fn truth(world: &World) -> PathBuf {
    world.vcf(
        "truth.vcf",
        &[line(4, "G", "0/1"), line(10, "A", "1/1"), line(30, "CTT", "0/1")],
    )
}

fn query(world: &World) -> PathBuf {
    let wrong_genotype = line(10, "A", "0/1");
    world.vcf(
        "query.vcf",
        &[
            line(4, "G", "0/1"),
            wrong_genotype,
            line(30, "CTT", "0/1"),
            line(50, "T", "0/1"),
        ],
    )
}

#[test]
fn all_files_appear_and_say_the_same() {
    let world = World::new(REFERENCE);
    let (truth, query) = (truth(&world), query(&world));
    std::fs::write(world.path("conf.bed"), "c\t0\t45\n").unwrap();
    std::fs::write(world.path("left.bed"), "c\t0\t20\n").unwrap();
    std::fs::write(world.path("strata.tsv"), "left\tleft.bed\n").unwrap();
    command(&world, &truth, &query)
        .arg("--confident")
        .arg(world.path("conf.bed"))
        .arg("--stratification")
        .arg(world.path("strata.tsv"))
        .arg("--compare")
        .arg(format!("same={}", query.display()))
        .args(["--runtime", "same=3.5"])
        .assert()
        .success()
        .stdout(predicates::str::contains("Precision").and(predicates::str::contains("same")));
    let read = |suffix: &str| std::fs::read_to_string(world.path(&format!("out.{suffix}"))).unwrap();
    let summary = read("summary.csv");
    assert!(summary.contains("SNP,ALL,2,1,1,3,1,1,1,0,0.5,0.5,"), "{summary}");
    assert!(summary.contains("INDEL,ALL,1,1,0,1,0,0,0,0,1.0,1.0,"), "{summary}");
    let extended = read("extended.csv");
    assert_eq!(extended.lines().next().unwrap().split(',').count(), 65);
    assert!(extended.contains("SNP,*,left,ALL,*,QUAL,*,0.5,"), "{extended}");
    let vcf = records(&world.path("out.vcf.gz"));
    assert_eq!(vcf.len(), 4);
    assert!(
        vcf[1].contains("1/1:FN:am:") && vcf[1].contains("0/1:FP:am:"),
        "{}",
        vcf[1]
    );
    assert!(vcf[3].contains("0/1:UNK:"), "{}", vcf[3]);
    assert!(world.path("out.vcf.gz.tbi").is_file() && world.path("out.roc.all.csv.gz").is_file());
    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).unwrap();
    assert_eq!(metrics["call_sets"][1]["run_time_seconds"], 3.5);
    assert!(read("compare.csv").lines().count() == 5);
    let html = read("html");
    assert!(html.matches("<svg").count() >= 3 && html.ends_with("</html>\n"));
    for outside in ["http-equiv", "<script src", "<link", "src=\"http"] {
        assert!(!html.contains(outside), "the report must open offline: {outside}");
    }
}

#[test]
fn filters_and_scores_are_kept_apart() {
    let world = World::new(REFERENCE);
    let truth = truth(&world);
    let body = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n\
        c\t5\t.\tT\tG\t9\tPASS\t.\tGT:GQ\t0/1:40\nc\t11\t.\tG\tA\t7\tweak\t.\tGT:GQ\t1/1:3\n";
    let query = world.path("query.vcf");
    std::fs::write(&query, format!("{HEADER}{body}")).unwrap();
    let options = Options {
        score: ScoreField::gq(),
        ..world.options(&truth)
    };
    let run = evaluate(options, query, None).unwrap();
    let found = |filter| run.counts(VariantType::Snp, filter).truth_tp.all;
    assert_eq!((found(FilterRow::All), found(FilterRow::Pass)), (2, 1));
    let curve = Curve::new(&run, Wanted::all(VariantType::Snp, FilterRow::All));
    let thresholds: Vec<f32> = curve.clone().map(|p| p.threshold).collect();
    assert_eq!(thresholds, [3.0, 40.0]);
    assert_eq!(curve.best().unwrap().threshold, 3.0);
}

#[test]
fn regions_count_what_lies_in_them() {
    let world = World::new(REFERENCE);
    let (truth, query) = (truth(&world), query(&world));
    let options = Options {
        regions: vec!["c:1-10".into()].into(),
        ..world.options(&truth)
    };
    assert_eq!(totals(&evaluate(options, query, None).unwrap()), (1, 0, 1, 0));
}

/// Two neighbours on one haplotype are not the same as one on each, if the phase is known.
#[test]
fn phase_counts_where_asked_for() {
    let world = World::new(REFERENCE);
    let spelt = |name: &str, second: &str| world.vcf(name, &[line(4, "G", "0|1"), line(5, "T", second)]);
    let (truth, query) = (spelt("truth.vcf", "0|1"), spelt("query.vcf", "1|0"));
    let run = |phased| {
        let options = Options {
            phased,
            ..world.options(&truth)
        };
        totals(&evaluate(options, query.clone(), None).unwrap())
    };
    assert_eq!(run(false), (2, 0, 2, 0));
    assert_eq!(run(true), (1, 1, 1, 1), "one of them is on the wrong haplotype");
    let joined = Line {
        position: 4,
        reference: REFERENCE[4..6].into(),
        alternates: vec!["GT".into()],
        genotype: "0|1".into(),
    };
    let truth = world.vcf("joined.vcf", &[joined]);
    let found = |phased| {
        let options = Options {
            phased,
            ..world.options(&truth)
        };
        totals(&evaluate(options, query.clone(), None).unwrap()).0
    };
    assert_eq!((found(false), found(true)), (1, 0));
}

/// Alleles without a sequence, half calls, reference calls and blocks of a gVCF.
#[test]
fn odd_alleles_are_handled_as_the_standard_says() {
    let world = World::new(REFERENCE);
    let truth = world.vcf("truth.vcf", &[line(4, "G", "0/1"), line(10, "A", "0/1")]);
    let columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n";
    let body = "c\t1\t.\tA\t<NON_REF>\t.\t.\tEND=4\tGT\t0/0\nc\t5\t.\tT\tG,<*>\t9\t.\t.\tGT\t0/1\n\
        c\t7\t.\tC\t.\t9\t.\t.\tGT\t./.\nc\t11\t.\tG\t*,A\t9\t.\t.\tGT\t1/2\nc\t21\t.\tA\t<DEL>\t9\t.\t.\tGT\t0/1\n";
    let query = world.path("query.vcf");
    std::fs::write(&query, format!("{HEADER}{columns}{body}")).unwrap();
    assert_eq!(totals(&world.run(&truth, &query)), (2, 0, 2, 0));
    std::fs::write(&query, format!("{HEADER}{columns}c\t5\t.\tT\tG\t9\t.\t.\tGT\t./1\n")).unwrap();
    assert_eq!(totals(&world.run(&truth, &query)), (1, 1, 1, 0));
}

/// Two complex alleles that come apart into a substitution and a deletion that begins before it.
#[test]
fn annotated_records_are_in_order() {
    let reference = format!("ACGTC{}CGTTGCATTAGCCGATCGG", "A".repeat(21));
    let world = World::new(&reference);
    let complex = Line {
        position: 21,
        reference: "AAAAA".into(),
        alternates: vec!["AG".into(), "G".into()],
        genotype: "1/2".into(),
    };
    let query = world.vcf("query.vcf", &[complex]);
    command(&world, &query, &query).assert().success();
    let positions: Vec<u64> = records(&world.path("out.vcf.gz"))
        .iter()
        .map(|record| record.split('\t').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(positions.len() > 2 && positions.is_sorted(), "{positions:?}");
}

#[test]
fn threads_change_nothing() {
    let world = World::new(REFERENCE);
    let (truth, query) = (truth(&world), query(&world));
    let with = |threads: &str| {
        command(&world, &truth, &query)
            .args(["--threads", threads])
            .assert()
            .success();
        (
            records(&world.path("out.vcf.gz")),
            std::fs::read(world.path("out.metrics.json")).unwrap(),
        )
    };
    assert_eq!(with("1"), with("2"));
}

#[test]
fn help_has_examples() {
    dvcall()
        .args(["evaluate", "--help"])
        .assert()
        .success()
        .stdout(predicates::str::contains("Examples:").and(predicates::str::contains("--stratification")));
}

use predicates::prelude::PredicateBooleanExt;
