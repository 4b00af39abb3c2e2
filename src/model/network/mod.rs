//! The network: its architecture, its weights, the features of a pileup, and its forward pass.

mod architecture;
pub mod features;
mod forward;
mod random;
mod range;
mod weights;

pub use architecture::Architecture;
pub use forward::{Batch, NUMBERS, Network, bucket, numbers};
pub use random::Random;
pub use range::Range;
pub use weights::{Weights, check_finite, copy_of, from_bytes, to_bytes};
