//! The network: architecture, weights and card, training, and genotype probabilities from pileups.

mod artifact;
mod calibration;
mod cascade;
mod feed;
mod inference;
mod network;
mod tiers;

mod training;

pub use artifact::{Card, Model, card_path};
pub(crate) use artifact::{DataSet, Epoch, Metrics, Shared, Training, check_pair, finish_saving, load_pair, save_pair};
pub(crate) use calibration::fit_tiers;
pub(crate) use cascade::{CascadeThresholds, Cascades};
pub(crate) use feed::{Feed, TrainingOptions, schedule};
pub use inference::{Inference, PileupClassifier, parse_devices};
pub(crate) use inference::{cuda_devices, parse_device};
pub use network::{Architecture, Batch, Network, Random, bucket};
pub(crate) use network::{Weights, copy_of, from_bytes, to_bytes};
pub(crate) use tiers::{CallEvidence, Decision, DepthBand, SampleEvidence, Tiers};
pub(crate) use training::{
    CurvePanel, Optimizer, StepOptions, TrainingEvent, TrainingRun, checkpoint_path, draw_panels, load_checkpoint,
    recalibrate, save_checkpoint, train,
};

/// The version of the linked libtorch.
pub fn libtorch_version() -> String {
    env!("DVCALL_LIBTORCH_VERSION").to_owned()
}
