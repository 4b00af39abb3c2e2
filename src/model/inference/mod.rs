//! Inference: genotype probabilities from pileups, on CPU or GPUs.

mod classifier;
mod device;
mod evaluator;
mod probabilities;

pub use classifier::{Inference, PileupClassifier};
pub use device::{cuda_devices, parse_device, parse_devices};
pub use evaluator::{most_images, padded_images};
pub use probabilities::genotype_probabilities;
