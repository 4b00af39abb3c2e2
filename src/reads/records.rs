//! Iterates over the records of a region and proves that none is missing: records are sorted, and iteration goes on to
//! a record behind the region or to the end of the contig.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::bam::ext::BamRecordExtensions;
use rust_htslib::bam::{self, IndexedReader, Read as _, Record};
use rust_htslib::htslib;
use rustc_hash::FxHashSet;

use crate::formats::{
    ContigBins, Crai, Cram, FirstRead, Index, can_open, htslib_name, open_alignments, open_indexed_alignments,
    remote_fault,
};
use crate::genome::Region;

/// The CRAM fields that are decoded. Auxiliary tags, except for the read group, are skipped.
const CRAM_FIELDS: u32 = htslib::sam_fields_SAM_QNAME
    | htslib::sam_fields_SAM_FLAG
    | htslib::sam_fields_SAM_RNAME
    | htslib::sam_fields_SAM_POS
    | htslib::sam_fields_SAM_MAPQ
    | htslib::sam_fields_SAM_CIGAR
    | htslib::sam_fields_SAM_RNEXT
    | htslib::sam_fields_SAM_PNEXT
    | htslib::sam_fields_SAM_TLEN
    | htslib::sam_fields_SAM_SEQ
    | htslib::sam_fields_SAM_QUAL;

/// Invalid contig number, set before each record is read to detect a record that htslib does not fill.
const UNFILLED: i32 = -2;

const SORT_AGAIN: &str = "sort and index it again with samtools";

/// How many records behind the region are checked. If the file then goes back, a misplaced record has ended the region
/// early.
const LOOK_AHEAD: u32 = 64;

/// Fields of a record to decode, where the format leaves a choice (CRAM).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    Evidence,
    EvidenceAndGroup,
    All,
}

/// Reads the records of one region after another.
pub(super) struct Records {
    file: AlignmentFile,
    path: PathBuf,
    region: Region,
    contig: i32,
    record: Record,
    /// Start of the previous record; -1 before the first.
    last: i64,
    /// Number of records read that start behind the region.
    behind: u32,
}

/// One thread's file handle. A BAM is read from the offset that [`ContigBins`] gives. htslib's own iterator would trust
/// the index, and end silently at a record of another contig.
enum AlignmentFile {
    Bam {
        reader: bam::Reader,
        bins: Arc<[ContigBins]>,
        /// Virtual offset of the end of the current contig.
        end: u64,
    },
    Cram {
        reader: IndexedReader,
        crai: Arc<Crai>,
        cram: Cram,
        /// First reads that were found where the index says.
        found: FxHashSet<FirstRead>,
    },
}

impl Records {
    /// `reference` is the FASTA that decodes CRAM.
    pub fn open(path: &Path, index_path: &Path, index: &Index, reference: &Path, fields: Fields) -> Result<Self> {
        let cannot_open = || format!("cannot open reads {}", path.display());
        // For a CRAM: the file twice, its index, the reference, and the reference's index.
        let files = if matches!(index, Index::Cram(_)) { 5 } else { 1 };
        can_open(path, files).with_context(cannot_open)?;
        let file = match index {
            Index::Bins(bins) => AlignmentFile::Bam {
                reader: open_alignments(path).with_context(cannot_open)?,
                bins: bins.clone(),
                end: 0,
            },
            Index::Cram(crai) => AlignmentFile::Cram {
                cram: Cram::open(path).with_context(cannot_open)?,
                reader: open_cram(path, index_path, reference, fields)?,
                crai: crai.clone(),
                found: FxHashSet::default(),
            },
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            region: Region::new("", 0, 0),
            contig: UNFILLED,
            record: Record::new(),
            last: -1,
            behind: 0,
        })
    }

    pub fn header(&self) -> &bam::HeaderView {
        match &self.file {
            AlignmentFile::Bam { reader, .. } => reader.header(),
            AlignmentFile::Cram { reader, .. } => reader.header(),
        }
    }

    /// Moves to the records over a region.
    pub fn fetch(&mut self, region: Region) -> Result<()> {
        let failed = format!("cannot find {region} in reads {}", self.path.display());
        let header = self.header();
        let tid = header.tid(region.contig.as_bytes());
        let tid = tid.with_context(|| format!("reads {} has no contig {}", self.path.display(), region.contig))?;
        let length = header.target_len(tid).unwrap_or(region.end);
        (self.contig, self.last, self.behind) = (tid as i32, -1, 0);
        match &mut self.file {
            AlignmentFile::Bam { reader, bins, end } => {
                let records = bins.get(tid as usize).and_then(|bins| bins.records_from(region.start));
                *end = records.as_ref().map_or(0, |records| records.end);
                if let Some(records) = records {
                    reader.seek(records.start as i64).context(failed)?;
                }
            }
            AlignmentFile::Cram {
                reader,
                crai,
                cram,
                found,
            } => {
                let mixed = crai.check_region(cram, tid, &(region.start..region.end));
                let checked = mixed.and_then(|mixed| {
                    let is_mixed = !mixed.is_empty();
                    mixed
                        .into_iter()
                        .try_for_each(|read| check_first(reader, read, found))?;
                    Ok(is_mixed)
                });
                let is_mixed = checked.map_err(|cause| {
                    let path = self.path.display();
                    anyhow!("the index of reads {path} does not fit near {region}: {cause:#}; make it again with: samtools index {path}")
                })?;
                let start = if is_mixed { 0 } else { region.start };
                reader
                    .fetch((tid as i32, start as i64, length as i64))
                    .context(failed)?;
            }
        }
        self.region = region;
        Ok(())
    }

    /// The next record over the region; None at its end. Fails if the file is damaged or not sorted, or if no record
    /// proves that the end is reached.
    pub fn next(&mut self) -> Result<Option<&Record>> {
        Ok(if self.advance()? { Some(&self.record) } else { None })
    }

    /// The record that [`advance`](Self::advance) has read.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Reads the next record over the region; false at its end. Fails as [`next`](Self::next) does.
    pub fn advance(&mut self) -> Result<bool> {
        while self.behind < LOOK_AHEAD && self.read()? {
            let start = self.record.pos();
            if start < self.last {
                bail!(
                    "reads {} is not sorted by coordinate near {}; sort and index it with samtools",
                    self.path.display(),
                    self.place()
                );
            }
            self.last = start;
            if start >= self.region.end as i64 {
                self.behind += 1;
            } else if self.record.reference_end() > self.region.start as i64 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the next record of the contig; false at its end.
    fn read(&mut self) -> Result<bool> {
        self.record.set_tid(UNFILLED);
        let (read, is_end) = match &mut self.file {
            AlignmentFile::Bam { end: 0, .. } => return Ok(false),
            AlignmentFile::Bam { reader, end, .. } => {
                let is_end = reader.tell() as u64 >= *end;
                (reader.read(&mut self.record), is_end)
            }
            AlignmentFile::Cram { reader, crai, .. } => {
                let is_end = self.behind > 0 || !crai.goes_on(self.contig.cast_unsigned(), self.region.end);
                (reader.read(&mut self.record), is_end)
            }
        };
        let path = self.path.display();
        match read {
            Some(Err(error)) => Err(error).with_context(|| {
                format!(
                    "reads {path} is damaged near {}, or was written with another reference; copy or make the file again",
                    self.place()
                )
            })?,
            Some(Ok(())) => {}
            // htslib takes a fault in a CRAM for its end.
            None if is_end => return remote_fault().map_or(Ok(false), Err),
            None => bail!(
                "reads {path} ends near {}, earlier than its index says; {SORT_AGAIN}",
                self.place()
            ),
        }
        match self.record.tid() {
            UNFILLED => bail!(
                "reads {path} is damaged near {}; copy or make the file again",
                self.place()
            ),
            tid if tid == self.contig => {
                let is_known = !is_end || matches!(self.file, AlignmentFile::Cram { .. });
                ensure!(
                    is_known,
                    "the index of reads {path} lacks the reads from {} on; {SORT_AGAIN}",
                    self.place()
                );
                Ok(true)
            }
            tid => {
                let is_next = is_end && (tid < 0 || tid > self.contig);
                ensure!(
                    is_next,
                    "reads {path} has a read without a contig or of another contig near {}; {SORT_AGAIN}",
                    self.place()
                );
                Ok(false)
            }
        }
    }

    /// Contig and 1-based position of the last record.
    fn place(&self) -> String {
        let position = u64::try_from(self.last).unwrap_or(0).max(self.region.start);
        format!("{}:{}", self.region.contig, position + 1)
    }
}

/// Fails unless a read of the contig starts where the index says.
fn check_first(reader: &mut IndexedReader, read: FirstRead, found: &mut FxHashSet<FirstRead>) -> Result<()> {
    let Some(contig) = read.contig.filter(|_| !found.contains(&read)) else {
        return Ok(());
    };
    let start = read.start as i64;
    reader.fetch((contig as i32, 0, start + 1))?;
    let mut record = Record::new();
    let mut is_there = false;
    while !is_there && let Some(next) = reader.read(&mut record) {
        next?;
        is_there = record.pos() == start;
    }
    ensure!(
        is_there,
        "no read starts at position {} of contig {}",
        start + 1,
        contig + 1
    );
    found.insert(read);
    Ok(())
}

fn open_cram(path: &Path, index: &Path, reference: &Path, fields: Fields) -> Result<IndexedReader> {
    let unread = || format!("cannot read {} against {}", path.display(), reference.display());
    let mut reader =
        open_indexed_alignments(path, index).with_context(|| format!("cannot open reads {}", path.display()))?;
    let name = htslib_name(reference).with_context(unread)?;
    // SAFETY: the file is open, and the name ends in NUL.
    let status = unsafe { htslib::hts_set_fai_filename(reader.htsfile(), name.as_ptr()) };
    ensure!(status == 0, unread());
    let decoded = match fields {
        Fields::All => return Ok(reader),
        Fields::Evidence => CRAM_FIELDS,
        Fields::EvidenceAndGroup => CRAM_FIELDS | htslib::sam_fields_SAM_RGAUX,
    };
    reader
        .set_cram_options(htslib::hts_fmt_option_CRAM_OPT_REQUIRED_FIELDS, decoded)
        .and_then(|()| reader.set_cram_options(htslib::hts_fmt_option_CRAM_OPT_DECODE_MD, 0))
        .with_context(unread)?;
    Ok(reader)
}
