//! The feed of training: options, examples in random order, augmented.

mod augment;
mod examples;
mod options;
mod seen_range;

pub use augment::augment;
pub use examples::{Feed, TrainingBatch, TrainingItem};
pub use options::TrainingOptions;
pub use seen_range::range_of;
