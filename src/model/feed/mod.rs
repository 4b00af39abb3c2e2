//! Input of training: options, and examples in random order with augmentation.

mod augment;
mod examples;
mod options;
mod seen_range;

pub use augment::augment;
pub use examples::{Feed, TrainingBatch, TrainingItem};
pub use options::{TrainingOptions, schedule};
pub use seen_range::range_of;
