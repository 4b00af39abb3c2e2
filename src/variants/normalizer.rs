//! Checks the records of a VCF against the reference, and normalizes them.

use anyhow::{Result, ensure};

use super::normalize::left_align;
use crate::genome::{Reference, ReferenceReader, Sequence};

/// Reference bases in memory at a time while a file is read.
const STRETCH: u64 = 100_000;

/// Left-alignment may shift a record this many reference bases to the left.
const SHIFT: u64 = 1_000;

/// Checks REF against the reference and left-aligns variants. Holds a part of the reference in memory.
pub(crate) struct Normalizer<'a> {
    reference: &'a Reference,
    reader: ReferenceReader,
    contig: String,
    held: Sequence,
}

impl<'a> Normalizer<'a> {
    pub fn new(reference: &'a Reference) -> Result<Self> {
        Ok(Self {
            reference,
            reader: reference.reader()?,
            contig: String::new(),
            held: Sequence::default(),
        })
    }

    /// Left-aligns alleles in upper case, the first of which is REF at the 0-based `position`. Returns the new
    /// position. Fails if the reference has other bases there.
    pub fn normalize(&mut self, contig: &str, position: u64, alleles: &mut [Vec<u8>]) -> Result<u64> {
        let start = position.saturating_sub(SHIFT);
        let last = position + alleles[0].len() as u64;
        if self.contig != contig || start < self.held.start || last > self.held.end() {
            let length = self.reference.contigs().get(contig).map_or(0, |c| c.length);
            ensure!(
                last <= length,
                "it lies beyond the end of {contig} ({length} bases); use the reference of the VCF's build"
            );
            let end = (last + STRETCH).min(length);
            self.held = Sequence::new(start, self.reader.fetch(contig, start, end)?);
            self.contig = contig.to_owned();
        }
        let found = self.held.slice(position, last);
        let fits = found.iter().zip(&alleles[0]).all(|(a, b)| a == b || *a == b'N');
        ensure!(
            fits,
            "its REF is {}, but the reference has {}; use the reference of the VCF's build",
            String::from_utf8_lossy(&alleles[0]),
            String::from_utf8_lossy(found)
        );
        Ok(left_align(position, alleles, start, |p| self.held.base(p)))
    }
}
