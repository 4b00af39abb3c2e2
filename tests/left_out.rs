//! Tests that excluded reads are counted and reported, and that unsuitable reads are refused.

mod common;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use common::{call, dvcall, error_of, records, sample};
use rust_htslib::bam::record::{Aux, Cigar, CigarString};
use rust_htslib::bam::{self, Format, Header, HeaderView, Read as _, Record, index};
use serde_json::Value;

/// Writes the sample's reads after `change`, and the index. `change` gets each read's index in the file.
fn changed(path: &Path, header: impl Fn(&str) -> String, change: impl Fn(usize, &mut Record)) {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let text = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let header = Header::from_template(&HeaderView::from_bytes(header(&text).as_bytes()));
    let mut writer = bam::Writer::from_path(path, &header, Format::Bam).unwrap();
    for (rank, record) in reader.records().enumerate() {
        let mut record = record.unwrap();
        change(rank, &mut record);
        writer.write(&record).unwrap();
    }
    drop(writer);
    index::build(path, None, index::Type::Bai, 1).unwrap();
}

fn with_reads(path: &Path, change: impl Fn(usize, &mut Record)) {
    changed(path, str::to_owned, change);
}

/// A temporary folder for reads, calls and their summary.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn call(&self, flags: &[&str]) -> Command {
        let mut command = call(
            &sample().join("reference.fa"),
            &self.at("reads.bam"),
            &self.at("calls.vcf"),
        );
        command.arg("--summary").arg(self.at("summary.json")).args(flags);
        command
    }

    /// The error of a failed call, which must leave no file.
    fn refusal(&self, flags: &[&str]) -> String {
        let message = error_of(&mut self.call(flags));
        let mut left: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["reads.bam", "reads.bam.bai"], "{message}");
        message
    }

    /// The summary of a call; removes the file.
    fn summary(&self, flags: &[&str]) -> Value {
        self.call(flags).assert().success();
        let text = std::fs::read_to_string(self.at("summary.json")).unwrap();
        std::fs::remove_file(self.at("summary.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

const REGION: [&str; 2] = ["--regions", "chrA:10,001-30,000"];

#[test]
fn if_all_reads_are_excluded_the_error_has_the_reason_and_the_remedy() {
    let place = Place::new();
    let set = |change: &dyn Fn(&mut Record)| with_reads(&place.at("reads.bam"), |_, record| change(record));
    let with_bases = |record: &mut Record, bases: &[u8], quality: u8| {
        let (name, cigar) = (record.qname().to_vec(), record.cigar().take());
        record.set(&name, Some(&cigar), bases, &vec![quality; bases.len()]);
    };
    let again = |flags: &[&str]| {
        place.call(&[&REGION[..], flags].concat()).assert().success();
        let found = records(&place.at("calls.vcf"));
        for name in ["calls.vcf", "summary.json"] {
            std::fs::remove_file(place.at(name)).unwrap();
        }
        found
    };

    set(&|_| {});
    // The sample contains a few duplicates.
    let expected = again(&["--keep-duplicates"]);
    assert!(expected.len() > 5);
    set(&|record| record.set_flags(record.flags() | 0x400));
    let message = place.refusal(&REGION);
    assert!(
        message.contains("duplicate; use them with --keep-duplicates"),
        "{message}"
    );
    assert_eq!(again(&["--keep-duplicates"]), expected);
    for command in ["show", "make-examples"] {
        let mut command = dvcall_on(command, &place);
        assert!(error_of(command.args(REGION)).contains("--keep-duplicates"));
        assert!(!place.at("out").exists());
    }
    set(&|record| record.set_mapq(3));
    let message = place.refusal(&REGION);
    assert!(
        message.contains("low mapping quality; use them with --min-mapping-quality below 5"),
        "{message}"
    );
    assert!(!again(&["--min-mapping-quality", "3"]).is_empty());
    set(&|record| record.set_flags(record.flags() | 0x200));
    assert!(
        place
            .refusal(&REGION)
            .contains("failed quality control; remove the flag")
    );
    set(&|record| with_bases(record, &[], 0));
    assert!(place.refusal(&REGION).contains("without bases (SEQ *)"));
    set(&|record| with_bases(record, &record.seq().as_bytes(), 8));
    assert!(place.refusal(&REGION).contains("low base quality"));
    set(&|record| with_bases(record, &record.seq().as_bytes(), 15));
    assert!(
        place
            .refusal(&["--min-base-quality", "20"])
            .contains("--min-base-quality below 20")
    );
    let reads = place.at("reads.bam");
    let two_samples = |text: &str| format!("{}\n@RG\tID:z\tSM:other\n", text.trim_end());
    changed(&reads, two_samples, |_, record| drop(record.remove_aux(b"RG")));
    let message = place.refusal(&["--sample", "other"]);
    assert!(
        message.contains("without a read group; add") && message.contains("addreplacerg"),
        "{message}"
    );
    changed(&reads, two_samples, |_, _| {});
    assert!(place.refusal(&["--sample", "other"]).contains("of another sample"));
}

fn dvcall_on(subcommand: &str, place: &Place) -> Command {
    let mut command = dvcall();
    command
        .args([subcommand, "--quiet", "--ref"])
        .arg(sample().join("reference.fa"));
    command
        .arg("--reads")
        .arg(place.at("reads.bam"))
        .arg("--output")
        .arg(place.at("out"));
    command
}

#[test]
fn many_excluded_reads_give_a_warning_and_a_bad_target_in_a_good_file_is_no_error() {
    let place = Place::new();
    let heard = |flags: &[&str]| {
        // Without --quiet.
        let mut command = dvcall();
        command.args(["call", "--ref"]).arg(sample().join("reference.fa"));
        command
            .arg("--reads")
            .arg(place.at("reads.bam"))
            .arg("--output")
            .arg(place.at("calls.vcf"));
        let output = command.args(flags).assert().success().get_output().clone();
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    with_reads(&place.at("reads.bam"), |rank, record| {
        let duplicate = if rank % 10 < 6 { 0x400 } else { 0 };
        record.set_flags(record.flags() | duplicate);
    });
    let (table, told) = heard(&REGION);
    assert!(
        told.contains("most reads in the regions are left out") && told.contains("--keep-duplicates"),
        "{told}"
    );
    let line = table
        .lines()
        .find(|line| line.trim_start().starts_with("duplicate"))
        .unwrap();
    assert!(
        line.split_whitespace().last().unwrap().parse::<u64>().unwrap() > 1_000,
        "{table}"
    );
    assert!(
        !heard(&["--regions", "chrA:10,001-30,000", "--keep-duplicates"])
            .1
            .contains("WARN")
    );

    // Mapping quality 0, as in a repeat.
    with_reads(&place.at("reads.bam"), |_, record| {
        if record.tid() == 0 && record.pos() < 14_000 {
            record.set_mapq(0);
        }
    });
    let (_, told) = heard(&["--regions", "chrA:10,001-12,000"]);
    assert!(told.contains("all reads in the regions are left out"), "{told}");
    assert!(!heard(&REGION).1.contains("WARN"));
}

#[test]
fn every_read_over_the_regions_is_counted_once_for_any_split() {
    let place = Place::new();
    with_reads(&place.at("reads.bam"), |rank, record| match rank % 20 {
        0 => record.set_flags(record.flags() | 0x400),
        1 => record.set_flags(record.flags() | 0x100),
        2 => record.set_mapq(4),
        _ => {}
    });
    let mut reader = bam::Reader::from_path(place.at("reads.bam")).unwrap();
    let placed: Vec<(i32, i64, i64)> = reader
        .records()
        .map(Result::unwrap)
        .filter(|r| r.pos() >= 0)
        .map(|r| (r.tid(), r.pos(), r.cigar().end_pos().max(r.pos() + 1)))
        .collect();
    let total = |summary: &Value| -> u64 {
        let reads = &summary["reads"];
        let left_out = reads["left_out"].as_object().unwrap().values();
        reads["used"].as_u64().unwrap() + left_out.map(|n| n.as_u64().unwrap()).sum::<u64>()
    };
    let numbers = |flags: &[&str]| {
        let mut summary = place.summary(flags);
        summary.as_object_mut().unwrap().remove("run");
        summary
    };
    let whole = numbers(&["--threads", "1"]);
    assert_eq!(total(&whole), placed.len() as u64);
    assert_eq!(numbers(&["--threads", "3"]), whole);
    for reason in ["duplicate", "secondary", "low_mapping_quality"] {
        let share = whole["reads"]["left_out"][reason].as_f64().unwrap() / placed.len() as f64;
        assert!((0.04..0.06).contains(&share), "{reason}: {share}");
    }
    assert_eq!(whole["records"]["sites"], records(&place.at("calls.vcf")).len());
    // Small targets, inside and across the cells of the grid.
    let targets: Vec<(i64, i64)> = (0..40).map(|i| (i * 1_499, i * 1_499 + 5 + i * 30)).collect();
    let bed: String = targets
        .iter()
        .map(|(start, end)| format!("chrA\t{start}\t{end}\n"))
        .collect();
    std::fs::write(place.at("targets.bed"), bed).unwrap();
    let targeted = place.summary(&["--regions", place.at("targets.bed").to_str().unwrap()]);
    let touches = |&&(tid, start, end): &&(i32, i64, i64)| tid == 0 && targets.iter().any(|t| t.0 < end && t.1 > start);
    assert_eq!(total(&targeted), placed.iter().filter(touches).count() as u64);
}

#[test]
fn few_reads_with_mates_inside_other_contigs_are_excluded() {
    let place = Place::new();
    // Mates in the middle of the other contig.
    let with_mates = |of_ten: usize| {
        with_reads(&place.at("reads.bam"), |rank, record| {
            if rank % 10 < of_ten {
                record.set_mtid(1 - record.tid());
                record.set_mpos(20_000);
            }
        });
    };
    let counted = |flags: &[&str]| {
        let summary = place.summary(flags);
        let reads = &summary["reads"];
        let left_out = reads["left_out"]["mate_on_other_contig"].as_u64().unwrap();
        (
            left_out,
            reads["used"].as_u64().unwrap(),
            summary["mates_on_other_contigs"].as_str().unwrap().to_owned(),
        )
    };
    with_mates(0);
    let (none, all, _) = counted(&[]);
    assert_eq!(none, 0);
    with_mates(3);
    let (left_out, used, rule) = counted(&[]);
    assert!((all / 4..all / 3).contains(&left_out) && left_out + used == all && rule.contains("over the ends"));
    assert_eq!(
        counted(&["--mates-on-other-contigs", "keep"]),
        (0, all, "used".to_owned())
    );
    // Most reads have mates on the other contig.
    with_mates(7);
    assert_eq!(counted(&[]), (0, all, "used".to_owned()));
    let (left_out, _, rule) = counted(&["--mates-on-other-contigs", "drop"]);
    assert!(left_out > all / 2 && rule == "not used");
}

#[test]
fn pairs_that_span_the_ends_of_contigs_are_used() {
    let place = Place::new();
    let reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let length = reader.header().target_len(0).unwrap() as i64;
    // Forward reads near the end of the first contig. Their mates lie at the start of the second contig and point to it
    // or away from it.
    let near_end = |record: &Record| record.tid() == 0 && record.pos() > length - 700 && record.flags() & 0x10 == 0;
    let with_mates = |mate_flag: u16, position: i64| {
        with_reads(&place.at("reads.bam"), |_, record| {
            if near_end(record) {
                record.set_flags(record.flags() & !0x28 | 1 | mate_flag);
                record.set_mtid(1);
                record.set_mpos(position);
            }
        });
    };
    let left_out = |flags: &[&str]| {
        let summary = place.summary(&[&["--regions", "chrA:59,001-60,000"], flags].concat());
        summary["reads"]["left_out"]["mate_on_other_contig"].as_u64().unwrap()
    };
    with_mates(0x20, 100);
    assert_eq!(left_out(&[]), 0);
    assert!(left_out(&["--mates-on-other-contigs", "drop"]) > 20);
    for (mate_flag, position) in [(0, 100), (0x20, 5_000)] {
        with_mates(mate_flag, position);
        assert!(left_out(&[]) > 20, "{mate_flag} {position}");
    }
}

/// Writes reads that start at every tenth base of the reference's first contig.
fn reads_of(path: &Path, length: usize, cigar: &CigarString, count: usize) {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let header = Header::from_template(reader.header());
    let mut model = reader.records().next().unwrap().unwrap();
    let fasta = rust_htslib::faidx::Reader::from_path(sample().join("reference.fa")).unwrap();
    let mut writer = bam::Writer::from_path(path, &header, Format::Bam).unwrap();
    for i in 0..count {
        let start = 1_000 + 10 * i;
        let bases = fasta.fetch_seq("chrA", start, start + length - 1).unwrap();
        model.set(format!("r{i}").as_bytes(), Some(cigar), &bases, &vec![30; length]);
        model.set_flags(0);
        model.set_tid(0);
        model.set_pos(start as i64);
        model.set_mapq(60);
        model.set_mtid(-1);
        model.set_mpos(-1);
        if model.aux(b"RG").is_err() {
            model.push_aux(b"RG", Aux::String("sample")).unwrap();
        }
        writer.write(&model).unwrap();
    }
    drop(writer);
    index::build(path, None, index::Type::Bai, 1).unwrap();
}

#[test]
fn long_and_spliced_reads_are_refused_by_name_and_can_be_forced() {
    let place = Place::new();
    let whole = |length| CigarString(vec![Cigar::Match(length)]);
    let region = ["--regions", "chrA:1,001-3,000"];
    reads_of(&place.at("reads.bam"), 500, &whole(500), 200);
    place.call(&region).assert().success();
    for name in ["calls.vcf", "summary.json"] {
        std::fs::remove_file(place.at(name)).unwrap();
    }
    reads_of(&place.at("reads.bam"), 900, &whole(900), 200);
    assert!(place.refusal(&region).contains("long reads (median 900 bases)"));
    for command in ["show", "make-examples"] {
        assert!(error_of(dvcall_on(command, &place).args(region)).contains("long reads"));
    }
    let forced = place.summary(&[&region[..], &["--force"]].concat());
    assert_eq!(forced["reads"]["used"], 200);
    std::fs::remove_file(place.at("calls.vcf")).unwrap();
    let spliced = CigarString(vec![Cigar::Match(50), Cigar::RefSkip(1_000), Cigar::Match(50)]);
    reads_of(&place.at("reads.bam"), 100, &spliced, 200);
    let message = place.refusal(&region);
    assert!(message.contains("spliced") && message.contains("--force"), "{message}");
}
