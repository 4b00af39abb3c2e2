//! Places where the reads differ from the reference often enough to be worth a closer look.

mod candidate;

pub use candidate::{Allele, Candidate};
