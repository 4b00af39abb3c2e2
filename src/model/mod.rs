//! The network: architecture, weights and card, training, and genotype probabilities from pileups.

mod artifact;
mod calibration;
mod cascade;
mod feed;
mod inference;
mod network;

mod training;

pub use artifact::{Card, Model, card_path};
pub(crate) use artifact::{DataSet, Epoch, Metrics, Shared, Training};
pub(crate) use cascade::{CascadeThresholds, Cascades};
pub(crate) use feed::{Feed, TrainingOptions};
pub use inference::{Inference, PileupClassifier, parse_devices};
pub(crate) use inference::{cuda_devices, parse_device};
pub use network::{Architecture, Batch, Network, Random, bucket};
pub(crate) use training::{TrainingEvent, TrainingRun, recalibrate, train};

/// The version of the linked libtorch.
pub fn libtorch_version() -> String {
    env!("DVCALL_LIBTORCH_VERSION").to_owned()
}
