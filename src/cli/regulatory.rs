//! Arguments of `regulatory` and its subcommands.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use crate::regulatory::{Architecture, Negatives, Objective, Shape, TrainingOptions};

#[derive(Args, Debug)]
pub struct RegulatoryArgs {
    #[command(subcommand)]
    pub command: RegulatoryCommand,
}

#[derive(Subcommand, Debug)]
pub enum RegulatoryCommand {
    /// Make examples: windows around peaks, and windows that match them away from peaks
    Prepare(Box<PrepareArgs>),
    /// Train a network on examples
    Train(Box<RegulatoryTrainArgs>),
    /// Train a language model of the genome, from which train can start
    Pretrain(Box<PretrainArgs>),
    /// Score what the variants of a VCF change
    Score(Box<RegulatoryScoreArgs>),
    /// Show what a model sees: the effect of each base of a region, and the motifs of its filters
    Explain(Box<ExplainArgs>),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall regulatory prepare --ref GRCh38.fa --peaks CTCF.narrowPeak.gz --output ctcf.safetensors
  dvcall regulatory prepare --ref GRCh38.fa --peaks CTCF=ctcf.bed --peaks DNase=dnase.bed --validation chr8 \\
      --test chr9 --length 500 --output two.safetensors
  dvcall regulatory prepare --table USF2.train.seq.gz --test-table USF2.test.seq.gz --output usf2.safetensors
  dvcall regulatory prepare --sequences bound.fa --background unbound.fa --output set.safetensors")]
pub struct PrepareArgs {
    /// Reference FASTA, plain or bgzipped, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA", requires = "peaks")]
    pub reference: Option<PathBuf>,
    /// Peaks, and the name of their task [default: the file name up to the first dot]: BED, narrowPeak or broadPeak; may be
    /// repeated for several tasks
    #[arg(long, value_name = "[NAME=]BED", requires = "reference", required_unless_present_any = ["table", "sequences"])]
    pub peaks: Vec<String>,
    /// Table with the columns seq and Bound (0 or 1)
    #[arg(long, value_name = "[NAME=]TSV", conflicts_with_all = ["peaks", "sequences"])]
    pub table: Option<String>,
    /// Table of the sequences to test on [default: a tenth of --table]
    #[arg(long, value_name = "TSV", requires = "table")]
    pub test_table: Option<PathBuf>,
    /// FASTA of bound sequences
    #[arg(long, value_name = "[NAME=]FASTA", conflicts_with = "peaks")]
    pub sequences: Option<String>,
    /// FASTA of sequences that are not bound [default: bound sequences, shuffled]
    #[arg(long, value_name = "FASTA", requires = "sequences")]
    pub background: Option<PathBuf>,
    /// File to write; the table of how well negatives match is written beside it as .match.tsv
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Bases of each sequence [default: 500 for peaks, otherwise the length of the sequences]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub length: Option<u32>,
    /// Kind of negatives
    #[arg(long, value_enum, default_value_t = Negatives::Matched, conflicts_with_all = ["table", "sequences"])]
    pub negatives: Negatives,
    /// Negatives for each positive
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub negatives_per_positive: u32,
    /// Repeats to match [default: the letters in lower case]
    #[arg(long, value_name = "BED", requires = "peaks")]
    pub repeats: Option<PathBuf>,
    /// Contigs or regions to validate on, separated by commas [default: a tenth of all blocks of 1 Mb]
    #[arg(long, value_name = "REGIONS", requires = "peaks")]
    pub validation: Vec<String>,
    /// Contigs or regions to test on, separated by commas [default: a tenth of all blocks of 1 Mb]
    #[arg(long, value_name = "REGIONS", requires = "peaks")]
    pub test: Vec<String>,
    /// Seed of all random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

impl PrepareArgs {
    /// All input files but those with the name of a task.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let files = [&self.reference, &self.test_table, &self.background, &self.repeats];
        files.into_iter().flatten()
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall regulatory train --examples ctcf.safetensors --output ctcf.model.safetensors
  dvcall regulatory train --examples ctcf.safetensors --architecture residual --threads 8 --output deep.safetensors
  dvcall regulatory train --examples few.safetensors --init-from genome.safetensors --output tuned.safetensors")]
pub struct RegulatoryTrainArgs {
    /// Examples of dvcall regulatory prepare: it trains on their training split, and validates and tests on the others
    #[arg(long, value_name = "SAFETENSORS")]
    pub examples: PathBuf,
    /// Start from this model of dvcall regulatory pretrain or train, and learn its last layers first
    #[arg(long, value_name = "SAFETENSORS")]
    pub init_from: Option<PathBuf>,
    #[command(flatten)]
    pub training: NetworkTrainingArgs,
    /// Fraction of the pooled features and of the hidden units that a step leaves out
    #[arg(long, value_name = "X", default_value_t = default_options().dropout, help_heading = "Recipe")]
    pub dropout: f64,
    /// Learning rate of a layer, relative to the layer after it [default: 1, or 0.5 with --init-from]
    #[arg(long, value_name = "X", help_heading = "Recipe")]
    pub layer_rate: Option<f64>,
    /// Epochs until the next layer learns too, from the last layer on; 0: all from the start [default: 0, or 1 with
    /// --init-from]
    #[arg(long, value_name = "N", help_heading = "Recipe")]
    pub unfreeze_epochs: Option<u32>,
    /// Most examples to train on, chosen by chance; 0: all
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub most_examples: u32,
}

/// What `train` and `pretrain` have in common.
#[derive(Args, Debug)]
pub struct NetworkTrainingArgs {
    /// Model to write; its card, checkpoint, log and learning curve are written beside it
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Architecture of the network [default: convolution, or that of --init-from]
    #[arg(long, value_enum)]
    pub architecture: Option<Architecture>,
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// Resume from the checkpoint beside --output, if there is one
    #[arg(long)]
    pub resume: bool,
    /// Maximum number of epochs, each of which ends with a validation
    #[arg(long, value_name = "N", default_value_t = default_options().epochs as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: u32,
    /// Least examples of an epoch: it passes over a smaller set several times
    #[arg(long, value_name = "N", default_value_t = default_options().epoch_examples as u32)]
    pub epoch_examples: u32,
    /// Examples per step
    #[arg(long, value_name = "N", default_value_t = default_options().batch_size as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Peak learning rate of AdamW
    #[arg(long, value_name = "X", default_value_t = default_options().learning_rate)]
    pub learning_rate: f64,
    /// Stop training after N epochs that are not better on validation
    #[arg(long, value_name = "N", default_value_t = default_options().patience as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: u32,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Worker threads [default: all processors]; the weights do not depend on their number
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Device for the network: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// Note about the model, for its card
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub notes: String,
    /// Fraction of the steps in which the learning rate rises
    #[arg(long, value_name = "X", default_value_t = default_options().warm_up, help_heading = "Recipe")]
    pub warm_up: f64,
    /// Weight decay
    #[arg(long, value_name = "X", default_value_t = default_options().weight_decay, help_heading = "Recipe")]
    pub weight_decay: f64,
    /// Decay of the moving average of the weights; training validates and saves the averaged weights
    #[arg(long, value_name = "X", default_value_t = default_options().average_decay, help_heading = "Recipe")]
    pub average_decay: f64,
}

/// The size of a network.
#[derive(Args, Debug)]
#[command(next_help_heading = "Recipe")]
pub struct ShapeArgs {
    /// Filters of the first convolution, or of each of the parallel ones [default: 64, or 32 where more layers follow]
    #[arg(long, value_name = "N")]
    pub filters: Option<u32>,
    /// Bases that a filter of the first convolution sees [default: 15]
    #[arg(long, value_name = "N")]
    pub width: Option<u32>,
    /// Units of the hidden layer, and of each direction of an LSTM [default: 32]
    #[arg(long, value_name = "N")]
    pub hidden: Option<u32>,
}

fn default_options() -> TrainingOptions {
    TrainingOptions::new(Shape::new(Architecture::Convolution))
}

impl ShapeArgs {
    /// Whether a size is given.
    pub fn is_given(&self) -> bool {
        [self.filters, self.width, self.hidden].iter().any(Option::is_some)
    }

    pub fn shape(&self, architecture: Architecture) -> Shape {
        let default = Shape::new(architecture);
        let or = |given: Option<u32>, default: usize| given.map_or(default, |given| given as usize);
        Shape {
            architecture,
            filters: or(self.filters, default.filters),
            width: or(self.width, default.width),
            hidden: or(self.hidden, default.hidden),
        }
    }
}

impl NetworkTrainingArgs {
    /// Number of worker threads: `--threads`, or all processors.
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }

    /// The settings of these flags, checked.
    pub fn options(&self, shape: Shape) -> Result<TrainingOptions> {
        let options = TrainingOptions {
            seed: self.seed,
            epochs: self.epochs as usize,
            epoch_examples: self.epoch_examples as usize,
            batch_size: self.batch_size as usize,
            learning_rate: self.learning_rate,
            warm_up: self.warm_up,
            weight_decay: self.weight_decay,
            average_decay: self.average_decay,
            patience: self.patience as usize,
            ..TrainingOptions::new(shape)
        };
        for (name, value, least, most) in [
            ("--learning-rate", options.learning_rate, 1e-9, 1.0),
            ("--warm-up", options.warm_up, 0.0, 0.999),
            ("--weight-decay", options.weight_decay, 0.0, 10.0),
            ("--average-decay", options.average_decay, 0.0, 0.999_999),
        ] {
            ensure!(
                (least..=most).contains(&value),
                "{name} {value}: expected a number from {least} to {most}"
            );
        }
        Ok(options)
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall regulatory pretrain --ref GRCh38.fa --output genome.safetensors
  dvcall regulatory pretrain --ref GRCh38.fa --regions chr20 --objective next --output chr20.safetensors")]
pub struct PretrainArgs {
    /// Reference FASTA, plain or bgzipped, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// Contigs or regions to learn from, separated by commas [default: all contigs]
    #[arg(long, value_name = "REGIONS")]
    pub regions: Vec<String>,
    /// Contigs or regions to validate on, separated by commas [default: a tenth of all blocks of 1 Mb]
    #[arg(long, value_name = "REGIONS")]
    pub validation: Vec<String>,
    /// Bases of each window
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(50..=10_000))]
    pub length: u32,
    /// What to predict
    #[arg(long, value_enum, default_value_t = Objective::Masked)]
    pub objective: Objective,
    /// Most windows to learn from, chosen by chance; a tenth as many validate
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub most_windows: u32,
    #[command(flatten)]
    pub training: NetworkTrainingArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall regulatory score --model ctcf.model.safetensors --ref GRCh38.fa --variants calls.vcf.gz --output scored.vcf.gz
  dvcall regulatory score --model ctcf.model.safetensors --ref GRCh38.fa --variants gwas.vcf --output scored.vcf \\
      --table scored.tsv

Each task gets the INFO fields REG_TASK_REF, REG_TASK_ALT, REG_TASK_DIFF and REG_TASK_P.")]
pub struct RegulatoryScoreArgs {
    /// Model of dvcall regulatory train
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: PathBuf,
    /// Reference FASTA of the VCF's build, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// VCF or BCF with the variants, sorted; genotypes are ignored
    #[arg(long, value_name = "VCF")]
    pub variants: PathBuf,
    /// VCF to write, with all records and their scores; a name that ends in .gz makes it bgzipped and indexed, .bcf makes it
    /// BCF
    #[arg(long, short, value_name = "VCF|BCF")]
    pub output: PathBuf,
    /// Write a table too: a line for each alternate allele and task
    #[arg(long, value_name = "TSV")]
    pub table: Option<PathBuf>,
    /// Random variants of each kind, for the p-values
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub random: u32,
    /// Seed of the random variants
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Device for the network: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
}

impl RegulatoryScoreArgs {
    /// Number of worker threads: `--threads`, or all processors.
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall regulatory explain --model ctcf.model.safetensors --ref GRCh38.fa --regions chr8:127,735,434-127,735,534 \\
      --output explained
  dvcall regulatory explain --model usf2.model.safetensors --examples usf2.safetensors --motifs CACGTG --output motifs")]
pub struct ExplainArgs {
    /// Model of dvcall regulatory train
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: PathBuf,
    /// Reference FASTA, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA", requires = "regions")]
    pub reference: Option<PathBuf>,
    /// Regions whose bases are changed one by one, separated by commas
    #[arg(
        long,
        value_name = "REGIONS",
        requires = "reference",
        required_unless_present = "examples"
    )]
    pub regions: Vec<String>,
    /// Examples whose positives show the motifs of the filters
    #[arg(long, value_name = "SAFETENSORS")]
    pub examples: Option<PathBuf>,
    /// Known motifs to look for among the filters, in IUPAC letters, separated by commas
    #[arg(long, value_name = "MOTIFS", value_delimiter = ',', requires = "examples")]
    pub motifs: Vec<String>,
    /// Folder for the pictures and tables; it appears only when complete
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder if it holds only earlier explanations
    #[arg(long)]
    pub overwrite: bool,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl ExplainArgs {
    /// Number of worker threads: `--threads`, or all processors.
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }
}
