//! How many copies the sample has of each position: two, one or none.
//!
//! Human sex chromosomes and their pseudoautosomal regions are known by their lengths. The sex is given, or measured by
//! the depth of X and Y beside that of the autosomes. Options name haploid contigs of other genomes.

mod chromosomes;
mod map;
mod options;
mod sex;

pub use map::PloidyMap;
pub use options::{Copies, PloidyOptions, SexOption};
pub use sex::{Sex, SexReport};
