//! Insertions and deletions as a read's alignment spells them, brought to one spelling.

use super::{CigarKind, CigarOp, Read};
use crate::genome::{Sequence, left_align};

/// How far an indel may be shifted to the left, in bases. Less than the flank of a partition, so that a spelling does
/// not depend on how regions are cut.
const MAX_SHIFT: u64 = 500;

/// Longest deletion that is an allele, in bases: with the shift, no longer than the flank.
const LONGEST_DELETION: u64 = 1_500;

/// An insertion, a deletion, or both at once, left-aligned and anchored at the base before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indel {
    /// 0-based position of the anchor.
    pub position: u64,
    pub reference: Vec<u8>,
    pub bases: Vec<u8>,
    /// Mean phred quality of the inserted bases; for a deletion, the better of the two bases beside it.
    pub quality: u8,
}

/// The indels of a read, in the order of its alignment.
///
/// The anchor is the read's own base, so that a SNP right before an indel is part of the allele; a clipped base if one is
/// before it, as with DeepVariant. An indel that no aligned base stands beside is not seen whole and hence no allele, nor is
/// one with a base that is not known.
pub fn indels(read: &Read, sequence: &Sequence) -> Vec<Indel> {
    let mut found = Vec::new();
    let (mut position, mut index) = (read.start, 0);
    let mut ops = read.cigar.iter().peekable();
    let mut after_match = false;
    while let Some(op) = ops.next() {
        let (start, first) = (position, index);
        let mut advance = |op: &CigarOp| {
            position += if op.kind.consumes_reference() {
                u64::from(op.length)
            } else {
                0
            };
            index += if op.kind.consumes_read() { op.length as usize } else { 0 };
        };
        advance(op);
        if !is_indel(op.kind) {
            after_match = op.kind == CigarKind::Match;
            continue;
        }
        while let Some(next) = ops.next_if(|next| is_indel(next.kind)) {
            advance(next);
        }
        let before_match = ops.peek().is_some_and(|next| next.kind == CigarKind::Match);
        if after_match || before_match {
            found.extend(spell(read, sequence, start..position, first..index));
        }
        after_match = false;
    }
    found
}

fn is_indel(kind: CigarKind) -> bool {
    matches!(kind, CigarKind::Insertion | CigarKind::Deletion)
}

/// The allele that replaces the reference bases `deleted` by the read's bases `inserted`.
fn spell(
    read: &Read,
    sequence: &Sequence,
    deleted: std::ops::Range<u64>,
    inserted: std::ops::Range<usize>,
) -> Option<Indel> {
    if deleted.end - deleted.start > LONGEST_DELETION {
        return None;
    }
    let position = deleted.start.checked_sub(1).filter(|&p| p >= sequence.start)?;
    let reference = sequence.slice(position, deleted.end).to_vec();
    let anchor = inserted
        .start
        .checked_sub(1)
        .map_or(sequence.base(position), |i| read.bases[i]);
    let bases = [&[anchor], &read.bases[inserted.clone()]].concat();
    let known = |bases: &[u8]| bases.iter().all(|b| b"ACGT".contains(b));
    if reference.len() as u64 != deleted.end - position || !known(&reference) || !known(&bases) {
        return None;
    }
    let quality = match read.quals.get(inserted.clone())? {
        [] => *read
            .quals
            .get(inserted.start.saturating_sub(1)..=inserted.end)?
            .iter()
            .max()?,
        quals => (quals.iter().map(|&q| u32::from(q)).sum::<u32>() / quals.len() as u32) as u8,
    };
    let mut alleles = [reference, bases];
    let leftmost = position.saturating_sub(MAX_SHIFT).max(sequence.start);
    let position = left_align(position, &mut alleles, leftmost, |p| sequence.base(p));
    let [reference, bases] = alleles;
    (reference != bases).then_some(Indel {
        position,
        reference,
        bases,
        quality,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn deletions_are_seen_up_to_what_any_stretch_around_holds() {
        let bases: Vec<u8> = (0..4_000u32).map(|i| b"ACGT"[(i * i / 7 % 4) as usize]).collect();
        let reference = Sequence::new(0, bases.clone());
        let found = |deleted: usize| {
            let shown = [&bases[100..150], &bases[150 + deleted..200 + deleted]].concat();
            indels(&read("r", 100, &format!("50M{deleted}D50M"), &shown), &reference).len()
        };
        assert_eq!([found(1_500), found(1_501)], [1, 0]);
    }
}
