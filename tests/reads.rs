//! Tests of reading alignments: reads do not depend on format or region, and damage is always reported.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::sample;
use dvcall::genome::{Reference, Region};
use dvcall::reads::{DEFAULT_MAX_DEPTH, Read, ReadSource};
use rust_htslib::bam::{self, Format, Header, HeaderView, Read as _, Record, header::HeaderRecord, index};
use rust_htslib::htslib::{
    self, HTS_FEATURE_BZIP2, HTS_FEATURE_GCS, HTS_FEATURE_LIBCURL, HTS_FEATURE_LZMA, HTS_FEATURE_S3,
};

fn reference() -> Reference {
    Reference::open(&sample().join("reference.fa")).unwrap()
}

fn fetch(path: &Path, region: &Region) -> Vec<Read> {
    let source = ReadSource::open(path, &reference(), None).unwrap();
    source.reader().unwrap().fetch(region).unwrap()
}

/// The changed bundled BAM with its index.
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
fn damage_in_the_middle_is_an_error_with_its_position() {
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
fn an_index_of_another_bam_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let bam = |name: &str, keep: &dyn Fn(&Record) -> bool| write_subset(&at(name), Format::Bam, keep, 0);
    let first = bam("first.bam", &|r| r.tid() == 0);
    let second = bam("second.bam", &|r| r.tid() == 1);
    let earlier = bam("earlier.bam", &|r| r.tid() == 0 && r.pos() < 30_000);
    let none = bam("none.bam", &|_| false);
    write_deep(&at("deep.bam"), 100, |i| format!("read{i}"));
    fs::write(at("cut.bam.bai"), &fs::read(at("first.bam.bai")).unwrap()[..100]).unwrap();
    let cases = [
        (&first, "second.bam.bai", "index is not the last"),
        (&second, "first.bam.bai", "ends before"),
        (&first, "earlier.bam.bai", "index is not the last"),
        (&earlier, "first.bam.bai", "ends before"),
        (&first, "none.bam.bai", "index is not the last"),
        (&none, "first.bam.bai", "ends before"),
        (&first, "deep.bam.bai", "it has 1 contigs"),
        (&first, "cut.bam.bai", "truncated"),
    ];
    for (reads, index, cause) in cases {
        let path = at("reads.bam");
        fs::copy(reads, &path).unwrap();
        fs::copy(at(index), at("reads.bam.bai")).unwrap();
        let text = refusal(&path);
        assert!(text.contains(cause), "{text}");
        assert!(text.contains("samtools index") && text.lines().count() == 1, "{text}");
    }
    // htslib prefers a CSI to a BAI.
    index::build(&earlier, Some(&at("first.bam.csi")), index::Type::Csi(14), 1).unwrap();
    let text = refusal(&first);
    assert!(
        text.contains("first.bam.csi") && text.contains("samtools index -c"),
        "{text}"
    );
}

#[test]
fn an_index_of_another_cram_and_a_truncated_cram_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reads.cram");
    let cram = fs::read(sample().join("sample.cram")).unwrap();
    let index = rust_htslib::bgzf::Reader::from_path(sample().join("sample.cram.crai")).unwrap();
    let index = std::io::read_to_string(index).unwrap();
    let lines: Vec<&str> = index.split_inclusive('\n').collect();
    let last: usize = lines.last().unwrap().split('\t').nth(3).unwrap().parse().unwrap();
    let marker = cram.len() - 38;
    let cut = |at: usize| [&cram[..at], &cram[marker..]].concat();
    let foreign = index.replace(&last.to_string(), &(last - 1_000).to_string());
    let cases = [
        (&cram, String::new(), "index is not the last"),
        (&cram, lines[1..].concat(), "its first container"),
        (&cram, lines[..1].concat(), "index is not the last"),
        (&cram, foreign, "does not fit"),
        (&cram, index.replacen('\t', " ", 1), "line 1 is damaged"),
        (&cut(last), index.clone(), "ends before"),
        (&cut(last + 1_000), index.clone(), "ends before"),
        (&cut(last / 2), index.clone(), "ends before"),
    ];
    for (reads, index, cause) in cases {
        fs::write(&path, reads).unwrap();
        fs::write(folder.path().join("reads.cram.crai"), index).unwrap();
        let text = refusal(&path);
        assert!(text.contains(cause), "{text}");
        assert!(text.contains("samtools index") && text.lines().count() == 1, "{text}");
    }
}

#[test]
fn valid_indexes_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let keeps: [&dyn Fn(&Record) -> bool; 4] = [&|_| true, &|r| r.tid() == 0, &|r| r.tid() == 1, &|_| false];
    for (i, keep) in keeps.into_iter().enumerate() {
        for unplaced in [0, 2_000] {
            let at = |suffix: &str| folder.path().join(format!("{i}.{unplaced}.{suffix}"));
            let bam = write_subset(&at("bam"), Format::Bam, keep, unplaced);
            let region = Region::new("chrB", 0, 20_000);
            let reads = fetch(&bam, &region);
            assert_eq!(reads.is_empty(), i % 2 == 1);
            fs::rename(at("bam.bai"), at("bai")).unwrap();
            assert_eq!(fetch(&bam, &region), reads);
            for min_shift in [5, 9, 14, 18] {
                index::build(&bam, Some(&at("bam.csi")), index::Type::Csi(min_shift), 1).unwrap();
                assert_eq!(fetch(&bam, &region), reads);
            }
            let cram = write_subset(&at("cram"), Format::Cram, keep, unplaced);
            assert_eq!(fetch(&cram, &region), reads);
        }
    }
}

fn refusal(path: &Path) -> String {
    format!("{:#}", ReadSource::open(path, &reference(), None).unwrap_err())
}

/// Writes the sample's reads for which `keep` is true, then unplaced reads, and the index.
fn write_subset(path: &Path, format: Format, keep: &dyn Fn(&Record) -> bool, unplaced: usize) -> PathBuf {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let header = Header::from_template(reader.header());
    let mut writer = bam::Writer::from_path(path, &header, format).unwrap();
    writer.set_reference(sample().join("reference.fa")).unwrap();
    for record in reader.records().map(Result::unwrap).filter(keep) {
        writer.write(&record).unwrap();
    }
    let view = HeaderView::from_header(&header);
    for i in 0..unplaced {
        let sam = format!("unplaced{i}\t4\t*\t0\t0\t*\t*\t0\t0\tACGT\tIIII\tRG:Z:sample");
        writer.write(&Record::from_sam(&view, sam.as_bytes()).unwrap()).unwrap();
    }
    drop(writer);
    index::build(path, None, index::Type::Bai, 1).unwrap();
    path.to_owned()
}

#[test]
fn extreme_depth_is_limited_and_the_selection_does_not_depend_on_the_region() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.bam");
    write_deep(&path, 10_000, |i| format!("read{i}"));
    let reads = fetch(&path, &Region::new("chrA", 10_000, 13_000));
    let over = |position: u64| {
        reads
            .iter()
            .filter(|r| r.start <= position && r.end() > position)
            .count()
    };
    for (position, all) in [
        (11_249, 0),
        (11_252, 300),
        (11_300, 5_100),
        (11_349, 10_000),
        (11_447, 200),
    ] {
        let bound = DEFAULT_MAX_DEPTH as usize;
        assert!(
            (bound.min(all)..=8 * bound).contains(&over(position)),
            "{position}: {} of {all}",
            over(position)
        );
    }
    for (start, end) in [(11_350, 11_360), (11_260, 11_261), (11_000, 11_300), (11_440, 12_000)] {
        let narrow = fetch(&path, &Region::new("chrA", start, end));
        let within = reads.iter().filter(|r| r.start < end && r.end() > start);
        assert!(narrow.iter().eq(within), "{start}-{end}");
    }
}

#[test]
fn reads_without_names_are_also_selected_at_random() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.bam");
    write_deep(&path, 3_000, |_| "*".to_owned());
    let source = ReadSource::open(&path, &reference(), None).unwrap().with_max_depth(100);
    let reads = source
        .reader()
        .unwrap()
        .fetch(&Region::new("chrA", 11_250, 11_350))
        .unwrap();
    let late = 100 * reads.iter().filter(|read| read.start >= 11_300).count() / reads.len();
    assert!(
        reads.len() < 1_000 && (35..65).contains(&late),
        "{} reads, {late} %",
        reads.len()
    );
    let names: BTreeSet<&[u8]> = reads.iter().map(|read| read.name.as_slice()).collect();
    assert_eq!(names.len(), reads.len());
}

#[test]
fn every_codec_of_cram_is_available() {
    // SAFETY: the function takes no argument and returns a number.
    let features = unsafe { htslib::hts_features() };
    for codec in [HTS_FEATURE_LZMA, HTS_FEATURE_BZIP2] {
        assert_ne!(features & codec, 0);
    }
}

#[test]
fn htslib_reads_urls() {
    // SAFETY: the function takes no argument and returns a number.
    let features = unsafe { htslib::hts_features() };
    for feature in [HTS_FEATURE_LIBCURL, HTS_FEATURE_S3, HTS_FEATURE_GCS] {
        assert_ne!(features & feature, 0);
    }
}

/// Writes a BAM with different reads that start at chrA:11,251-11,350.
fn write_deep(path: &Path, count: usize, name: impl Fn(usize) -> String) {
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
        let quals: String = (0..100)
            .map(|j| if i >> (j % 16) & 1 == 0 { 'I' } else { '?' })
            .collect();
        let (name, start, bases) = (name(i), 11_251 + i * 100 / count, "A".repeat(100));
        let sam = format!("{name}\t0\tchrA\t{start}\t60\t100M\t*\t0\t0\t{bases}\t{quals}");
        writer.write(&Record::from_sam(&view, sam.as_bytes()).unwrap()).unwrap();
    }
    drop(writer);
    index::build(path, None, index::Type::Bai, 1).unwrap();
}
