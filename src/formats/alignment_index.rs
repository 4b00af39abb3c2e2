//! The index of an alignment file, and whether it is of this file. A stale or foreign one would be read without complaint
//! and find no reads: a quiet genome. Its age says nothing, for copies get new times; where the reads are does.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::bam::{self, Read as _, Record};

use super::alignment_format::Format;
use super::bgzf::{BgzfFile, can_open};
use super::bin_index::{BinIndex, ContigBins, Stretch};
use super::crai;
use super::crai::Crai;
use super::damage::is_system_error;

/// Bytes of a record that tell it from others: its fixed fields (SAM specification, section 4.2), and of its name.
const RECORD_FRONT: usize = 100;

/// Of so many contigs a bin is compared with a read.
const LOOKED_AT: usize = 16;

/// The index beside the file: of several the one that samtools reads.
pub fn find(path: &Path, format: Format) -> Result<PathBuf> {
    let suffixes: &[&str] = match format {
        Format::Bam => &["csi", "bai"],
        Format::Cram => &["crai"],
    };
    let mut candidates = suffixes
        .iter()
        .flat_map(|suffix| [path.with_added_extension(suffix), path.with_extension(suffix)]);
    match candidates.find(|index| index.is_file()) {
        Some(index) => Ok(index),
        None => bail!(
            "reads {0} has no index; make it with: samtools index {0}",
            path.display()
        ),
    }
}

/// A checked index: where the records of each contig are.
#[derive(Clone, Debug)]
pub enum Index {
    Bins(Arc<[ContigBins]>),
    Cram(Arc<Crai>),
}

impl Index {
    /// Fails unless the index accounts for all placed reads of the file: they begin where those of the file do, end where they
    /// end, and none are left out between. Reads the index, and a few blocks of the file.
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

/// Stretches that may hold reads, by what the index knows.
pub fn stretches(index: &Path, format: Format) -> Result<Vec<Stretch>> {
    let stretches = match format {
        Format::Bam => BinIndex::read(index).map(|index| index.stretches),
        Format::Cram => crai::stretches(index),
    };
    stretches.with_context(|| format!("cannot read {}", index.display()))
}

/// Checks a BAI or CSI.
fn check_bins(index: &Path, path: &Path) -> Result<Vec<ContigBins>> {
    let index = BinIndex::read(index)?;
    can_open(path, 2)?;
    let mut reader = bam::Reader::from_path(path)?;
    let contigs = reader.header().target_count();
    let known = index.contigs.len();
    ensure!(known == contigs as usize, "it knows {known} contigs, not {contigs}");
    // The reader has read the header and no more.
    let first = reader.tell() as u64;
    let known = index.records.unwrap_or(first..first);
    // Past the end of the file nothing is read either, which would look like its end.
    ensure!(
        known.end >> 16 <= path.metadata()?.len(),
        "the file ends before the last read that it knows"
    );
    let mut file = BgzfFile::open(path)?;
    let mut record_at = |offset| file.seek(offset).and_then(|()| file.read(RECORD_FRONT));
    let front = record_at(first).context("its first read is damaged")?;
    // One place can have two offsets, at the end of a block and at the start of the next; what stands there is one.
    ensure!(
        record_at(known.start).is_ok_and(|record| record == front),
        "the first read that it knows is not the first of the file"
    );
    ensure!(
        record_at(known.end).is_ok_and(|record| record.is_empty() || is_unplaced(&record)),
        "the last read that it knows is not the last of the file"
    );
    check_holes(&index.contigs, known.start, &mut reader)?;
    check_shape(&index.contigs, &mut reader)?;
    Ok(index.contigs)
}

/// Fails unless the chunks of the index, one contig after the other, leave out no placed read.
fn check_holes(contigs: &[ContigBins], first: u64, reader: &mut bam::Reader) -> Result<()> {
    let mut reached = first;
    for contig in contigs {
        let records = contig.records().unwrap_or(reached..reached);
        ensure!(records.start >= reached, "its contigs share reads");
        for chunk in contig.chunks() {
            if chunk.start > reached {
                ensure!(
                    !holds_placed(reader, reached..chunk.start)?,
                    "it leaves out the reads from virtual offset {reached} to {}",
                    chunk.start
                );
            }
            reached = reached.max(chunk.end);
        }
    }
    Ok(())
}

/// Fails unless bins hold the positions that they stand for: a CSI says how wide its bins are. Looks at one read of some contigs.
fn check_shape(contigs: &[ContigBins], reader: &mut bam::Reader) -> Result<()> {
    let known = (0..)
        .zip(contigs)
        .filter_map(|(tid, contig)| Some((tid, contig.last_chunk()?)));
    let mut record = Record::new();
    for (tid, (offset, positions)) in known.take(LOOKED_AT) {
        reader.seek(offset as i64)?;
        reader.read(&mut record).context("it goes on behind the reads")??;
        let is_within = u64::try_from(record.pos()).is_ok_and(|start| positions.contains(&start));
        ensure!(
            record.tid() == tid && is_within,
            "the read at virtual offset {offset} is not in the bin that it tells of"
        );
    }
    Ok(())
}

/// Whether a placed read begins and ends between two virtual offsets. Some tools leave out reads with a contig but no position.
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

/// Whether a record has a proper length, and no contig (SAM specification, section 4.2).
fn is_unplaced(record: &[u8]) -> bool {
    let number = |at: usize| Some(i32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
    number(0).is_some_and(|length| length >= 32) && number(4) == Some(-1)
}
