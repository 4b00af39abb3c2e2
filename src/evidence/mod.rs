//! Evidence: for each partition of the genome its reads, realigned and counted, and the candidates that they show.

pub mod left_out;
mod options;
mod source;

pub use options::{EvidenceOptions, Inputs};
pub use source::{Evidence, EvidenceSource, EvidenceWorker};
