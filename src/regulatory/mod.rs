//! Sequence networks: they learn from peaks what a sequence does, and then say what a variant changes.

mod bases;
mod effects;
mod examples;
mod explain;
mod language;
mod metrics;
mod model;
mod network;
mod training;

pub(crate) use effects::{Background, ScoreCounts, Scorer, TABLE_HEADER, VariantLine, scored_header};
pub(crate) use examples::{
    ExampleSet, NamedFile, Negatives, PrepareOptions, Split, SplitRule, WindowReader, from_peaks, from_sequences,
    match_table, read_fasta, read_table,
};
pub(crate) use explain::{Motif, draw_logos, draw_mutagenesis, find_known, first_motifs, meme, mutate};
pub(crate) use language::{GenomeWindows, Language, Objective, markov_perplexities};
pub(crate) use metrics::TaskResult;
pub(crate) use model::{Examples, Perplexity, SequenceModel};
pub(crate) use network::{Architecture, Shape};
pub(crate) use training::{Classify, Event, Lesson, TrainingOptions, TrainingRun, Workers, evaluate, train};
