//! Local realignment from end to end.

use std::ops::Range;

use super::cigar::is_left_aligned;
use super::fit::{Fitter, Target};
use super::graph::Assembler;
use super::{RealignOptions, is_realignable, select_windows};
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Reference kept on either side of the reads of a window, in bases.
const ALIGN_MARGIN: u64 = 20;

/// What realignment did, for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RealignCounts {
    /// Windows with evidence.
    pub windows: u64,
    /// Of these, those that assembled into more than the reference.
    pub assembled: u64,
    /// Reads whose alignment changed.
    pub realigned: u64,
}

impl std::ops::AddAssign for RealignCounts {
    fn add_assign(&mut self, other: Self) {
        self.windows += other.windows;
        self.assembled += other.assembled;
        self.realigned += other.realigned;
    }
}

/// Realigns reads of one stretch after another; keeps its buffers, so a thread should keep one.
#[derive(Default)]
pub struct Realigner {
    options: RealignOptions,
    counts: RealignCounts,
    assembler: Assembler,
    fitter: Fitter,
}

impl Realigner {
    pub fn new(options: RealignOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// What has been done so far.
    pub fn counts(&self) -> RealignCounts {
        self.counts
    }

    /// See [`super::realign`].
    pub fn realign(&mut self, mut reads: Vec<Read>, reference: &Sequence) -> Vec<Read> {
        sort(&mut reads);
        let ends: Vec<u64> = reads.iter().map(Read::end).collect();
        let spans = reads.iter().zip(&ends).map(|(read, end)| end - read.start);
        let longest = spans.max().unwrap_or(0);
        let windows = select_windows(&reads, reference, &self.options);
        self.counts.windows += windows.len() as u64;
        let assembled: Vec<(Range<u64>, Vec<Vec<u8>>)> = windows
            .into_iter()
            .filter_map(|window| {
                let haplotypes = self.assemble(&window, &reads, &ends, longest, reference)?;
                Some((window, haplotypes))
            })
            .collect();
        self.counts.assembled += assembled.len() as u64;
        let mut members = vec![Vec::new(); assembled.len()];
        for (i, read) in reads
            .iter()
            .enumerate()
            .filter(|(_, r)| is_realignable(r, &self.options))
        {
            if let Some(window) = widest_overlap(read.start..ends[i], &assembled, self.options.max_window) {
                members[window].push(i);
            }
        }
        for ((window, haplotypes), members) in assembled.iter().zip(&members) {
            self.realign_window(window, haplotypes, members, &mut reads, reference);
        }
        sort(&mut reads);
        reads
    }

    /// The haplotypes of a window. `longest` is the most reference that a read spans.
    fn assemble(
        &mut self,
        window: &Range<u64>,
        reads: &[Read],
        ends: &[u64],
        longest: u64,
        reference: &Sequence,
    ) -> Option<Vec<Vec<u8>>> {
        let options = &self.options;
        let first = reads.partition_point(|r| r.start + longest <= window.start);
        let before_end = reads.partition_point(|r| r.start < window.end);
        let overlapping: Vec<&Read> = reads[first..before_end]
            .iter()
            .zip(&ends[first..])
            .filter(|(read, end)| **end > window.start && is_realignable(read, options))
            .map(|(read, _)| read)
            .collect();
        self.assembler.haplotypes(window, reference, &overlapping, options)
    }

    fn realign_window(
        &mut self,
        window: &Range<u64>,
        haplotypes: &[Vec<u8>],
        members: &[usize],
        reads: &mut [Read],
        reference: &Sequence,
    ) {
        let Some(first) = members.iter().map(|&i| reads[i].start).min() else {
            return;
        };
        let last = members.iter().map(|&i| reads[i].end()).max().unwrap_or(window.end);
        let start = first
            .min(window.start)
            .saturating_sub(ALIGN_MARGIN)
            .max(reference.start);
        let end = (last.max(window.end) + ALIGN_MARGIN).min(reference.end());
        if end <= window.end {
            return;
        }
        let target = Target {
            reference: Sequence::new(start, reference.slice(start, end).to_vec()),
            haplotypes,
            prefix: (window.start - start) as usize,
            suffix: (end - window.end) as usize,
        };
        let borrowed: Vec<&Read> = members.iter().map(|&i| &reads[i]).collect();
        let fits = self.fitter.fit(&borrowed, &target);
        for (&member, fit) in members.iter().zip(fits) {
            let Some((start, cigar)) = fit else { continue };
            self.counts.realigned += u64::from(adopt(&mut reads[member], start, cigar, reference));
        }
    }
}

/// Gives a read its new alignment, if that is sound; true if it changed.
fn adopt(read: &mut Read, start: u64, cigar: Vec<CigarOp>, reference: &Sequence) -> bool {
    // A variant of another haplotype can keep an indel from moving left in the haplotype, but not in this read.
    if !is_left_aligned(read, start, &cigar, reference) {
        return false;
    }
    if !cigar.iter().any(|op| op.kind == CigarKind::Match) || (start == read.start && cigar == read.cigar) {
        return false;
    }
    read.start = start;
    read.cigar = cigar;
    true
}

/// The index of the window that shares most bases with `span`, the first of equals. No window is longer than `longest`.
fn widest_overlap(span: Range<u64>, windows: &[(Range<u64>, Vec<Vec<u8>>)], longest: u64) -> Option<usize> {
    let start = windows.partition_point(|(w, _)| w.start + longest <= span.start);
    let end = windows.partition_point(|(w, _)| w.start < span.end);
    let overlap = |w: &Range<u64>| w.end.min(span.end).saturating_sub(w.start.max(span.start));
    let shared = (start..end)
        .map(|i| (overlap(&windows[i].0), i))
        .filter(|&(bases, _)| bases > 0);
    // Of equals `max_by_key` returns the last.
    shared.rev().max_by_key(|&(bases, _)| bases).map(|(_, i)| i)
}

/// Puts reads in the order of their start, name and mate, which no two reads share.
fn sort(reads: &mut [Read]) {
    reads.sort_by(|a, b| (a.start, &a.name, a.second_of_pair).cmp(&(b.start, &b.name, b.second_of_pair)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::realign;
    use super::super::testing::{clipped_reads, random_bases, read, text};
    use super::*;

    fn reference(seed: u64) -> Sequence {
        Sequence::new(50_000, random_bases(2_000, seed))
    }

    /// Realigns reads of a variant haplotype, and as many of the reference if `het`.
    fn realigned(reference: &Sequence, at: usize, deleted: usize, inserted: &[u8], het: bool) -> Vec<Read> {
        let mut reads = clipped_reads(reference, at, deleted, inserted, 100, 5);
        if het {
            reads.extend(clipped_reads(reference, at, 0, b"", 100, 5));
        }
        let realigned = realign(reads.clone(), reference, &RealignOptions::default());
        check_sound(&reads, &realigned, reference);
        realigned
    }

    /// The same reads, each aligned in full, inside the reference.
    fn check_sound(before: &[Read], after: &[Read], reference: &Sequence) {
        assert_eq!(before.len(), after.len());
        for read in after {
            let consumed: u32 = read
                .cigar
                .iter()
                .filter(|op| op.kind.consumes_read())
                .map(|op| op.length)
                .sum();
            assert_eq!(consumed as usize, read.bases.len(), "{read:?}");
            assert!(read.start >= reference.start && read.end() <= reference.end());
            let old = before
                .iter()
                .find(|r| r.name == read.name && r.second_of_pair == read.second_of_pair);
            let moved = Read {
                start: read.start,
                cigar: read.cigar.clone(),
                ..old.expect("a known name").clone()
            };
            assert_eq!(&moved, read);
        }
    }

    /// Share of the variant's reads with at least `anchor` bases on both sides of it that have the operation `expected`
    /// at `position` with nothing clipped.
    fn share_with(reads: &[Read], position: u64, expected: &str, anchor: u64) -> f64 {
        let variant = reads.iter().filter(|r| r.name[0] == b'v');
        let spanning: Vec<_> = variant
            .filter(|r| r.start + anchor <= position && r.end() >= position + anchor)
            .collect();
        let carries = |r: &&&Read| text(&r.cigar).starts_with(&format!("{}M{expected}", position - r.start));
        assert!(spanning.len() > 5, "{} reads span", spanning.len());
        spanning.iter().filter(carries).count() as f64 / spanning.len() as f64
    }

    #[test]
    fn clipped_reads_of_a_long_deletion_carry_it() {
        for (seed, het) in [(1, false), (2, true), (3, true)] {
            let reference = reference(seed);
            let reads = realigned(&reference, 1_000, 40, b"", het);
            let at = leftmost_deletion(&reference, 1_000, 40);
            let spanning = reads
                .iter()
                .filter(|r| r.name[0] == b'v' && r.start < at && offset_of(r) + 100 > 1_000);
            let carried = spanning.clone().filter(|r| text(&r.cigar).contains("40D")).count();
            assert!(carried * 100 >= spanning.count() * 95, "{carried}");
        }
    }

    /// A simulated read's offset in its haplotype, which is in its name.
    fn offset_of(read: &Read) -> u64 {
        std::str::from_utf8(&read.name[1..])
            .ok()
            .and_then(|n| n.parse().ok())
            .expect("a number")
    }

    fn leftmost_deletion(reference: &Sequence, mut at: usize, length: usize) -> u64 {
        while reference.bases[at - 1] == reference.bases[at + length - 1] {
            at -= 1;
        }
        reference.start + at as u64
    }

    #[test]
    fn clipped_reads_of_a_long_insertion_carry_it() {
        for (seed, het) in [(1, false), (2, true), (3, true)] {
            let reference = reference(seed);
            let inserted = random_bases(40, 77 + seed);
            let reads = realigned(&reference, 1_000, 0, &inserted, het);
            let spans = |r: &&Read| (offset_of(r)..offset_of(r) + 100).contains(&999) && offset_of(r) + 100 > 1_041;
            let spanning: Vec<_> = reads.iter().filter(|r| r.name[0] == b'v').filter(spans).collect();
            let carried = spanning.iter().filter(|r| text(&r.cigar).contains("40I")).count();
            assert!(
                spanning.len() > 8 && carried * 100 >= spanning.len() * 95,
                "{carried} of {}",
                spanning.len()
            );
        }
    }

    #[test]
    fn indels_of_a_homopolymer_stand_at_its_left() {
        let mut reference = reference(5);
        reference.bases[1_000..1_012].copy_from_slice(b"CAAAAAAAAAAG");
        let deletion = realigned(&reference, 1_009, 2, b"", true);
        assert!(share_with(&deletion, 51_001, "2D", 15) > 0.95);
        let insertion = realigned(&reference, 1_009, 0, b"AAA", true);
        assert!(share_with(&insertion, 51_001, "3I", 15) > 0.95);
    }

    #[test]
    fn snps_side_by_side_stay_matches() {
        let reference = reference(6);
        let mut changed = reference.bases[1_000..1_012].to_vec();
        for i in [0, 4, 5, 11] {
            changed[i] = if changed[i] == b'A' { b'C' } else { b'A' };
        }
        let reads = realigned(&reference, 1_000, 12, &changed, true);
        let matched = reads.iter().filter(|r| text(&r.cigar) == "100M").count();
        assert!(matched * 100 >= reads.len() * 95, "{matched} of {}", reads.len());
    }

    #[test]
    fn indels_beside_a_repeat_need_a_longer_k() {
        let mut reference = reference(7);
        let repeat = reference.bases[940..980].to_vec();
        reference.bases[1_010..1_050].copy_from_slice(&repeat);
        let reads = realigned(&reference, 1_000, 6, b"", true);
        let at = leftmost_deletion(&reference, 1_000, 6);
        assert!(share_with(&reads, at, "6D", 15) > 0.95);
    }

    #[test]
    fn reads_that_are_long_spliced_or_without_evidence_pass_through() {
        let reference = reference(8);
        let long = read("long", 50_100, "600M", &reference.bases[100..700]);
        let spliced = read("spliced", 50_950, "50M20N50M", &reference.bases[500..600]);
        let plain = clipped_reads(&reference, 1_000, 0, b"", 100, 10);
        let mut reads = [vec![long, spliced], plain].concat();
        sort(&mut reads);
        assert_eq!(realign(reads.clone(), &reference, &RealignOptions::default()), reads);
        assert_eq!(realign(Vec::new(), &reference, &RealignOptions::default()), []);
    }

    #[test]
    fn a_wider_stretch_realigns_alike() {
        let whole = Sequence::new(20_000, random_bases(9_000, 9));
        let mut reads = clipped_reads(&whole, 0, 0, b"", 100, 7);
        for (i, at) in [1_950, 2_990, 3_020, 3_450, 4_010, 4_980, 5_005, 5_990, 6_400]
            .into_iter()
            .enumerate()
        {
            let inserted = random_bases(i % 3 * 9, at as u64);
            let deleted = (i + 1) % 3 * 7;
            let variant = clipped_reads(&whole, at, deleted, &inserted, 100, 9);
            let near = |r: &Read| r.end() + 250 > 20_000 + at as u64 && r.start < 20_250 + at as u64;
            reads.extend(variant.into_iter().filter(near).map(|mut r| {
                r.name.extend(format!("_{at}").bytes());
                r
            }));
        }
        let options = RealignOptions::default();
        // The core is 23,000 to 25,000; its evidence reaches past the next cell on either side.
        let core = |reads: Vec<Read>| -> Vec<Read> {
            reads
                .into_iter()
                .filter(|r| r.end() > 23_000 && r.start < 25_000)
                .collect()
        };
        let full = core(realign(reads.clone(), &whole, &options));
        assert!(full.iter().filter(|r| text(&r.cigar).contains(['I', 'D'])).count() > 20);
        for (start, end) in [(21_800, 26_200), (21_700, 26_900), (20_500, 26_200), (21_800, 28_500)] {
            let part = Sequence::new(start - 400, whole.slice(start - 400, end + 400).to_vec());
            let inside = reads
                .iter()
                .filter(|r| r.end() > start && r.start < end)
                .cloned()
                .collect();
            assert_eq!(core(realign(inside, &part, &options)), full, "{start} to {end}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_reads_stay_whole_and_inside(
            seed in 1u64..1_000,
            at in 300usize..1_700,
            deleted in 0usize..60,
            inserted in "[ACGT]{0,60}",
            errors in prop::collection::vec((0usize..300, 0usize..100, 0u8..5, 2u8..40), 0..200),
        ) {
            let reference = reference(seed);
            let mut reads = clipped_reads(&reference, at, deleted, inserted.as_bytes(), 100, 11);
            reads.extend(clipped_reads(&reference, at, 0, b"", 100, 13));
            for (read, offset, base, quality) in errors {
                let read = read % reads.len();
                reads[read].bases[offset] = b"ACGTN"[usize::from(base)];
                reads[read].quals[offset] = quality;
            }
            let options = RealignOptions::default();
            let once = realign(reads.clone(), &reference, &options);
            check_sound(&reads, &once, &reference);
            reads.reverse();
            prop_assert_eq!(once, realign(reads, &reference, &options));
        }
    }
}
