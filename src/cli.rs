//! The command line: clap structs and nothing else.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

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
    /// Say more of what is done
    #[arg(long, short, global = true, conflicts_with = "quiet")]
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
    /// Least base quality of a supporting base
    #[arg(long, value_name = "PHRED", default_value_t = 10)]
    pub min_base_quality: u8,
    /// Least number of reads that support an allele; one less for an indel where at most 12 reads are
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_supporting_reads: u32,
    /// Least fraction of reads that support a SNP
    #[arg(long, value_name = "FRACTION", default_value_t = 0.12, value_parser = fraction)]
    pub min_snp_fraction: f64,
    /// Least fraction of reads that support an indel
    #[arg(long, value_name = "FRACTION", default_value_t = 0.06, value_parser = fraction)]
    pub min_indel_fraction: f64,
    /// Take the aligner's alignments as they are
    #[arg(long)]
    pub no_realign: bool,
}

fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|f| (0.0..=1.0).contains(f));
    fraction.ok_or_else(|| "expected a fraction from 0 to 1".into())
}

fn quality(text: &str) -> Result<f64, String> {
    let quality = text.parse().ok().filter(|q: &f64| q.is_finite() && *q >= 0.0);
    quality.ok_or_else(|| "expected a number from 0 up".into())
}

/// A look at what the caller sees, on its way to something else.
#[derive(Args, Debug, Clone)]
pub struct RealignedReadsArgs {
    /// Write the reads as the caller saw them, sorted and indexed
    #[arg(long, value_name = "BAM", help_heading = "Evidence")]
    pub realigned_reads: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall call --ref GRCh38.fa --reads NA12878.bam --output NA12878.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.cram --regions chr20:10,000,000-10,100,000 --threads 8 --output slice.vcf.gz
  dvcall call --ref GRCh38.fa --reads NA12878.bam --regions exome.bed --model my.safetensors --output exome.vcf.gz")]
pub struct CallArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// VCF to write; bgzipped and indexed if the name ends in .gz
    #[arg(long, short, value_name = "VCF")]
    pub output: PathBuf,
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
    /// Write what each stage cost: processor and wall seconds summed over threads, items, processor seconds per Mb
    #[arg(long, value_name = "TSV")]
    pub timings: Option<PathBuf>,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub realigned: RealignedReadsArgs,
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

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  Score a call set where truth is sure of itself:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query calls.vcf.gz --confident confident.bed --output scores/calls

  Several call sets side by side, with what they cost:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query dvcall.vcf.gz --compare GATK=gatk.vcf.gz \\
        --runtime dvcall=310 --runtime GATK=2150 --confident confident.bed --output scores/both

Writes PREFIX.summary.csv, .extended.csv, .roc.all.csv.gz, .vcf.gz with index, .metrics.json and .html.")]
pub struct EvaluateArgs {
    /// Reference FASTA, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// True calls of one sample; a bgzipped VCF must be indexed
    #[arg(long, value_name = "VCF")]
    pub truth: PathBuf,
    /// Calls to score; a bgzipped VCF must be indexed
    #[arg(long, value_name = "VCF")]
    pub query: PathBuf,
    /// Where truth knows everything; calls outside are counted as UNK [default: everywhere]
    #[arg(long, value_name = "BED")]
    pub confident: Option<PathBuf>,
    /// Count calls here alone: chr20, chr20:1,000-2,000 or a BED file; repeatable [default: everywhere]
    #[arg(long, value_name = "REGION|BED")]
    pub regions: Vec<String>,
    /// Strata to count apart: a file of lines name<TAB>BED, paths relative to it
    #[arg(long, value_name = "TSV")]
    pub stratification: Option<PathBuf>,
    /// Begin of the names of all output files
    #[arg(long, value_name = "PREFIX")]
    pub output: PathBuf,
    /// Match phased genotypes with their phase
    #[arg(long)]
    pub phased: bool,
    /// Sample of the query, where it has several
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Sample of the truth, where it has several
    #[arg(long, value_name = "NAME")]
    pub truth_sample: Option<String>,
    /// Another call set to set beside the query; repeatable
    #[arg(long, value_name = "[NAME=]VCF")]
    pub compare: Vec<String>,
    /// Run time of a call set, to be shown with it; the query is named by its file; repeatable
    #[arg(long, value_name = "NAME=SECONDS", value_parser = parse_runtime)]
    pub runtime: Vec<(String, f64)>,
    /// Quality that curves are drawn by
    #[arg(long, value_enum, default_value = "qual", value_name = "qual|gq")]
    pub score: ScoreArg,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum ScoreArg {
    Qual,
    Gq,
}

fn parse_runtime(text: &str) -> Result<(String, f64), String> {
    let (name, seconds) = text.split_once('=').ok_or("expected NAME=SECONDS")?;
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok((name.to_owned(), seconds)),
        _ => Err(format!("'{seconds}' is not a number of seconds")),
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall show --ref GRCh38.fa --reads NA12878.bam --regions chr20:10,002,400-10,002,500 --output shown")]
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
#[command(after_help = "Examples:
  dvcall train --examples shards/train --validation shards/held-out --output my.safetensors
  dvcall train --examples a --examples b --validation c --output my.safetensors --epochs 10 --threads 8 --resume
  dvcall train --examples few --validation held-out --init-from wgs.safetensors --output tuned.safetensors")]
pub struct TrainArgs {
    /// Labelled shards to learn from; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub examples: Vec<PathBuf>,
    /// Labelled shards to choose the best epoch and the calibration by; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub validation: Vec<PathBuf>,
    /// Model to write; its card, checkpoint, log and learning curve go beside it
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Start from this model, to fine-tune it, and not from random weights
    #[arg(long, value_name = "SAFETENSORS")]
    pub init_from: Option<PathBuf>,
    /// Go on from the checkpoint beside --output, if there is one
    #[arg(long)]
    pub resume: bool,
    /// Steps between checkpoints within an epoch [default: after each epoch only]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub checkpoint_steps: u64,
    /// Most passes over the examples [default: 50, or 8 with --init-from]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Examples of a step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Peak learning rate of AdamW [default: 0.001, or 0.0002 with --init-from]
    #[arg(long, value_name = "X")]
    pub learning_rate: Option<f64>,
    /// Epochs without a better F1 after which training stops
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: u32,
    /// Number that all randomness is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads that share out the examples of a step [default: all processors]; weights repeat for the same number
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// A word on the model, for its card
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub notes: String,
    #[command(flatten)]
    pub recipe: RecipeArgs,
}

/// How a network is built and trained; every value is kept in the card.
#[derive(Args, Debug)]
#[command(next_help_heading = "Recipe")]
pub struct RecipeArgs {
    /// Share of the steps in which the learning rate rises
    #[arg(long, value_name = "X", default_value_t = 0.03)]
    pub warm_up: f64,
    /// Weight decay
    #[arg(long, value_name = "X", default_value_t = 0.02)]
    pub weight_decay: f64,
    /// How firmly --init-from's model keeps what it learned: 1 as if its examples were learned again, 0 not at all
    #[arg(long, value_name = "X", default_value_t = 16.0)]
    pub remember: f64,
    /// Share of a label that is spread over all classes
    #[arg(long, value_name = "X", default_value_t = 0.002)]
    pub label_smoothing: f64,
    /// Decay of the averaged weights, which are what is validated and saved
    #[arg(long, value_name = "X", default_value_t = 0.999)]
    pub average_decay: f64,
    /// 0: SNPs and indels count as they come; 1: as much in all
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub type_balance: f64,
    /// Show the pileups as they are: no change of depth, strand, qualities or insert sizes
    #[arg(long)]
    pub no_augment: bool,
    /// Share of the examples that the cascade decides, and rightly, which the pileup network learns from all the same
    #[arg(long, value_name = "X", default_value_t = 0.2)]
    pub plain_examples: f64,
    /// Examples held for shuffling
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub shuffle_buffer: usize,
    /// Full precision on CUDA
    #[arg(long)]
    pub full_precision: bool,
    /// Central columns of the pileup that the network sees
    #[arg(long, value_name = "N", default_value_t = 161)]
    pub columns: usize,
    /// Filters of the stem
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub stem: usize,
    /// Filters of the residual stages
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "16,32,64")]
    pub stages: Vec<usize>,
    /// Residual blocks of a stage
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub blocks: usize,
    /// Units of the hidden layer
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub hidden: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall calibrate --examples shards/my-sequencer --output mine.safetensors

Take shards of samples as they are: what counts is how frequent variants are among the candidates.")]
pub struct CalibrateArgs {
    /// Model to calibrate [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Option<PathBuf>,
    /// Labelled shards to calibrate by, none that the model learned from; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub examples: Vec<PathBuf>,
    /// Model to write: the same weights, and a card beside them
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall model-info --model my.safetensors")]
pub struct ModelInfoArgs {
    /// Model to describe [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Option<PathBuf>,
}
