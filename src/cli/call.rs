//! Arguments of `dvcall call`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::numbers::quality;
use super::{DownsampleArgs, EvidenceArgs, InputArgs, PloidyArgs, RealignedReadsArgs};
use crate::calling::{CallingOptions, TierChoice};
use crate::library::LibrarySample;

/// Serialized: the options that can change a record.
#[derive(Args, Debug, Serialize)]
#[command(after_help = "Examples:
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.cram --regions chr20:10,000,000-10,100,000 --threads 8 \\
      --output slice.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz --gvcf NA12878.g.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --alleles panel.vcf.gz --only-alleles --output panel.NA12878.vcf.gz
  dvcall call --ref GRCh38.fa --reads HG002.bam --sex male --output HG002.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --regions exome.bed --model my.safetensors --output exome.vcf.gz")]
pub struct CallArgs {
    #[command(flatten)]
    #[serde(skip)]
    pub input: InputArgs,
    /// VCF to write; a name that ends in .gz makes it bgzipped and indexed, .bcf makes it BCF; - is standard output, and the
    /// summary then goes to standard error
    #[arg(long, short, value_name = "VCF|BCF|-")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Leave RefCall records, which are candidates without a variant, out of --output
    #[arg(long)]
    pub no_ref_calls: bool,
    /// VCF or BCF whose alleles all get a record, spelled as in the file, whatever the reads show
    #[serde(skip)]
    #[arg(long, value_name = "VCF|BCF", conflicts_with = "no_ref_calls")]
    pub alleles: Option<PathBuf>,
    /// Write the alleles of --alleles only
    #[arg(long, requires = "alleles")]
    pub only_alleles: bool,
    /// gVCF to write too, for joint calling: the same calls, and reference blocks with the certainty of no variant
    #[arg(long, value_name = "GVCF")]
    #[serde(skip)]
    pub gvcf: Option<PathBuf>,
    /// Model to use; may be repeated to average several models [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    #[serde(skip)]
    pub model: Vec<PathBuf>,
    /// Device for the network: auto, cpu, cuda, cuda:N, or several GPUs (cuda:0,cuda:1); auto: all GPUs, or the CPU
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    #[serde(skip)]
    pub device: String,
    /// Pileups per batch of the network; the calls do not depend on this number
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    #[serde(skip)]
    pub batch_size: u32,
    /// Send every candidate to the pileup network; do not let the cascade decide easy candidates
    #[arg(long)]
    pub no_cascade: bool,
    /// Reads on which the rate of systematic errors is measured [default: genome; for reads at a URL: regions]
    #[arg(long, value_name = "SAMPLE", value_enum)]
    pub library_sample: Option<LibrarySample>,
    /// Set FILTER to LowQual for variants with a lower QUAL
    #[arg(long, value_name = "PHRED", default_value_t = 3.0, value_parser = quality)]
    pub min_quality: f64,
    /// Fail if the model has no tiers (dvcall calibrate --tiers). If the only model has tiers, each variant has one in any case:
    /// 1 report, 2 confirm, 3 review by a person
    #[arg(long, conflicts_with = "no_tiers")]
    pub tiers: bool,
    /// Leave out the tiers of the model
    #[arg(long)]
    pub no_tiers: bool,
    /// What variants must reach in some regions; each line holds a BED file, a name, least GQ, least depth, least allele
    /// balance, and a name for FILTER, or tier2 or tier3, separated by tabs
    #[serde(skip)]
    #[arg(long, value_name = "TSV")]
    pub gates: Option<PathBuf>,
    /// Regions with names, such as genes and exons: write how deep each was read, and where it could not be called
    #[serde(skip)]
    #[arg(
        long,
        value_name = "BED",
        requires = "target_report",
        conflicts_with = "only_alleles"
    )]
    pub targets: Option<PathBuf>,
    /// Start of the names of the files about the targets: PREFIX.targets.tsv and PREFIX.not-called.bed
    #[serde(skip)]
    #[arg(long, value_name = "PREFIX", requires = "targets")]
    pub target_report: Option<PathBuf>,
    /// Go on with the work of the same command, which ended early and left it in OUTPUT.partial
    #[serde(skip)]
    #[arg(long)]
    pub resume: bool,
    /// Write the numbers of reads and records, and what the records were made from, to this file
    #[arg(long, value_name = "JSON")]
    #[serde(skip)]
    pub summary: Option<PathBuf>,
    /// Write the cost of each stage: CPU and wall seconds summed over threads, number of items, CPU seconds per Mb
    #[arg(long, value_name = "TSV")]
    #[serde(skip)]
    pub timings: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub ploidy: PloidyArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub downsampling: DownsampleArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    #[serde(skip)]
    pub realigned: RealignedReadsArgs,
}

impl CallArgs {
    /// Whether calls go to standard output.
    pub fn is_streamed(&self) -> bool {
        self.output.as_os_str() == "-"
    }

    /// Whether another run can go on with the work of this one.
    pub fn is_resumable(&self) -> bool {
        !self.is_streamed() && self.realigned.realigned_reads.is_none() && self.targets.is_none()
    }

    /// The options for the library.
    pub fn options(&self) -> CallingOptions {
        CallingOptions {
            models: self.model.clone(),
            device: self.device.clone(),
            batch_size: self.batch_size as usize,
            cascade: !self.no_cascade,
            library_sample: self.library_sample,
            ploidy: self.ploidy.options(),
            alleles: self.alleles.clone(),
            only_alleles: self.only_alleles,
            tiers: match (self.tiers, self.no_tiers) {
                (true, _) => TierChoice::Required,
                (_, true) => TierChoice::Off,
                _ => TierChoice::IfFitted,
            },
            threads: self.input.threads(),
        }
    }
}
