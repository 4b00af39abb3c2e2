//! Haploid genotypes, and the PASS rows beside filtered calls.

use dvcall::variants::VariantType;
use std::path::PathBuf;

use dvcall::evaluate::FilterRow;

use crate::world::{HEADER, World, totals};

const REFERENCE: &str = "ACGTTGCAACGGATCCATGCATTAGCCGATCGGATACCAGTACGTTGACCATGACTTGACGATTACA";

/// Writes records, given as POS, REF, ALT, FILTER and GT with spaces between.
fn vcf(world: &World, name: &str, records: &[String]) -> PathBuf {
    let mut text = format!("{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n");
    for record in records {
        let [position, reference, alternate, filter, genotype] = record.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{record}");
        };
        text += &format!("c\t{position}\t.\t{reference}\t{alternate}\t50\t{filter}\t.\tGT\t{genotype}\n");
    }
    let path = world.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A SNP and an insertion with one genotype.
fn calls(genotype: &str) -> Vec<String> {
    ["5 T G PASS", "10 C CTT PASS"]
        .iter()
        .map(|c| format!("{c} {genotype}"))
        .collect()
}

/// True positives, misses, the query's true positives and false positives.
fn counts(truth: &[String], query: &[String]) -> (u64, u64, u64, u64) {
    let world = World::new(REFERENCE);
    totals(&world.run(&vcf(&world, "truth.vcf", truth), &vcf(&world, "query.vcf", query)))
}

#[test]
fn a_haploid_genotype_is_homozygous_on_either_side() {
    for (truth, query) in [("1", "1"), ("1", "1/1"), ("1|1", "1"), ("1/1", "1")] {
        assert_eq!(counts(&calls(truth), &calls(query)), (2, 0, 2, 0), "{truth} {query}");
    }
    for (truth, query) in [("1", "0/1"), ("0/1", "1")] {
        assert_eq!(counts(&calls(truth), &calls(query)), (0, 2, 0, 2), "{truth} {query}");
    }
    for no_call in ["0", ".", "0/0", "./."] {
        assert_eq!(counts(&calls("1"), &calls(no_call)), (0, 2, 0, 0), "{no_call}");
    }
}

/// Strelka2 calls what lies under a heterozygous deletion with one allele.
#[test]
fn a_haploid_genotype_under_a_deletion_is_on_the_haplotype_that_is_left() {
    let with = |snp: &str| vec!["5 TGCAACG T PASS 0/1".to_owned(), format!("8 A G PASS {snp}")];
    assert_eq!(counts(&with("0/1"), &with("1")), (2, 0, 2, 0));
    assert_eq!(counts(&with("1/1"), &with("1")), (1, 1, 1, 1));
    let behind = |snp: &str| vec!["5 TGCAACG T PASS 0/1".to_owned(), format!("12 G A PASS {snp}")];
    assert_eq!(counts(&behind("1/1"), &behind("1")), (2, 0, 2, 0));
    let haploid = |snp: &str| vec!["5 TGCAACG T PASS 1".to_owned(), format!("12 G A PASS {snp}")];
    assert_eq!(counts(&haploid("1/1"), &haploid("1")), (2, 0, 2, 0));
}

/// The insertion touches the call before it, but is no part of what matches.
#[test]
fn a_filtered_call_beside_a_match_does_not_filter_the_match() {
    let world = World::new(REFERENCE);
    let records = |records: &[&str]| records.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
    let truth = vcf(&world, "truth.vcf", &records(&["9 ACGG ATTA PASS 0/1"]));
    for insertion in ["12 G GCG LowQual 1/1", "12 G GTT LowQual 0/1", "8 A AC LowQual 0/1"] {
        let mut called = ["9 ACGG ATTA PASS 0/1", insertion];
        called.sort_by_key(|r| r.split(' ').next().and_then(|p| p.parse::<u32>().ok()));
        let query = vcf(&world, "query.vcf", &records(&called));
        let run = world.run(&truth, &query);
        let counts = run.counts(VariantType::Snp, FilterRow::Pass);
        assert_eq!((counts.truth_tp.all, counts.truth_fn.all), (1, 0), "{insertion}");
        assert_eq!(counts.query_tp.all, 3, "{insertion}");
        assert_eq!(run.counts(VariantType::Indel, FilterRow::Pass).query_fp.all, 0);
        assert_eq!(run.counts(VariantType::Indel, FilterRow::All).query_fp.all, 1);
    }
}
