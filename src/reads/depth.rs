//! A bound on depth that depends only on the reads: in each cell of a fixed grid, those of lowest hash are kept.

use std::collections::BinaryHeap;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::Read;

/// Width of a cell, in bases; a read belongs to the cell that its start lies in.
pub const DEPTH_GRID: u64 = 1_000;

/// Most reads that a cell gives.
pub const MAX_READS_PER_CELL: usize = 1_500;

/// Any number; fixed, so that a choice can be repeated.
const SEED: u64 = 609_314_161;

/// Keeps the reads of lowest rank of the cell at hand while reads stream by in order of their start. Mates share a
/// name and hence a fate. Memory is bounded by the limit, whatever the depth.
pub(super) struct DepthLimit {
    cell: u64,
    limit: usize,
    kept: BinaryHeap<Ranked>,
}

struct Ranked {
    hash: u64,
    read: Read,
}

impl Ranked {
    /// What ranks reads for the choice: the name's hash, then what tells reads of equal hash apart.
    fn rank(&self) -> (u64, &[u8], bool, &Read) {
        (self.hash, &self.read.name, self.read.second_of_pair, &self.read)
    }
}

impl DepthLimit {
    pub fn new(limit: usize) -> Self {
        Self {
            cell: 0,
            limit,
            kept: BinaryHeap::new(),
        }
    }

    /// Whether a read of this name at this start could still be kept; if not, it need not be decoded. Moves what is
    /// kept to `reads` when a new cell begins.
    pub fn admits(&mut self, name: &[u8], start: u64, reads: &mut Vec<Read>) -> bool {
        let cell = start / DEPTH_GRID;
        if cell != self.cell {
            self.finish(reads);
            self.cell = cell;
        }
        self.kept.len() < self.limit || self.kept.peek().is_some_and(|worst| hash(name) <= worst.hash)
    }

    pub fn keep(&mut self, read: Read) {
        let hash = hash(&read.name);
        self.kept.push(Ranked { hash, read });
        if self.kept.len() > self.limit {
            self.kept.pop();
        }
    }

    /// Moves what is kept to `reads`.
    pub fn finish(&mut self, reads: &mut Vec<Read>) {
        reads.extend(self.kept.drain().map(|ranked| ranked.read));
    }
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(SEED);
    hasher.write(name);
    hasher.finish()
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: usize, start: u64) -> Read {
        Read {
            name: format!("read-{number}").into_bytes(),
            start,
            cigar: Vec::new(),
            bases: Vec::new(),
            quals: Vec::new(),
            mapping_quality: 60,
            reverse: false,
            second_of_pair: false,
            insert_size: 0,
        }
    }

    fn limited(reads: impl Iterator<Item = Read>) -> Vec<Vec<u8>> {
        let (mut depth, mut kept) = (DepthLimit::new(10), Vec::new());
        for read in reads {
            if depth.admits(&read.name, read.start, &mut kept) {
                depth.keep(read);
            }
        }
        depth.finish(&mut kept);
        let mut names: Vec<_> = kept.into_iter().map(|r| r.name).collect();
        names.sort();
        names
    }

    #[test]
    fn each_cell_keeps_a_choice_that_does_not_depend_on_its_neighbours() {
        let cell = |range: std::ops::Range<usize>, start| range.map(move |n| read(n, start));
        let both = limited(cell(0..100, 1_000).chain(cell(100..105, 2_999)));
        assert_eq!(both.len(), 15);
        let first = limited(cell(0..100, 1_000));
        assert_eq!(first.len(), 10);
        assert!(first.iter().all(|name| both.contains(name)));
        let reversed = limited((0..100).rev().map(|n| read(n, 1_000)));
        assert_eq!(reversed, first);
    }
}
