//! One aligned read, as the rest of the program uses it.

use std::ops::Range;

use super::chance::draw;
use crate::genome::Sequence;

/// Kind of a CIGAR operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CigarKind {
    /// Aligned base, match or mismatch (`M`, `=`, `X`).
    Match,
    Insertion,
    Deletion,
    /// `N`: skipped reference, such as an intron.
    RefSkip,
    SoftClip,
    HardClip,
}

impl CigarKind {
    pub fn consumes_read(self) -> bool {
        matches!(self, Self::Match | Self::Insertion | Self::SoftClip)
    }

    pub fn consumes_reference(self) -> bool {
        matches!(self, Self::Match | Self::Deletion | Self::RefSkip)
    }
}

/// One CIGAR operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CigarOp {
    pub kind: CigarKind,
    pub length: u32,
}

/// An aligned read that passed the read filter. Reads are ordered by start, name, mate, and then all other fields, so
/// that the order of the file never matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// First aligned reference position, 0-based.
    pub start: u64,
    /// Name of the fragment; both mates have it.
    pub name: Vec<u8>,
    /// Second of its pair; together with the name it identifies the read.
    pub second_of_pair: bool,
    pub reverse: bool,
    pub mapping_quality: u8,
    /// SAM's TLEN, signed.
    pub insert_size: i64,
    pub cigar: Vec<CigarOp>,
    /// Bases in upper case (A, C, G, T, N, and `=` until [`Self::spell_out`]), including soft clips. As long as
    /// `quals`.
    pub bases: Vec<u8>,
    /// Phred base qualities.
    pub quals: Vec<u8>,
}

impl Read {
    /// One past the last aligned reference position.
    pub fn end(&self) -> u64 {
        let aligned: u32 = self
            .cigar
            .iter()
            .filter(|op| op.kind.consumes_reference())
            .map(|op| op.length)
            .sum();
        self.start + u64::from(aligned)
    }

    /// The `Match` operations: first reference position, first index into `bases`, length.
    pub fn matches(&self) -> impl Iterator<Item = (u64, usize, usize)> + '_ {
        let (mut position, mut index) = (self.start, 0);
        self.cigar.iter().filter_map(move |op| {
            let operation = (position, index, op.length as usize);
            position += if op.kind.consumes_reference() {
                u64::from(op.length)
            } else {
                0
            };
            index += if op.kind.consumes_read() { op.length as usize } else { 0 };
            (op.kind == CigarKind::Match).then_some(operation)
        })
    }

    /// The reference intervals that the read covers: from start to end without skipped regions (`N`).
    pub(super) fn covered(&self) -> Vec<Range<u64>> {
        let length = |ops: &[CigarOp], skipped: bool| -> u64 {
            let ops = ops.iter().filter(|op| op.kind.consumes_reference());
            let ops = ops.filter(|op| skipped || op.kind != CigarKind::RefSkip);
            ops.map(|op| u64::from(op.length)).sum()
        };
        let mut position = self.start;
        let parts = self.cigar.split_inclusive(|op| op.kind == CigarKind::RefSkip);
        let intervals = parts.map(|ops| {
            let start = position;
            position += length(ops, true);
            start..start + length(ops, false)
        });
        intervals.filter(|interval| !interval.is_empty()).collect()
    }

    /// A pseudo-random number made from the read's content. It selects between reads that share a name.
    pub fn drawn_number(&self) -> u64 {
        let flags = [
            u8::from(self.second_of_pair),
            u8::from(self.reverse),
            self.mapping_quality,
        ];
        let cigar = self.cigar.iter().flat_map(|op| [op.kind as u32, op.length]);
        let cigar: Vec<u8> = cigar.flat_map(u32::to_le_bytes).collect();
        let parts = [&self.start.to_le_bytes()[..], &flags, &cigar, &self.bases, &self.quals];
        parts.into_iter().fold(0, draw)
    }

    /// Replaces `=`, which stands for the reference base (SAM specification, section 1.4), by that base. Outside
    /// aligned bases, `=` becomes N.
    pub fn spell_out(&mut self, reference: &Sequence) {
        if !self.bases.contains(&b'=') {
            return;
        }
        let matches: Vec<_> = self.matches().collect();
        for (position, index, length) in matches {
            for (offset, base) in self.bases[index..index + length].iter_mut().enumerate() {
                if *base == b'=' {
                    *base = reference.base(position + offset as u64);
                }
            }
        }
        self.bases
            .iter_mut()
            .filter(|base| **base == b'=')
            .for_each(|base| *base = b'N');
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    #[test]
    fn equal_signs_become_reference_bases() {
        let reference = Sequence::new(10, b"ACGTACGT".to_vec());
        let mut written = read("a", 12, "1S2M1I2M", b"===T=C");
        written.spell_out(&reference);
        assert_eq!(written.bases, b"NGTTAC");
    }

    #[test]
    fn a_read_covers_deletions_and_not_skipped_regions() {
        let covered = |cigar: &str, length: usize| read("a", 10, cigar, &vec![b'A'; length]).covered();
        assert_eq!(covered("5S10M2D10M3I5M", 33), vec![10..37]);
        assert_eq!(covered("10M100N10M2D3M", 23), [10..20, 120..135]);
    }
}
