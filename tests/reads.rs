//! Reading alignments: what is given does not depend on format or region, and damage is never silent.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::sample;
use dvcall::genome::{Reference, Region};
use dvcall::reads::{MAX_READS_PER_CELL, Read, ReadSource};
use rust_htslib::bam::{self, Format, Header, HeaderView, Record, header::HeaderRecord, index};

fn reference() -> Reference {
    Reference::open(&sample().join("reference.fa")).unwrap()
}

fn fetch(path: &Path, region: &Region) -> Vec<Read> {
    let source = ReadSource::open(path, &reference(), None).unwrap();
    source.reader().unwrap().fetch(region).unwrap()
}

/// The bundled BAM, changed, beside its index.
fn changed(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let path = folder.join("changed.bam");
    let mut bytes = fs::read(sample().join("sample.bam")).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    fs::copy(sample().join("sample.bam.bai"), folder.join("changed.bam.bai")).unwrap();
    path
}

#[test]
fn reads_do_not_depend_on_format_or_region() {
    let wide = Region::new("chrA", 9_500, 22_700);
    let reads = fetch(&sample().join("sample.bam"), &wide);
    assert!(reads.len() > 1_000, "{}", reads.len());
    let order = |r: &Read| (r.start, r.name.clone(), r.second_of_pair);
    assert!(reads.is_sorted_by_key(order));
    assert_eq!(reads, fetch(&sample().join("sample.cram"), &wide));
    let narrow = Region::new("chrA", 12_345, 13_456);
    let within = reads
        .into_iter()
        .filter(|r| r.start < narrow.end && r.end() > narrow.start);
    assert_eq!(within.collect::<Vec<_>>(), fetch(&sample().join("sample.bam"), &narrow));
}

#[test]
fn a_truncated_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(folder.path(), |bytes| bytes.truncate(bytes.len() / 2));
    let error = ReadSource::open(&path, &reference(), None).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error:#}");
}

#[test]
fn damage_in_the_middle_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(folder.path(), |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 2_000].fill(0x55);
    });
    let source = ReadSource::open(&path, &reference(), None).unwrap();
    let mut reader = source.reader().unwrap();
    let whole = |name: &str| Region::new(name, 0, source.contigs().get(name).unwrap().length);
    let names: Vec<_> = source.contigs().iter().map(|c| c.name.clone()).collect();
    let error = names.iter().find_map(|name| reader.fetch(&whole(name)).err()).unwrap();
    let text = format!("{error:#}");
    assert!(
        text.contains("changed.bam is damaged") && text.contains("near chr"),
        "{text}"
    );
}

#[test]
fn very_deep_places_are_bounded_and_the_choice_does_not_depend_on_the_region() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.bam");
    write_deep(&path, 5_000);
    let reads = fetch(&path, &Region::new("chrA", 10_000, 13_000));
    assert_eq!(reads.len(), MAX_READS_PER_CELL);
    let within = |reads: Vec<Read>| -> Vec<Read> { reads.into_iter().filter(|r| r.end() > 11_350).collect() };
    let narrow = fetch(&path, &Region::new("chrA", 11_350, 11_360));
    assert_eq!(within(reads), within(narrow));
}

/// A BAM with reads that start at chrA:11,251-11,350.
fn write_deep(path: &Path, count: usize) {
    let length = reference().contigs().get("chrA").unwrap().length;
    let mut header = Header::new();
    header.push_record(
        HeaderRecord::new(b"HD")
            .push_tag(b"VN", 1.6)
            .push_tag(b"SO", "coordinate"),
    );
    header.push_record(HeaderRecord::new(b"SQ").push_tag(b"SN", "chrA").push_tag(b"LN", length));
    header.push_record(HeaderRecord::new(b"RG").push_tag(b"ID", "a").push_tag(b"SM", "s"));
    let view = HeaderView::from_header(&header);
    let mut writer = bam::Writer::from_path(path, &header, Format::Bam).unwrap();
    for i in 0..count {
        let (start, bases, quals) = (11_251 + i * 100 / count, "A".repeat(100), "I".repeat(100));
        let sam = format!("read{i}\t0\tchrA\t{start}\t60\t100M\t*\t0\t0\t{bases}\t{quals}");
        writer.write(&Record::from_sam(&view, sam.as_bytes()).unwrap()).unwrap();
    }
    drop(writer);
    index::build(path, None, index::Type::Bai, 1).unwrap();
}
