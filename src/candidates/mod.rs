//! Places where the reads differ from the reference often enough to be worth a closer look.

mod candidate;
mod counts;
mod coverage;
mod find;
mod misread;
mod options;
mod plain;
mod variant_type;

pub use candidate::{Allele, Candidate};
pub use counts::{AlleleCount, SiteCounts, count_alleles};
pub use coverage::{Coverage, coverage};
pub use find::find_candidates;
pub use options::{CandidateOptions, Verdict};
pub use variant_type::VariantType;
