//! Finds the candidates of a partition: the first half of the flow, which `call`, `make-examples` and `show` share.

use std::path::Path;

use anyhow::{Result, bail};
use indicatif::HumanCount;

use super::options::{EvidenceOptions, Inputs};
use crate::candidates::{Candidate, find_candidates};
use crate::formats::url_of;
use crate::genome::{IntervalSet, PARTITION_FLANK, Partition, Reference, ReferenceReader, Sequence, partitions};
use crate::library::{Library, LibrarySample, ReadDensity};
use crate::output::ends_with;
use crate::reads::{
    FilterOptions, MatesOnOtherContigs, Read, ReadCounts, ReadReader, ReadSource, RealignedReadsWriter,
};
use crate::realign::{RealignOptions, Realigner};
use crate::runtime::{Stage, StageCosts, Stopwatch};

/// The opened and checked inputs of a run.
pub struct EvidenceSource {
    pub reference: Reference,
    pub reads: ReadSource,
    pub regions: IntervalSet,
    pub options: EvidenceOptions,
    /// Counts of the reads in the sample of the library; zero before [`measure_library`](Self::measure_library).
    pub sample: ReadCounts,
    /// How densely reads lie in that sample.
    pub density: ReadDensity,
    /// Depth of that sample.
    pub depth: f64,
}

/// Reads, reference and candidates of a partition.
pub struct Evidence {
    pub reads: Vec<Read>,
    pub reference: Sequence,
    /// Candidates whose position lies in the partition's region.
    pub candidates: Vec<Candidate>,
    /// Counts of the reads that no earlier partition has counted.
    pub counts: ReadCounts,
    pub timings: StageCosts,
}

impl EvidenceSource {
    /// Opens and checks the inputs. `threads` threads compare the checksums of the contigs.
    pub fn open(inputs: &Inputs, options: EvidenceOptions, threads: usize) -> Result<Self> {
        let reference = Reference::open(&inputs.reference)?;
        let reads = ReadSource::open_all(&inputs.reads, &reference, inputs.sample.as_deref())?;
        let reads = reads.with_filter(options.filter).with_max_depth(options.max_depth);
        let regions = inputs.regions.resolve(reference.contigs(), reads.contigs())?;
        if let Some(contig) = regions.contigs().find(|contig| reads.contigs().get(contig).is_none()) {
            bail!(
                "--regions: reads {} has no contig {contig}; leave it out, or use reads that were aligned to it",
                reads.names()
            );
        }
        reads.check_sequences(&reference, &regions, threads)?;
        let (contigs, bases) = (regions.contigs().count(), HumanCount(regions.bases()));
        log::debug!("reference {}", reference.path().display());
        log::debug!("reads {}, sample {}", reads.names(), reads.sample());
        log::debug!("regions: {bases} bases on {contigs} contigs");
        Ok(Self {
            reference,
            reads,
            regions,
            options,
            sample: ReadCounts::default(),
            density: ReadDensity::default(),
            depth: 0.0,
        })
    }

    /// The regions, divided into units of work in output order.
    pub fn partitions(&self) -> Vec<Partition> {
        partitions(&self.regions, |contig| {
            self.reference.contigs().get(contig).map_or(0, |c| c.length)
        })
    }

    /// The writer for `--realigned-reads`; none without a path.
    pub fn realigned_reads_writer(&self, path: Option<&Path>) -> Result<Option<RealignedReadsWriter>> {
        let create = |path: &Path| {
            if ends_with(path, &["sam", "cram"]) {
                bail!(
                    "cannot write {}: dvcall writes realigned reads as BAM; give a name that ends in .bam",
                    path.display()
                );
            }
            RealignedReadsWriter::create(path, &self.reads, &self.reference)
        };
        path.map(create).transpose()
    }

    /// Which reads the library is measured on: what is asked, or the regions for a URL. Of regions that are the whole
    /// genome, the sample is that of the genome.
    pub fn library_sample(&self, asked: Option<LibrarySample>) -> LibrarySample {
        let is_remote = self.reads.files().iter().any(|file| url_of(file.path()).is_some());
        let all: u64 = self.reads.contigs().iter().map(|contig| contig.length).sum();
        match asked {
            _ if self.regions.bases() == all => LibrarySample::Genome,
            None if is_remote => LibrarySample::Regions,
            asked => asked.unwrap_or(LibrarySample::Genome),
        }
    }

    /// Measures the library on a sample of the reads, and decides whether to use all reads with a mate on another
    /// contig. Fails for long or spliced reads, unless `force` is set.
    pub fn measure_library(&mut self, asked: LibrarySample, threads: usize) -> Result<Library> {
        let within = (asked == LibrarySample::Regions).then_some(&self.regions);
        let (library, sample) = Library::measure(&self.reads, &self.reference, within, threads)?;
        if let Some(cause) = sample.unsuited().filter(|_| !self.options.force) {
            bail!(
                "reads {} {cause}; dvcall and its model are made for short reads of genomes; --force uses them anyway",
                self.reads.names()
            );
        }
        let filter = self.reads.filter();
        if filter.mates == MatesOnOtherContigs::Auto && sample.mates_lie_elsewhere() {
            log::info!(
                "most reads of {} have their mate on another contig; all these reads are used",
                self.reads.names()
            );
            self.reads = self.reads.clone().with_filter(FilterOptions {
                mates: MatesOnOtherContigs::Keep,
                ..filter
            });
        }
        self.depth = sample.depth();
        self.sample = sample.counts;
        self.density = sample.density;
        Ok(library)
    }

    /// The rule for reads whose mate lies on another contig, in words.
    pub fn rule_for_mates(&self) -> &'static str {
        match self.reads.filter().mates {
            MatesOnOtherContigs::Keep => "used",
            MatesOnOtherContigs::Drop => "not used",
            MatesOnOtherContigs::Auto => "used where one fragment joins both over the ends of their contigs",
        }
    }

    /// Opens the readers of one thread.
    pub fn worker(&self) -> Result<EvidenceWorker<'_>> {
        Ok(EvidenceWorker {
            source: self,
            reads: self.reads.reader()?,
            reference: self.reference.reader()?,
            realigner: self.options.realign.then(|| Realigner::new(RealignOptions::default())),
        })
    }
}

/// The readers of one thread.
pub struct EvidenceWorker<'a> {
    source: &'a EvidenceSource,
    reads: ReadReader,
    reference: ReferenceReader,
    /// None: the alignments of the input file are used.
    realigner: Option<Realigner>,
}

impl EvidenceWorker<'_> {
    pub fn min_base_quality(&self) -> u8 {
        self.source.options.candidates.min_base_quality
    }

    /// Whether `--regions` contains the position.
    pub fn is_requested(&self, contig: &str, position: u64) -> bool {
        self.source.regions.contains(contig, position)
    }

    pub fn partition(&mut self, partition: &Partition) -> Result<Evidence> {
        let mut timings = StageCosts::default();
        let mut clock = Stopwatch::start();
        let reference = self.sequence_around(partition)?;
        let mut counts = ReadCounts::default();
        let is_counted = |start, end| partition.is_first_to_touch(start, end);
        let mut reads = self.reads.fetch_counted(&partition.evidence, is_counted, &mut counts)?;
        reads.iter_mut().for_each(|read| read.spell_out(&reference));
        clock.lap(&mut timings, Stage::Reading, reads.len());
        if let Some(realigner) = &mut self.realigner {
            reads = realigner.realign(reads, &reference);
        }
        clock.lap(&mut timings, Stage::Realignment, reads.len());
        let mut candidates = find_candidates(&reads, &reference, &partition.region, &self.source.options.candidates);
        candidates.retain(|candidate| partition.contains(candidate.position));
        clock.lap(&mut timings, Stage::Candidates, candidates.len());
        Ok(Evidence {
            reads,
            reference,
            candidates,
            counts,
            timings,
        })
    }

    /// The reference with flanks, because reads and pileups may extend beyond the evidence region.
    fn sequence_around(&self, partition: &Partition) -> Result<Sequence> {
        let evidence = &partition.evidence;
        let length = self
            .source
            .reference
            .contigs()
            .get(&evidence.contig)
            .map_or(0, |c| c.length);
        let start = evidence.start.saturating_sub(PARTITION_FLANK);
        let end = (evidence.end + PARTITION_FLANK).min(length);
        Ok(Sequence::new(
            start,
            self.reference.fetch(&evidence.contig, start, end)?,
        ))
    }
}
