//! The alignment files of a sample, checked before the work starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use rustc_hash::{FxHashMap, FxHashSet};

use super::depth::DEFAULT_MAX_DEPTH;
use super::digests::digests;
use super::downsampling::{Downsampling, hash};
use super::file::ReadFile;
use super::filter::{FilterOptions, ReadFilter};
use super::merged::MergedRecords;
use super::reader::ReadReader;
use super::records::{Fields, Records};
use super::sample::Sample;
use crate::formats::IndexedInterval;
use crate::genome::{Contigs, IntervalSet, Reference, Region};

/// Length of a tile of [`ReadSource::tiles`] in bases: the smallest bin of most indexes.
const TILE: u64 = 1 << 14;

/// An index interval with fewer bytes per tile is sparse. This many bytes hold thirty reads or more.
const MIN_BYTES: u64 = 2048;

/// Most tiles that are taken from one sparse interval.
const MAX_SPARSE: usize = 64;

/// The checked BAM and CRAM files of one sample. Cheap to share; each thread opens its own [`ReadReader`].
#[derive(Clone, Debug)]
pub struct ReadSource {
    files: Arc<[ReadFile]>,
    /// The FASTA that decodes CRAM.
    reference: PathBuf,
    sample: String,
    contigs: Contigs,
    /// MD5 digests of the contigs' sequences, where a header has them.
    pub(super) digests: FxHashMap<String, String>,
    filter: FilterOptions,
    downsampling: Option<Downsampling>,
    max_depth: u32,
}

impl ReadSource {
    /// Opens one file. See [`open_all`](Self::open_all).
    pub fn open(path: &Path, reference: &Reference, sample: Option<&str>) -> Result<Self> {
        Self::open_all(&[path.to_owned()], reference, sample)
    }

    /// Opens the files of a sample. Checks format, index, end-of-file marker, sort order, contigs against the reference,
    /// and the sample: `sample`, or the only one of the files. Fails if the files have different contigs.
    pub fn open_all(paths: &[PathBuf], reference: &Reference, sample: Option<&str>) -> Result<Self> {
        check_repeats(paths)?;
        let mut files = paths
            .iter()
            .map(|path| ReadFile::open(path))
            .collect::<Result<Vec<_>>>()?;
        let Some(first) = files.first() else {
            bail!("no reads are given; name a BAM or CRAM with --reads");
        };
        check_contigs(&files)?;
        let contigs = shared_contigs(first.contigs(), reference, first.path())?;
        let headers: Vec<_> = files.iter().map(|file| (file.path(), file.header())).collect();
        let sample = Sample::resolve(&headers, sample)?;
        let digests = joined_digests(&files)?;
        for (file, groups) in files.iter_mut().zip(sample.read_groups) {
            file.read_groups = groups;
        }
        Ok(Self {
            files: files.into(),
            reference: reference.path().to_owned(),
            sample: sample.name,
            contigs,
            digests,
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

    /// The files, in the order given.
    pub fn files(&self) -> &[ReadFile] {
        &self.files
    }

    /// The paths of the files, for messages.
    pub fn names(&self) -> String {
        let names: Vec<_> = self
            .files
            .iter()
            .map(|file| file.path().display().to_string())
            .collect();
        names.join(", ")
    }

    /// Name of the sample.
    pub fn sample(&self) -> &str {
        &self.sample
    }

    /// The contigs that both the reads and the reference have, in the reference's order.
    pub fn contigs(&self) -> &Contigs {
        &self.contigs
    }

    /// At most `most` tiles that may hold reads, in a pseudo-random but fixed order; with `within`, only tiles inside of
    /// these regions, or those that overlap them if none lies inside. Sparse tiles are used only if no other tiles
    /// exist; which of them depends on the index.
    pub fn tiles(&self, most: usize, within: Option<&IntervalSet>) -> Result<Vec<Region>> {
        let Some(regions) = within else {
            return self.tiles_where(most, |_, _, _| true);
        };
        match self.tiles_where(most, |contig, start, end| regions.covers(contig, start, end))? {
            none if none.is_empty() => {
                self.tiles_where(most, |contig, start, end| regions.overlaps(contig, start, end))
            }
            inside => Ok(inside),
        }
    }

    fn tiles_where(&self, most: usize, is_asked: impl Fn(&str, u64, u64) -> bool) -> Result<Vec<Region>> {
        let (mut tiles, mut sparse) = (Vec::new(), Vec::new());
        let intervals = self.files.iter().map(ReadFile::intervals).collect::<Result<Vec<_>>>()?;
        for (contig, IndexedInterval { positions, bytes, .. }) in intervals.into_iter().flatten() {
            let Some(contig) = self.contigs.get(&contig.name) else {
                continue;
            };
            let covered = positions.start / TILE..positions.end.min(contig.length).div_ceil(TILE);
            // Nearly all tiles of a wide sparse interval are empty.
            let is_sparse = bytes < MIN_BYTES.saturating_mul(covered.end.saturating_sub(covered.start));
            let rank = self.contigs.position(&contig.name);
            let most = if is_sparse { MAX_SPARSE } else { usize::MAX };
            let tiles = if is_sparse { &mut sparse } else { &mut tiles };
            tiles.extend(
                covered
                    .filter(|&tile| is_asked(&contig.name, tile * TILE, ((tile + 1) * TILE).min(contig.length)))
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
        let open = |file: &ReadFile| Ok((file.records(&self.reference, None)?, self.filter_of(file)));
        let files = self.files.iter().map(open).collect::<Result<_>>()?;
        Ok(ReadReader::new(MergedRecords::new(files), self.filter, self.max_depth))
    }

    /// Opens a reader of the records of a file with all their fields, and returns the filter that selects them.
    pub(super) fn whole_records(&self, file: &ReadFile) -> Result<(Records, ReadFilter)> {
        Ok((file.records(&self.reference, Some(Fields::All))?, self.filter_of(file)))
    }

    fn filter_of(&self, file: &ReadFile) -> ReadFilter {
        ReadFilter {
            read_groups: file.read_groups.clone(),
            downsampling: self.downsampling,
            options: self.filter,
            lengths: file.lengths(),
        }
    }
}

/// Fails if a file is given twice, because its reads would count twice.
fn check_repeats(paths: &[PathBuf]) -> Result<()> {
    let mut seen = FxHashSet::default();
    let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    match paths.iter().find(|path| !seen.insert(real(path))) {
        None => Ok(()),
        Some(path) => bail!("reads {} are given twice with --reads; leave out one", path.display()),
    }
}

/// Fails if the headers of the files do not have the same contigs in the same order.
fn check_contigs(files: &[ReadFile]) -> Result<()> {
    let Some((first, others)) = files.split_first() else {
        return Ok(());
    };
    match others
        .iter()
        .find(|file| !file.contigs().iter().eq(first.contigs().iter()))
    {
        None => Ok(()),
        Some(other) => bail!(
            "reads {} and {} have different contigs in their headers (@SQ); give files that were aligned to one reference",
            first.path().display(),
            other.path().display()
        ),
    }
}

/// The digests of all files. Fails if a contig has two.
fn joined_digests(files: &[ReadFile]) -> Result<FxHashMap<String, String>> {
    let mut joined: FxHashMap<String, String> = FxHashMap::default();
    for file in files {
        for (contig, digest) in digests(file.header()) {
            let known = joined.entry(contig.clone()).or_insert_with(|| digest.clone());
            if *known != digest {
                bail!(
                    "reads {}: contig {contig} has another M5 in the header than in the other reads; give files that were \
                     aligned to one reference",
                    file.path().display()
                );
            }
        }
    }
    Ok(joined)
}

/// The contigs that both files have. Fails if there are none, or if a contig has two lengths. Contigs of only one file
/// are legal.
fn shared_contigs(reads: &Contigs, reference: &Reference, path: &Path) -> Result<Contigs> {
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
