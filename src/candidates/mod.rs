//! Places where the reads differ from the reference often enough to be worth a closer look.

mod candidate;
mod counts;
mod coverage;
mod find;
mod misread;
mod options;
mod plain;

pub use candidate::{Allele, Candidate};
pub use counts::{AlleleCount, SiteCounts, count_alleles};
pub use coverage::coverage;
pub use find::find_candidates;
pub use options::{CandidateOptions, Verdict};
