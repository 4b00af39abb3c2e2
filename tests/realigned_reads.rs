//! Tests of `dvcall call --realigned-reads`.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{call, sample};
use rust_htslib::bam::ext::BamRecordExtensions as _;
use rust_htslib::bam::record::{Aux, Record};
use rust_htslib::bam::{self, Header, HeaderView, Read as _};

const SECONDARY_OR_SUPPLEMENTARY: u16 = 0x900;

/// Calls with these flags and returns the path of the written BAM.
fn realigned(folder: &Path, reads: &Path, flags: &[&str]) -> PathBuf {
    let bam = folder.join("realigned.bam");
    let mut command = call(&sample().join("reference.fa"), reads, &folder.join("x.vcf"));
    command.arg("--realigned-reads").arg(&bam).args(flags);
    command.assert().success();
    assert!(folder.join("realigned.bam.bai").exists());
    bam
}

fn records(path: &Path) -> Vec<Record> {
    let mut reader = bam::Reader::from_path(path).unwrap();
    reader.records().map(Result::unwrap).collect()
}

/// The fields that realignment does not change.
fn kept(record: &Record) -> impl Ord + std::fmt::Debug + use<> {
    let sequence = (record.seq().as_bytes(), record.qual().to_vec());
    let (name, flags, quality) = (record.qname().to_vec(), record.flags(), record.mapq());
    let (contig, mate, length) = (record.tid(), record.mtid(), record.insert_size());
    (name, flags, contig, mate, quality, length, sequence.0, sequence.1)
}

/// Start, CIGAR, and all tags except those that describe the alignment.
fn alignment(record: &Record) -> (i64, String, Vec<String>) {
    let tags = record.aux_iter().map(Result::unwrap);
    let tags = tags.filter(|(tag, _)| !["NM", "MD", "MC"].map(str::as_bytes).contains(tag));
    let mut tags: Vec<_> = tags.map(|tag| format!("{tag:?}")).collect();
    tags.sort();
    (record.pos(), record.cigar().to_string(), tags)
}

/// The value of an integer tag of any width.
fn number(value: Aux) -> usize {
    match value {
        Aux::I8(n) => n as usize,
        Aux::U8(n) => n.into(),
        Aux::I16(n) => n as usize,
        Aux::U16(n) => n.into(),
        Aux::I32(n) => n as usize,
        Aux::U32(n) => n as usize,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_alignments_differ_from_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let input = records(&sample().join("sample.bam"));
    let output = records(&realigned(
        folder.path(),
        &sample().join("sample.bam"),
        &["--threads", "3"],
    ));
    let by_read = |records: &[Record]| -> BTreeMap<_, _> { records.iter().map(|r| (kept(r), alignment(r))).collect() };
    let (before, after) = (by_read(&input), by_read(&output));
    assert_eq!((before.len(), after.len()), (input.len(), output.len()));
    assert!(before.keys().eq(after.keys()));
    assert!(before.values().zip(after.values()).all(|(a, b)| a.2 == b.2), "tags");
    let changed = before.values().zip(after.values()).filter(|(a, b)| a != b).count();
    let moved = before.values().zip(after.values()).filter(|(a, b)| a.0 != b.0).count();
    assert!(
        changed > 50 && changed < input.len() / 4 && moved > 0,
        "{changed} {moved} of {}",
        input.len()
    );
    assert!(output.is_sorted_by_key(|record| (record.tid(), record.pos())));
    let one = folder.path().join("one");
    std::fs::create_dir(&one).unwrap();
    assert!(output == records(&realigned(&one, &sample().join("sample.bam"), &["--threads", "1"])));
}

#[test]
fn mates_and_tags_describe_the_new_alignments() {
    let folder = tempfile::tempdir().unwrap();
    let output = records(&realigned(folder.path(), &sample().join("sample.bam"), &[]));
    let reference = std::fs::read_to_string(sample().join("reference.fa")).unwrap();
    let contigs = reference
        .split('>')
        .skip(1)
        .map(|text| text.split_once('\n').unwrap().1.replace('\n', ""));
    let contigs: Vec<Vec<u8>> = contigs.map(String::into_bytes).collect();
    let primary = |record: &&Record| record.flags() & SECONDARY_OR_SUPPLEMENTARY == 0;
    let place = |record: &Record| (record.qname().to_vec(), record.is_last_in_template());
    let of_place: BTreeMap<_, _> = output.iter().filter(primary).map(|r| (place(r), r)).collect();
    let (mut pairs, mut cigars) = (0, 0);
    for record in output.iter().filter(primary) {
        if let Some(mate) = of_place.get(&(record.qname().to_vec(), !record.is_last_in_template())) {
            assert_eq!(
                (record.mtid(), record.mpos()),
                (mate.tid(), mate.pos()),
                "{:?}",
                place(record)
            );
            if let (Ok(Aux::String(cigar)), false) = (record.aux(b"MC"), mate.is_unmapped()) {
                assert_eq!(cigar, mate.cigar().to_string());
                cigars += 1;
            }
            pairs += 1;
        }
        if record.is_unmapped() {
            continue;
        }
        let (bases, contig) = (record.seq().as_bytes(), &contigs[record.tid() as usize]);
        let aligned = record.aligned_pairs();
        let mismatches = aligned
            .filter(|&[read, place]| bases[read as usize] != contig[place as usize])
            .count();
        let cigar = record.cigar();
        let gaps = cigar.iter().map(|op| match op {
            bam::record::Cigar::Ins(length) | bam::record::Cigar::Del(length) => *length as usize,
            _ => 0,
        });
        let expected = mismatches + gaps.sum::<usize>();
        let stated = number(record.aux(b"NM").unwrap());
        assert_eq!(stated, expected, "{:?}", place(record));
    }
    assert!(pairs > 1_000 && cigars > 1_000, "{pairs} pairs, {cigars} with MC");
}

#[test]
fn each_record_of_the_regions_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let regions = [
        "chrA:10,001-12,000",
        "chrA:12,001-12,050",
        "chrA:12,101-25,000",
        "chrB:501-600",
    ];
    let flags = regions.map(|region| ["--regions", region]).concat();
    let output = records(&realigned(folder.path(), &sample().join("sample.bam"), &flags));
    let mut names: Vec<_> = output.iter().map(kept).collect();
    names.sort();
    let overlaps = |record: &&Record| {
        let spans = [(0, 10_000, 12_050), (0, 12_100, 25_000), (1, 500, 600)];
        let (start, end) = (record.pos(), record.reference_end().max(record.pos() + 1));
        spans
            .iter()
            .any(|&(contig, first, last)| record.tid() == contig && start < last && end > first)
    };
    let mut expected: Vec<_> = records(&sample().join("sample.bam"))
        .iter()
        .filter(overlaps)
        .map(kept)
        .collect();
    expected.sort();
    assert!(expected.len() > 1_000, "{} records", expected.len());
    // A partition may contain the bases between two regions.
    let between = |record: &&Record| record.tid() == 0 && record.pos() < 12_100 && record.reference_end() > 12_050;
    assert!(expected.iter().all(|record| names.contains(record)));
    assert!(output.iter().filter(|r| !overlaps(r)).all(|r| between(&r)));
    names.dedup();
    assert_eq!(names.len(), output.len());
}

#[test]
fn the_header_is_kept_and_contigs_are_in_the_references_order() {
    let folder = tempfile::tempdir().unwrap();
    let reads = folder.path().join("swapped.bam");
    let mut input = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let text = String::from_utf8(input.header().as_bytes().to_vec()).unwrap();
    let (contigs, others): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("@SQ"));
    let lines = [
        &others[..1],
        &[contigs[1], contigs[0]],
        &others[1..],
        &["@PG\tID:dvcall\tPN:dvcall", "@CO\tkept"],
    ]
    .concat();
    let header = Header::from_template(&HeaderView::from_bytes((lines.join("\n") + "\n").as_bytes()));
    let mut swapped: Vec<Record> = input.records().map(Result::unwrap).collect();
    swapped.iter_mut().for_each(|record| {
        record.set_tid(1 - record.tid());
        record.set_mtid(1 - record.mtid());
    });
    swapped.sort_by_key(|record| (record.tid(), record.pos()));
    let mut writer = bam::Writer::from_path(&reads, &header, bam::Format::Bam).unwrap();
    swapped.iter().for_each(|record| writer.write(record).unwrap());
    drop(writer);
    bam::index::build::<&Path>(&reads, None, bam::index::Type::Bai, 1).unwrap();

    let of_swapped = realigned(folder.path(), &reads, &[]);
    let header = String::from_utf8(
        bam::Reader::from_path(&of_swapped)
            .unwrap()
            .header()
            .as_bytes()
            .to_vec(),
    )
    .unwrap();
    let expected = [
        &others[..1],
        &contigs[..],
        &others[1..],
        &["@PG\tID:dvcall\tPN:dvcall", "@CO\tkept"],
    ]
    .concat();
    let written: Vec<_> = header.lines().collect();
    assert_eq!(written[..expected.len()], expected);
    assert!(written[expected.len()].starts_with("@PG\tID:dvcall.1\tPN:dvcall\tVN:"));
    let as_ever = tempfile::tempdir().unwrap();
    assert!(records(&of_swapped) == records(&realigned(as_ever.path(), &sample().join("sample.bam"), &[])));
}

#[test]
fn cram_and_bam_give_the_same_records() {
    let [of_bam, of_cram] = ["sample.bam", "sample.cram"].map(|reads| {
        let folder = tempfile::tempdir().unwrap();
        let written = records(&realigned(folder.path(), &sample().join(reads), &[]));
        let fields = |r: &Record| (kept(r), r.pos(), r.mpos(), r.cigar().to_string(), r.bin());
        written.iter().map(fields).collect::<Vec<_>>()
    });
    assert!(of_bam.len() > 1_000, "{} records", of_bam.len());
    assert!(of_bam == of_cram);
}
