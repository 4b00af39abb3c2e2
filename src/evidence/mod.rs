//! Evidence: the realigned reads and the candidates of each partition of the genome.

mod exclusion_report;
mod options;
mod source;

pub(crate) use exclusion_report::report_exclusions;
pub use options::{EvidenceOptions, Inputs};
pub use source::EvidenceSource;
pub(crate) use source::{Evidence, EvidenceWorker};
