//! Converts the insertions and deletions of a read's alignment to normalized alleles.

use std::ops::Range;

use super::read::{CigarKind, CigarOp, Read};
use crate::genome::Sequence;
use crate::variants::left_align;

/// Largest left shift of an indel, in bases. It is less than the flank of a partition, so that an allele does not
/// depend on the partitions.
const MAX_SHIFT: u64 = 500;

/// Longest deletion that can be an allele, in bases. With the shift, it is not longer than the flank of a partition.
const LONGEST_DELETION: u64 = 1_500;

/// An insertion, a deletion, or both at once, left-aligned, with the base before it as anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indel {
    /// 0-based position of the anchor.
    pub position: u64,
    pub reference: Vec<u8>,
    pub bases: Vec<u8>,
    /// Mean phred quality of the inserted bases; for a deletion, the better of the two bases beside it.
    pub quality: u8,
    /// Qualities of `bases`; the anchor has the quality of the read's base before the gap.
    pub base_quals: Vec<u8>,
    /// Whether the read has aligned bases on both sides. If not, it may contain only a part of an insertion.
    pub is_whole: bool,
}

/// A gap of a read's alignment: inserted bases, deleted bases, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Deleted reference bases.
    pub deleted: Range<u64>,
    /// The allele of the gap. None if the gap cannot be an allele.
    pub indel: Option<Indel>,
}

/// The indels of a read, in the order of its alignment: the alleles of its [`gaps`].
pub fn indels(read: &Read, sequence: &Sequence) -> Vec<Indel> {
    let gaps = gaps(read, sequence).into_iter();
    gaps.filter_map(|gap| gap.indel).collect()
}

/// The gaps of a read, in the order of its alignment, without gaps that contain N in the read.
///
/// The anchor is the read's own base, so that a SNP directly before an indel is part of the allele. Like in
/// DeepVariant, the anchor may be a clipped base. An indel without an aligned base beside it is incomplete and
/// therefore not an allele. An indel is also not an allele if the reference has N at the anchor or at most of the
/// deleted bases.
pub fn gaps(read: &Read, sequence: &Sequence) -> Vec<Gap> {
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
        let spelled = || spell(read, sequence, start..position, first..index);
        if !read.bases[first.saturating_sub(1)..index].contains(&b'N') {
            found.push(Gap {
                deleted: start..position,
                indel: if after_match || before_match {
                    let is_whole = after_match && before_match;
                    spelled().map(|indel| Indel { is_whole, ..indel })
                } else {
                    None
                },
            });
        }
        after_match = false;
    }
    found
}

fn is_indel(kind: CigarKind) -> bool {
    matches!(kind, CigarKind::Insertion | CigarKind::Deletion)
}

/// The allele that replaces the reference bases `deleted` by the read's bases `inserted`. None if it cannot be an
/// allele.
fn spell(read: &Read, sequence: &Sequence, deleted: Range<u64>, inserted: Range<usize>) -> Option<Indel> {
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
    let count_unknown = |bases: &[u8]| bases.iter().filter(|b| !b"ACGT".contains(b)).count();
    let (anchors, removed) = reference.split_at_checked(1)?;
    let is_known = count_unknown(anchors) == 0 && 2 * count_unknown(removed) <= removed.len();
    if reference.len() as u64 != deleted.end - position || !is_known || count_unknown(&bases) > 0 {
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
    let anchor_quality = inserted.start.checked_sub(1).map_or(0, |i| read.quals[i]);
    let mut base_quals = [&[anchor_quality], &read.quals[inserted]].concat();
    let mut alleles = [reference, bases];
    let leftmost = position.saturating_sub(MAX_SHIFT).max(sequence.start);
    // The shift stops at a reference N, because the anchor must be known.
    let before = sequence.slice(leftmost, position).iter();
    let leftmost = before
        .rev()
        .position(|&base| base == b'N')
        .map_or(leftmost, |known| position - known as u64);
    let aligned = position;
    let position = left_align(aligned, &mut alleles, leftmost, |p| sequence.base(p));
    let [reference, bases] = alleles;
    if base_quals.len() == bases.len() {
        let inserted = &mut base_quals[1..];
        let shift = (aligned - position) as usize % inserted.len().max(1);
        inserted.rotate_right(shift);
    } else {
        // Left alignment has removed bases that equal the reference.
        base_quals = vec![quality; bases.len()];
    }
    (reference != bases).then_some(Indel {
        position,
        reference,
        bases,
        quality,
        base_quals,
        is_whole: true,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    #[test]
    fn deletions_up_to_the_longest_length_are_alleles() {
        let bases: Vec<u8> = (0..4_000u32).map(|i| b"ACGT"[(i * i / 7 % 4) as usize]).collect();
        let reference = Sequence::new(0, bases.clone());
        let found = |deleted: usize| {
            let read_bases = [&bases[100..150], &bases[150 + deleted..200 + deleted]].concat();
            indels(&read("r", 100, &format!("50M{deleted}D50M"), &read_bases), &reference).len()
        };
        assert_eq!([found(1_500), found(1_501)], [1, 0]);
    }
    #[test]
    fn unknown_bases_may_be_deleted_but_not_be_the_anchor() {
        let found = |reference: &[u8], cigar: &str, read_bases: &[u8]| -> Vec<String> {
            let sequence = Sequence::new(0, reference.to_vec());
            let text = |bases: &[u8]| String::from_utf8(bases.to_vec()).unwrap();
            let gaps = gaps(&read("r", 0, cigar, read_bases), &sequence).into_iter();
            gaps.map(|gap| match gap.indel {
                Some(indel) => format!("{} {}>{}", indel.position, text(&indel.reference), text(&indel.bases)),
                None => format!("{:?}", gap.deleted),
            })
            .collect()
        };
        assert_eq!(found(b"ACGTNATTC", "4M3D2M", b"ACGTTC"), ["2 GTNA>G"]);
        assert_eq!(found(b"ACGTNCTTC", "4M2D3M", b"ACGTTTC"), ["3 TNC>T"]);
        // The N of the mitochondrial reference (rCRS), a placeholder for no base, is not a variant.
        assert_eq!(found(b"ACGTNCTTC", "4M1D4M", b"ACGTCTTC"), ["4..5"]);
        assert_eq!(found(b"ACGTNNNNC", "4M4D1M", b"ACGTC"), ["4..8"]);
        assert_eq!(found(b"ACNTGACTC", "3M2D4M", b"ACGACTC"), ["3..5"]);
        assert_eq!(found(b"ACNTGACTC", "3M2I6M", b"ACGCCTGACTC"), ["3..3"]);
        assert!(found(b"ACGTGACTC", "3M2I2D4M", b"ACGCNACTC").is_empty());
        // AA is deleted from NAAAAC: the N cannot be its anchor.
        assert_eq!(found(b"CCNAAAACG", "5M2D2M", b"CCTAACG"), ["3 AAA>A"]);
        assert_eq!(found(b"CCTAAAACG", "5M2D2M", b"CCTAACG"), ["2 TAA>T"]);
    }
}
