//! What the network receives about a pileup besides the image.

use super::allele_lengths::AlleleLengths;
use super::clipping::Clipping;
use crate::candidates::Candidate;
use crate::reads::Read;
use crate::variants::VariantType;

/// The type of the candidate, the lengths of its alleles, the fractions of clipped reads, and the noise of the library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PileupContext {
    pub variant_type: VariantType,
    pub lengths: AlleleLengths,
    pub clipping: Clipping,
    /// See [`crate::library::Library::noise`]; 0 is typical.
    pub noise: f32,
}

impl PileupContext {
    /// Describes an allele set (indices of the candidate's alternates). `reads` are the reads of the candidate's
    /// partition.
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
    /// A pileup without clipped reads, with alleles as long as the reference allele, from a typical library.
    fn from(variant_type: VariantType) -> Self {
        Self {
            variant_type,
            lengths: AlleleLengths::default(),
            clipping: Clipping::default(),
            noise: 0.0,
        }
    }
}
