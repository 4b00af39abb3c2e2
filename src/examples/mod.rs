//! Training examples: labels from truth, and the shards that store them.

mod digesting;
mod example;
mod label;
mod label_summary;
#[cfg(test)]
mod label_tests;
mod label_walk;
mod manifest;
mod missed_truth;
mod places;
mod shard_reader;
mod shard_writer;
mod truth;
#[cfg(test)]
mod truth_tests;

pub(crate) use example::filled_rows;
pub use example::{Example, ROW_BYTES};
pub(crate) use label::{LABEL_FLANK, image_label, label};
pub(crate) use label_summary::LabelSummary;
pub(crate) use manifest::LabelCounts;
pub use manifest::{Manifest, hex};
pub(crate) use missed_truth::MissedTruth;
pub use places::Place;
pub use shard_reader::ShardReader;
pub use shard_writer::ShardWriter;
pub use truth::{TruthVariant, TruthVariants};
