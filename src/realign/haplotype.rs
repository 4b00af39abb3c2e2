//! Aligns a haplotype to the reference.

use super::align::{ANY, Aligner, Alignment, margin};
use super::cigar::push;
use super::score::{AlignmentEnd, GAP_EXTEND, GAP_OPEN, LONGEST_QUERY, MATCH, MISMATCH, Scorer};
use crate::reads::{CigarKind, CigarOp};

/// Most diagonals on either side that are searched first.
const FIRST_MARGIN: i64 = 16;

/// Matching bases on either side of the differences that are aligned with them, so that gaps are placed correctly.
const CONTEXT: usize = 64;

/// Aligns a haplotype to the reference of the same region, from end to end, because their ends are equal. Gaps are
/// leftmost. A reference N matches every base: as a mismatch it would cost more than an insertion beside a deletion.
pub fn align_haplotype(haplotype: &[u8], reference: &[u8], aligner: &mut Aligner, scorer: &mut Scorer) -> Vec<CigarOp> {
    if let Some(cigar) = without_gaps(haplotype, reference).or_else(|| with_one_gap(haplotype, reference)) {
        return cigar;
    }
    let shorter = haplotype.len().min(reference.len());
    let prefix = haplotype.iter().zip(reference).take_while(|(a, b)| a == b).count();
    let ends = haplotype.iter().rev().zip(reference.iter().rev());
    let suffix = ends.take(shorter - prefix).take_while(|(a, b)| a == b).count();
    let context = CONTEXT + haplotype.len().abs_diff(reference.len());
    let (before, after) = (prefix.saturating_sub(context), suffix.saturating_sub(context));
    let middles = [
        &haplotype[before..haplotype.len() - after],
        &reference[before..reference.len() - after],
    ];
    if is_best_without_gaps(middles, scorer) {
        return vec![CigarOp {
            kind: CigarKind::Match,
            length: haplotype.len() as u32,
        }];
    }
    let middle = align_middle(middles, aligner);
    let mut cigar = Vec::with_capacity(middle.len());
    push(&mut cigar, CigarKind::Match, before as u32);
    middle.iter().for_each(|op| push(&mut cigar, op.kind, op.length));
    push(&mut cigar, CigarKind::Match, after as u32);
    cigar
}

/// Whether [`align_middle`] finds no gap. The alignment without gaps has the best score, no other alignment of this
/// score ends before it, and it contains no better part. Then the trace follows it from its end to its start, because
/// it prefers matches to gaps on ties.
fn is_best_without_gaps([haplotype, reference]: [&[u8]; 2], scorer: &mut Scorer) -> bool {
    let length = haplotype.len();
    let is_comparable = length == reference.len() && length <= LONGEST_QUERY;
    if !is_comparable || [haplotype, reference].iter().any(|bases| bases.contains(&b'N')) {
        return false;
    }
    let (mut score, mut lowest) = (0, i32::MAX);
    for (a, b) in haplotype.iter().zip(reference) {
        score += if a == b { MATCH } else { MISMATCH };
        lowest = lowest.min(score);
    }
    let whole = AlignmentEnd {
        score,
        target: length,
        query: length,
    };
    lowest > 0 && scorer.score(haplotype, reference, &(0..=0), margin(length, score), score) == Some(whole)
}

/// The score of the best alignment with one gap.
fn score_with_one_gap(haplotype: &[u8], reference: &[u8]) -> i32 {
    let shorter = haplotype.len().min(reference.len()) as i32;
    let gap = haplotype.len().abs_diff(reference.len()) as i32;
    let ends = || haplotype.iter().rev().zip(reference.iter().rev());
    let differ = |(a, b): (&u8, &u8)| i32::from(a != b && *b != ANY);
    // The mismatches if the gap lies before all bases, then before one base less each time.
    let mut mismatches: i32 = ends().map(differ).sum();
    let mut fewest = mismatches;
    let after = ends().map(differ).collect::<Vec<_>>();
    for (before, after) in haplotype.iter().zip(reference).map(differ).zip(after.iter().rev()) {
        mismatches += before - after;
        fewest = fewest.min(mismatches);
    }
    MATCH * (shorter - fewest) + MISMATCH * fewest - if gap > 0 { GAP_OPEN + GAP_EXTEND * (gap - 1) } else { 0 }
}

fn align_middle([haplotype, reference]: [&[u8]; 2], aligner: &mut Aligner) -> Vec<CigarOp> {
    let wildcard = |&base: &u8| if base == b'N' { ANY } else { base };
    let reference: Vec<u8> = reference.iter().map(wildcard).collect();
    let shift = reference.len() as i64 - haplotype.len() as i64;
    let diagonals = shift.min(0)..=shift.max(0);
    // Any reach of at least the margin of the best score gives the same alignment.
    let likely = score_with_one_gap(haplotype, &reference);
    let mut reach = margin(haplotype.len().min(reference.len()), likely).min(FIRST_MARGIN);
    loop {
        let score = aligner.align(haplotype, &reference, &diagonals, reach);
        let needed = margin(haplotype.len().min(reference.len()), score);
        if needed <= reach {
            return from_end_to_end(aligner.trace(), reference.len());
        }
        reach = needed;
    }
}

/// Extends a local alignment to the whole haplotype and the whole reference.
fn from_end_to_end(alignment: Alignment, reference: usize) -> Vec<CigarOp> {
    let aligned: u32 = alignment
        .cigar
        .iter()
        .filter(|op| op.kind.consumes_reference())
        .map(|op| op.length)
        .sum();
    let mut cigar = Vec::with_capacity(alignment.cigar.len());
    push(&mut cigar, CigarKind::Deletion, alignment.start as u32);
    for op in alignment.cigar {
        let clipped = op.kind == CigarKind::SoftClip;
        push(
            &mut cigar,
            if clipped { CigarKind::Insertion } else { op.kind },
            op.length,
        );
    }
    push(
        &mut cigar,
        CigarKind::Deletion,
        (reference - alignment.start) as u32 - aligned,
    );
    cigar
}

/// With up to two mismatches, the ungapped alignment is the best: an insertion and a deletion together cost as much.
fn without_gaps(haplotype: &[u8], reference: &[u8]) -> Option<Vec<CigarOp>> {
    let pairs = haplotype.iter().zip(reference);
    let differ = pairs.filter(|&(a, &b)| *a != b && b != b'N').count();
    (haplotype.len() == reference.len() && differ <= 2).then(|| {
        let mut cigar = Vec::new();
        push(&mut cigar, CigarKind::Match, haplotype.len() as u32);
        cigar
    })
}

/// The alignment if a single insertion or deletion is the only difference.
fn with_one_gap(haplotype: &[u8], reference: &[u8]) -> Option<Vec<CigarOp>> {
    let pairs = haplotype.iter().zip(reference);
    let shorter = haplotype.len().min(reference.len());
    let prefix = pairs.take_while(|(a, b)| a == b).count();
    let ends = haplotype.iter().rev().zip(reference.iter().rev());
    let suffix = ends.take(shorter).take_while(|(a, b)| a == b).count();
    let before = shorter - suffix;
    let gap = haplotype.len().abs_diff(reference.len());
    if before > prefix || gap == 0 {
        return None;
    }
    let kind = if haplotype.len() > reference.len() {
        CigarKind::Insertion
    } else {
        CigarKind::Deletion
    };
    let mut cigar = Vec::with_capacity(3);
    push(&mut cigar, CigarKind::Match, before as u32);
    push(&mut cigar, kind, gap as u32);
    push(&mut cigar, CigarKind::Match, suffix as u32);
    Some(cigar)
}

/// The haplotype offset of the base at reference offset `reference`; for a deleted base, of the next base.
pub fn haplotype_offset(cigar: &[CigarOp], reference: usize) -> i64 {
    let (mut reference_offset, mut offset) = (0, 0);
    for op in cigar {
        let length = i64::from(op.length);
        if op.kind.consumes_reference() && reference_offset + length > reference as i64 {
            let into = if op.kind.consumes_read() {
                reference as i64 - reference_offset
            } else {
                0
            };
            return offset + into;
        }
        reference_offset += if op.kind.consumes_reference() { length } else { 0 };
        offset += if op.kind.consumes_read() { length } else { 0 };
    }
    offset + reference as i64 - reference_offset
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_bases;
    use super::*;
    use crate::reads::testing::{ops, text};

    /// Puts flanks of 100 bases around `middle`.
    fn around(middle: &[u8]) -> Vec<u8> {
        let flank = random_bases(200, 1);
        [&flank[..100], middle, &flank[100..]].concat()
    }

    fn aligned(haplotype: &[u8], reference: &[u8]) -> String {
        text(&align_haplotype(
            &around(haplotype),
            &around(reference),
            &mut Aligner::default(),
            &mut Scorer::default(),
        ))
    }

    #[test]
    fn haplotypes_align_from_end_to_end_with_gaps_on_the_left() {
        assert_eq!(aligned(b"CTTG", b"CAAG"), "204M");
        assert_eq!(aligned(b"GCACAG", b"GCACACAG"), "101M2D105M");
        assert_eq!(aligned(b"GCACACAG", b"GCACAG"), "101M2I105M");
        // An indel beside SNPs needs the alignment matrix.
        let (a, b) = (random_bases(60, 2), random_bases(60, 3));
        let reference = [&a[..], b"T", &b].concat();
        let haplotype = [&a[..], b"C", &b[..20], b"GATTACA", &b[20..]].concat();
        let gapped = align_haplotype(
            &around(&haplotype),
            &around(&reference),
            &mut Aligner::default(),
            &mut Scorer::default(),
        );
        let inserted: Vec<_> = gapped.iter().filter(|op| op.kind != CigarKind::Match).collect();
        assert!(inserted.len() == 1 && inserted[0].length == 7, "{}", text(&gapped));
    }

    #[test]
    fn unknown_reference_bases_match_every_base() {
        assert_eq!(aligned(b"GCTAAGC", b"GNNAAGT"), "207M");
        assert_eq!(aligned(b"GCTACTGATCTTTGC", b"GNNNNNNNNCCCTGC"), "215M");
        assert_eq!(aligned(b"ACTAGATTTACACGT", b"ANNNNAACGT"), "106M5I104M");
    }

    #[test]
    fn offsets_follow_the_gaps() {
        let cigar = ops("10M5D10M3I10M");
        let offsets = [0, 9, 12, 15, 24, 25].map(|reference| haplotype_offset(&cigar, reference));
        assert_eq!(offsets, [0, 9, 10, 10, 19, 23]);
        assert_eq!(haplotype_offset(&cigar, 40), 38);
    }
}
