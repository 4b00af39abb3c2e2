//! One alignment file, checked before the work starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rust_htslib::bam::Read as _;
use rustc_hash::FxHashSet;

use super::records::{Fields, Records};
use crate::formats::{Format, Index, IndexedInterval, alignment_file, alignment_index, can_open, open_alignments};
use crate::genome::{Contig, Contigs};

/// A checked BAM or CRAM file.
#[derive(Clone, Debug)]
pub struct ReadFile {
    path: PathBuf,
    index_path: PathBuf,
    index: Index,
    format: Format,
    /// Text of the header.
    header: String,
    /// All contigs of the header, in its order.
    contigs: Contigs,
    /// Identifiers of the sample's read groups; None if every read of the file belongs to the sample.
    pub(super) read_groups: Option<FxHashSet<Vec<u8>>>,
}

impl ReadFile {
    /// Opens the file and checks format, index, end-of-file marker and sort order.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (format, index_path, index) = alignment_file::check(path)?;
        let cannot_open = || format!("cannot open reads {}; is the file damaged?", path.display());
        can_open(path, 1).with_context(cannot_open)?;
        let reader = open_alignments(path).with_context(cannot_open)?;
        let header = reader.header();
        let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
        check_sorted(&text, path)?;
        let contig = |tid| Contig {
            name: String::from_utf8_lossy(header.tid2name(tid)).into_owned(),
            length: header.target_len(tid).unwrap_or(0),
        };
        Ok(Self {
            path: path.to_owned(),
            index_path,
            index,
            format,
            header: text,
            contigs: (0..header.target_count()).map(contig).collect(),
            read_groups: None,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn index(&self) -> &Path {
        &self.index_path
    }

    /// Text of the SAM header.
    pub fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn contigs(&self) -> &Contigs {
        &self.contigs
    }

    /// Lengths of all contigs, in the order of the header.
    pub(super) fn lengths(&self) -> Arc<[u64]> {
        self.contigs.iter().map(|contig| contig.length).collect()
    }

    /// The intervals of the index, each with the name of its contig.
    pub(super) fn intervals(&self) -> Result<Vec<(&Contig, IndexedInterval)>> {
        let contigs: Vec<&Contig> = self.contigs.iter().collect();
        let intervals = alignment_index::intervals(&self.index_path, self.format)?.into_iter();
        Ok(intervals
            .filter_map(|interval| Some((*contigs.get(interval.contig as usize)?, interval)))
            .collect())
    }

    /// Opens a reader of the records. `reference` is the FASTA that decodes CRAM.
    pub(super) fn records(&self, reference: &Path, fields: Option<Fields>) -> Result<Records> {
        let fields = fields.unwrap_or(match self.read_groups {
            Some(_) => Fields::EvidenceAndGroup,
            None => Fields::Evidence,
        });
        Records::open(&self.path, &self.index_path, &self.index, reference, fields)
    }
}

/// Fails if the header declares another sort order. Without a declared order, the file is sorted, because it has an
/// index.
fn check_sorted(header: &str, path: &Path) -> Result<()> {
    let order = header
        .lines()
        .find(|line| line.starts_with("@HD\t"))
        .and_then(|line| line.split('\t').find_map(|field| field.strip_prefix("SO:")));
    match order {
        None | Some("coordinate" | "unknown") => Ok(()),
        Some(order) => bail!(
            "reads {0} is sorted by '{order}', not by coordinate; sort it with: samtools sort -o sorted.bam {0}",
            path.display()
        ),
    }
}
