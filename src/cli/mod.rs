//! Command-line arguments: clap structs and their conversion to library options.

mod joint;
mod model;
mod ploidy;
mod regions;
mod regulatory;
mod score;
mod validate;

pub(crate) use joint::JointArgs;
pub(crate) use model::{CalibrateArgs, ModelInfoArgs, RecipeArgs, TrainArgs};
pub(crate) use ploidy::PloidyArgs;
pub(crate) use regions::RegionArgs;
pub(crate) use regulatory::{
    ExplainArgs, PrepareArgs, PretrainArgs, RegulatoryArgs, RegulatoryCommand, RegulatoryScoreArgs, RegulatoryTrainArgs,
};
pub(crate) use score::EvaluateArgs;
pub(crate) use validate::ValidateArgs;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Parser, Subcommand};
use serde::Serialize;

use crate::calling::CallingOptions;
use crate::candidates::CandidateOptions;
use crate::evidence::{EvidenceOptions, Inputs};
use crate::library::LibrarySample;
use crate::output::{BAM_INDEXES, indexes};
use crate::reads::{
    DEFAULT_MAX_DEPTH, FilterOptions, MIN_BASE_QUALITY, MIN_MAPPING_QUALITY, MatesOnOtherContigs, ReadSource,
};

#[derive(Parser, Debug)]
#[command(name = "dvcall", version, about, propagate_version = true)]
#[command(after_help = "Example:
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz")]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug)]
pub struct GlobalArgs {
    /// Print errors only
    #[arg(long, short, global = true, display_order = 900)]
    pub quiet: bool,
    /// Print more: the inputs, and each finished contig; with --version, also the libraries and the built-in model
    #[arg(long, global = true, conflicts_with = "quiet", display_order = 901)]
    pub verbose: bool,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Call variants from aligned reads; write VCF and gVCF
    Call(Box<CallArgs>),
    /// Genotype a cohort: from the gVCFs of its samples to one VCF
    Joint(Box<JointArgs>),
    /// Make training examples: pileup images of candidates, labelled by a truth VCF
    MakeExamples(Box<MakeExamplesArgs>),
    /// Train a model on shards of labelled examples
    Train(Box<TrainArgs>),
    /// Fit the calibration of a model to labelled shards; the weights stay unchanged
    Calibrate(CalibrateArgs),
    /// Print the description (card) of a model
    ModelInfo(ModelInfoArgs),
    /// Score call sets against a truth VCF
    Evaluate(Box<EvaluateArgs>),
    /// Draw what a VCF of any caller holds: numbers and charts on one HTML page
    Report(ReportArgs),
    /// Call and score benchmark sets, and compare the outcome with the accepted one
    Validate(ValidateArgs),
    /// Show what the caller sees: pictures of pileups, and why each allele is or is not a candidate
    Show(Box<ShowArgs>),
    /// Learn from peaks what a sequence does, and score what variants change there
    Regulatory(RegulatoryArgs),
    /// Print the completion script for a shell
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Print a manual page in roff format
    #[command(hide = true)]
    Man(ManArgs),
}

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
    /// Minimum number of reads that support an allele; one fewer for an indel where the depth is at most 12
    #[arg(long, value_name = "N", default_value_t = CandidateOptions::default().min_supporting_reads, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_supporting_reads: u32,
    /// Minimum fraction of reads that support a SNP
    #[arg(long, value_name = "FRACTION", default_value_t = CandidateOptions::default().min_snp_fraction, value_parser = fraction)]
    pub min_snp_fraction: f64,
    /// Minimum fraction of reads that support an indel
    #[arg(long, value_name = "FRACTION", default_value_t = CandidateOptions::default().min_indel_fraction, value_parser = fraction)]
    pub min_indel_fraction: f64,
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
                min_snp_fraction: self.min_snp_fraction,
                min_indel_fraction: self.min_indel_fraction,
            },
            realign: !self.no_realign,
            force: self.force,
        }
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|f| (0.0..=1.0).contains(f));
    fraction.ok_or_else(|| "expected a fraction from 0 to 1".into())
}

fn base_quality(text: &str) -> Result<u8, String> {
    let quality = text.parse().ok().filter(|quality| *quality >= MIN_BASE_QUALITY);
    quality.ok_or_else(|| {
        format!("expected a whole number from {MIN_BASE_QUALITY} up, because pileups show no bases of lower quality")
    })
}

fn quality(text: &str) -> Result<f64, String> {
    let quality = text.parse().ok().filter(|q: &f64| q.is_finite() && *q >= 0.0);
    quality.ok_or_else(|| "expected a number of at least 0".into())
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

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|f| *f > 0.0 && *f <= 1.0);
    share.ok_or_else(|| "expected a fraction above 0 and at most 1".into())
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
    /// Write a tier for each variant: 1 report, 2 confirm, 3 review by a person; the model needs tiers (dvcall calibrate
    /// --tiers)
    #[arg(long)]
    pub tiers: bool,
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
            tiers: self.tiers,
            threads: self.input.threads(),
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --regions chr20 --truth HG002.vcf.gz \\
      --confident HG002.bed --output HG002.examples
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --truth HG002.vcf.gz --confident HG002.bed \\
      --downsample 0.5 --missed-truth missed.tsv --output half")]
pub struct MakeExamplesArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Folder for the shards and their manifest; it appears only when complete
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder if it holds only earlier examples
    #[arg(long)]
    pub overwrite: bool,
    /// True variants: a VCF of one sample with GT; without a truth VCF, examples have no labels
    #[arg(long, value_name = "VCF", requires = "confident")]
    pub truth: Option<PathBuf>,
    /// Also use truth records whose FILTER or FT is not PASS; otherwise candidates at these records get no label
    #[arg(long, requires = "truth")]
    pub use_filtered_truth: bool,
    /// Confident regions, where the truth is complete; candidates elsewhere get no label and are not written
    #[arg(long, value_name = "BED", requires = "truth")]
    pub confident: Option<PathBuf>,
    /// Also write candidates without a label, such as candidates outside the confident regions
    #[arg(long, requires = "truth")]
    pub keep_unlabelled: bool,
    /// Write the truth variants that candidates do not explain, or only in part, and what the reads show there
    #[arg(long, value_name = "TSV", requires = "truth")]
    pub missed_truth: Option<PathBuf>,
    #[command(flatten)]
    pub downsampling: DownsampleArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub realigned: RealignedReadsArgs,
}

const SHOWN_REGIONS: &str = "Regions (chr20:10,000,000-10,100,000), separated by commas, or a file of regions; may be repeated. Each candidate becomes a picture, so a whole genome gives millions of files";

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall show --ref GRCh38.fa --reads NA12878.bam --regions chr20:10,002,400-10,002,500 --output shown
  dvcall show --ref GRCh38.fa --reads NA12878.bam --vcf calls.vcf.gz --filter LowQual --attributions --output shown
  dvcall show --ref GRCh38.fa --reads NA12878.bam --why chr20:10,008,952:CA:C")]
#[command(mut_arg("regions", |regions| regions.help(SHOWN_REGIONS)))]
#[command(group(ArgGroup::new("shown").required(true).args(["regions", "vcf", "why"])))]
pub struct ShowArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Show the calls of this VCF or BCF
    #[arg(long, value_name = "VCF|BCF")]
    pub vcf: Option<PathBuf>,
    /// Of --vcf, show records with this FILTER; may be repeated [default: all]
    #[arg(long, value_name = "NAME", requires = "vcf")]
    pub filter: Vec<String>,
    /// Tell what happened to an expected allele, from the reads to the last decision; may be repeated
    #[arg(long, value_name = "CONTIG:POSITION:REF:ALT")]
    pub why: Vec<String>,
    /// Folder for the pictures and alleles.tsv; it appears only when complete
    #[arg(long, short, value_name = "DIR", required_unless_present = "why")]
    pub output: Option<PathBuf>,
    /// Replace the output folder if it holds only earlier pictures
    #[arg(long)]
    pub overwrite: bool,
    /// Also draw what the network looked at, as SVG: how its answer changes without each read, channel and column
    #[arg(long, requires = "output")]
    pub attributions: bool,
    /// Gates as for call
    #[arg(long, value_name = "TSV")]
    pub gates: Option<PathBuf>,
    /// Model to use; may be repeated to average several models [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Vec<PathBuf>,
    /// Device for the network: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// FILTER is LowQual for variants with a lower QUAL
    #[arg(long, value_name = "PHRED", default_value_t = 3.0, value_parser = quality)]
    pub min_quality: f64,
    #[command(flatten)]
    pub ploidy: PloidyArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
}

impl ShowArgs {
    /// The options for the library.
    pub fn options(&self) -> CallingOptions {
        CallingOptions {
            models: self.model.clone(),
            device: self.device.clone(),
            ploidy: self.ploidy.options(),
            threads: self.input.threads(),
            ..CallingOptions::default()
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall report NA12878.vcf.gz --output NA12878.html
  dvcall report cohort.bcf --sample NA12878 --sample NA12891 --output two.html")]
pub struct ReportArgs {
    /// VCF or BCF of any caller, sorted
    #[arg(value_name = "VCF")]
    pub calls: PathBuf,
    /// PREFIX.targets.tsv of call --target-report: adds a section about the targets
    #[arg(long, value_name = "TSV")]
    pub targets: Option<PathBuf>,
    /// HTML page to write: one file that needs no network
    #[arg(long, short, value_name = "HTML")]
    pub output: PathBuf,
    /// Sample to report; may be repeated [default: the first ten samples]
    #[arg(long, value_name = "NAME")]
    pub sample: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall completions bash > ~/.local/share/bash-completion/completions/dvcall")]
pub struct CompletionsArgs {
    /// Shell that runs the script
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall man call > ~/.local/share/man/man1/dvcall-call.1")]
pub struct ManArgs {
    /// Command that the page describes [default: dvcall as a whole]
    pub command: Option<String>,
}
