//! Arguments of what makes and tells of models: `train`, `calibrate` and `model-info`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall train --examples shards/train --validation shards/held-out --output my.safetensors
  dvcall train --examples a --examples b --validation c --output my.safetensors --epochs 10 --threads 8 --resume
  dvcall train --examples few --validation held-out --init-from wgs.safetensors --output tuned.safetensors")]
pub struct TrainArgs {
    /// Labelled shards to learn from; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub examples: Vec<PathBuf>,
    /// Labelled shards to choose the best epoch, the calibration and how far the cascade is believed by; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub validation: Vec<PathBuf>,
    /// Model to write; its card, checkpoint, log and learning curve go beside it
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Start from this model, to fine-tune it, and not from random weights; its size stays
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
    /// Weight decay, of weights that --remember does not hold
    #[arg(long, value_name = "X", default_value_t = 0.02)]
    pub weight_decay: f64,
    /// How firmly --init-from's model keeps what it learned, 0 not at all. The default suits models trained with --batch-size 64: of
    /// lesser batches the gradients are clipped more, and less is remembered
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
    pub easy_examples: f64,
    /// Examples held for shuffling
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub shuffle_buffer: usize,
    /// Full precision on CUDA
    #[arg(long)]
    pub full_precision: bool,
    /// Central columns of the pileup that the network sees
    #[arg(long, value_name = "N", default_value_t = 161, conflicts_with = "init_from")]
    pub columns: usize,
    /// Filters of the stem
    #[arg(long, value_name = "N", default_value_t = 16, conflicts_with = "init_from")]
    pub stem: usize,
    /// Filters of the residual stages
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "16,32,64",
        conflicts_with = "init_from"
    )]
    pub stages: Vec<usize>,
    /// Residual blocks of a stage
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "init_from")]
    pub blocks: usize,
    /// Units of the hidden layer
    #[arg(long, value_name = "N", default_value_t = 128, conflicts_with = "init_from")]
    pub hidden: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:
  dvcall calibrate --examples shards/my-sequencer --output mine.safetensors

Take shards of samples as they are: what counts is how frequent variants are among the candidates. What the examples are too few
to tell stays as the model has it.")]
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
