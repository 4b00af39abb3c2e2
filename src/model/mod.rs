//! The network: its size, weights and card, training, and genotype probabilities from pileups.

mod architecture;
mod augment;
mod card;
mod cascade;
mod cascade_training;
mod certainty;
mod checkpoint;
mod correcting;
mod device;
mod evaluator;
mod feed;
mod genotyper;
mod learning_curve;
mod memory;
mod network;
mod optimizer;
mod options;
mod probabilities;
mod random;
mod range;
mod recalibration;
mod replica;
mod seen;
mod summary;
mod trained_model;
mod training;
mod validation;
mod weights;

pub use architecture::Architecture;
pub use card::{Calibration, Card, Correction, DataSet, Epoch, Metrics, Training};
pub use cascade::{Cascade, Cascades};
pub use certainty::{CascadeCard, Certainty};
pub use device::{cuda_devices, parse_device, parse_devices};
pub use feed::Feed;
pub use genotyper::{Genotyper, Inference};
pub use network::{Batch, Network, bucket};
pub use options::TrainingOptions;
pub use probabilities::genotype_probabilities;
pub use random::Random;
pub use recalibration::recalibrate;
pub use trained_model::{Model, card_path};
pub use training::{News, TrainingRun, train};

/// The version of the libtorch that is linked.
pub fn libtorch_version() -> String {
    env!("DVCALL_LIBTORCH_VERSION").to_owned()
}
