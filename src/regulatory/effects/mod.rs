//! What variants change: scores of both alleles, and how rare such a change is.

mod allele;
mod background;
mod score;

pub use allele::haplotype_window;
pub use background::Background;
pub use score::{ScoreCounts, Scorer, TABLE_HEADER, VariantLine, scored_header};
