//! The network: its size, weights and card, training, and genotype probabilities from pileups.

mod artifact;
mod calibration;
mod cascade;
mod feed;
mod inference;
mod network;

mod training;

pub use artifact::{Card, DataSet, Epoch, Metrics, Model, Training, card_path};
pub use cascade::Cascades;
pub use feed::{Feed, TrainingOptions};
pub use inference::{Inference, PileupClassifier, cuda_devices, parse_device, parse_devices};
pub use network::{Architecture, Batch, Network, Random, bucket};
pub use training::{TrainingEvent, TrainingRun, recalibrate, train};

/// The version of the libtorch that is linked.
pub fn libtorch_version() -> String {
    env!("DVCALL_LIBTORCH_VERSION").to_owned()
}
