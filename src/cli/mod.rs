//! The command line: clap structs and nothing else.

mod model;
mod score;

pub(crate) use model::{CalibrateArgs, ModelInfoArgs, RecipeArgs, TrainArgs};
pub(crate) use score::EvaluateArgs;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::calling::CallingOptions;
use crate::candidates::CandidateOptions;
use crate::evidence::{EvidenceOptions, Inputs};
use crate::output::{BAM_INDEXES, indexes};
use crate::reads::{DEFAULT_MAX_DEPTH, FilterOptions, MIN_BASE_QUALITY, MIN_MAPPING_QUALITY, MatesOnOtherContigs};

#[derive(Parser, Debug)]
#[command(name = "dvcall", version, about, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug)]
pub struct GlobalArgs {
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more: what is read, and each contig when it is done, for logs; with --version, which libraries and model
    #[arg(long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Call variants: reads in, VCF out, in one pass
    Call(Box<CallArgs>),
    /// Make pileup images of candidates, labelled by truth, for training
    MakeExamples(Box<MakeExamplesArgs>),
    /// Train a model on shards of examples
    Train(Box<TrainArgs>),
    /// Fit a model's calibration to labelled shards, its weights unchanged
    Calibrate(CalibrateArgs),
    /// Print the card of a model
    ModelInfo(ModelInfoArgs),
    /// Score a call set against truth
    Evaluate(Box<EvaluateArgs>),
    /// Show what the caller sees: pileups as pictures, and why each allele became a candidate or not
    Show(Box<ShowArgs>),
    /// Print the script that completes commands and flags in a shell
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Print a manual page, in the format of man
    #[command(hide = true)]
    Man(ManArgs),
}

/// What is read, and where.
#[derive(Args, Debug, Clone)]
pub struct InputArgs {
    /// Reference FASTA, plain or bgzipped, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// Aligned reads, coordinate-sorted and indexed
    #[arg(long, value_name = "BAM|CRAM")]
    pub reads: PathBuf,
    /// Region (chr20:10,000,000-10,100,000) or BED file; may be repeated [default: every contig of both files]
    #[arg(long, value_name = "REGION|BED")]
    pub regions: Vec<String>,
    /// Sample to use, when the reads hold several
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl InputArgs {
    /// Worker threads to use.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        )
    }

    /// The inputs, as the library takes them.
    pub fn inputs(&self) -> Inputs {
        Inputs {
            reference: self.reference.clone(),
            reads: self.reads.clone(),
            regions: self.regions.clone(),
            sample: self.sample.clone(),
        }
    }

    /// All that may be a file that is read.
    pub fn files(&self) -> Vec<&Path> {
        let files = [self.reference.as_path(), self.reads.as_path()].into_iter();
        files.chain(self.regions.iter().map(Path::new)).collect()
    }
}

/// What counts as evidence, and how much of it makes a candidate.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
    /// Least base quality of a supporting base, 10 or more
    #[arg(long, value_name = "PHRED", default_value_t = MIN_BASE_QUALITY, value_parser = base_quality)]
    pub min_base_quality: u8,
    /// Least number of reads that support an allele; one less for an indel where at most 12 reads are
    #[arg(long, value_name = "N", default_value_t = CandidateOptions::default().min_supporting_reads, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_supporting_reads: u32,
    /// Least fraction of reads that support a SNP
    #[arg(long, value_name = "FRACTION", default_value_t = CandidateOptions::default().min_snp_fraction, value_parser = fraction)]
    pub min_snp_fraction: f64,
    /// Least fraction of reads that support an indel
    #[arg(long, value_name = "FRACTION", default_value_t = CandidateOptions::default().min_indel_fraction, value_parser = fraction)]
    pub min_indel_fraction: f64,
    /// Use about N reads over a place at most, chosen by chance, mates together
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_DEPTH, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_depth: u32,
    /// Take the aligner's alignments as they are
    #[arg(long)]
    pub no_realign: bool,
    /// Leave out reads of lower mapping quality
    #[arg(long, value_name = "PHRED", default_value_t = MIN_MAPPING_QUALITY)]
    pub min_mapping_quality: u8,
    /// Use reads that are marked as duplicates
    #[arg(long)]
    pub keep_duplicates: bool,
    /// What to do with reads whose mate lies on another contig
    #[arg(long, value_name = "RULE", value_enum, default_value_t = MatesOnOtherContigs::Auto)]
    pub mates_on_other_contigs: MatesOnOtherContigs,
    /// Use long or spliced reads all the same, for which the caller is not made
    #[arg(long)]
    pub force: bool,
}

impl EvidenceArgs {
    /// The options, as the library takes them.
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
        format!("expected a whole number from {MIN_BASE_QUALITY} up: pileups show no base of lower quality, so the network could not judge it")
    })
}

fn quality(text: &str) -> Result<f64, String> {
    let quality = text.parse().ok().filter(|q: &f64| q.is_finite() && *q >= 0.0);
    quality.ok_or_else(|| "expected a number from 0 up".into())
}

/// A look at what the caller sees, on its way to something else.
#[derive(Args, Debug, Clone)]
pub struct RealignedReadsArgs {
    /// Write the reads of the regions with the alignments that the caller gave them, sorted and indexed
    #[arg(long, value_name = "BAM", help_heading = "Evidence")]
    pub realigned_reads: Option<PathBuf>,
}

impl RealignedReadsArgs {
    /// The files that `--realigned-reads` may write, with the flag.
    pub fn outputs(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let bams = self.realigned_reads.iter();
        let files = bams.flat_map(|bam| std::iter::once(bam.clone()).chain(indexes(bam, BAM_INDEXES)));
        files.map(|file| ("--realigned-reads", file))
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.cram --regions chr20:10,000,000-10,100,000 --threads 8 --output slice.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz --gvcf NA12878.g.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --regions exome.bed --model my.safetensors --output exome.vcf.gz")]
pub struct CallArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// VCF to write; bgzipped and indexed if the name ends in .gz
    #[arg(long, short, value_name = "VCF")]
    pub output: PathBuf,
    /// gVCF to write as well: the same calls, and how sure it is that nothing is between them; for calling many samples together
    #[arg(long, value_name = "GVCF")]
    pub gvcf: Option<PathBuf>,
    /// Model to use; several are averaged [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Vec<PathBuf>,
    /// Where the network runs: auto, cpu, cuda, cuda:N, or several GPUs: cuda:0,cuda:1; auto takes all that there are
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// Pileups given to the network at a time; the calls do not depend on it
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch_size: u32,
    /// Let the pileup network see every candidate, also those that the cascade would decide at a glance
    #[arg(long)]
    pub no_cascade: bool,
    /// Variants of a lower QUAL get FILTER LowQual
    #[arg(long, value_name = "PHRED", default_value_t = 3.0, value_parser = quality)]
    pub min_quality: f64,
    /// Write what was read and called, in numbers
    #[arg(long, value_name = "JSON")]
    pub summary: Option<PathBuf>,
    /// Write what each stage cost: processor and wall seconds summed over threads, items, processor seconds per Mb
    #[arg(long, value_name = "TSV")]
    pub timings: Option<PathBuf>,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub realigned: RealignedReadsArgs,
}

impl CallArgs {
    /// The options, as the library takes them.
    pub fn options(&self) -> CallingOptions {
        CallingOptions {
            models: self.model.clone(),
            device: self.device.clone(),
            batch_size: self.batch_size as usize,
            cascade: !self.no_cascade,
            threads: self.input.threads(),
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --regions chr20 --truth HG002.vcf.gz --confident HG002.bed --output HG002.examples
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --truth HG002.vcf.gz --confident HG002.bed --downsample 0.5 --missed-truth missed.tsv --output half")]
pub struct MakeExamplesArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Folder for the shards and their manifest; it appears when it is whole
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder if it holds earlier examples and nothing else
    #[arg(long)]
    pub overwrite: bool,
    /// Known variants of the sample, one sample with GT; without, examples have no labels
    #[arg(long, value_name = "VCF", requires = "confident")]
    pub truth: Option<PathBuf>,
    /// Take truth whose FILTER or FT is not PASS too; otherwise candidates at its places get no label
    #[arg(long, requires = "truth")]
    pub use_filtered_truth: bool,
    /// Where truth is complete; candidates elsewhere get no label and are left out
    #[arg(long, value_name = "BED", requires = "truth")]
    pub confident: Option<PathBuf>,
    /// Write candidates outside of the confident regions too, without label
    #[arg(long, requires = "truth")]
    pub keep_unlabelled: bool,
    /// Write the truth variants that no candidate explains, with what the reads show there
    #[arg(long, value_name = "TSV", requires = "truth")]
    pub missed_truth: Option<PathBuf>,
    /// Keep this fraction of the fragments, chosen by their names and the seed
    #[arg(long, value_name = "FRACTION")]
    pub downsample: Option<f64>,
    /// Seed of the choice of fragments
    #[arg(long, value_name = "N", default_value_t = 1, requires = "downsample")]
    pub seed: u64,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub realigned: RealignedReadsArgs,
}

const SHOWN_REGIONS: &str = "Region (chr20:10,000,000-10,100,000) or BED file; may be repeated. Each candidate there becomes a picture: of a genome, millions of files";

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall show --ref GRCh38.fa --reads NA12878.bam --regions chr20:10,002,400-10,002,500 --output shown")]
#[command(mut_arg("regions", |regions| regions.required(true).help(SHOWN_REGIONS)))]
pub struct ShowArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Folder for the pictures and alleles.tsv; it appears when it is whole
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder if it holds earlier pictures and nothing else
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall completions bash > ~/.local/share/bash-completion/completions/dvcall")]
pub struct CompletionsArgs {
    /// Shell that reads the script
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall man call > ~/.local/share/man/man1/dvcall-call.1")]
pub struct ManArgs {
    /// Command that the page describes [default: dvcall itself]
    pub command: Option<String>,
}
