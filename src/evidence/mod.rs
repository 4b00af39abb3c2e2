//! Evidence: for each partition of the genome its reads, realigned and counted, and the candidates that they show.

mod exclusion_report;
mod options;
mod source;

pub(crate) use exclusion_report::report_exclusions;
pub use options::{EvidenceOptions, Inputs};
pub use source::EvidenceSource;
pub(crate) use source::{Evidence, EvidenceWorker};
