//! BAM and CRAM and their indexes.

use std::collections::{BTreeSet, HashSet};
use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use dvcall::genome::{Reference, Region};
use dvcall::reads::{Read, ReadSource};
use rust_htslib::bam::{self, Format, Header, Read as _, index};
use rust_htslib::htslib;

use crate::common::sample;
use crate::harness::{Outcome, Random, damage, damage_text, run};

/// Reads of the bundled sample in a file of their own, and what regions of it hold.
struct Whole {
    folder: tempfile::TempDir,
    reference: Reference,
    expected: Vec<(Region, Vec<Read>)>,
}

impl Whole {
    /// With the reads that start within so many bases of each contig; all regions are read.
    fn new(name: &str, length: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let reference = Reference::open(&sample().join("reference.fa")).unwrap();
        let path = folder.path().join(name);
        let format = if name.ends_with("cram") {
            Format::Cram
        } else {
            Format::Bam
        };
        write_reads(&path, format, length);
        index::build(&path, None, index::Type::Bai, 1).unwrap();
        let mut whole = Self {
            folder,
            reference,
            expected: Vec::new(),
        };
        let regions = [
            ("chrA", 0, 60_000),
            ("chrA", 20_000, 21_000),
            ("chrA", 49_100, 49_200),
            ("chrB", 0, 20_000),
            ("chrB", 15_000, 15_500),
        ];
        for (contig, start, end) in regions {
            whole.expected.push((Region::new(contig, start, end), Vec::new()));
        }
        let reads = whole.fetch(&path).unwrap();
        whole
            .expected
            .iter_mut()
            .zip(reads)
            .for_each(|(region, reads)| region.1 = reads);
        assert!(whole.expected[0].1.len() > 100);
        whole
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fetch(&self, path: &Path) -> Result<Vec<Vec<Read>>> {
        let source = ReadSource::open(path, &self.reference, None)?;
        let mut reader = source.reader()?;
        self.expected.iter().map(|(region, _)| reader.fetch(region)).collect()
    }

    /// Fails where a read is missing or changed that is not of this name; of a changed name there may be more.
    fn outcome(&self, path: &Path, changed: &HashSet<Vec<u8>>) -> Outcome {
        let Ok(found) = self.fetch(path) else {
            return Outcome::Refused;
        };
        let mut same = true;
        for ((region, expected), found) in self.expected.iter().zip(found) {
            same &= *expected == found;
            let found: BTreeSet<Read> = found.into_iter().collect();
            let missing = expected
                .iter()
                .filter(|read| !changed.contains(&read.name) && !found.contains(*read))
                .count();
            if missing > 0 || (changed.is_empty() && !same) {
                return Outcome::Wrong(format!("{region} lacks {missing} of {} reads", expected.len()));
            }
        }
        if same { Outcome::Same } else { Outcome::Changed }
    }
}

fn write_reads(path: &Path, format: Format, length: i64) {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let header = Header::from_template(reader.header());
    let mut writer = bam::Writer::from_path(path, &header, format).unwrap();
    writer.set_reference(sample().join("reference.fa")).unwrap();
    for record in reader
        .records()
        .map(Result::unwrap)
        .filter(|record| record.pos() < length)
    {
        writer.write(&record).unwrap();
    }
}

/// An index that was damaged gives the same reads, or none.
fn damaged_index(kind: &str, whole: &Whole, reads: &str, index: &str, few: u64) {
    let bytes = plain(&whole.path(index));
    run(kind, few, 1, |random| {
        let mut mutant = bytes.clone();
        let what = damage(&mut mutant, random);
        fs::write(whole.path(index), &mutant).unwrap();
        (what, whole.outcome(&whole.path(reads), &HashSet::new()))
    });
}

fn plain(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut rust_htslib::bgzf::Reader::from_path(path).unwrap(), &mut bytes).unwrap();
    bytes
}

#[test]
fn bai() {
    damaged_index(
        "BAI, one bin",
        &Whole::new("reads.bam", 5_000),
        "reads.bam",
        "reads.bam.bai",
        60,
    );
    damaged_index(
        "BAI, many bins",
        &Whole::new("reads.bam", 60_000),
        "reads.bam",
        "reads.bam.bai",
        40,
    );
}

#[test]
fn csi() {
    for (kind, length, leaf_bits) in [("CSI, one bin", 5_000, 14), ("CSI, many bins", 60_000, 12)] {
        let whole = Whole::new("reads.bam", length);
        index::build(
            whole.path("reads.bam"),
            Some(whole.path("reads.bam.csi")),
            index::Type::Csi(leaf_bits),
            1,
        )
        .unwrap();
        damaged_index(kind, &whole, "reads.bam", "reads.bam.csi", 40);
    }
}

#[test]
fn crai() {
    for (kind, length) in [("CRAI, one slice", 5_000), ("CRAI, several slices", 60_000)] {
        let whole = Whole::new("reads.cram", length);
        let text = String::from_utf8(plain(&whole.path("reads.cram.crai"))).unwrap();
        run(kind, 20, 4, |random| {
            let mut mutant = text.clone();
            let what = damage_text(&mut mutant, random);
            fs::write(whole.path("reads.cram.crai"), &mutant).unwrap();
            (
                format!("{what}: {mutant}"),
                whole.outcome(&whole.path("reads.cram"), &HashSet::new()),
            )
        });
    }
}

/// Where reads of several contigs share a slice, the slice does not say which, and the index is all that htslib goes by.
#[test]
fn an_empty_contig_in_place_of_another_is_no_index() {
    let folder = tempfile::tempdir().unwrap();
    let [fasta, path, index] = ["r.fa", "r.cram", "r.cram.crai"].map(|name| folder.path().join(name));
    let contigs = ["c0", "c1", "c2", "c3", "c4", "empty"];
    write_copies(&fasta, &contigs);
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let records: Vec<bam::Record> = reader.records().map(Result::unwrap).take(100).collect();
    let mut header = Header::new();
    for contig in contigs {
        header.push_record(
            bam::header::HeaderRecord::new(b"SQ")
                .push_tag(b"SN", contig)
                .push_tag(b"LN", 60_000),
        );
    }
    header.push_record(
        bam::header::HeaderRecord::new(b"RG")
            .push_tag(b"ID", "sample")
            .push_tag(b"SM", "sample"),
    );
    let of_contig = |contig| {
        let mut copies = records.clone();
        copies.iter_mut().for_each(|record| {
            record.set_tid(contig);
            record.set_mtid(contig);
        });
        copies
    };
    let records: Vec<bam::Record> = (0..5).flat_map(of_contig).collect();
    write_shared_slices(&path, &fasta, &header, &records);
    index::build(&path, None, index::Type::Bai, 1).unwrap();
    let last = || {
        let source = ReadSource::open(&path, &Reference::open(&fasta)?, None)?;
        source
            .reader()?
            .fetch(&Region::new("c4", 0, 60_000))
            .map(|reads| reads.len())
    };
    assert!(last().unwrap() > 50);
    let text = String::from_utf8(plain(&index)).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert!(lines.len() == 5 && lines[3][3..] == lines[4][3..], "{text}");
    fs::write(&index, text.replace("\n4\t", "\n5\t")).unwrap();
    assert!(last().unwrap_err().to_string().contains("does not fit"));
}

/// A CRAM in whose slices contigs lie together, which rust-htslib has no way to ask for.
fn write_shared_slices(path: &Path, fasta: &Path, header: &Header, records: &[bam::Record]) {
    let text = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let (path, fasta, header) = (text(path), text(fasta), bam::HeaderView::from_header(header));
    let header = header.inner_ptr().cast_mut();
    // SAFETY: all that is given lives on, and the file is closed once.
    unsafe {
        let file = htslib::hts_open(path.as_ptr(), c"wc".as_ptr());
        htslib::hts_set_opt(file, htslib::hts_fmt_option_CRAM_OPT_REFERENCE, fasta.as_ptr());
        htslib::hts_set_opt(file, htslib::hts_fmt_option_CRAM_OPT_MULTI_SEQ_PER_SLICE, 1);
        assert_eq!(htslib::sam_hdr_write(file, header), 0);
        for record in records {
            assert!(htslib::sam_write1(file, header, record.inner()) >= 0);
        }
        assert_eq!(htslib::hts_close(file), 0);
    }
}

/// A FASTA of chrA of the sample under other names, and its index.
fn write_copies(path: &Path, names: &[&str]) {
    let reference = Reference::open(&sample().join("reference.fa")).unwrap();
    let bases = reference.reader().unwrap().fetch("chrA", 0, 60_000).unwrap();
    let bases = String::from_utf8(bases).unwrap();
    let (mut text, mut index) = (String::new(), String::new());
    for name in names {
        text += &format!(">{name}\n");
        index += &format!("{name}\t{0}\t{1}\t{0}\t{2}\n", bases.len(), text.len(), bases.len() + 1);
        text += &format!("{bases}\n");
    }
    fs::write(path, text).unwrap();
    fs::write(path.with_added_extension("fai"), index).unwrap();
}

#[test]
fn cram() {
    let whole = Whole::new("reads.cram", 5_000);
    let bytes = fs::read(whole.path("reads.cram")).unwrap();
    run("CRAM", 30, 4, |random| {
        let mut mutant = bytes.clone();
        let what = damage(&mut mutant, random);
        fs::write(whole.path("reads.cram"), &mutant).unwrap();
        (what, whole.outcome(&whole.path("reads.cram"), &HashSet::new()))
    });
}

#[test]
fn compressed_bam() {
    let whole = Whole::new("reads.bam", 5_000);
    let bytes = fs::read(whole.path("reads.bam")).unwrap();
    run("BAM, compressed", 60, 1, |random| {
        let mut mutant = bytes.clone();
        let what = damage(&mut mutant, random);
        fs::write(whole.path("reads.bam"), &mutant).unwrap();
        (what, whole.outcome(&whole.path("reads.bam"), &HashSet::new()))
    });
}

#[test]
fn every_byte_of_a_bai() {
    let whole = Whole::new("reads.bam", 5_000);
    let index = whole.path("reads.bam.bai");
    let bytes = fs::read(&index).unwrap();
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut mutant = bytes.clone();
            mutant[at] ^= change;
            fs::write(&index, mutant).unwrap();
            let outcome = whole.outcome(&whole.path("reads.bam"), &HashSet::new());
            assert!(
                matches!(outcome, Outcome::Refused | Outcome::Same),
                "byte {at} by {change}"
            );
        }
    }
}

/// Records in the middle that are of another contig, of none, or of another place, one or some in a row, end no region early.
#[test]
fn stray_records_are_an_error() {
    let whole = Whole::new("reads.bam", 5_000);
    let path = whole.path("reads.bam");
    let bytes = plain(&path);
    fs::write(&path, stored_blocks(&bytes)).unwrap();
    index::build(&path, None, index::Type::Bai, 1).unwrap();
    let records = records(&bytes);
    for (rank, count) in [(1, 1), (300, 1), (300, 20), (600, 2)] {
        for (field, change) in [
            (4, 1),
            (4, -1),
            (4, 7),
            (8, 1_000),
            (8, 100_000),
            (8, -1_000),
            (8, i32::MIN),
        ] {
            let mut mutant = bytes.clone();
            for &(start, _) in &records[rank..rank + count] {
                let at = start + field;
                let old = i32::from_le_bytes(mutant[at..at + 4].try_into().unwrap());
                mutant[at..at + 4].copy_from_slice(&old.wrapping_add(change).to_le_bytes());
            }
            fs::write(&path, stored_blocks(&mutant)).unwrap();
            let outcome = whole.outcome(&path, &HashSet::new());
            assert!(
                matches!(outcome, Outcome::Refused),
                "{count} from {rank} on, field {field} by {change}"
            );
        }
    }
}

/// Checksums of the blocks are right: the fields of a record, or the header, are not.
#[test]
fn bam_fields() {
    let whole = Whole::new("reads.bam", 5_000);
    let path = whole.path("reads.bam");
    let bytes = plain(&path);
    fs::write(&path, stored_blocks(&bytes)).unwrap();
    index::build(&path, None, index::Type::Bai, 1).unwrap();
    assert!(matches!(whole.outcome(&path, &HashSet::new()), Outcome::Same));
    let records = records(&bytes);
    run("BAM, fields", 150, 1, |random| {
        let mut mutant = bytes.clone();
        let (what, changed) = change_record(&mut mutant, &records, random);
        fs::write(&path, stored_blocks(&mutant)).unwrap();
        (what, whole.outcome(&path, &changed))
    });
    run("BAM, header", 40, 4, |random| {
        let mut mutant = bytes.clone();
        let at = random.below(records[0].0);
        let any = random.next() as u8;
        let value = *random.pick(&[0, 1, 0x7f, 0x80, 0xff, any]);
        mutant[at] = value;
        fs::write(&path, stored_blocks(&mutant)).unwrap();
        // A contig or sample of another name has no reads: an error. Its text may say other things.
        (format!("byte {at} is {value}"), whole.outcome(&path, &HashSet::new()))
    });
}

/// The place of each record and its end (SAM specification, section 4.2).
fn records(bytes: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 8 + number(4);
    let contigs = number(at);
    at += 4;
    for _ in 0..contigs {
        at += 8 + number(at);
    }
    let mut records = Vec::new();
    while at < bytes.len() {
        let end = at + 4 + number(at);
        records.push((at, end));
        at = end;
    }
    records
}

/// Changes a field of a record, or the order of two; returns the names of those whose evidence it may change.
fn change_record(bytes: &mut [u8], records: &[(usize, usize)], random: &mut Random) -> (String, HashSet<Vec<u8>>) {
    let rank = random.below(records.len());
    let (start, end) = records[rank];
    let name = |bytes: &[u8], start: usize| {
        let length = usize::from(bytes[start + 12]);
        bytes[start + 36..start + 35 + length].to_vec()
    };
    let changed = HashSet::from([name(bytes, start)]);
    let fields = [
        (0, 4),
        (4, 4),
        (4, 4),
        (8, 4),
        (8, 4),
        (8, 4),
        (12, 1),
        (13, 1),
        (14, 2),
        (16, 2),
        (18, 2),
        (20, 4),
        (24, 4),
        (28, 4),
        (32, 4),
    ];
    if random.below(8) == 0 {
        let at = start + 36 + random.below(end - start - 36);
        bytes[at] = random.next() as u8;
        return (format!("record {rank}, byte {}", at - start), changed);
    }
    let &(field, size) = random.pick(&fields);
    let at = start + field;
    let mut number = [0; 4];
    number[..size].copy_from_slice(&bytes[at..at + size]);
    let old = i32::from_le_bytes(number);
    let step = random.below(2_000) as i32 - 1_000;
    let (bit, any) = (random.below(8 * size), random.next() as i32);
    let odd = [
        0,
        -1,
        1,
        2,
        i32::MAX,
        i32::MIN,
        -2,
        old.wrapping_add(step),
        old.wrapping_add(step / 100),
        old ^ 1 << bit,
        any,
    ];
    let new = *random.pick(&odd);
    bytes[at..at + size].copy_from_slice(&new.to_le_bytes()[..size]);
    (format!("record {rank}, field at {field}: {old} becomes {new}"), changed)
}

/// BGZF without compression, in which a changed byte moves no block (RFC 1951, section 3.2.4).
fn stored_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for block in bytes.chunks(20_000).chain([&[][..]]) {
        let length = block.len() as u16;
        if block.is_empty() {
            file.extend([
                0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ]);
            continue;
        }
        file.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0]);
        file.extend((length + 30).to_le_bytes());
        file.push(1);
        file.extend([length, !length].map(u16::to_le_bytes).concat());
        file.extend(block);
        file.extend([crc32(block), length.into()].map(u32::to_le_bytes).concat());
    }
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let table: Vec<u32> = (0..256).map(|byte| (0..8).fold(byte, |crc, _| step(crc))).collect();
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        crc >> 8 ^ table[((crc ^ u32::from(byte)) & 0xff) as usize]
    })
}
