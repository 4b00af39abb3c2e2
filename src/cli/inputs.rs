//! Arguments for the inputs: files, regions, read filters and thresholds.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::RegionArgs;
use super::numbers::{base_quality, lod, share};
use crate::candidates::CandidateOptions;
use crate::evidence::{EvidenceOptions, Inputs};
use crate::output::{BAM_INDEXES, indexes};
use crate::reads::{
    DEFAULT_MAX_DEPTH, FilterOptions, MIN_BASE_QUALITY, MIN_MAPPING_QUALITY, MatesOnOtherContigs, ReadSource,
};

/// Input files, regions and threads.
#[derive(Args, Debug, Clone)]
pub struct InputArgs {
    /// Reference FASTA, plain or bgzipped, indexed with samtools faidx; a file or a URL
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// Aligned reads, coordinate-sorted and indexed; a file or a URL (https://, s3://, gs://). May be repeated for several
    /// files of one sample, such as lanes
    #[arg(long, value_name = "BAM|CRAM", required = true)]
    pub reads: Vec<PathBuf>,
    #[command(flatten)]
    pub regions: RegionArgs,
    /// Sample to use; required if the reads hold several samples. A name that the reads do not have renames their only
    /// sample
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl InputArgs {
    /// Number of worker threads: `--threads`, or all processors.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        )
    }

    /// The inputs for the library.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            reference: self.reference.clone(),
            reads: self.reads.clone(),
            regions: self.regions.choice(),
            sample: self.sample.clone(),
        }
    }

    /// All paths that may be input files. An entry of `--regions` may be a BED file.
    pub fn files(&self) -> Vec<&Path> {
        let files = std::iter::once(&self.reference)
            .chain(&self.reads)
            .map(PathBuf::as_path);
        files.chain(self.regions.files()).collect()
    }
}

/// Read filters and thresholds for candidates.
#[derive(Args, Debug, Clone, Serialize)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
    /// Minimum base quality of a supporting base, at least 10
    #[arg(long, value_name = "PHRED", default_value_t = MIN_BASE_QUALITY, value_parser = base_quality)]
    pub min_base_quality: u8,
    /// Minimum number of reads that support an allele; one fewer for an indel in a read without other differences
    #[arg(long, value_name = "N", default_value_t = CandidateOptions::default().min_supporting_reads, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_supporting_reads: u32,
    /// Minimum LOD of a SNP: log10 of the likelihood of a heterozygous variant, divided by the likelihood of reading
    /// errors. May be negative
    #[arg(long, value_name = "LOD", default_value_t = CandidateOptions::default().min_snp_lod, value_parser = lod, allow_hyphen_values = true)]
    pub min_snp_lod: f64,
    /// Minimum LOD of an indel
    #[arg(long, value_name = "LOD", default_value_t = CandidateOptions::default().min_indel_lod, value_parser = lod, allow_hyphen_values = true)]
    pub min_indel_lod: f64,
    /// Use at most about N reads per position; the reads are chosen at random, and mates stay together
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_DEPTH, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_depth: u32,
    /// Do not realign reads; use the alignments of the input file
    #[arg(long)]
    pub no_realign: bool,
    /// Exclude reads with a lower mapping quality
    #[arg(long, value_name = "PHRED", default_value_t = MIN_MAPPING_QUALITY)]
    pub min_mapping_quality: u8,
    /// Use reads that are marked as duplicates too
    #[arg(long)]
    pub keep_duplicates: bool,
    /// Rule for reads whose mate lies on another contig
    #[arg(long, value_name = "RULE", value_enum, default_value_t = MatesOnOtherContigs::Auto)]
    pub mates_on_other_contigs: MatesOnOtherContigs,
    /// Accept long or spliced reads, although dvcall and its model are not made for them
    #[arg(long)]
    pub force: bool,
}

impl EvidenceArgs {
    /// The options for the library.
    pub fn options(&self) -> EvidenceOptions {
        EvidenceOptions {
            filter: FilterOptions {
                min_mapping_quality: self.min_mapping_quality,
                min_base_quality: self.min_base_quality,
                keep_duplicates: self.keep_duplicates,
                mates: self.mates_on_other_contigs,
            },
            max_depth: self.max_depth,
            candidates: CandidateOptions {
                min_base_quality: self.min_base_quality,
                min_supporting_reads: self.min_supporting_reads,
                min_snp_lod: self.min_snp_lod,
                min_indel_lod: self.min_indel_lod,
            },
            realign: !self.no_realign,
            force: self.force,
        }
    }
}

/// Which share of the fragments is used.
#[derive(Args, Debug, Clone, Serialize)]
pub struct DownsampleArgs {
    /// Keep this fraction of the fragments; the choice depends on the fragment names and --seed
    #[arg(long, value_name = "FRACTION", value_parser = share)]
    pub downsample: Option<f64>,
    /// Seed for --downsample
    #[arg(long, value_name = "N", default_value_t = 1, requires = "downsample")]
    pub seed: u64,
}

impl DownsampleArgs {
    /// The reads that are kept.
    pub fn thinned(&self, reads: ReadSource) -> ReadSource {
        match self.downsample {
            Some(fraction) => reads.with_downsampling(fraction, self.seed),
            None => reads,
        }
    }
}

/// Optional output of the realigned reads.
#[derive(Args, Debug, Clone)]
pub struct RealignedReadsArgs {
    /// Write the reads of the regions with their realigned alignments to this BAM, sorted and indexed
    #[arg(long, value_name = "BAM", help_heading = "Evidence")]
    pub realigned_reads: Option<PathBuf>,
}

impl RealignedReadsArgs {
    /// The flag and each file that `--realigned-reads` may write.
    pub fn outputs(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let bams = self.realigned_reads.iter();
        let files = bams.flat_map(|bam| std::iter::once(bam.clone()).chain(indexes(bam, BAM_INDEXES)));
        files.map(|file| ("--realigned-reads", file))
    }
}
