//! An alignment file, checked before the work starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rust_htslib::bam::{HeaderView, Read as _};
use rustc_hash::FxHashMap;

use super::depth::DEFAULT_MAX_DEPTH;
use super::digests::digests;
use super::downsampling::{Downsampling, hash};
use super::filter::{FilterOptions, ReadFilter};
use super::reader::ReadReader;
use super::records::{Fields, Records};
use super::sample::Sample;
use crate::formats::{Format, Index, IndexedInterval, alignment_file, alignment_index, can_open, open_alignments};
use crate::genome::{Contig, Contigs, Reference, Region};

/// Length of a tile of [`ReadSource::tiles`] in bases: the smallest bin of most indexes.
const TILE: u64 = 1 << 14;

/// An index interval with fewer bytes per tile is sparse. This many bytes hold thirty reads or more.
const MIN_BYTES: u64 = 2048;

/// Most tiles that are taken from one sparse interval.
const MAX_SPARSE: usize = 64;

/// A checked BAM or CRAM file. Cheap to share; each thread opens its own [`ReadReader`].
#[derive(Clone, Debug)]
pub struct ReadSource {
    path: PathBuf,
    index_path: PathBuf,
    index: Index,
    /// The FASTA that decodes CRAM.
    reference: PathBuf,
    format: Format,
    sample: Sample,
    contigs: Contigs,
    /// MD5 digests of the contigs' sequences, where the header has them.
    pub(super) digests: FxHashMap<String, String>,
    /// Lengths of all contigs of the file, in the order of its header.
    lengths: Arc<[u64]>,
    filter: FilterOptions,
    downsampling: Option<Downsampling>,
    max_depth: u32,
}

impl ReadSource {
    /// Opens the file and checks format, index, end-of-file marker, sort order, contigs against the reference, and the
    /// sample (`sample`, or the only one of the file).
    pub fn open(path: &Path, reference: &Reference, sample: Option<&str>) -> Result<Self> {
        let (format, index_path, index) = alignment_file::check(path)?;
        let cannot_open = || format!("cannot open reads {}; is the file damaged?", path.display());
        can_open(path, 1).with_context(cannot_open)?;
        let reader = open_alignments(path).with_context(cannot_open)?;
        let header = reader.header();
        let text = String::from_utf8_lossy(header.as_bytes());
        check_sorted(&text, path)?;
        Ok(Self {
            path: path.to_owned(),
            reference: reference.path().to_owned(),
            index_path,
            index,
            format,
            sample: Sample::resolve(&text, sample, path)?,
            contigs: shared_contigs(header, reference, path)?,
            digests: digests(&text),
            lengths: (0..header.target_count())
                .map(|tid| header.target_len(tid).unwrap_or(0))
                .collect(),
            filter: FilterOptions::default(),
            downsampling: None,
            max_depth: DEFAULT_MAX_DEPTH,
        })
    }

    /// The same source with a fraction (0 to 1) of its fragments, selected by their names and the seed.
    pub fn with_downsampling(self, fraction: f64, seed: u64) -> Self {
        Self {
            downsampling: Some(Downsampling { fraction, seed }),
            ..self
        }
    }

    /// The same source with another filter.
    pub fn with_filter(self, filter: FilterOptions) -> Self {
        Self { filter, ..self }
    }

    pub fn filter(&self) -> FilterOptions {
        self.filter
    }

    /// The same source with another depth limit.
    pub fn with_max_depth(self, max_depth: u32) -> Self {
        Self { max_depth, ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn index(&self) -> &Path {
        &self.index_path
    }

    /// Name of the sample.
    pub fn sample(&self) -> &str {
        &self.sample.name
    }

    /// The contigs that both the reads and the reference have, in the reference's order.
    pub fn contigs(&self) -> &Contigs {
        &self.contigs
    }

    /// At most `most` tiles that may hold reads, in a pseudo-random but fixed order. Sparse tiles are used only if no
    /// other tiles exist; which of them depends on the index.
    pub fn tiles(&self, most: usize) -> Result<Vec<Region>> {
        let reader = open_alignments(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        let names = reader.header().target_names();
        let (mut tiles, mut sparse) = (Vec::new(), Vec::new());
        for IndexedInterval {
            contig,
            positions,
            bytes,
        } in alignment_index::intervals(&self.index_path, self.format)?
        {
            let name = names.get(contig as usize).map(|name| String::from_utf8_lossy(name));
            let Some(contig) = name.and_then(|name| self.contigs.get(&name)) else {
                continue;
            };
            let within = positions.start / TILE..positions.end.min(contig.length).div_ceil(TILE);
            // Nearly all tiles of a wide sparse interval are empty.
            let is_sparse = bytes < MIN_BYTES.saturating_mul(within.end.saturating_sub(within.start));
            let rank = self.contigs.position(&contig.name);
            let most = if is_sparse { MAX_SPARSE } else { usize::MAX };
            let tiles = if is_sparse { &mut sparse } else { &mut tiles };
            tiles.extend(
                within
                    .take(most)
                    .map(|tile| (hash(tile, contig.name.as_bytes()), rank, tile)),
            );
        }
        if tiles.is_empty() {
            tiles = sparse;
        }
        tiles.sort_unstable();
        tiles.dedup();
        let region = |(_, rank, tile): (u64, Option<usize>, u64)| {
            let contig = self.contigs.iter().nth(rank?)?;
            let end = ((tile + 1) * TILE).min(contig.length);
            Some(Region::new(&contig.name, tile * TILE, end))
        };
        Ok(tiles.into_iter().take(most).filter_map(region).collect())
    }

    /// Opens a reader for one thread.
    pub fn reader(&self) -> Result<ReadReader> {
        let fields = match self.sample.read_groups {
            Some(_) => Fields::EvidenceAndGroup,
            None => Fields::Evidence,
        };
        Ok(ReadReader::new(
            self.records(fields)?,
            self.read_filter(),
            self.max_depth,
        ))
    }

    /// Opens a reader of records with all their fields, and returns the filter that selects them.
    pub(super) fn whole_records(&self) -> Result<(Records, ReadFilter)> {
        Ok((self.records(Fields::All)?, self.read_filter()))
    }

    fn records(&self, fields: Fields) -> Result<Records> {
        Records::open(&self.path, &self.index_path, &self.index, &self.reference, fields)
    }

    fn read_filter(&self) -> ReadFilter {
        ReadFilter {
            read_groups: self.sample.read_groups.clone(),
            downsampling: self.downsampling,
            options: self.filter,
            lengths: self.lengths.clone(),
        }
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

/// The contigs that both files have. Fails if there are none, or if a contig has two lengths. Contigs of only one file
/// are legal.
fn shared_contigs(header: &HeaderView, reference: &Reference, path: &Path) -> Result<Contigs> {
    let reads: Contigs = (0..header.target_count())
        .map(|tid| Contig {
            name: String::from_utf8_lossy(header.tid2name(tid)).into_owned(),
            length: header.target_len(tid).unwrap_or(0),
        })
        .collect();
    let shared: Contigs = reference
        .contigs()
        .iter()
        .filter(|c| reads.get(&c.name).is_some())
        .cloned()
        .collect();
    for contig in shared.iter() {
        let length = reads.get(&contig.name).map_or(0, |c| c.length);
        if length != contig.length {
            bail!(
                "contig {} has {length} bases in {} but {} in {}: the files have different genome builds; give the reference \
                 that the reads were aligned to",
                contig.name,
                path.display(),
                contig.length,
                reference.path().display()
            );
        }
    }
    if shared.is_empty() {
        let hint = reads
            .iter()
            .find_map(|c| Some((&c.name, reference.contigs().likely_name(&c.name)?)));
        let hint = hint.map_or(String::new(), |(reads, reference)| {
            format!(" ('{reads}' there, '{reference}' here: rename one, or give the reference that the reads were aligned to)")
        });
        bail!(
            "reads {} and reference {} share no contig: {} against {}{hint}",
            path.display(),
            reference.path().display(),
            reads.preview(),
            reference.contigs().preview()
        );
    }
    Ok(shared)
}
