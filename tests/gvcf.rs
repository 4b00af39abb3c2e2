//! Tests of `dvcall call --gvcf`.

mod common;

use std::path::Path;

use common::gvcf::{Block, block, called};
use common::{call, dvcall, error_of, sample};
use rust_htslib::bam::{self, header::HeaderRecord};

fn sample_called(flags: &[&str]) -> [Vec<String>; 2] {
    called(&sample().join("reference.fa"), &sample().join("sample.bam"), flags)
}

/// First and last position (1-based) of a call.
fn span(record: &str) -> (u64, u64) {
    let fields: Vec<_> = record.split('\t').collect();
    let start: u64 = fields[1].parse().unwrap();
    (start, start + fields[3].len() as u64 - 1)
}

#[test]
fn every_position_is_in_one_block_or_call() {
    let regions = ["chrA:501-30,000", "chrA:30,101-30,150", "chrB:1-20,000"];
    let flags = regions.map(|region| ["--regions", region]).concat();
    let [_, records] = sample_called(&flags);
    for (contig, start, end) in [("chrA", 501, 30_000), ("chrA", 30_101, 30_150), ("chrB", 1, 20_000)] {
        let on_contig = || records.iter().filter(|r| r.starts_with(&format!("{contig}\t")));
        let (blocks, calls): (Vec<_>, Vec<_>) = on_contig().partition(|record| block(record).is_some());
        let blocks: Vec<Block> = blocks.into_iter().filter_map(|record| block(record)).collect();
        let under_call = |at: u64| calls.iter().any(|call| (span(call).0..=span(call).1).contains(&at));
        for at in start..=end {
            let covering = blocks.iter().filter(|b| (b.start..=b.end).contains(&at)).count();
            assert_eq!(covering, usize::from(!under_call(at)), "{contig}:{at}");
        }
    }
    // There are no other records, and the records are sorted.
    let outside =
        |b: &Block| b.contig == "chrA" && (b.start < 501 || b.end > 30_150 || b.end > 30_000 && b.start < 30_101);
    assert!(!records.iter().filter_map(|record| block(record)).any(|b| outside(&b)));
    let places = records.iter().map(|r| (r[..4].to_owned(), span(r).0));
    assert!(places.is_sorted());
}

/// Writes a random reference of one contig, and an alignment file without reads.
fn contig_without_reads(folder: &Path, length: usize) -> [std::path::PathBuf; 2] {
    let [reference, reads] = ["r.fa", "r.bam"].map(|name| folder.join(name));
    let mut state = 1_u32;
    let mut base = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b"ACGT"[(state >> 30) as usize])
    };
    let bases: String = (0..length).map(|_| base()).collect();
    std::fs::write(&reference, format!(">c\n{bases}\n")).unwrap();
    std::fs::write(
        folder.join("r.fa.fai"),
        format!("c\t{length}\t3\t{length}\t{}\n", length + 1),
    )
    .unwrap();
    let mut header = bam::Header::new();
    header.push_record(HeaderRecord::new(b"SQ").push_tag(b"SN", "c").push_tag(b"LN", length));
    header.push_record(HeaderRecord::new(b"RG").push_tag(b"ID", "g").push_tag(b"SM", "s"));
    drop(bam::Writer::from_path(&reads, &header, bam::Format::Bam).unwrap());
    bam::index::build::<&Path>(&reads, None, bam::index::Type::Bai, 1).unwrap();
    [reference, reads]
}

#[test]
fn long_blocks_are_split_at_fixed_positions() {
    let folder = tempfile::tempdir().unwrap();
    let [reference, reads] = contig_without_reads(folder.path(), 120_000);
    let spans = |flags: &[&str]| -> Vec<(u64, u64)> {
        let [_, records] = called(&reference, &reads, flags);
        records
            .iter()
            .map(|r| block(r).unwrap())
            .map(|b| (b.start, b.end))
            .collect()
    };
    let whole = [(1, 50_000), (50_001, 100_000), (100_001, 120_000)];
    assert_eq!(spans(&["--threads", "1"]), whole);
    assert_eq!(spans(&["--threads", "3"]), whole);
    assert_eq!(
        spans(&["--regions", "c:40,001-110,000"]),
        [(40_001, 50_000), (50_001, 100_000), (100_001, 110_000)]
    );
}

#[test]
fn the_gvcf_has_the_calls_of_the_vcf() {
    let [vcf, gvcf] = sample_called(&["--threads", "1"]);
    let calls: Vec<&String> = gvcf.iter().filter(|record| block(record).is_none()).collect();
    assert!(vcf.len() > 50);
    assert_eq!(calls.len(), vcf.len());
    for (record, call) in vcf.iter().zip(calls) {
        let [record, call] = [record, call].map(|text| text.split('\t').collect::<Vec<_>>());
        assert_eq!(call[4], format!("{},<*>", record[4]));
        assert_eq!(
            [&call[..4], &call[5..9]].concat(),
            [&record[..4], &record[5..9]].concat()
        );
        let [record, call] = [record[9], call[9]].map(|sample| sample.split(':').collect::<Vec<_>>());
        assert_eq!(call[..3], record[..3]);
        let alleles = call[3].split(',').count();
        let unseen = ",990".repeat(alleles);
        let expected = [
            format!("{},0", record[3]),
            format!("{},0", record[4]),
            format!("{}{unseen}", record[5]),
        ];
        assert_eq!(call[3..6], expected);
        assert_eq!(call[6..], record[6..]);
    }
}

#[test]
fn the_gvcf_does_not_depend_on_threads_or_the_split_of_regions() {
    let [_, one] = sample_called(&["--threads", "1"]);
    let [_, three] = sample_called(&["--threads", "3"]);
    assert_eq!(one, three);
    // A split only ends a block.
    let [_, whole] = sample_called(&["--regions", "chrA:10,001-30,000"]);
    let pieces = ["chrA:10,001-14,321", "chrA:14,322-21,000", "chrA:21,001-30,000"];
    let cut: Vec<String> = pieces
        .iter()
        .flat_map(|piece| sample_called(&["--regions", piece])[1].clone())
        .collect();
    let only_in = |a: &[String], b: &[String]| {
        a.iter()
            .filter(|record| !b.contains(record))
            .cloned()
            .collect::<Vec<_>>()
    };
    let (lost, new) = (only_in(&whole, &cut), only_in(&cut, &whole));
    assert!(lost.len() <= 2 && new.len() == 2 * lost.len(), "{lost:?} {new:?}");
    assert!(
        lost.iter().chain(&new).all(|record| block(record).is_some()),
        "{lost:?} {new:?}"
    );
}

#[test]
fn the_gvcf_has_the_same_scores_as_the_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut command = call(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        &path("x.vcf.gz"),
    );
    command.arg("--gvcf").arg(path("x.g.vcf.gz")).assert().success();
    let summary = |query: &str| {
        let mut command = dvcall();
        command
            .args(["evaluate", "--quiet", "--ref"])
            .arg(sample().join("reference.fa"));
        command.arg("--truth").arg(sample().join("truth.vcf.gz"));
        command.arg("--confident").arg(sample().join("confident.bed"));
        command
            .arg("--query")
            .arg(path(query))
            .arg("--output")
            .arg(path("scores"));
        command.assert().success();
        std::fs::read_to_string(path("scores.summary.csv")).unwrap()
    };
    let of_vcf = summary("x.vcf.gz");
    // Found SNPs: the third column after type and filter.
    let snps = of_vcf.lines().find_map(|line| line.strip_prefix("SNP,PASS,")).unwrap();
    assert!(snps.split(',').nth(1).unwrap().parse::<u64>().unwrap() > 50, "{of_vcf}");
    assert_eq!(of_vcf, summary("x.g.vcf.gz"));
}

#[test]
fn a_failed_run_leaves_no_file_and_both_outputs_need_different_names() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("x.vcf.gz");
    let reference = sample().join("reference.fa");
    let error = error_of(
        call(&reference, &sample().join("sample.bam"), &output)
            .arg("--gvcf")
            .arg(&output),
    );
    assert!(
        error.contains("--gvcf") && error.contains("choose another name"),
        "{error}"
    );
    let missing = folder.path().join("model.safetensors");
    let mut command = call(&reference, &sample().join("sample.bam"), &output);
    error_of(
        command
            .arg("--gvcf")
            .arg(folder.path().join("x.g.vcf.gz"))
            .arg("--model")
            .arg(missing),
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
