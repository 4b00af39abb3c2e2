//! Alignments laid end to end: from read to haplotype to reference.

use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Adds an operation, merged with the last one if that is of the same kind.
pub fn push(cigar: &mut Vec<CigarOp>, kind: CigarKind, length: u32) {
    match cigar.last_mut() {
        _ if length == 0 => {}
        Some(last) if last.kind == kind => last.length += length,
        _ => cigar.push(CigarOp { kind, length }),
    }
}

/// Adds an operation; an insertion and a deletion side by side become matches as far as they go.
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

/// What is left of the haplotype's alignment from its base `from` on, without a deletion in front, and the reference
/// offset at which that begins.
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

/// Carries a read's alignment to a haplotype, from haplotype base `start` on, over to the reference through the
/// haplotype's alignment. Returns the reference offset of the first aligned base and the read's alignment.
pub fn compose(read: &[CigarOp], start: usize, haplotype: &[CigarOp]) -> (usize, Vec<CigarOp>) {
    use CigarKind::{Deletion, Insertion, Match, SoftClip};
    let (offset, onward) = from_base(haplotype, start);
    let mut onward = onward.into_iter();
    let mut next = onward.next();
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
                next = onward.next();
            }
        }
    }
    (offset, cigar)
}

/// Whether no insertion or deletion of the read, aligned from `start`, can be moved to the left.
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
