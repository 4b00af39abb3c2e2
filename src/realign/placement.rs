//! Reads laid on a haplotype without gaps: the fast way, which does for nearly all of them.

use std::ops::Range;

use super::score::{MATCH, MISMATCH};
use crate::reads::Read;

/// Length of the exact match that a placement must have; it fills a u64 at two bits a base.
pub const SEED: usize = 32;

/// Most mismatches of a placement.
const MAX_MISMATCHES: usize = 2;

/// Where a read lies on a haplotype, and how well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Haplotype base under the read's first base.
    pub start: usize,
    pub score: i32,
    /// From here on the read covers the haplotype: the start of its first exact match of `SEED` bases.
    pub covers_from: usize,
}

/// Offset and bases of an exact match to look for, two bits a base.
pub type Seed = (u32, u64);

/// The seeds of a read: three that do not overlap, of which two mismatches must leave one, or all of a read that is
/// too short for that or has a base not A, C, G or T.
pub fn seeds(bases: &[u8]) -> Vec<Seed> {
    let Some(last) = bases.len().checked_sub(SEED) else {
        return Vec::new();
    };
    let at = |offset: usize| packed(&bases[offset..offset + SEED]).map(|seed| (offset as u32, seed));
    if last >= (MAX_MISMATCHES) * SEED && bases.iter().all(|&b| code(b).is_some()) {
        (0..=MAX_MISMATCHES)
            .filter_map(|i| at(i * last / MAX_MISMATCHES))
            .collect()
    } else if last > 0 {
        rolling_seeds(bases).collect()
    } else {
        Vec::new()
    }
}

/// Every seed of every read, sorted.
pub fn all_seeds(reads: &[&Read]) -> Vec<u64> {
    let mut all: Vec<u64> = reads
        .iter()
        .flat_map(|r| rolling_seeds(&r.bases))
        .map(|(_, seed)| seed)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Every seed of some bases, with where it begins.
fn rolling_seeds(bases: &[u8]) -> impl Iterator<Item = Seed> + '_ {
    let (mut seed, mut good) = (0, 0);
    bases.iter().enumerate().filter_map(move |(end, &base)| {
        match code(base) {
            Some(code) => (seed, good) = (seed << 2 | code, good + 1),
            None => good = 0,
        }
        (good >= SEED).then(|| ((end + 1 - SEED) as u32, seed))
    })
}

/// The bases of a seed, two bits each; `None` if one is not A, C, G or T.
pub fn packed(bases: &[u8]) -> Option<u64> {
    bases.iter().try_fold(0, |seed, &base| Some(seed << 2 | code(base)?))
}

fn code(base: u8) -> Option<u64> {
    const UNKNOWN: u8 = 4;
    const CODES: [u8; 256] = {
        let mut codes = [UNKNOWN; 256];
        (codes[b'A' as usize], codes[b'C' as usize]) = (0, 1);
        (codes[b'G' as usize], codes[b'T' as usize]) = (2, 3);
        codes
    };
    let code = CODES[usize::from(base)];
    (code < UNKNOWN).then_some(u64::from(code))
}

/// An index of a haplotype's seeds; keeps its buffers from one haplotype to the next.
#[derive(Default)]
pub struct SeedIndex {
    /// Open-addressing hash table of seeds and where they begin; equal seeds follow one another.
    table: Vec<(u64, u32)>,
}

const EMPTY: u32 = u32::MAX;

impl SeedIndex {
    /// Indexes `haplotype` in place of what was there before.
    pub fn fill(&mut self, haplotype: &[u8]) {
        self.table.clear();
        self.table.resize((2 * haplotype.len()).next_power_of_two(), (0, EMPTY));
        for (start, seed) in rolling_seeds(haplotype) {
            let mut slot = self.slot(seed);
            while self.table[slot].1 != EMPTY {
                slot = (slot + 1) & (self.table.len() - 1);
            }
            self.table[slot] = (seed, start);
        }
    }

    fn slot(&self, seed: u64) -> usize {
        let hash = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> 32) as usize & (self.table.len() - 1)
    }

    /// Where `seed` begins in the haplotype.
    fn find(&self, seed: u64) -> impl Iterator<Item = usize> + '_ {
        let slot = self.slot(seed);
        let round = self.table[slot..].iter().chain(&self.table[..slot]);
        let run = round.take_while(|(_, start)| *start != EMPTY);
        run.filter(move |(other, _)| *other == seed)
            .map(|(_, start)| *start as usize)
    }

    /// The best placement of a read on the indexed haplotype with at most two mismatches; the first of equals.
    pub fn place(&self, haplotype: &[u8], read: &[u8], seeds: &[Seed]) -> Option<Placement> {
        let mut best: Option<Placement> = None;
        let mut last = None;
        for &(offset, seed) in seeds {
            for start in self.find(seed).filter_map(|at| at.checked_sub(offset as usize)) {
                if last == Some(start) || start + read.len() > haplotype.len() {
                    continue;
                }
                last = Some(start);
                let Some(found) = compare(haplotype, read, start) else {
                    continue;
                };
                let better = |b: Placement| (found.score, b.start) > (b.score, found.start);
                if best.is_none_or(better) {
                    best = Some(found);
                }
            }
        }
        best
    }
}

/// Compares a read with the haplotype from `start` on. N goes with every base but breaks an exact match.
fn compare(haplotype: &[u8], read: &[u8], start: usize) -> Option<Placement> {
    let target = &haplotype[start..start + read.len()];
    let differences = target.iter().zip(read).filter(|(a, b)| a != b).count();
    if differences == 0 {
        return Some(Placement {
            start,
            score: MATCH * read.len() as i32,
            covers_from: start,
        });
    }
    let (mut mismatches, mut run_start, mut exact) = (0, 0, None);
    for (i, (a, b)) in target.iter().zip(read).enumerate().filter(|(_, (a, b))| a != b) {
        mismatches += usize::from(*a != b'N' && *b != b'N');
        if mismatches > MAX_MISMATCHES {
            return None;
        }
        if exact.is_none() && i - run_start >= SEED {
            exact = Some(run_start);
        }
        run_start = i + 1;
    }
    let exact = exact.or((read.len() - run_start >= SEED).then_some(run_start))?;
    Some(Placement {
        start,
        score: MATCH * (read.len() - mismatches) as i32 + MISMATCH * mismatches as i32,
        covers_from: start + exact,
    })
}

/// The stretches of `window` (haplotype offsets) that no placed read covers, given with the reads' lengths.
pub fn uncovered(window: Range<usize>, placements: impl Iterator<Item = (Placement, usize)>) -> Vec<Range<usize>> {
    let mut spans: Vec<(usize, usize)> = placements
        .map(|(p, length)| (p.covers_from, p.start + length))
        .collect();
    spans.sort_unstable();
    let (mut gaps, mut covered) = (Vec::new(), window.start);
    for (start, end) in spans.into_iter().chain([(window.end, window.end)]) {
        if covered < start.min(window.end) {
            gaps.push(covered..start.min(window.end));
        }
        covered = covered.max(end);
    }
    gaps
}
