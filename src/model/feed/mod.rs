//! The feed of training: options, examples in random order, augmented.

mod augment;
mod feed;
mod options;
mod seen_range;

pub use augment::augment;
pub use feed::{Feed, Item, TrainingBatch};
pub use options::TrainingOptions;
pub use seen_range::range_of;
