//! Sequence networks: they learn from peaks what a sequence does, and then say what a variant changes.

mod bases;
mod examples;
mod metrics;
mod model;
mod network;
mod training;

pub(crate) use examples::{
    ExampleSet, NamedFile, Negatives, PrepareOptions, Split, SplitRule, from_peaks, from_sequences, match_table,
    read_fasta, read_table,
};
pub(crate) use metrics::TaskResult;
pub(crate) use model::{Examples, SequenceModel};
pub(crate) use network::{Architecture, Shape};
pub(crate) use training::{Classify, Event, Lesson, TrainingOptions, TrainingRun, Workers, evaluate, train};
