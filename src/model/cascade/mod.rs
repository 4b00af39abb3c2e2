//! The cascade: a small network that decides the clear pileups, and the thresholds from which it is believed.

mod network;
mod thresholds;

pub use network::{Cascade, CascadeTensors, Cascades, is_of_cascade, layer_shapes};
pub use thresholds::{CascadeThresholds, Trial};
