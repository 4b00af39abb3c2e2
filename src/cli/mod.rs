//! Command-line arguments: clap structs and their conversion to library options.

mod call;
mod examples;
mod inputs;
mod joint;
mod model;
mod numbers;
mod ploidy;
mod regions;
mod regulatory;
mod score;
mod show;
mod validate;

pub(crate) use call::CallArgs;
pub(crate) use examples::MakeExamplesArgs;
pub(crate) use inputs::{DownsampleArgs, EvidenceArgs, InputArgs, RealignedReadsArgs};
pub(crate) use joint::JointArgs;
pub(crate) use model::{CalibrateArgs, ModelInfoArgs, RecipeArgs, TrainArgs};
pub(crate) use ploidy::PloidyArgs;
pub(crate) use regions::RegionArgs;
pub(crate) use regulatory::{
    ExplainArgs, PrepareArgs, PretrainArgs, RegulatoryArgs, RegulatoryCommand, RegulatoryScoreArgs, RegulatoryTrainArgs,
};
pub(crate) use score::EvaluateArgs;
pub(crate) use show::ShowArgs;
pub(crate) use validate::ValidateArgs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Calls of an earlier run; may be repeated. The page sets the figures of the runs side by side, and tells which of this run
    /// are far from those of at least five earlier runs
    #[arg(long, value_name = "VCF")]
    pub earlier: Vec<PathBuf>,
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
