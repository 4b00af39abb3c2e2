//! Long deletions that no window contains, and reads with a short end behind them.
//!
//! An aligner reports a long deletion in reads with enough bases on both sides. In other reads, it clips the short end
//! or aligns it to the deleted bases; then these reads would support the reference. Within windows, the haplotypes
//! correct such reads.

use std::collections::BTreeMap;
use std::ops::Range;

use super::RealignOptions;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read, indels};

/// Minimum length of a long deletion, in bases. Windows rarely miss shorter deletions, and aligners place them well.
const MIN_LENGTH: u32 = 30;

/// One mismatch is allowed per this many bases of a short end.
const MISREAD_IN: usize = 5;

/// An end of at most this many bases may fit on both sides of a deletion by chance.
const SHORT: usize = 10;

/// The deleted intervals, sorted and leftmost.
pub struct LongDeletions(Vec<Range<u64>>);

impl LongDeletions {
    /// Finds the deletions that enough reads carry and that none of the `windows` contains. `reads` are all reads of
    /// the region.
    pub fn find(
        reads: &[Read],
        windows: impl Iterator<Item = Range<u64>> + Clone,
        reference: &Sequence,
        options: &RealignOptions,
    ) -> Self {
        let is_long = |op: &CigarOp| op.kind == CigarKind::Deletion && op.length >= MIN_LENGTH;
        let is_confident = |read: &&Read| read.mapping_quality >= options.graph_mapping_quality;
        let mut support: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        for read in reads
            .iter()
            .filter(is_confident)
            .filter(|read| read.cigar.iter().any(is_long))
        {
            let deletions = indels(read, reference)
                .into_iter()
                .filter(|indel| indel.bases.len() == 1);
            for (position, length) in deletions.map(|indel| (indel.position, indel.reference.len() as u64)) {
                if length > u64::from(MIN_LENGTH) {
                    *support.entry((position + 1, position + length)).or_default() += 1;
                }
            }
        }
        let is_enough = |&(&(start, end), &count): &(&(u64, u64), &usize)| {
            let in_window = windows.clone().any(|window| window.start < start && end <= window.end);
            let over = || {
                reads
                    .iter()
                    .filter(is_confident)
                    .filter(|read| read.start < start && read.end() > start)
            };
            !in_window
                && count >= options.min_supporting_reads as usize
                && count * 100 >= over().count() * options.aligned_indel_percent
        };
        let found = support.iter().filter(is_enough);
        Self(found.map(|(&(start, end), _)| start..end).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Realigns a read to the first deletion across which one of its ends fits better than at its current position.
    pub fn apply(&self, read: &mut Read, reference: &Sequence) {
        for deleted in &self.0 {
            let found = after(read, deleted, reference).or_else(|| before(read, deleted, reference));
            if let Some((start, cigar)) = found {
                (read.start, read.cigar) = (start, cigar);
                return;
            }
        }
    }
}

/// The new alignment, with the read's right end behind the deletion.
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

/// The new alignment, with the read's left end before the deletion.
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

/// Number of operations before the outermost match of an end, the match's length, and the number of soft-clipped bases
/// behind it.
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

/// Whether `bases` fit the reference better at `there` than at `here`, with few mismatches. As within windows, a tie is
/// not evidence for the reference; but a long end with a tie may come from a repeat.
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

    /// Bases of the reference without the deletion, from `start` on.
    fn without(start: u64) -> Vec<u8> {
        let reference = reference();
        let all = [reference.slice(0, DELETED.start), reference.slice(DELETED.end, 4_000)].concat();
        all[start as usize..start as usize + 100].to_vec()
    }

    fn applied(mut read: Read, support: usize, window: Option<Range<u64>>) -> (u64, String) {
        let carriers =
            (0..support).map(|i| super::super::testing::read(&i.to_string(), 950, "50M1200D50M", &without(950)));
        let mut reads: Vec<Read> = carriers.collect();
        reads.push(read.clone());
        let options = RealignOptions::default();
        let deletions = LongDeletions::find(&reads, window.into_iter(), &reference(), &options);
        deletions.apply(&mut read, &reference());
        (read.start, text(&read.cigar))
    }

    #[test]
    fn short_ends_behind_a_deletion_get_the_deletion() {
        let found = |start, cigar: &str, from: u64| applied(read("r", start, cigar, &without(from)), 3, None);
        assert_eq!(found(905, "95M5S", 905), (905, "95M1200D5M".into()));
        assert_eq!(found(905, "100M", 905), (905, "95M1200D5M".into()));
        assert_eq!(found(905, "2H93M7S3H", 905), (905, "2H95M1200D5M3H".into()));
        assert_eq!(found(2_200, "8S92M", 992), (992, "8M1200D92M".into()));
        assert_eq!(found(2_192, "1H100M", 992), (992, "1H8M1200D92M".into()));
        assert_eq!(found(905, "20M1I74M5S", 904).1, "20M1I75M1200D4M");
    }

    #[test]
    fn short_ends_that_fit_both_sides_get_the_deletion() {
        let repeat = Sequence::new(
            0,
            [random_bases(100, 1), b"ACGTT".repeat(40), random_bases(100, 2)].concat(),
        );
        let fits = |length: usize| fits_better(&repeat.bases[100..100 + length], 100, 200, &repeat);
        assert_eq!([0, 1, 10, 11].map(fits), [false, true, true, false]);
    }

    #[test]
    fn reference_reads_and_foreign_ends_are_kept() {
        let reference_read = |start: u64| read("r", start, "100M", reference().slice(start, start + 100));
        assert_eq!(applied(reference_read(905), 3, None).1, "100M");
        assert_eq!(applied(reference_read(2_192), 3, None).1, "100M");
        let mut foreign = without(905);
        foreign[95..].copy_from_slice(b"NNNNN");
        assert_eq!(applied(read("r", 905, "95M5S", &foreign), 3, None).1, "95M5S");
    }

    #[test]
    fn one_read_is_not_enough_and_deletions_in_windows_are_left_out() {
        let short = || read("r", 905, "95M5S", &without(905));
        assert_eq!(applied(short(), 1, None).1, "95M5S");
        assert_eq!(applied(short(), 2, None).1, "95M1200D5M");
        assert_eq!(applied(short(), 2, Some(500..2_100)).1, "95M1200D5M");
        assert_eq!(applied(short(), 2, Some(900..2_300)).1, "95M5S");
    }
}
