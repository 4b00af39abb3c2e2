//! Alternate alleles in one spelling, so that alleles of different samples can be compared.

use std::ops::Range;

use crate::genome::Sequence;
use crate::variants::{left_align, trim};

/// Greatest shift of an indel to the left, in bases.
pub const MAX_SHIFT: u64 = 1_000;

/// Replacement of the reference bases `start..end` (0-based half-open) by `bases`, spelled as VCF does: left-aligned,
/// trimmed, with at least one base on either side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Allele {
    pub start: u64,
    pub end: u64,
    pub bases: Vec<u8>,
}

impl Allele {
    /// The allele of a record at the 0-based `position`. `sequence` holds the reference around it.
    pub fn of_record(position: u64, reference: &[u8], alternate: &[u8], sequence: &Sequence) -> Self {
        if reference.len() == 1 && alternate.len() == 1 {
            return Self {
                start: position,
                end: position + 1,
                bases: alternate.to_vec(),
            };
        }
        let mut alleles = [reference.to_vec(), alternate.to_vec()];
        let first = position.saturating_sub(MAX_SHIFT).max(sequence.start).min(position);
        let start = if reference.len() == alternate.len() {
            trim(position, &mut alleles)
        } else {
            left_align(position, &mut alleles, first, |at| sequence.base(at))
        };
        let [reference, bases] = alleles;
        Self {
            start,
            end: start + reference.len() as u64,
            bases,
        }
    }

    pub fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    pub fn overlaps(&self, range: &Range<u64>) -> bool {
        self.start < range.end && range.start < self.end
    }

    /// Number of reference bases.
    pub fn span(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Difference between the lengths of the reference and the allele.
    pub fn length_change(&self) -> usize {
        self.span().abs_diff(self.bases.len())
    }

    pub fn is_deletion(&self) -> bool {
        self.bases.len() < self.span()
    }

    /// The span that the allele changes, without the base before an indel. Units are half bases, so that an insertion has
    /// a place between two bases.
    fn changed(&self) -> Range<u64> {
        match (self.length_change(), self.span()) {
            (0, _) => 2 * self.start + 1..2 * self.end,
            (_, 1) => 2 * self.end..2 * self.end + 1,
            _ => 2 * self.start + 3..2 * self.end,
        }
    }

    /// Whether one haplotype can carry both.
    pub fn fits_with(&self, other: &Self) -> bool {
        let (a, b) = (self.changed(), other.changed());
        a.start >= b.end || b.start >= a.end
    }

    /// Whether one base replaces one base.
    pub fn is_snp(&self) -> bool {
        self.span() == 1 && self.bases.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alleles_of_different_spellings_are_equal() {
        let sequence = Sequence::new(100, b"GGGCACACACAGGG".to_vec());
        let allele = |position, reference: &str, alternate: &str| {
            Allele::of_record(position, reference.as_bytes(), alternate.as_bytes(), &sequence)
        };
        let expected = allele(102, "GCA", "G");
        assert_eq!((expected.range(), &expected.bases[..]), (102..105, &b"G"[..]));
        assert_eq!(allele(107, "CAC", "C"), expected);
        assert_eq!(allele(101, "GGCA", "GG"), expected);
        assert_eq!(allele(103, "CAC", "CAT"), allele(105, "C", "T"));
        assert!(expected.is_deletion() && !expected.is_snp() && expected.overlaps(&(104..110)));
    }
}
