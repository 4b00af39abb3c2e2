//! The cascade: a small network that decides the clear pileups, and the thresholds from which it is believed.

mod cascade;
mod thresholds;

pub use cascade::{Cascade, CascadeTensors, Cascades, is_of_cascade, layer_shapes};
pub use thresholds::{CascadeCard, Trial};
