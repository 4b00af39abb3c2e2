//! The index of an alignment file, and whether it is of this file. A stale or foreign one would be read without complaint
//! and find no reads: a quiet genome. Its age says nothing, for copies get new times; where the reads are does.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::bam::{self, Read as _};

use super::crai;
use super::format::Format;
use crate::genome::{BgzfFile, BinIndex, Stretch};

/// Bytes of a record that tell it from others: its fixed fields (SAM specification, section 4.2), and of its name.
const RECORD_FRONT: usize = 100;

/// The index beside the file: of several the one that samtools reads.
pub(super) fn find(path: &Path, format: Format) -> Result<PathBuf> {
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

/// Fails unless the reads that the index knows begin where those of the file do, and end where they end. Reads the index,
/// and a few blocks of the file.
pub(super) fn check(index: &Path, path: &Path, format: Format) -> Result<()> {
    let checked = match format {
        Format::Bam => check_bins(index, path),
        Format::Cram => crai::check(index, path),
    };
    checked.map_err(|cause| {
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

/// Stretches that may hold reads, by what the index knows.
pub(super) fn stretches(index: &Path, format: Format) -> Result<Vec<Stretch>> {
    let stretches = match format {
        Format::Bam => BinIndex::read(index).map(|index| index.stretches),
        Format::Cram => crai::stretches(index),
    };
    stretches.with_context(|| format!("cannot read {}", index.display()))
}

/// Checks a BAI or CSI.
fn check_bins(index: &Path, path: &Path) -> Result<()> {
    let known = BinIndex::read(index)?;
    let reader = bam::Reader::from_path(path)?;
    let contigs = reader.header().target_count();
    ensure!(
        known.contigs == contigs,
        "it knows {} contigs, not {contigs}",
        known.contigs
    );
    // The reader has read the header and no more.
    let first = reader.tell() as u64;
    let known = known.records.unwrap_or(first..first);
    // Past the end of the file nothing is read either, which would look like its end.
    ensure!(
        known.end >> 16 <= path.metadata()?.len(),
        "the file ends before the last read that it knows"
    );
    let mut file = BgzfFile::open(path)?;
    let mut record_at = |offset| file.seek(offset).and_then(|()| file.read(RECORD_FRONT));
    let first = record_at(first).context("its first read is damaged")?;
    // One place can have two offsets, at the end of a block and at the start of the next; what stands there is one.
    ensure!(
        record_at(known.start).is_ok_and(|record| record == first),
        "the first read that it knows is not the first of the file"
    );
    ensure!(
        record_at(known.end).is_ok_and(|record| record.is_empty() || is_unplaced(&record)),
        "the last read that it knows is not the last of the file"
    );
    Ok(())
}

/// Whether a record has a proper length, and no contig (SAM specification, section 4.2).
fn is_unplaced(record: &[u8]) -> bool {
    let number = |at: usize| Some(i32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
    number(0).is_some_and(|length| length >= 32) && number(4) == Some(-1)
}
