//! Calls of truth and query as read from their VCFs.

mod call;
mod call_set;
mod context;
mod ploidy;
mod score_field;

pub use call::{CallQualities, JudgedByGates, MAX_ALLELE_LENGTH, SampleCall, Zygosity, is_sequence};
pub use call_set::{CallReader, Filtered, OtherOrder, Selection};
pub use context::{check_reference, known_span, sequence_under};
pub use ploidy::{complete_half_calls, haploid_places};
pub use score_field::ScoreField;
