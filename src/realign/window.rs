//! Selects windows: short regions where several reads differ from the reference and that are assembled.

use std::ops::Range;

use super::options::RealignOptions;
use crate::genome::{Sequence, differences};
use crate::reads::{CigarKind, Read};

/// Evidence is joined into windows within grid cells of this many bases, counted from the contig's start. Therefore the
/// windows depend only on the reads, and not on the processed region.
pub const WINDOW_CELL: u64 = 1_000;

/// A cell uses evidence up to this many bases beyond its ends, so that an event on the border is complete.
const CELL_OVERLAP: u64 = 20;

/// An insertion or soft clip counts over at most this many bases on either side.
const MAX_REACH: usize = 350;

/// Selects windows from `reads` within `reference`, sorted, in genome coordinates. Windows that extend beyond
/// `reference` are excluded.
pub fn select_windows(reads: &[Read], reference: &Sequence, options: &RealignOptions) -> Vec<Range<u64>> {
    let counts = count_differences(reads, reference, options);
    let mut windows = Vec::new();
    let mut cell = reference.start / WINDOW_CELL * WINDOW_CELL;
    while cell < reference.end() {
        let start = cell.saturating_sub(CELL_OVERLAP).max(reference.start);
        let end = (cell + WINDOW_CELL + CELL_OVERLAP).min(reference.end());
        let counts = &counts[(start - reference.start) as usize..(end - reference.start) as usize];
        let positions: Vec<_> = (start..).zip(counts.iter().copied()).collect();
        join(&positions, options.min_supporting_reads, options, &mut windows);
        cell += WINDOW_CELL;
    }
    windows.retain(|w| w.start >= reference.start && w.end <= reference.end());
    windows.sort_unstable_by_key(|w| (w.start, w.end));
    windows.dedup();
    windows
}

/// Joins positions with at least `min_count` differing reads that lie within a flank of one another, and adds the
/// windows. Windows may overlap: if windows with touching flanks were joined, repeats would hide variants in wide
/// windows. Where a window is still too long, only positions with more evidence count.
fn join(positions: &[(u64, u32)], min_count: u32, options: &RealignOptions, windows: &mut Vec<Range<u64>>) {
    let flank = options.window_flank;
    let supported: Vec<_> = positions
        .iter()
        .copied()
        .filter(|&(_, count)| count >= min_count)
        .collect();
    for chain in supported.chunk_by(|a, b| b.0 - a.0 <= flank) {
        let ([(first, _), .., (last, _)] | [(first @ last, _)]) = chain else {
            continue;
        };
        if last - first + 2 * flank > options.max_window {
            join(chain, min_count + min_count.div_ceil(2), options, windows);
        } else if *first >= flank {
            windows.push(first - flank..last + flank);
        }
    }
}

/// Number of differing reads at each position of `reference`, or 0 if they are too small a part of the depth. An
/// insertion or soft clip of n bases counts over n positions on both sides, because its position within a repeat is
/// arbitrary.
fn count_differences(reads: &[Read], reference: &Sequence, options: &RealignOptions) -> Vec<u32> {
    let (mut differing, mut all) = (IntervalCounts::new(reference), IntervalCounts::new(reference));
    for read in reads {
        if read.mapping_quality >= options.window_mapping_quality && super::is_realignable(read, options) {
            all.add(read.start as i64, read.end() as i64);
            read_differences(read, reference, options, |start, end| differing.add(start, end));
        }
    }
    let is_frequent = |(count, depth): &(u32, u32)| 100 * count >= options.window_percent * depth;
    let counts = differing.into_counts().zip(all.into_counts());
    counts.map(|pair| if is_frequent(&pair) { pair.0 } else { 0 }).collect()
}

/// Counts of intervals over the positions of a reference.
struct IntervalCounts {
    start: i64,
    /// Differences between neighbouring counts; one more than positions.
    steps: Vec<i32>,
}

impl IntervalCounts {
    fn new(reference: &Sequence) -> Self {
        Self {
            start: reference.start as i64,
            steps: vec![0; reference.bases.len() + 1],
        }
    }

    fn add(&mut self, start: i64, end: i64) {
        let last = self.steps.len() as i64 - 1;
        let clamp = |position: i64| (position - self.start).clamp(0, last) as usize;
        let (start, end) = (clamp(start), clamp(end));
        self.steps[start] += 1;
        self.steps[end] -= 1;
    }

    fn into_counts(mut self) -> impl Iterator<Item = u32> {
        self.steps.pop();
        self.steps.into_iter().scan(0, |sum, step| {
            *sum += step;
            Some(*sum as u32)
        })
    }
}

/// Calls `add(start, end)` for each interval where the read differs from the reference.
fn read_differences(read: &Read, reference: &Sequence, options: &RealignOptions, mut add: impl FnMut(i64, i64)) {
    let mut position = read.start;
    let mut offset = 0;
    for (i, op) in read.cigar.iter().enumerate() {
        let length = op.length as usize;
        match op.kind {
            CigarKind::Match => {
                let next = read.cigar.get(i + 1);
                // An indel or clip after the last base also stands for that base.
                let skip = usize::from(next.is_some_and(|op| op.kind != CigarKind::Match));
                for i in mismatches(read, offset, reference, position, length - skip.min(length)) {
                    if read.quals[offset + i] >= options.window_base_quality {
                        let p = (position + i as u64) as i64;
                        add(p, p + 1);
                    }
                }
            }
            CigarKind::Insertion | CigarKind::SoftClip => {
                let bases = &read.bases[offset..offset + length];
                let quals = &read.quals[offset..offset + length];
                let total: usize = quals.iter().map(|&q| usize::from(q)).sum();
                let min_quality = match op.kind {
                    CigarKind::Insertion => options.window_insertion_quality,
                    _ => options.window_base_quality,
                };
                if total >= length * usize::from(min_quality) && !bases.contains(&b'N') {
                    let reach = length.min(MAX_REACH) as i64;
                    add(position as i64 - reach, position as i64 + reach);
                }
            }
            CigarKind::Deletion => add(position as i64, position as i64 + length as i64),
            CigarKind::RefSkip | CigarKind::HardClip => {}
        }
        offset += if op.kind.consumes_read() { length } else { 0 };
        position += if op.kind.consumes_reference() { length as u64 } else { 0 };
    }
}

/// Offsets below `length` at which the read's bases from `offset` on differ from the reference from `position` on.
fn mismatches<'a>(
    read: &'a Read,
    offset: usize,
    reference: &'a Sequence,
    position: u64,
    length: usize,
) -> impl Iterator<Item = usize> + 'a {
    let skip = reference.start.saturating_sub(position).min(length as u64) as usize;
    let expected = reference.slice(position + skip as u64, position + length as u64);
    let seen = &read.bases[offset + skip..offset + length];
    differences(expected, seen)
        .filter(|&i| expected[i] != b'N' && seen[i] != b'N')
        .map(move |i| skip + i)
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_bases;
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn insertions_of_poor_bases_are_evidence_and_poor_mismatches_are_not() {
        let reference = Sequence::new(0, random_bases(1_000, 3));
        let bases = &reference.bases[400..500];
        let added = if bases[49] == b'A' { b'C' } else { b'A' };
        let inserted = [&bases[..50], &[added], &bases[50..99]].concat();
        let mut substituted = bases.to_vec();
        substituted[50] = if bases[50] == b'A' { b'C' } else { b'A' };
        let windows = |cigar: &str, bases: &[u8], quality: u8| {
            let mut reads = vec![read("a", 400, cigar, bases), read("b", 400, cigar, bases)];
            reads.iter_mut().for_each(|read| read.quals.fill(quality));
            select_windows(&reads, &reference, &RealignOptions::default()).len()
        };
        assert_eq!([20, 19].map(|q| windows("100M", &substituted, q)), [1, 0]);
        assert_eq!([10, 9].map(|q| windows("50M1I49M", &inserted, q)), [1, 0]);
        let many: Vec<_> = (0..1_000)
            .map(|i| read(&i.to_string(), 400, "50M1I49M", &inserted))
            .collect();
        assert_eq!(select_windows(&many, &reference, &RealignOptions::default()).len(), 1);
    }
}
