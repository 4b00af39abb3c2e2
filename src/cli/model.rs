//! Arguments of the model commands: `train`, `calibrate` and `model-info`.

use std::path::PathBuf;

use clap::Args;

use crate::model::{Architecture, TrainingOptions};

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall train --examples shards/train --validation shards/held-out --output my.safetensors
  dvcall train --examples a --examples b --validation c --output my.safetensors --epochs 10 --threads 8 --resume
  dvcall train --examples few --validation held-out --init-from wgs.safetensors --output tuned.safetensors")]
pub struct TrainArgs {
    /// Labelled shards to train on; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub examples: Vec<PathBuf>,
    /// Labelled shards that decide the best epoch, the calibration and the cascade's thresholds; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub validation: Vec<PathBuf>,
    /// Model to write; its card, checkpoint, log and learning curve are written beside it
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Fine-tune this model instead of starting from random weights; the size of the network stays
    #[arg(long, value_name = "SAFETENSORS")]
    pub init_from: Option<PathBuf>,
    /// Resume from the checkpoint beside --output, if there is one; --epochs may be higher than before
    #[arg(long)]
    pub resume: bool,
    /// Steps between checkpoints within an epoch [default: after each epoch only]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub checkpoint_steps: u64,
    /// Maximum number of passes over the examples [default: 50, or 8 with --init-from]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Examples per step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Peak learning rate of AdamW [default: 0.001, or 0.0002 with --init-from]
    #[arg(long, value_name = "X")]
    pub learning_rate: Option<f64>,
    /// Stop training after N epochs without a better F1
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: u32,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads that divide the examples of a step [default: all processors]; the weights depend on this number
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Device for the network: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// Note about the model, for its card
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub notes: String,
    #[command(flatten)]
    pub recipe: RecipeArgs,
}

/// Settings of the network and of training. The model card records every value.
#[derive(Args, Debug)]
#[command(next_help_heading = "Recipe")]
pub struct RecipeArgs {
    /// Fraction of the steps in which the learning rate rises
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().warm_up)]
    pub warm_up: f64,
    /// Weight decay; it does not apply to weights that --remember holds
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().weight_decay)]
    pub weight_decay: f64,
    /// Strength that holds weights near their old values in fine-tuning (elastic weight consolidation); 0: no hold; 1: as if
    /// the old examples were learned again. The default suits the built-in model, whose importances came from clipped
    /// gradients
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().remember)]
    pub remember: f64,
    /// Fraction of a label's probability that is spread over all classes
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().label_smoothing)]
    pub label_smoothing: f64,
    /// Decay of the moving average of the weights; training validates and saves the averaged weights
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().average_decay)]
    pub average_decay: f64,
    /// Balance of SNPs and indels: 0 weights all examples alike; 1 gives both types the same total weight
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().type_balance)]
    pub type_balance: f64,
    /// Do not augment: keep depth, strand, qualities and insert sizes of the pileups unchanged
    #[arg(long)]
    pub no_augment: bool,
    /// Fraction of the easy examples, which the cascade decides correctly, that the pileup network also trains on
    #[arg(long, value_name = "X", default_value_t = TrainingOptions::default().easy_examples)]
    pub easy_examples: f64,
    /// Number of examples in the shuffle buffer
    #[arg(long, value_name = "N", default_value_t = TrainingOptions::default().shuffle_buffer)]
    pub shuffle_buffer: usize,
    /// Use full precision on CUDA instead of bf16
    #[arg(long)]
    pub full_precision: bool,
    /// Number of central pileup columns that the network sees
    #[arg(long, value_name = "N", default_value_t = Architecture::default().columns, conflicts_with = "init_from")]
    pub columns: usize,
    /// Filters of the stem
    #[arg(long, value_name = "N", default_value_t = Architecture::default().stem, conflicts_with = "init_from")]
    pub stem: usize,
    /// Filters of each residual stage
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "16,32,64",
        conflicts_with = "init_from"
    )]
    pub stages: Vec<usize>,
    /// Residual blocks per stage
    #[arg(long, value_name = "N", default_value_t = Architecture::default().blocks, conflicts_with = "init_from")]
    pub blocks: usize,
    /// Units of the hidden layer
    #[arg(long, value_name = "N", default_value_t = Architecture::default().hidden, conflicts_with = "init_from")]
    pub hidden: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall calibrate --examples shards/my-sequencer --output mine.safetensors
  dvcall calibrate --tiers --model mine.safetensors --examples shards/held-out --output tiered.safetensors

Do not select among the examples of a sample: the calibration depends on how frequent variants are among the
candidates. Where the examples are too few, the model keeps its calibration.")]
pub struct CalibrateArgs {
    /// Model to calibrate [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Option<PathBuf>,
    /// Labelled shards to calibrate on; not shards that the model was trained on; may be repeated
    #[arg(long, value_name = "DIR", required = true)]
    pub examples: Vec<PathBuf>,
    /// Fit the tiers of call --tiers instead of the calibration, which stays; on other shards than those of the calibration
    #[arg(long)]
    pub tiers: bool,
    /// Model to write, with the same weights; its card is written beside it
    #[arg(long, short, value_name = "SAFETENSORS")]
    pub output: PathBuf,
    /// Device for the network: auto, cpu, cuda or cuda:N
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
