//! A candidate: a position to be genotyped.

use crate::variants::VariantType;

/// One alternate allele of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allele {
    /// Bases in VCF representation. They replace the candidate's `reference`.
    pub bases: Vec<u8>,
    /// Reads that carry the allele: indices into the partition's reads, in ascending order.
    pub supporting_reads: Vec<u32>,
    /// Fragments that carry the allele, as in `AD`. Two mates that agree at the position count once.
    pub depth: u32,
}

/// A position with all its alternate alleles, in minimal left-aligned VCF representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    /// Reference bases that the alleles replace.
    pub reference: Vec<u8>,
    /// Alternate alleles in byte order of their bases.
    pub alternates: Vec<Allele>,
    /// Usable fragments over the position, with any allele.
    pub depth: u32,
    /// Usable fragments with the reference allele.
    pub reference_depth: u32,
}

impl Candidate {
    /// One past the last replaced reference base.
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    /// SNP if every alternate replaces exactly one base.
    pub fn variant_type(&self) -> VariantType {
        VariantType::classify(&self.reference, self.alternates.iter().map(|a| a.bases.as_slice()))
    }
}
