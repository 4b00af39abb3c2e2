//! The index of an alignment file, and a check that it belongs to this file. With an old or foreign index, htslib may
//! find no reads without an error, and the genome would seem to have no variants. File times prove nothing, because
//! copies get new times. The positions of the reads do.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::bam::{self, Read as _, Record};

use super::alignment_format::Format;
use super::bgzf::{BgzfFile, can_open};
use super::bin_index::{BinIndex, ContigBins, IndexedInterval};
use super::crai;
use super::crai::Crai;
use super::damage::is_system_error;
use super::input::{InputFile, beside, beside_without_extension, is_there, open_alignments};

/// Bytes that identify a record: its fixed fields (SAM specification, section 4.2) and the start of its name.
const RECORD_FRONT: usize = 100;

/// Number of contigs of which one bin is compared with a read.
const CHECKED_CONTIGS: usize = 16;

/// Finds the index beside the file. If there are several, returns the one that samtools reads.
pub fn find(path: &Path, format: Format) -> Result<PathBuf> {
    let suffixes: &[&str] = match format {
        Format::Bam => &["csi", "bai"],
        Format::Cram => &["crai"],
    };
    let candidates = suffixes
        .iter()
        .flat_map(|suffix| [beside(path, suffix), beside_without_extension(path, suffix)]);
    for index in candidates {
        if is_there(&index).with_context(|| format!("cannot read index {}", index.display()))? {
            return Ok(index);
        }
    }
    bail!(
        "reads {0} has no index; make it with: samtools index {0}",
        path.display()
    )
}

/// A checked index, which locates the records of each contig.
#[derive(Clone, Debug)]
pub enum Index {
    Bins(Arc<[ContigBins]>),
    Cram(Arc<Crai>),
}

impl Index {
    /// Reads the index and a few blocks of the file. Fails unless the index covers all placed reads of the file: the
    /// first and last reads of both agree, and no reads are missing in between.
    pub fn read(index: &Path, path: &Path, format: Format) -> Result<Self> {
        let checked = match format {
            Format::Bam => check_bins(index, path).map(|contigs| Self::Bins(contigs.into())),
            Format::Cram => Crai::read(index, path).map(|crai| Self::Cram(Arc::new(crai))),
        };
        checked.map_err(|cause| {
            if is_system_error(&cause) {
                return cause.context(format!("cannot read index {} of {}", index.display(), path.display()));
            }
            let csi = if index.extension().is_some_and(|e| e == "csi") {
                "-c "
            } else {
                ""
            };
            anyhow!(
                "index {} does not fit reads {1}: {cause:#}; if the file is whole, make the index again with: \
                 samtools index {csi}{1}",
                index.display(),
                path.display()
            )
        })
    }
}

/// The intervals that may hold reads according to the index.
pub fn intervals(index: &Path, format: Format) -> Result<Vec<IndexedInterval>> {
    let intervals = match format {
        Format::Bam => BinIndex::read(index).map(|index| index.intervals),
        Format::Cram => crai::intervals(index),
    };
    intervals.with_context(|| format!("cannot read {}", index.display()))
}

/// Checks a BAI or CSI.
fn check_bins(index: &Path, path: &Path) -> Result<Vec<ContigBins>> {
    let index = BinIndex::read(index)?;
    can_open(path, 2)?;
    let mut reader = open_alignments(path)?;
    let contigs = reader.header().target_count();
    let indexed = index.contigs.len();
    ensure!(
        indexed == contigs as usize,
        "it has {indexed} contigs, but the file has {contigs}"
    );
    // The reader is at the end of the header.
    let first = reader.tell() as u64;
    let indexed = index.records.unwrap_or(first..first);
    // A read past the end of the file returns nothing, as at its end.
    ensure!(
        indexed.end >> 16 <= InputFile::open(path)?.length()?,
        "the file ends before the last read in the index"
    );
    let mut file = BgzfFile::open(path)?;
    let mut record_at = |offset| file.seek(offset).and_then(|()| file.read(RECORD_FRONT));
    let front = record_at(first).context("its first read is damaged")?;
    // Compares records, not offsets: the end of a block and the start of the next block are the same place.
    ensure!(
        record_at(indexed.start).is_ok_and(|record| record == front),
        "the first read in the index is not the first of the file"
    );
    ensure!(
        record_at(indexed.end).is_ok_and(|record| record.is_empty() || is_unplaced(&record)),
        "the last read in the index is not the last of the file"
    );
    check_holes(&index.contigs, indexed.start, &mut reader)?;
    check_shape(&index.contigs, &mut reader)?;
    Ok(index.contigs)
}

/// Fails if a placed read lies between the chunks of the index.
fn check_holes(contigs: &[ContigBins], first: u64, reader: &mut bam::Reader) -> Result<()> {
    let mut reached = first;
    for contig in contigs {
        let records = contig.records().unwrap_or(reached..reached);
        ensure!(records.start >= reached, "contigs of the index share reads");
        for chunk in contig.chunks() {
            if chunk.start > reached {
                ensure!(
                    !holds_placed(reader, reached..chunk.start)?,
                    "the index lacks the reads from virtual offset {reached} to {}",
                    chunk.start
                );
            }
            reached = reached.max(chunk.end);
        }
    }
    Ok(())
}

/// Fails unless bins hold reads at their positions, because a CSI may give a wrong width of its bins. Checks one read
/// of some contigs.
fn check_shape(contigs: &[ContigBins], reader: &mut bam::Reader) -> Result<()> {
    let placed = (0..)
        .zip(contigs)
        .filter_map(|(tid, contig)| Some((tid, contig.last_chunk()?)));
    let mut record = Record::new();
    for (tid, (offset, positions)) in placed.take(CHECKED_CONTIGS) {
        reader.seek(offset as i64)?;
        reader.read(&mut record).context("it extends past the reads")??;
        let is_within = u64::try_from(record.pos()).is_ok_and(|start| positions.contains(&start));
        ensure!(
            record.tid() == tid && is_within,
            "the read at virtual offset {offset} is not in its bin of the index"
        );
    }
    Ok(())
}

/// Whether a placed read lies between two virtual offsets. Reads with a contig but no position do not count, because
/// some tools do not index them.
fn holds_placed(reader: &mut bam::Reader, offsets: Range<u64>) -> Result<bool> {
    reader.seek(offsets.start as i64)?;
    let mut record = Record::new();
    while let Some(read) = reader.read(&mut record) {
        read?;
        if reader.tell() as u64 > offsets.end {
            return Ok(false);
        }
        if record.tid() >= 0 && record.pos() >= 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a record has a valid length and no contig (SAM specification, section 4.2).
fn is_unplaced(record: &[u8]) -> bool {
    let number = |at: usize| Some(i32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
    number(0).is_some_and(|length| length >= 32) && number(4) == Some(-1)
}
