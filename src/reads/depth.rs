//! A bound on depth at every place that depends only on the reads over it and their neighbours.
//!
//! Every read has a rank, as if chance had drawn it for its fragment. A place chooses the reads over it that are lowest in rank, up to
//! the bound, and a read stays if any place that it covers chooses it. So no place has fewer reads for a deep neighbour's sake.
//! Where depth changes within the length of a read, some more stay than the bound says: those that shallower places need.

use std::ops::Range;

use super::chance::draw;
use super::read::{CigarKind, Read};

/// Reads over a place that are kept, unless asked for otherwise.
pub const DEFAULT_MAX_DEPTH: u32 = 500;

/// Any number; fixed, so that a choice can be repeated.
const SEED: u64 = 609_314_161;

/// The reads that may wait for a choice, as a multiple of the bound.
const BATCH: usize = 4;

/// Most bases that insertions may move an end of a read's places, and thus how far before its start others may choose.
const MOST_INSERTED: u64 = 500;

/// What a read is chosen by: the number of its fragment, so that mates share a fate; that of its own content, for files in which
/// many reads share a name; and its place in the file, for copies that nothing tells apart.
type Rank = (u64, u64, usize);

/// The rank of a place that chooses all reads.
const ALL: Rank = (u64::MAX, u64::MAX, usize::MAX);

/// Chooses reads while they stream by in the order of their start. Memory is bounded by the bound on depth, whatever the depth.
pub(super) struct DepthLimit {
    limit: usize,
    /// Where places choose.
    stretch: Range<u64>,
    /// Reads that stay, whatever comes.
    settled: Vec<Read>,
    /// Reads that later ones may displace.
    open: Vec<OpenRead>,
    /// How many of these are let come before some are displaced.
    most_open: usize,
    /// How many reads came.
    count: usize,
    /// The highest rank that each place of the stretch chooses so far. Empty until a place is too deep.
    bars: Vec<Rank>,
    /// Bars of places before are final.
    frontier: u64,
}

struct OpenRead {
    read: Read,
    /// Where its mate starts, if that lies on the same contig.
    mate_start: Option<u64>,
    number: usize,
}

impl OpenRead {
    fn rank(&self) -> Rank {
        let fragment = fragment_number(&self.read.name, self.read.start, self.mate_start);
        (fragment, self.read.drawn_number(), self.number)
    }
}

/// The number of a fragment, which both of its mates have. Where reads of one name are many, their places tell them apart.
fn fragment_number(name: &[u8], start: u64, mate_start: Option<u64>) -> u64 {
    let other = mate_start.unwrap_or(start);
    let places = [start.min(other), start.max(other)];
    let number = places
        .iter()
        .fold(SEED, |number, place| draw(number, &place.to_le_bytes()));
    draw(number, name)
}

/// The places that may choose a read between `start` and `end`: as many as it has aligned bases, from its 5' end. By what it deletes or
/// inserts, it may reach further than its like, or less far; where depth has a sharp edge, alleles would be chosen otherwise.
pub(super) fn places(start: u64, end: u64, bases: u64, reverse: bool) -> Range<u64> {
    match reverse {
        true => end.saturating_sub(bases).max(start.saturating_sub(MOST_INSERTED))..end,
        false => start..(start + bases).min(end + MOST_INSERTED),
    }
}

/// The places that may choose a read. Of one with skipped stretches, these are all that it covers.
fn places_of(read: &Read) -> Vec<Range<u64>> {
    if read.cigar.iter().any(|op| op.kind == CigarKind::RefSkip) {
        return read.covered();
    }
    let aligned = read
        .cigar
        .iter()
        .filter(|op| matches!(op.kind, CigarKind::Match | CigarKind::Insertion));
    let bases = aligned.map(|op| u64::from(op.length)).sum();
    vec![places(read.start, read.end(), bases, read.reverse)]
}

impl DepthLimit {
    pub fn new(limit: usize, stretch: Range<u64>) -> Self {
        Self {
            limit,
            frontier: stretch.start,
            stretch,
            settled: Vec::new(),
            open: Vec::new(),
            most_open: BATCH * limit,
            count: 0,
            bars: Vec::new(),
        }
    }

    /// Whether a place was too deep, so that [`admits`](Self::admits) may refuse reads.
    pub fn is_deep(&self) -> bool {
        !self.bars.is_empty()
    }

    /// Whether a read from `start` on could still be chosen by one of its places; if not, it need not be decoded.
    pub fn admits(&self, name: &[u8], start: u64, mate_start: Option<u64>, places: Range<u64>) -> bool {
        let number = fragment_number(name, start, mate_start);
        !self.is_deep() || self.bars_over(places).iter().any(|bar| number <= bar.0)
    }

    pub fn keep(&mut self, read: Read, mate_start: Option<u64>) {
        let frontier = read.start.saturating_sub(MOST_INSERTED);
        self.open.push(OpenRead {
            read,
            mate_start,
            number: self.count,
        });
        self.count += 1;
        if self.open.len() >= self.most_open {
            self.choose(frontier);
            self.most_open = 2 * self.open.len() + BATCH * self.limit;
        }
    }

    /// Makes the choice final.
    pub fn finish(&mut self) {
        self.choose(u64::MAX);
    }

    /// Whether a place within `margin` of the stretch's ends had to choose: then reads beyond them may matter.
    pub fn chose_near_ends(&self, margin: u64) -> bool {
        let Range { start, end } = self.stretch;
        let ends = [start..start + margin, end.saturating_sub(margin)..end];
        let chose = |bars: &[Rank]| bars.iter().any(|bar| *bar != ALL);
        self.is_deep() && ends.into_iter().any(|near| chose(self.bars_over(near)))
    }

    /// The reads that were chosen.
    pub fn into_reads(self) -> Vec<Read> {
        let mut reads = self.settled;
        reads.extend(self.open.into_iter().map(|open| open.read));
        reads
    }

    /// The bars over some places.
    fn bars_over(&self, places: Range<u64>) -> &[Rank] {
        let index = |place: u64| (place.clamp(self.stretch.start, self.stretch.end) - self.stretch.start) as usize;
        &self.bars[index(places.start)..index(places.end).max(index(places.start))]
    }

    /// Drops what no place chooses of the reads so far; that never is chosen later. No place before `frontier` may choose a later read.
    fn choose(&mut self, frontier: u64) {
        if !self.may_be_deep() {
            return;
        }
        let ranks: Vec<Rank> = self.open.iter().map(OpenRead::rank).collect();
        if !self.raise_bars(&ranks) {
            return;
        }
        let open = std::mem::take(&mut self.open);
        for (open, rank) in open.into_iter().zip(ranks) {
            let places = places_of(&open.read);
            let last = places.last().map_or(0, |places| places.end);
            if places
                .into_iter()
                .any(|places| self.bars_over(places).iter().any(|bar| rank <= *bar))
            {
                match last <= frontier {
                    true => self.settled.push(open.read),
                    false => self.open.push(open),
                }
            }
        }
        self.frontier = self.frontier.max(frontier);
    }

    /// Whether more reads than the bound could lie over one place. Cheap, as most data are never so deep.
    fn may_be_deep(&self) -> bool {
        // What places may reach before and behind the start of a read.
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

    /// Sets the bars of all places that are not final, by the open reads. False if no place ever was too deep.
    fn raise_bars(&mut self, ranks: &[Rank]) -> bool {
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_unstable_by_key(|&read| ranks[read]);
        let mut edges: Vec<(u64, usize, bool)> = Vec::new();
        for (in_order, &read) in order.iter().enumerate() {
            for places in places_of(&self.open[read].read) {
                let (start, end) = (places.start.max(self.frontier), places.end.min(self.stretch.end));
                if start < end {
                    edges.extend([(start, in_order, true), (end, in_order, false)]);
                }
            }
        }
        edges.sort_unstable();
        let mut bars = vec![ALL; (self.stretch.end - self.frontier.min(self.stretch.end)) as usize];
        let (mut over, mut deepest) = (Members::new(ranks.len()), 0);
        let groups: Vec<_> = edges.chunk_by(|a, b| a.0 == b.0).collect();
        for (group, next) in groups.iter().zip(groups.iter().skip(1)) {
            group.iter().for_each(|&(_, read, starts)| over.set(read, starts));
            deepest = deepest.max(over.count);
            if let Some(last) = over.nth(self.limit) {
                let places = [group[0].0, next[0].0].map(|place| (place - self.frontier) as usize);
                bars[places[0]..places[1]].fill(ranks[order[last]]);
            }
        }
        if !self.is_deep() && deepest <= self.limit {
            return false;
        }
        self.bars
            .truncate((self.frontier.min(self.stretch.end) - self.stretch.start) as usize);
        self.bars.extend(bars);
        true
    }
}

/// Which of some numbers are members, and which is the nth of them (Fenwick, Softw. Pract. Exp. 24 (1994) 327–336).
struct Members {
    sums: Vec<usize>,
    count: usize,
}

impl Members {
    /// None of the numbers below `size`, yet.
    fn new(size: usize) -> Self {
        Self {
            sums: vec![0; size + 1],
            count: 0,
        }
    }

    /// Adds a number that is not a member, or removes one that is.
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

    const STRETCH: Range<u64> = 1_000..3_000;

    fn read(number: usize, start: u64, length: usize) -> Read {
        testing::read(
            &format!("read-{number}"),
            start,
            &format!("{length}M"),
            &vec![b'A'; length],
        )
    }

    /// What is kept of reads, in a batch of one as well as of all.
    fn limited(limit: usize, reads: &[Read]) -> Vec<Read> {
        let kept = |most_open| {
            let mut depth = DepthLimit::new(limit, STRETCH);
            depth.most_open = most_open;
            for read in reads {
                if depth.admits(&read.name, read.start, None, places_of(read)[0].clone()) {
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

    fn depth(reads: &[Read], place: u64) -> usize {
        reads.iter().filter(|r| r.start <= place && r.end() > place).count()
    }

    #[test]
    fn every_place_keeps_its_reads_up_to_the_bound() {
        // Starts and lengths at random: deep and shallow places side by side.
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
        for place in STRETCH {
            let (all, now) = (depth(&reads, place), depth(&kept, place));
            assert!(now >= all.min(20) && now <= 80, "{place}: {now} of {all}");
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
        // The choice is the same whatever lies further away.
        let far = (0..500).map(|i| read(20_000 + i, 2_500, 100));
        let both: Vec<Read> = sorted.iter().cloned().chain(far).collect();
        let near = |reads: Vec<Read>| reads.into_iter().filter(|r| r.start < 2_000).collect::<Vec<_>>();
        assert_eq!(near(limited(100, &both)), near(kept));
    }

    #[test]
    fn reads_that_reach_further_by_a_deletion_are_not_preferred() {
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
    fn reads_that_share_a_name_are_chosen_by_what_they_show() {
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
        // Copies that nothing tells apart are bounded, too.
        assert_eq!(limited(100, &vec![read(1, 1_100, 100); 3_000]).len(), 100);
    }

    #[test]
    fn mates_share_a_fate() {
        let mut depth = DepthLimit::new(50, STRETCH);
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
    fn what_a_read_skips_has_no_depth() {
        let spliced = (0..200).map(|i| testing::read(&format!("s{i}"), 1_100, "50M800N50M", &[b'A'; 100]));
        let within = (0..40).map(|i| read(i, 1_400, 100));
        let kept = limited(50, &spliced.chain(within).collect::<Vec<_>>());
        assert_eq!(depth(&kept, 1_120), 50);
        assert_eq!(kept.iter().filter(|read| read.start == 1_400).count(), 40);
    }
}
