//! What is known of a pileup beside its image.

use super::allele_lengths::AlleleLengths;
use super::clipping::Clipping;
use crate::candidates::Candidate;
use crate::reads::Read;
use crate::variants::VariantType;

/// The type of the candidate, how long its alleles are, how many of its reads are clipped, and how noisy the library is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PileupContext {
    pub variant_type: VariantType,
    pub lengths: AlleleLengths,
    pub clipping: Clipping,
    /// See [`crate::library::Library::noise`]; 0 is usual.
    pub noise: f32,
}

impl PileupContext {
    /// Of an allele set (indices of the candidate's alternates); `reads` are those of its partition.
    pub fn new(candidate: &Candidate, set: &[usize], reads: &[Read], noise: f32) -> Self {
        let alternates = candidate.alternates.iter().map(|a| a.bases.as_slice());
        Self {
            variant_type: candidate.variant_type(),
            lengths: AlleleLengths::measure(&candidate.reference, alternates, set),
            clipping: Clipping::measure(candidate, set, reads),
            noise,
        }
    }
}

impl From<VariantType> for PileupContext {
    /// Of a pileup without clipped reads, whose alleles are as long as the reference, of a usual library.
    fn from(variant_type: VariantType) -> Self {
        Self {
            variant_type,
            lengths: AlleleLengths::default(),
            clipping: Clipping::default(),
            noise: 0.0,
        }
    }
}
