//! Matching: finds calls of truth and query that produce the same haplotypes.

mod alignment;
mod fingerprint;
mod haplotype;
mod open_paths;
mod path;
mod preprocess;
mod primitive;
mod search;
mod superlocus;
mod variant;

pub use preprocess::preprocess;
pub use primitive::primitives;
pub use search::Limits;
pub use superlocus::{Decision, Match, Superlocus, decide, superloci};
