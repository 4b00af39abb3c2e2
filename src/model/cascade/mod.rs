//! The cascade: a small network that decides clear pileups, and the probability thresholds for its decisions.

mod network;
mod thresholds;

pub use network::{Cascade, CascadeTensors, Cascades, is_cascade_weight, layer_shapes};
pub use thresholds::{CascadeThresholds, Trial};
