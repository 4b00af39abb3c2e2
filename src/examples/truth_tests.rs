//! Reading of truth from VCF files.

use anyhow::Result;

use super::truth::{TruthVariant, TruthVariants};
use crate::genome::{IntervalSet, Reference, Region};
use crate::variants::CallExclusion;

const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=c>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n";

/// Reads a VCF against the reference `GATTACACACATTT`.
fn read(text: &str) -> Result<TruthVariants> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("r.fa"), ">c\nGATTACACACATTT\n")?;
    std::fs::write(path("r.fa.fai"), "c\t14\t3\t14\t15\n")?;
    std::fs::write(path("t.vcf"), text)?;
    let reference = Reference::open(&path("r.fa"))?;
    let regions = IntervalSet::from_regions([Region::new("c", 0, 14)]);
    TruthVariants::read(&path("t.vcf"), &reference, &regions, 100, false)
}

fn text(lines: &[[&str; 5]]) -> String {
    let line = |[position, reference, alternate, filter, genotype]: &[&str; 5]| {
        format!("c\t{position}\t.\t{reference}\t{alternate}\t50\t{filter}\t.\tGT\t{genotype}\n")
    };
    HEADER.to_owned() + &lines.iter().map(line).collect::<String>()
}

fn records(lines: &[[&str; 5]]) -> Result<Vec<TruthVariant>> {
    Ok(read(&text(lines))?.over("c", 0, 14).cloned().collect())
}

type Places = Vec<(u64, u64)>;

/// Unknown places, and how many records were not used for each reason.
fn unused(lines: &[[&str; 5]]) -> (Places, Vec<(CallExclusion, u64)>) {
    let truth = read(&text(lines)).unwrap();
    let reasons = truth.left_out().reasons().map(|(reason, count, _)| (reason, count));
    (truth.unknown().on("c").to_vec(), reasons.collect())
}

#[test]
fn a_record_given_twice_counts_once() {
    let het = ["9", "ACA", "A", "PASS", "0/1"];
    let shifted = ["4", "TAC", "T", "PASS", "1/0"];
    assert_eq!(records(&[shifted, het]).unwrap().len(), 1);
    assert_eq!(unused(&[shifted, het]), (vec![], vec![(CallExclusion::Repeated, 1)]));
    let phased = [["3", "T", "G", "PASS", "0|1"], ["3", "T", "G", "PASS", "1|0"]];
    assert_eq!(records(&phased).unwrap().len(), 1);
    let apart = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "C", "PASS", "0/1"]];
    assert_eq!((records(&apart).unwrap().len(), unused(&apart)), (2, (vec![], vec![])));
}

#[test]
fn a_genotype_that_another_record_contradicts_is_unknown() {
    let lines = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "G", "PASS", "1/1"]];
    assert_eq!(unused(&lines), (vec![(2, 3)], vec![(CallExclusion::Contradicted, 2)]));
    let joined = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "G,C", "PASS", "1/2"]];
    assert_eq!(records(&joined).unwrap(), []);
    assert_eq!(unused(&joined).1, [(CallExclusion::Contradicted, 2)]);
}

#[test]
fn places_of_filtered_and_symbolic_records_are_unknown() {
    let filtered = ["9", "ACA", "A", "weak", "0/1"];
    assert_eq!(
        unused(&[filtered]),
        (vec![(3, 6), (8, 11)], vec![(CallExclusion::Filtered, 1)])
    );
    let symbolic = ["9", "A", "<DEL>", "PASS", "0/1"];
    assert_eq!(unused(&[symbolic]), (vec![(8, 9)], vec![(CallExclusion::Symbolic, 1)]));
    assert_eq!(unused(&[["9", "A", "<DEL>", "PASS", "0/0"]]), (vec![], vec![]));
    let triploid = ["9", "A", "C", "weak", "0/0/1"];
    assert_eq!(unused(&[triploid]), (vec![(8, 9)], vec![(CallExclusion::Filtered, 1)]));
    let genotype_filter = "c\t9\t.\tA\tC\t50\tPASS\t.\tGT:FT\t0/1:weak\n";
    let truth = read(&(HEADER.to_owned() + genotype_filter)).unwrap();
    assert_eq!(truth.unknown().on("c"), [(8, 9)]);
}

#[test]
fn genotypes_of_every_kind_are_read() {
    let parsed = |alternate: &str, genotype: &str| -> Option<(Vec<String>, [usize; 2], bool)> {
        let variant = records(&[["3", "T", alternate, "PASS", genotype]]).unwrap().pop()?;
        let alternates = variant.alternates.into_iter().map(|a| String::from_utf8(a).unwrap());
        Some((alternates.collect(), variant.genotype, variant.phased))
    };
    let some = |alternates: &[&str], genotype, phased| {
        Some((alternates.iter().map(|&a| a.to_owned()).collect(), genotype, phased))
    };
    assert_eq!(parsed("G", "0/1"), some(&["G"], [0, 1], false));
    assert_eq!(parsed("G", "1|0"), some(&["G"], [1, 0], true));
    assert_eq!(parsed("G,C", "2/1"), some(&["C", "G"], [1, 2], false));
    assert_eq!(parsed("G,C", "2/2"), some(&["C"], [1, 1], false));
    assert_eq!(parsed("G,*", "1/2"), some(&["G"], [1, 0], false));
    assert_eq!(parsed("G", "./1"), some(&["G"], [0, 1], false));
    assert_eq!(parsed("G", "/0/1"), some(&["G"], [0, 1], false));
    assert_eq!(parsed("G", "|0|1"), some(&["G"], [0, 1], true));
    assert_eq!(parsed("G", "1"), some(&["G"], [1, 1], false));
    for (alternate, genotype) in [("G", "0/0"), ("G", "./."), ("<DEL>", "0/1"), (".", "0/0"), ("*", "0/1")] {
        assert_eq!(parsed(alternate, genotype), None, "{alternate} {genotype}");
    }
}

#[test]
fn records_are_left_aligned_and_filtered() {
    let found = records(&[
        ["2", "A", "T", "LowQual", "0/1"],
        ["4", "T", "C", ".", "0/1"],
        ["9", "ACA", "A", "PASS", "1/1"],
    ]);
    let found = found.unwrap();
    assert_eq!(found.iter().map(|v| v.position).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(
        (&found[1].reference[..], &found[1].alternates[0][..]),
        (&b"TAC"[..], &b"T"[..])
    );
}

#[test]
fn truth_that_does_not_fit_is_refused_with_its_place() {
    let message = |result: Result<Vec<TruthVariant>>| format!("{:#}", result.unwrap_err());
    let read = |text: &str| -> Result<Vec<TruthVariant>> { Ok(read(text)?.over("c", 0, 14).cloned().collect()) };
    let wrong_base = message(records(&[["3", "A", "T", "PASS", "0/1"]]));
    assert!(
        wrong_base.contains("c:3") && wrong_base.contains("reference has T"),
        "{wrong_base}"
    );
    let unsorted = message(records(&[
        ["4", "T", "C", "PASS", "0/1"],
        ["2", "A", "T", "PASS", "0/1"],
    ]));
    assert!(unsorted.contains("c:2") && unsorted.contains("sort"), "{unsorted}");
    let triploid = message(records(&[["3", "T", "G", "PASS", "0/1/1"]]));
    assert!(triploid.contains("3 alleles"), "{triploid}");
    let two = HEADER.replace("\tS\n", "\tS\tS2\n") + "c\t3\t.\tT\tG\t50\tPASS\t.\tGT\t0/1\t0/1\n";
    assert!(message(read(&two)).contains("2 samples"));
    let other = HEADER.replace("ID=c", "ID=chr1") + "chr1\t3\t.\tT\tG\t50\tPASS\t.\tGT\t0/1\n";
    assert!(message(read(&other)).contains("no contig 'c', only chr1"));
    let no_genotype = HEADER.to_owned() + "c\t3\t.\tT\tG\t50\tPASS\t.\tDP\t7\n";
    assert!(message(read(&no_genotype)).contains("no GT"));
    for (damaged, expected) in [
        ("", "is empty"),
        ("not a VCF", "not a VCF"),
        ("##fileformat=VCFv4.2\n", "#CHROM"),
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\n", "#CHROM"),
    ] {
        let message = message(read(damaged));
        assert!(message.contains(expected), "{message}");
    }
}
