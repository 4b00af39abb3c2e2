//! Places reads on a haplotype without gaps: a fast method that suffices for nearly all reads.

use std::ops::Range;

use super::score::{MATCH, MISMATCH};
use crate::genome::differences;
use crate::reads::Read;

/// Length of the exact match that a placement needs, in bases; two bits per base fill a u64.
pub const SEED: usize = 32;

/// Maximum number of mismatches of a placement.
const MAX_MISMATCHES: usize = 2;

/// Position and score of a read on a haplotype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Haplotype offset of the read's first base.
    pub start: usize,
    pub score: i32,
    /// The read covers the haplotype from here on: the start of its first exact match of `SEED` bases.
    pub covers_from: usize,
}

/// Read offset and bases of an exact match to search for, two bits per base.
pub type Seed = (u32, u64);

/// The seeds of a read: three that do not overlap, so that two mismatches leave at least one. All seeds if the read is
/// too short for three or has a base other than A, C, G or T.
pub fn seeds(bases: &[u8]) -> Vec<Seed> {
    let Some(last) = bases.len().checked_sub(SEED) else {
        return Vec::new();
    };
    let at = |offset: usize| packed(&bases[offset..offset + SEED]).map(|seed| (offset as u32, seed));
    if last >= (MAX_MISMATCHES) * SEED && is_known(bases) {
        (0..=MAX_MISMATCHES)
            .filter_map(|i| at(i * last / MAX_MISMATCHES))
            .collect()
    } else if last > 0 {
        rolling_seeds(bases).collect()
    } else {
        Vec::new()
    }
}

/// Every seed of every read, sorted and without duplicates.
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

/// Every seed of `bases` with its offset.
fn rolling_seeds(bases: &[u8]) -> impl Iterator<Item = Seed> + '_ {
    let (mut seed, mut length) = (0, 0);
    bases.iter().enumerate().filter_map(move |(end, &base)| {
        match code(base) {
            Some(code) => (seed, length) = (seed << 2 | code, length + 1),
            None => length = 0,
        }
        (length >= SEED).then(|| ((end + 1 - SEED) as u32, seed))
    })
}

/// Whether all bases are A, C, G or T. It examines all bases, so that the compiler vectorizes it.
fn is_known(bases: &[u8]) -> bool {
    bases
        .iter()
        .fold(true, |known, base| known & matches!(base, b'A' | b'C' | b'G' | b'T'))
}

/// The bases of a seed, two bits each; `None` if a base is not A, C, G or T.
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

/// An index of a haplotype's seeds. It reuses its buffers.
#[derive(Default)]
pub struct SeedIndex {
    /// Open-addressing hash table of seeds and their offsets; equal seeds follow one another.
    table: Vec<(u64, u32)>,
}

const EMPTY: u32 = u32::MAX;

impl SeedIndex {
    /// Indexes `haplotype`; discards the previous one.
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

    /// The offsets of `seed` in the haplotype.
    fn find(&self, seed: u64) -> impl Iterator<Item = usize> + '_ {
        let slot = self.slot(seed);
        let round = self.table[slot..].iter().chain(&self.table[..slot]);
        let run = round.take_while(|(_, start)| *start != EMPTY);
        run.filter(move |(other, _)| *other == seed)
            .map(|(_, start)| *start as usize)
    }

    /// The best placement of a read on the indexed haplotype with at most two mismatches; the first on ties.
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

/// Compares a read with the haplotype from `start` on. N matches every base but ends an exact match.
fn compare(haplotype: &[u8], read: &[u8], start: usize) -> Option<Placement> {
    let target = &haplotype[start..start + read.len()];
    if target == read {
        return Some(Placement {
            start,
            score: MATCH * read.len() as i32,
            covers_from: start,
        });
    }
    let (mut mismatches, mut run_start, mut exact) = (0, 0, None);
    for i in differences(target, read) {
        mismatches += usize::from(target[i] != b'N' && read[i] != b'N');
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

/// The parts of `window` (haplotype offsets) that no placed read covers. `placements` come with the reads' lengths.
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
