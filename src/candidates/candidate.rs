//! A place to be genotyped.

use crate::variants::VariantType;

/// One alternate allele of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allele {
    /// Bases in VCF representation: the candidate's `reference` is replaced by these.
    pub bases: Vec<u8>,
    /// Reads that carry the allele: indices into the partition's reads, ascending.
    pub supporting_reads: Vec<u32>,
    /// Fragments that carry the allele: what `AD` counts. Two mates that agree over the position are one.
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
    /// Usable reads over the position, whatever they carry; a fragment counts once.
    pub depth: u32,
    /// Of these, those that carry the reference allele.
    pub reference_depth: u32,
}

impl Candidate {
    /// One past the last reference base replaced.
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    /// SNP if every alternate only replaces one base.
    pub fn variant_type(&self) -> VariantType {
        VariantType::classify(&self.reference, self.alternates.iter().map(|a| a.bases.as_slice()))
    }
}
