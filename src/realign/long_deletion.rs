//! Deletions that no window holds, and the reads that end behind them.
//!
//! An aligner shows a long deletion in reads that go on far enough on both sides. Of others it clips the short end, or lays it on the
//! deleted bases; by that they would count for the reference. Within windows, the haplotypes take care of such reads.

use std::collections::BTreeMap;
use std::ops::Range;

use super::RealignOptions;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read, indels};

/// Fewest deleted bases: the windows miss shorter deletions rarely, and aligners place them well.
const LEAST: u32 = 30;

/// Bases of a short end for each of which one may differ from the reference.
const MISREAD_IN: usize = 5;

/// Bases of an end that may fit on both sides of a deletion by chance.
const SHORT: usize = 10;

/// What is deleted, in order; each from the leftmost place on.
pub struct LongDeletions(Vec<Range<u64>>);

impl LongDeletions {
    /// Those that enough reads show and none of the `windows` holds. `reads` are all of the stretch.
    pub fn find(
        reads: &[Read],
        windows: impl Iterator<Item = Range<u64>> + Clone,
        reference: &Sequence,
        options: &RealignOptions,
    ) -> Self {
        let is_long = |op: &CigarOp| op.kind == CigarKind::Deletion && op.length >= LEAST;
        let is_sure = |read: &&Read| read.mapping_quality >= options.graph_mapping_quality;
        let mut shown: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        for read in reads
            .iter()
            .filter(is_sure)
            .filter(|read| read.cigar.iter().any(is_long))
        {
            let deletions = indels(read, reference)
                .into_iter()
                .filter(|indel| indel.bases.len() == 1);
            for (position, length) in deletions.map(|indel| (indel.position, indel.reference.len() as u64)) {
                if length > u64::from(LEAST) {
                    *shown.entry((position + 1, position + length)).or_default() += 1;
                }
            }
        }
        let is_enough = |&(&(start, end), &count): &(&(u64, u64), &usize)| {
            let is_held = windows.clone().any(|window| window.start < start && end <= window.end);
            let over = || {
                reads
                    .iter()
                    .filter(is_sure)
                    .filter(|read| read.start < start && read.end() > start)
            };
            !is_held
                && count >= options.min_supporting_reads as usize
                && count * 100 >= over().count() * options.aligned_indel_percent
        };
        let found = shown.iter().filter(is_enough);
        Self(found.map(|(&(start, end), _)| start..end).collect())
    }

    /// Gives a read the first of the deletions behind which one of its ends fits better than where it lies.
    pub fn give(&self, read: &mut Read, reference: &Sequence) {
        for deleted in &self.0 {
            let found = after(read, deleted, reference).or_else(|| before(read, deleted, reference));
            if let Some((start, cigar)) = found {
                (read.start, read.cigar) = (start, cigar);
                return;
            }
        }
    }
}

/// The read with its right end behind the deletion.
fn after(read: &Read, deleted: &Range<u64>, reference: &Sequence) -> Option<(u64, Vec<CigarOp>)> {
    let (kept, aligned, clipped) = last_match(read.cigar.iter())?;
    let first = read.end() - u64::from(aligned);
    let end = read.end() + u64::from(clipped);
    let length = end
        .checked_sub(deleted.start)
        .filter(|_| first < deleted.start && end <= deleted.end)?;
    let tail = &read.bases[read.bases.len() - length as usize..];
    let fits = fits_better(tail, deleted.start, deleted.end, reference);
    fits.then(|| {
        let mut cigar = read.cigar[..kept].to_vec();
        cigar.extend(split((deleted.start - first) as u32, deleted, length as u32));
        cigar.extend(hard_clip(read.cigar.last()));
        (read.start, cigar)
    })
}

/// The read with its left end before the deletion.
fn before(read: &Read, deleted: &Range<u64>, reference: &Sequence) -> Option<(u64, Vec<CigarOp>)> {
    let (kept, aligned, clipped) = last_match(read.cigar.iter().rev())?;
    let end = read.start + u64::from(aligned);
    let start = read.start.checked_sub(u64::from(clipped))?;
    let length = deleted
        .end
        .checked_sub(start)
        .filter(|_| end > deleted.end && start >= deleted.start)?;
    let head = read.bases.get(..length as usize)?;
    let new_start = deleted.start.checked_sub(length)?;
    let fits = fits_better(head, start, new_start, reference);
    fits.then(|| {
        let mut cigar: Vec<CigarOp> = hard_clip(read.cigar.first()).collect();
        cigar.extend(split(length as u32, deleted, (end - deleted.end) as u32));
        cigar.extend_from_slice(&read.cigar[read.cigar.len() - kept..]);
        (new_start, cigar)
    })
}

/// How many operations come before the outermost match at an end, how many bases that has, and how many are soft-clipped behind it.
fn last_match<'a>(
    mut ops: impl DoubleEndedIterator<Item = &'a CigarOp> + ExactSizeIterator,
) -> Option<(usize, u32, u32)> {
    let mut clipped = 0;
    while let Some(op) = ops.next_back() {
        match op.kind {
            CigarKind::HardClip => {}
            CigarKind::SoftClip => clipped += op.length,
            CigarKind::Match => return Some((ops.len(), op.length, clipped)),
            _ => return None,
        }
    }
    None
}

/// Whether the bases of an end differ in fewer places, and in few, from the reference at `there` than at `here`. As within windows, what
/// fits both is no evidence for the reference, unless it is so long that it may be of a repeat.
fn fits_better(bases: &[u8], here: u64, there: u64, reference: &Sequence) -> bool {
    let differing = |position: u64| {
        let expected = reference.slice(position, position + bases.len() as u64);
        let is_known = expected.len() == bases.len();
        is_known.then(|| bases.iter().zip(expected).filter(|(a, b)| a != b).count())
    };
    let both = differing(here).zip(differing(there));
    both.is_some_and(|(here, there)| {
        let fits = there < here || (there == here && bases.len() <= SHORT);
        fits && !bases.is_empty() && there * MISREAD_IN <= bases.len()
    })
}

/// A match, the deletion, and a match.
fn split(before: u32, deleted: &Range<u64>, after: u32) -> impl Iterator<Item = CigarOp> {
    let op = |kind, length| CigarOp { kind, length };
    let deletion = op(CigarKind::Deletion, (deleted.end - deleted.start) as u32);
    [op(CigarKind::Match, before), deletion, op(CigarKind::Match, after)].into_iter()
}

fn hard_clip(op: Option<&CigarOp>) -> impl Iterator<Item = CigarOp> {
    op.filter(|op| op.kind == CigarKind::HardClip).copied().into_iter()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{random_bases, read, text};
    use super::*;

    const DELETED: Range<u64> = 1_000..2_200;

    fn reference() -> Sequence {
        Sequence::new(0, random_bases(4_000, 9))
    }

    /// Bases of the reference without the deleted ones, from `start` on.
    fn without(start: u64) -> Vec<u8> {
        let reference = reference();
        let all = [reference.slice(0, DELETED.start), reference.slice(DELETED.end, 4_000)].concat();
        all[start as usize..start as usize + 100].to_vec()
    }

    fn given(mut read: Read, shown: usize, window: Option<Range<u64>>) -> (u64, String) {
        let showing =
            (0..shown).map(|i| super::super::testing::read(&i.to_string(), 950, "50M1200D50M", &without(950)));
        let mut reads: Vec<Read> = showing.collect();
        reads.push(read.clone());
        let options = RealignOptions::default();
        let deletions = LongDeletions::find(&reads, window.into_iter(), &reference(), &options);
        deletions.give(&mut read, &reference());
        (read.start, text(&read.cigar))
    }

    #[test]
    fn short_ends_behind_a_deletion_get_it() {
        let found = |start, cigar: &str, of: u64| given(read("r", start, cigar, &without(of)), 3, None);
        assert_eq!(found(905, "95M5S", 905), (905, "95M1200D5M".into()));
        assert_eq!(found(905, "100M", 905), (905, "95M1200D5M".into()));
        assert_eq!(found(905, "2H93M7S3H", 905), (905, "2H95M1200D5M3H".into()));
        assert_eq!(found(2_200, "8S92M", 992), (992, "8M1200D92M".into()));
        assert_eq!(found(2_192, "1H100M", 992), (992, "1H8M1200D92M".into()));
        assert_eq!(found(905, "20M1I74M5S", 904).1, "20M1I75M1200D4M");
    }

    #[test]
    fn ends_that_fit_both_get_it_if_they_are_short() {
        let repeat = Sequence::new(
            0,
            [random_bases(100, 1), b"ACGTT".repeat(40), random_bases(100, 2)].concat(),
        );
        let fits = |length: usize| fits_better(&repeat.bases[100..100 + length], 100, 200, &repeat);
        assert_eq!([0, 1, 10, 11].map(fits), [false, true, true, false]);
    }

    #[test]
    fn reads_of_the_reference_and_ends_from_elsewhere_stay() {
        let of_reference = |start: u64| read("r", start, "100M", reference().slice(start, start + 100));
        assert_eq!(given(of_reference(905), 3, None).1, "100M");
        assert_eq!(given(of_reference(2_192), 3, None).1, "100M");
        let mut foreign = without(905);
        foreign[95..].copy_from_slice(b"NNNNN");
        assert_eq!(given(read("r", 905, "95M5S", &foreign), 3, None).1, "95M5S");
    }

    #[test]
    fn one_read_shows_no_deletion_and_windows_have_their_own() {
        let short = || read("r", 905, "95M5S", &without(905));
        assert_eq!(given(short(), 1, None).1, "95M5S");
        assert_eq!(given(short(), 2, None).1, "95M1200D5M");
        assert_eq!(given(short(), 2, Some(500..2_100)).1, "95M1200D5M");
        assert_eq!(given(short(), 2, Some(900..2_300)).1, "95M5S");
    }
}
