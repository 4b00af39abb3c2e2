//! Training examples: labels from truth, and the shards they are kept in.

mod label;
#[cfg(test)]
mod label_tests;
mod label_walk;
mod truth;

pub use label::{LABEL_FLANK, Labels, image_label, label};
pub use truth::{TruthVariant, TruthVariants};
