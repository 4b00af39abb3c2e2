//! Candidates: positions where enough reads differ from the reference to be genotyped.

mod candidate;
mod clean_read;
mod counts;
mod coverage;
mod find;
mod named;
mod options;
mod part;

pub use candidate::{Allele, Candidate};
pub(crate) use counts::{AlleleCount, SiteCounts, count_alleles};
pub use coverage::coverage;
pub use find::find_candidates;
pub use named::named_candidates;
pub use options::CandidateOptions;
pub(crate) use options::Verdict;
