//! The network: its size, weights and card, training, and genotype probabilities from pileups.

mod architecture;
mod card;
mod device;
mod genotyper;
mod network;
mod probabilities;
mod random;
mod trained_model;
mod weights;

pub use architecture::Architecture;
pub use card::{Calibration, Card, DataSet, Epoch, Metrics, Training};
pub use device::{cuda_devices, parse_device};
pub use genotyper::Genotyper;
pub use network::{Batch, Network, bucket};
pub use probabilities::genotype_probabilities;
pub use random::Random;
pub use trained_model::{Model, card_path};
