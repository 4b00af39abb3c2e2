//! The flow of joint genotyping: gVCFs, the prior of the cohort, then sites in parallel and in order.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::Result;

use super::allele::MAX_SHIFT;
use super::call::{CallOptions, call_site};
use super::compound::add_compounds;
use super::discover::discover;
use super::family::Family;
use super::fit::CohortPrior;
use super::input::{Gvcf, open_all};
use super::preset::UnifyOptions;
use super::record::CohortRecord;
use super::summary::CohortSummary;
use super::unify::{Cluster, unify};
use super::window::SampleWindow;
use crate::genome::{IntervalSet, Partition, Reference, ReferenceReader, RegionChoice, Sequence, partitions};
use crate::runtime::for_each_ordered;

/// Bases that are read on both sides of a piece of work, at first.
const FLANK: u64 = 2_000;
/// Reference bases that are read beyond the window.
const REFERENCE_FLANK: u64 = 10_000;
/// Most bases of a piece of work times samples.
const MAX_PIECE: u64 = 4_000_000;
/// Most bases of a piece of work.
const LONGEST_PIECE: u64 = 200_000;

/// What `dvcall joint` was asked for.
#[derive(Clone, Debug)]
pub struct JointOptions {
    pub unify: UnifyOptions,
    pub min_site_quality: f64,
    pub min_genotype_quality: u32,
    pub de_novo_rate: f64,
    pub threads: usize,
}

/// The opened inputs of a run.
pub struct Cohort {
    pub reference: Reference,
    pub(crate) gvcfs: Vec<Gvcf>,
    pub regions: IntervalSet,
    pub(crate) families: Vec<Family>,
    pub options: JointOptions,
}

/// The records of a piece of work.
pub struct JointPiece {
    pub lines: Vec<String>,
    pub summary: CohortSummary,
    pub(crate) partitions: Vec<Partition>,
}

/// The records of all samples in a window.
pub(super) struct Loaded {
    pub sequence: Sequence,
    pub windows: Vec<SampleWindow>,
    /// The window.
    pub range: Range<u64>,
}

impl Cohort {
    /// Opens and checks the inputs.
    pub fn open(
        reference: Reference,
        paths: &[PathBuf],
        regions: &RegionChoice,
        options: JointOptions,
    ) -> Result<Self> {
        let gvcfs = open_all(paths, &reference)?;
        let regions = regions.resolve(reference.contigs(), reference.contigs())?;
        Ok(Self {
            reference,
            gvcfs,
            regions,
            families: Vec::new(),
            options,
        })
    }

    pub fn samples(&self) -> Vec<&str> {
        self.gvcfs.iter().map(|gvcf| gvcf.sample.as_str()).collect()
    }

    /// Genotypes all sites, without those of the first `skipped` pieces. `consume` gets the pieces in order.
    pub fn run(
        &self,
        prior: &CohortPrior,
        skipped: usize,
        consume: impl FnMut(JointPiece) -> Result<()>,
    ) -> Result<()> {
        let pieces = self.pieces();
        for_each_ordered(
            self.options.threads,
            pieces.into_iter().skip(skipped),
            || self.reference.reader(),
            |reader, piece| self.genotype(reader, piece, prior),
            consume,
        )
    }

    /// The partitions of the regions, joined to pieces of work. Their size depends on the number of samples, so that
    /// memory does not.
    fn pieces(&self) -> Vec<Vec<Partition>> {
        let limit = (MAX_PIECE / self.gvcfs.len().max(1) as u64).min(LONGEST_PIECE);
        let mut pieces: Vec<Vec<Partition>> = Vec::new();
        for partition in partitions(&self.regions, |contig| self.length_of(contig)) {
            match pieces.last_mut() {
                Some(piece) if joins(piece, &partition, limit) => piece.push(partition),
                _ => pieces.push(vec![partition]),
            }
        }
        pieces
    }

    fn length_of(&self, contig: &str) -> u64 {
        self.reference.contigs().get(contig).map_or(0, |contig| contig.length)
    }

    /// Reads the records of all samples over a range with its flanks.
    pub(super) fn load(&self, reader: &ReferenceReader, contig: &str, range: Range<u64>) -> Result<Loaded> {
        let length = self.length_of(contig);
        let start = range.start.saturating_sub(MAX_SHIFT + 1);
        let bases = reader.fetch(contig, start, (range.end + REFERENCE_FLANK).min(length))?;
        let sequence = Sequence::new(start, bases);
        let read = |gvcf: &Gvcf| gvcf.read(contig, range.start, range.end, &sequence);
        Ok(Loaded {
            windows: self.gvcfs.iter().map(read).collect::<Result<_>>()?,
            sequence,
            range,
        })
    }

    fn genotype(&self, reader: &ReferenceReader, piece: Vec<Partition>, prior: &CohortPrior) -> Result<JointPiece> {
        let contig = &piece[0].region.contig;
        let range = piece[0].region.start..piece[piece.len() - 1].region.end;
        let (loaded, clusters) = self.clusters(reader, contig, &range)?;
        let windows: Vec<&SampleWindow> = loaded.windows.iter().collect();
        let samples = self.samples();
        let call_options = CallOptions {
            prior,
            families: &self.families,
            de_novo_rate: self.options.de_novo_rate,
            min_quality: self.options.min_genotype_quality,
        };
        let (mut summary, mut lines) = (CohortSummary::default(), Vec::new());
        for cluster in clusters {
            let Range { start, end } = cluster.range;
            if !piece.iter().any(|partition| partition.is_first_to_touch(start, end)) {
                continue;
            }
            summary.add_alleles(&cluster.counts);
            let mut records = Vec::new();
            for mut site in cluster.sites {
                add_compounds(
                    &mut site,
                    &loaded.windows,
                    &loaded.sequence,
                    self.options.unify.max_alleles,
                );
                let called = call_site(site, &windows, &call_options);
                let record = CohortRecord::new(
                    contig,
                    &called,
                    &loaded.sequence,
                    &samples,
                    self.options.min_site_quality,
                );
                match record.filter(|record| self.regions.contains(contig, record.position)) {
                    Some(record) => {
                        summary.add(&called, &record, &self.families);
                        records.push(record);
                    }
                    None => summary.sites_without_call += 1,
                }
            }
            records.sort_by(|a, b| (a.position, &a.alleles).cmp(&(b.position, &b.alleles)));
            lines.extend(records.into_iter().map(|record| record.line));
        }
        Ok(JointPiece {
            lines,
            summary,
            partitions: piece,
        })
    }

    /// The clusters of alleles over a range. Reads so much around the range that no cluster depends on where it ends.
    fn clusters(&self, reader: &ReferenceReader, contig: &str, range: &Range<u64>) -> Result<(Loaded, Vec<Cluster>)> {
        let length = self.length_of(contig);
        let mut flank = FLANK;
        loop {
            let window = range.start.saturating_sub(flank)..(range.end + flank).min(length);
            let loaded = self.load(reader, contig, window)?;
            let alleles = discover(loaded.windows.iter(), self.options.unify.min_genotype_quality);
            let clusters = unify(alleles, &self.options.unify);
            let Range { start, end } = loaded.range;
            let is_whole = |cluster: &Cluster| {
                let is_away = cluster.range.end <= range.start || cluster.range.start >= range.end;
                let from_start = start == 0 || cluster.range.start >= start;
                let to_end = end == length || cluster.range.end + MAX_SHIFT <= end;
                is_away || from_start && to_end
            };
            if clusters.iter().all(is_whole) {
                return Ok((loaded, clusters));
            }
            flank *= 4;
        }
    }
}

/// Whether a partition continues a piece of work.
fn joins(piece: &[Partition], next: &Partition, limit: u64) -> bool {
    let (first, last) = (&piece[0].region, &piece[piece.len() - 1].region);
    first.contig == next.region.contig
        && next.region.start - last.end <= FLANK
        && next.region.end - first.start <= limit
}
