//! Composes alignments: from read to haplotype to reference.

use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Adds an operation; merges it with the last operation if both have the same kind.
pub fn push(cigar: &mut Vec<CigarOp>, kind: CigarKind, length: u32) {
    match cigar.last_mut() {
        _ if length == 0 => {}
        Some(last) if last.kind == kind => last.length += length,
        _ => cigar.push(CigarOp { kind, length }),
    }
}

/// Adds an operation; the shared length of an adjacent insertion and deletion becomes a match.
fn push_merged(cigar: &mut Vec<CigarOp>, kind: CigarKind, length: u32) {
    use CigarKind::{Deletion, Insertion, Match};
    let Some(&CigarOp {
        kind: last,
        length: other,
    }) = cigar.last()
    else {
        return push(cigar, kind, length);
    };
    if !matches!((last, kind), (Insertion, Deletion) | (Deletion, Insertion)) {
        return push(cigar, kind, length);
    }
    let shared = length.min(other);
    cigar.pop();
    push(cigar, Match, shared);
    push(cigar, last, other - shared);
    push(cigar, kind, length - shared);
}

/// The haplotype's alignment from haplotype base `from` on, without a leading deletion, and the reference offset of its
/// start.
fn from_base(haplotype: &[CigarOp], from: usize) -> (usize, Vec<CigarOp>) {
    let (mut skip, mut reference) = (from as u32, 0);
    let mut rest = Vec::with_capacity(haplotype.len());
    for op in haplotype {
        let mut length = op.length;
        if rest.is_empty() {
            let skipped = if op.kind.consumes_read() {
                skip.min(length)
            } else {
                length
            };
            length -= skipped;
            skip -= if op.kind.consumes_read() { skipped } else { 0 };
            reference += if op.kind.consumes_reference() { skipped } else { 0 };
        }
        push(&mut rest, op.kind, length);
    }
    (reference as usize, rest)
}

/// Converts a read's alignment to a haplotype (from haplotype base `start` on) to an alignment to the reference.
/// Returns the reference offset of the first aligned base and the read's CIGAR.
pub fn compose(read: &[CigarOp], start: usize, haplotype: &[CigarOp]) -> (usize, Vec<CigarOp>) {
    use CigarKind::{Deletion, Insertion, Match, SoftClip};
    let (offset, rest) = from_base(haplotype, start);
    let mut rest = rest.into_iter();
    let mut next = rest.next();
    let mut cigar = Vec::new();
    for op in read {
        let mut left = op.length;
        while left > 0 {
            let Some(through) = &mut next else {
                push_merged(&mut cigar, op.kind, left);
                break;
            };
            let shared = left.min(through.length);
            let (ours, theirs) = match (op.kind, through.kind) {
                (SoftClip, _) => {
                    push(&mut cigar, SoftClip, left);
                    (left, 0)
                }
                (Insertion, Deletion) => {
                    push_merged(&mut cigar, Match, shared);
                    (shared, shared)
                }
                (Deletion, Insertion) => (shared, shared),
                (Insertion, _) => {
                    push_merged(&mut cigar, Insertion, left);
                    (left, 0)
                }
                (_, Deletion) => {
                    push_merged(&mut cigar, Deletion, through.length);
                    (0, through.length)
                }
                (Deletion, _) => {
                    push_merged(&mut cigar, Deletion, shared);
                    (shared, shared)
                }
                (_, kind) => {
                    push_merged(&mut cigar, kind, shared);
                    (shared, shared)
                }
            };
            left -= ours;
            through.length -= theirs;
            if through.length == 0 {
                next = rest.next();
            }
        }
    }
    (offset, cigar)
}

/// Whether no indel of the read, aligned from `start`, can be shifted to the left.
pub fn is_left_aligned(read: &Read, start: u64, cigar: &[CigarOp], reference: &Sequence) -> bool {
    let (mut position, mut offset) = (start, 0);
    for op in cigar {
        let length = op.length as usize;
        let movable = match op.kind {
            CigarKind::Insertion => position > 0 && read.bases[offset + length - 1] == reference.base(position - 1),
            CigarKind::Deletion => offset > 0 && reference.base(position + length as u64 - 1) == read.bases[offset - 1],
            _ => false,
        };
        if movable {
            return false;
        }
        offset += if op.kind.consumes_read() { length } else { 0 };
        position += if op.kind.consumes_reference() { length as u64 } else { 0 };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::{ops, read, text};

    #[test]
    fn alignments_are_composed() {
        let composed = |read: &str, start, haplotype: &str| {
            let (offset, cigar) = compose(&ops(read), start, &ops(haplotype));
            (offset, text(&cigar))
        };
        assert_eq!(composed("10M", 5, "100M"), (5, "10M".into()));
        assert_eq!(composed("10M", 5, "8M3D100M"), (5, "3M3D7M".into()));
        assert_eq!(composed("10M", 5, "8M3I100M"), (5, "3M3I4M".into()));
        // A read that starts after a deletion, or within an insertion.
        assert_eq!(composed("10M", 8, "8M3D100M"), (11, "10M".into()));
        assert_eq!(composed("10M", 9, "8M3I100M"), (8, "2I8M".into()));
        // The read's own gaps and clips, and gaps that cancel the haplotype's gaps.
        assert_eq!(composed("2S4M1I5M2D3M1S", 0, "100M"), (0, "2S4M1I5M2D3M1S".into()));
        assert_eq!(composed("4M2I6M", 4, "8M2D20M"), (4, "12M".into()));
        assert_eq!(composed("4M2D6M", 4, "8M2I20M"), (4, "10M".into()));
        assert_eq!(composed("4M1D6M", 4, "8M3D20M"), (4, "4M4D6M".into()));
    }

    #[test]
    fn indels_that_are_not_left_aligned_are_found() {
        let reference = Sequence::new(100, b"GATCGAGAGAGATC".to_vec());
        let left =
            |cigar: &str, bases: &[u8]| is_left_aligned(&read("r", 100, cigar, bases), 100, &ops(cigar), &reference);
        assert!(left("3M2D9M", b"GATGAGAGATC"));
        assert!(!left("5M2D7M", b"GATCGGAGATC"));
        assert!(left("4M2I3M", b"GATCTTGAG"));
        assert!(!left("6M2I2M", b"GATCGAGAGA"));
        assert!(left("2S8M", b"TTGATCGAGA"));
    }
}
