//! A limit on depth at each position. The selection depends only on the reads over a position and their neighbours.
//!
//! Each read has a pseudo-random rank, drawn from its fragment. A position selects the reads of lowest rank over it, up
//! to the limit. A read is kept if any of its positions selects it, so a deep neighbour takes no reads from a shallow
//! position. Where depth changes within a read length, more reads than the limit are kept, because shallower positions
//! need them.

use std::ops::Range;

use super::chance::draw;
use super::read::{CigarKind, Read};

/// Default limit on the number of reads over a position.
pub const DEFAULT_MAX_DEPTH: u32 = 500;

/// Arbitrary but fixed, so that a selection can be repeated.
const SEED: u64 = 609_314_161;

/// How many reads may be undecided, as a multiple of the limit.
const BATCH: usize = 4;

/// Most bases by which insertions may move an end of a read's positions. Positions this far before a read's start may
/// select it.
const MAX_INSERTED: u64 = 500;

/// Sort key of the selection: number of the fragment, which mates share; number of the read's content, for files where
/// many reads share a name; and index in the file, for identical copies.
type Rank = (u64, u64, usize);

/// The cutoff of a position that selects all reads.
const ALL: Rank = (u64::MAX, u64::MAX, usize::MAX);

/// Selects reads from a stream sorted by start. The limit also bounds the memory, whatever the input depth.
pub(super) struct DepthLimit {
    limit: usize,
    /// Positions that select reads.
    region: Range<u64>,
    /// Reads that are selected for good.
    settled: Vec<Read>,
    /// Reads that later reads may displace.
    open: Vec<OpenRead>,
    /// When `open` reaches this length, reads are selected.
    select_at: usize,
    /// Number of reads so far.
    count: usize,
    /// The highest rank that each position selects so far. Empty until a position is above the limit.
    cutoffs: Vec<Rank>,
    /// Cutoffs of positions before this one are final.
    frontier: u64,
}

struct OpenRead {
    read: Read,
    /// Start of the mate, if it lies on the same contig.
    mate_start: Option<u64>,
    number: usize,
}

impl OpenRead {
    fn rank(&self) -> Rank {
        let fragment = fragment_number(&self.read.name, self.read.start, self.mate_start);
        (fragment, self.read.drawn_number(), self.number)
    }
}

/// The number of a fragment, the same for both mates. The positions separate fragments that share a name.
fn fragment_number(name: &[u8], start: u64, mate_start: Option<u64>) -> u64 {
    let other = mate_start.unwrap_or(start);
    let positions = [start.min(other), start.max(other)];
    let number = positions
        .iter()
        .fold(SEED, |number, position| draw(number, &position.to_le_bytes()));
    draw(number, name)
}

/// The positions that may select a read that spans `start..end`: as many as its aligned bases, from its 5' end. Without
/// this rule, an indel would change a read's reach, and a sharp edge in depth would favour one allele.
pub(super) fn positions(start: u64, end: u64, bases: u64, reverse: bool) -> Range<u64> {
    match reverse {
        true => end.saturating_sub(bases).max(start.saturating_sub(MAX_INSERTED))..end,
        false => start..(start + bases).min(end + MAX_INSERTED),
    }
}

/// The positions that may select a read; for a read with skipped regions (`N`), all that it covers.
fn positions_of(read: &Read) -> Vec<Range<u64>> {
    if read.cigar.iter().any(|op| op.kind == CigarKind::RefSkip) {
        return read.covered();
    }
    let aligned = read
        .cigar
        .iter()
        .filter(|op| matches!(op.kind, CigarKind::Match | CigarKind::Insertion));
    let bases = aligned.map(|op| u64::from(op.length)).sum();
    vec![positions(read.start, read.end(), bases, read.reverse)]
}

impl DepthLimit {
    pub fn new(limit: usize, region: Range<u64>) -> Self {
        Self {
            limit,
            frontier: region.start,
            region,
            settled: Vec::new(),
            open: Vec::new(),
            select_at: BATCH * limit,
            count: 0,
            cutoffs: Vec::new(),
        }
    }

    /// Whether a position was above the limit, so that [`admits`](Self::admits) may refuse reads.
    pub fn is_deep(&self) -> bool {
        !self.cutoffs.is_empty()
    }

    /// Whether one of its positions may still select a read. If not, the read need not be decoded.
    pub fn admits(&self, name: &[u8], start: u64, mate_start: Option<u64>, positions: Range<u64>) -> bool {
        let number = fragment_number(name, start, mate_start);
        !self.is_deep() || self.cutoffs_over(positions).iter().any(|cutoff| number <= cutoff.0)
    }

    pub fn keep(&mut self, read: Read, mate_start: Option<u64>) {
        let frontier = read.start.saturating_sub(MAX_INSERTED);
        self.open.push(OpenRead {
            read,
            mate_start,
            number: self.count,
        });
        self.count += 1;
        if self.open.len() >= self.select_at {
            self.select(frontier);
            self.select_at = 2 * self.open.len() + BATCH * self.limit;
        }
    }

    /// Makes the selection final.
    pub fn finish(&mut self) {
        self.select(u64::MAX);
    }

    /// Whether a position within `margin` bases of the region's ends excluded reads. Then reads beyond the ends may
    /// matter.
    pub fn excluded_near_ends(&self, margin: u64) -> bool {
        let Range { start, end } = self.region;
        let ends = [start..start + margin, end.saturating_sub(margin)..end];
        let chose = |cutoffs: &[Rank]| cutoffs.iter().any(|cutoff| *cutoff != ALL);
        self.is_deep() && ends.into_iter().any(|near| chose(self.cutoffs_over(near)))
    }

    /// The selected reads.
    pub fn into_reads(self) -> Vec<Read> {
        let mut reads = self.settled;
        reads.extend(self.open.into_iter().map(|open| open.read));
        reads
    }

    /// The cutoffs of some positions.
    fn cutoffs_over(&self, positions: Range<u64>) -> &[Rank] {
        let index = |position: u64| (position.clamp(self.region.start, self.region.end) - self.region.start) as usize;
        &self.cutoffs[index(positions.start)..index(positions.end).max(index(positions.start))]
    }

    /// Drops the open reads that no position selects; later reads cannot bring them back. No position before `frontier`
    /// may select a later read.
    fn select(&mut self, frontier: u64) {
        if !self.may_be_deep() {
            return;
        }
        let ranks: Vec<Rank> = self.open.iter().map(OpenRead::rank).collect();
        if !self.update_cutoffs(&ranks) {
            return;
        }
        let open = std::mem::take(&mut self.open);
        for (open, rank) in open.into_iter().zip(ranks) {
            let positions = positions_of(&open.read);
            let last = positions.last().map_or(0, |positions| positions.end);
            if positions
                .into_iter()
                .any(|positions| self.cutoffs_over(positions).iter().any(|cutoff| rank <= *cutoff))
            {
                match last <= frontier {
                    true => self.settled.push(open.read),
                    false => self.open.push(open),
                }
            }
        }
        self.frontier = self.frontier.max(frontier);
    }

    /// Whether more reads than the limit could lie over one position. This check is cheap; most data never exceed the
    /// limit.
    fn may_be_deep(&self) -> bool {
        // How far positions may lie before and behind the start of a read.
        let (mut before, mut after) = (0, 0);
        for read in self.open.iter().map(|open| &open.read) {
            let (span, length) = (read.end() - read.start, read.bases.len() as u64);
            before = before.max(length.saturating_sub(span));
            after = after.max(span.max(length));
        }
        let pairs = self.open.iter().zip(self.open.iter().skip(self.limit));
        pairs
            .into_iter()
            .any(|(a, b)| b.read.start < a.read.start + before + after)
    }

    /// Computes the cutoffs of all positions that are not final from the open reads. False if no position ever exceeded
    /// the limit.
    fn update_cutoffs(&mut self, ranks: &[Rank]) -> bool {
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_unstable_by_key(|&read| ranks[read]);
        let mut edges: Vec<(u64, usize, bool)> = Vec::new();
        for (in_order, &read) in order.iter().enumerate() {
            for positions in positions_of(&self.open[read].read) {
                let (start, end) = (positions.start.max(self.frontier), positions.end.min(self.region.end));
                if start < end {
                    edges.extend([(start, in_order, true), (end, in_order, false)]);
                }
            }
        }
        edges.sort_unstable();
        let mut cutoffs = vec![ALL; (self.region.end - self.frontier.min(self.region.end)) as usize];
        let (mut over, mut deepest) = (Members::new(ranks.len()), 0);
        let groups: Vec<_> = edges.chunk_by(|a, b| a.0 == b.0).collect();
        for (group, next) in groups.iter().zip(groups.iter().skip(1)) {
            group.iter().for_each(|&(_, read, starts)| over.set(read, starts));
            deepest = deepest.max(over.count);
            if let Some(last) = over.nth(self.limit) {
                let positions = [group[0].0, next[0].0].map(|position| (position - self.frontier) as usize);
                cutoffs[positions[0]..positions[1]].fill(ranks[order[last]]);
            }
        }
        if !self.is_deep() && deepest <= self.limit {
            return false;
        }
        self.cutoffs
            .truncate((self.frontier.min(self.region.end) - self.region.start) as usize);
        self.cutoffs.extend(cutoffs);
        true
    }
}

/// A set of numbers that finds its nth smallest member (Fenwick, Softw. Pract. Exp. 24 (1994) 327–336).
struct Members {
    sums: Vec<usize>,
    count: usize,
}

impl Members {
    /// An empty set for numbers below `size`.
    fn new(size: usize) -> Self {
        Self {
            sums: vec![0; size + 1],
            count: 0,
        }
    }

    /// Adds a number that is not a member, or removes a member.
    fn set(&mut self, number: usize, member: bool) {
        let change = |sum: &mut usize| if member { *sum += 1 } else { *sum -= 1 };
        change(&mut self.count);
        let mut at = number + 1;
        while at < self.sums.len() {
            change(&mut self.sums[at]);
            at += at & at.wrapping_neg();
        }
    }

    /// The nth member, counted from 1.
    fn nth(&self, mut n: usize) -> Option<usize> {
        if n > self.count {
            return None;
        }
        let (mut at, mut step) = (0, self.sums.len().next_power_of_two());
        while step > 0 {
            if let Some(&sum) = self.sums.get(at + step).filter(|&&sum| sum < n) {
                n -= sum;
                at += step;
            }
            step /= 2;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    const REGION: Range<u64> = 1_000..3_000;

    fn read(number: usize, start: u64, length: usize) -> Read {
        testing::read(
            &format!("read-{number}"),
            start,
            &format!("{length}M"),
            &vec![b'A'; length],
        )
    }

    /// The kept reads; they must not depend on the batch size.
    fn limited(limit: usize, reads: &[Read]) -> Vec<Read> {
        let kept = |select_at| {
            let mut depth = DepthLimit::new(limit, REGION);
            depth.select_at = select_at;
            for read in reads {
                if depth.admits(&read.name, read.start, None, positions_of(read)[0].clone()) {
                    depth.keep(read.clone(), None);
                }
            }
            depth.finish();
            let mut kept = depth.into_reads();
            kept.sort();
            kept
        };
        let whole = kept(usize::MAX);
        assert_eq!(kept(limit + 1), whole);
        whole
    }

    fn depth(reads: &[Read], position: u64) -> usize {
        reads
            .iter()
            .filter(|r| r.start <= position && r.end() > position)
            .count()
    }

    #[test]
    fn every_position_keeps_its_reads_up_to_the_limit() {
        // Random starts and lengths give deep and shallow positions side by side.
        let random = |number: u64| draw(1, &number.to_le_bytes());
        let mut reads: Vec<Read> = (0..3_000)
            .map(|i| {
                let start = 1_000 + (random(3 * i) % 1_900) * (random(3 * i + 1) % 1_000).pow(2) / 1_000_000;
                read(i as usize, start, 50 + (random(3 * i + 2) % 60) as usize)
            })
            .collect();
        reads.sort();
        let kept = limited(20, &reads);
        assert!(kept.len() < 1_500, "{}", kept.len());
        for position in REGION {
            let (all, now) = (depth(&reads, position), depth(&kept, position));
            assert!(now >= all.min(20) && now <= 80, "{position}: {now} of {all}");
        }
    }

    #[test]
    fn a_deep_amplicon_takes_nothing_from_its_neighbours() {
        let deep = (0..5_000).map(|i| read(i, 1_500, 150));
        let shallow = (0..40).map(|i| read(10_000 + i, 1_560 + i as u64 % 7, 150));
        let reads: Vec<Read> = deep.chain(shallow).collect();
        let mut sorted = reads.clone();
        sorted.sort();
        let kept = limited(100, &sorted);
        assert_eq!((depth(&kept, 1_520), depth(&kept, 1_690)), (100, 40));
        // Distant reads do not change the selection.
        let far = (0..500).map(|i| read(20_000 + i, 2_500, 100));
        let both: Vec<Read> = sorted.iter().cloned().chain(far).collect();
        let near = |reads: Vec<Read>| reads.into_iter().filter(|r| r.start < 2_000).collect::<Vec<_>>();
        assert_eq!(near(limited(100, &both)), near(kept));
    }

    #[test]
    fn reads_with_a_deletion_are_not_preferred() {
        for reverse in [false, true] {
            let shape = |i: u64| {
                if draw(3, &i.to_le_bytes()).is_multiple_of(20) {
                    ("50M5D50M", 5)
                } else {
                    ("100M", 0)
                }
            };
            let mut reads: Vec<Read> = (0..4_000)
                .map(|i| {
                    let (cigar, deleted) = shape(i);
                    let start = 1_500 - if reverse { deleted } else { 0 };
                    let mut read = testing::read(&format!("r{i}"), start, cigar, &[b'A'; 100]);
                    read.reverse = reverse;
                    read
                })
                .collect();
            reads.sort();
            let kept = limited(100, &reads);
            let deleted = kept.iter().filter(|read| read.cigar.len() > 1).count();
            assert_eq!(kept.len(), 100);
            assert!(deleted < 15, "{deleted}");
        }
    }

    #[test]
    fn reads_that_share_a_name_are_selected_by_content() {
        let reads: Vec<Read> = (0..2_000)
            .map(|i| {
                let mut read = read(0, 1_100 + i as u64 / 20, 100);
                read.quals[i % 20] = 20 + (i % 19) as u8;
                read.reverse = i % 2 == 0;
                read
            })
            .collect();
        let kept = limited(100, &reads);
        let reverse = kept.iter().filter(|read| read.reverse).count();
        assert!(
            (30..70).contains(&(100 * reverse / kept.len())),
            "{reverse} of {}",
            kept.len()
        );
        // The limit also holds for identical copies.
        assert_eq!(limited(100, &vec![read(1, 1_100, 100); 3_000]).len(), 100);
    }

    #[test]
    fn mates_are_kept_or_dropped_together() {
        let mut depth = DepthLimit::new(50, REGION);
        for (start, mate) in [(1_200, 1_400), (1_400, 1_200)] {
            (0..500).for_each(|i| depth.keep(read(i, start, 100), Some(mate)));
        }
        depth.finish();
        let mut names: Vec<Vec<u8>> = depth.into_reads().into_iter().map(|read| read.name).collect();
        assert_eq!(names.len(), 100);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 50);
    }

    #[test]
    fn skipped_regions_have_no_depth() {
        let spliced = (0..200).map(|i| testing::read(&format!("s{i}"), 1_100, "50M800N50M", &[b'A'; 100]));
        let within = (0..40).map(|i| read(i, 1_400, 100));
        let kept = limited(50, &spliced.chain(within).collect::<Vec<_>>());
        assert_eq!(depth(&kept, 1_120), 50);
        assert_eq!(kept.iter().filter(|read| read.start == 1_400).count(), 40);
    }
}
