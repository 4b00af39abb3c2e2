//! What is known of a pileup beside its image.

use super::Clipping;
use crate::candidates::{Candidate, VariantType};
use crate::reads::Read;

/// The type of the candidate, and how many of its reads are clipped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    pub variant_type: VariantType,
    pub clipping: Clipping,
}

impl Context {
    /// Of an allele set (indices of the candidate's alternates); `reads` are those of its partition.
    pub fn of(candidate: &Candidate, set: &[usize], reads: &[Read]) -> Self {
        Self {
            variant_type: candidate.variant_type(),
            clipping: Clipping::of(candidate, set, reads),
        }
    }
}

impl From<VariantType> for Context {
    /// Of a pileup without clipped reads.
    fn from(variant_type: VariantType) -> Self {
        Self {
            variant_type,
            clipping: Clipping::default(),
        }
    }
}
