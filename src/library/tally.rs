//! Counts of columns by depth and by the number of reads that agree on a base other than the reference base.

use crate::genome::{Region, Sequence};
use crate::reads::{CigarKind, Downsampling, Read};

/// Depths of the counted columns. At lower depth, chance errors and an error in a quarter of the reads look alike.
pub(super) const DEPTHS: std::ops::Range<usize> = 6..101;
/// Minimum mapping quality of counted reads.
const MIN_MAPPING_QUALITY: u8 = 30;
/// Minimum base quality of counted bases.
const MIN_BASE_QUALITY: u8 = 20;
/// Number of uncounted bases at read ends, where mismatches come from gaps that the aligner did not open.
const READ_ENDS: usize = 5;
/// Deeper tiles are downsampled to this depth.
const USUAL_DEPTH: usize = 60;
/// If two doubtful columns are within this distance, in bases, reads from a copy of the place are the likelier cause.
const ALONE: u64 = 100;
/// A column is doubtful if at least two reads, and a fraction between these bounds, show the other base.
const DOUBTFUL: (f64, f64) = (0.08, 0.35);

/// Number of reference columns for each depth and number of reads with the most common other base.
pub(super) struct ErrorTally {
    /// Number of columns, indexed by `depth - DEPTHS.start` and by the number of reads with the other base.
    counts: Vec<Vec<u64>>,
    /// Reads before downsampling.
    pub found: u64,
    /// Reads after downsampling.
    pub used: u64,
}

impl Default for ErrorTally {
    fn default() -> Self {
        Self {
            counts: DEPTHS.map(|depth| vec![0; depth + 1]).collect(),
            found: 0,
            used: 0,
        }
    }
}

impl ErrorTally {
    /// Counts the columns of a region from reads without gaps and clips.
    pub fn count(reads: &[Read], reference: &Sequence, region: &Region) -> Self {
        let found = reads.len() as u64;
        let mut reads: Vec<&Read> = reads.iter().collect();
        let mut columns = columns(&reads, region);
        let usual = median_depth(&columns);
        if usual > USUAL_DEPTH {
            let thinned = Downsampling {
                fraction: USUAL_DEPTH as f64 / usual as f64,
                seed: 0x6c69_6272,
            };
            reads.retain(|read| thinned.keeps(&read.name));
            columns = self::columns(&reads, region);
        }
        let columns: Vec<(u64, usize, usize)> = (region.start..)
            .zip(columns)
            .filter_map(|(position, shown)| {
                let other = other(shown, reference.base(position))?;
                let depth = shown.iter().map(|&reads| usize::from(reads)).sum();
                DEPTHS.contains(&depth).then_some((position, depth, other))
            })
            .collect();
        let doubtful: Vec<u64> = columns.iter().filter(|c| is_doubtful(c.1, c.2)).map(|c| c.0).collect();
        let mut tally = Self {
            found,
            used: reads.len() as u64,
            ..Self::default()
        };
        for (position, depth, other) in columns {
            if !is_doubtful(depth, other) || is_alone(position, &doubtful) {
                tally.counts[depth - DEPTHS.start][other] += 1;
            }
        }
        tally
    }

    pub fn add(&mut self, other: &Self) {
        self.found += other.found;
        self.used += other.used;
        for (own, others) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *own += others;
        }
    }

    /// The nonzero counts as (depth, reads with the other base, number of columns).
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        DEPTHS.zip(&self.counts).flat_map(|(depth, counts)| {
            let cells = counts.iter().enumerate().filter(|&(_, &columns)| columns > 0);
            cells.map(move |(other, &columns)| (depth, other, columns))
        })
    }

    pub fn columns(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    #[cfg(test)]
    pub fn set(&mut self, depth: usize, other: usize, columns: u64) {
        self.counts[depth - DEPTHS.start][other] = columns;
    }
}

/// The median depth of the columns that are deep enough to count.
fn median_depth(columns: &[[u16; 4]]) -> usize {
    let depths = columns
        .iter()
        .map(|shown| shown.iter().map(|&reads| usize::from(reads)).sum());
    let mut depths: Vec<usize> = depths.filter(|&depth| depth >= DEPTHS.start).collect();
    depths.sort_unstable();
    depths.get(depths.len() / 2).copied().unwrap_or(0)
}

/// Number of fragments that show A, C, G and T at each position of a region.
fn columns(reads: &[&Read], region: &Region) -> Vec<[u16; 4]> {
    let mut columns = vec![[0_u16; 4]; (region.end - region.start) as usize];
    for read in reads {
        let [op] = read.cigar.as_slice() else { continue };
        if op.kind != CigarKind::Match || read.mapping_quality < MIN_MAPPING_QUALITY {
            continue;
        }
        let inner = READ_ENDS.max(shared_with_mate(read))..read.bases.len().saturating_sub(READ_ENDS);
        for index in inner.filter(|&index| read.quals[index] >= MIN_BASE_QUALITY) {
            let column = (read.start + index as u64).checked_sub(region.start);
            let column = column.and_then(|column| columns.get_mut(column as usize));
            if let (Some(column), Some(base)) = (column, rank(read.bases[index])) {
                column[base] = column[base].saturating_add(1);
            }
        }
    }
    columns
}

/// Number of first bases of a read that its mate also covers, if both have equal length. Only the left mate's bases
/// count.
fn shared_with_mate(read: &Read) -> usize {
    let fragment = read.insert_size.unsigned_abs() as usize;
    match read.insert_size < 0 {
        true => (2 * read.bases.len()).saturating_sub(fragment),
        false => 0,
    }
}

/// Number of reads with the most common base other than the reference base; none if the reference base is N.
fn other(shown: [u16; 4], reference: u8) -> Option<usize> {
    let reference = rank(reference)?;
    let others = (0..4).filter(|&base| base != reference);
    others.map(|base| usize::from(shown[base])).max()
}

fn rank(base: u8) -> Option<usize> {
    b"ACGT".iter().position(|&b| b == base)
}

fn is_doubtful(depth: usize, other: usize) -> bool {
    let share = other as f64 / depth as f64;
    other >= 2 && share > DOUBTFUL.0 && share < DOUBTFUL.1
}

/// Whether no other doubtful position is near. `doubtful` is ascending and contains `position`.
fn is_alone(position: u64, doubtful: &[u64]) -> bool {
    let from = doubtful.partition_point(|&other| other + ALONE < position);
    let near = doubtful[from..].iter().take_while(|&&other| other <= position + ALONE);
    near.count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn columns_are_counted_by_depth_and_other_base() {
        let reference = Sequence::new(100, vec![b'A'; 400]);
        let mut reads: Vec<_> = (0..8).map(|i| read(&i.to_string(), 100, "40M", &[b'A'; 40])).collect();
        // Two of eight reads share an error. One base of low quality and one read with a gap do not count.
        reads[0].bases[20] = b'C';
        reads[1].bases[20] = b'C';
        reads[2].bases[30] = b'G';
        reads[3].bases[30] = b'G';
        reads[3].quals[30] = 2;
        reads.push(read("gap", 100, "20M1D20M", &[b'T'; 40]));
        let tally = ErrorTally::count(&reads, &reference, &Region::new("c", 100, 500));
        let cells: Vec<_> = tally.cells().collect();
        assert_eq!(cells, [(7, 1, 1), (8, 0, 28), (8, 2, 1)]);
        assert_eq!((tally.columns(), tally.found, tally.used), (30, 9, 9));
        // A second error near the first: the reads may come from another place.
        for read in &mut reads[..2] {
            read.bases[10] = b'G';
        }
        let tally = ErrorTally::count(&reads, &reference, &Region::new("c", 100, 500));
        assert!(tally.columns() > 20 && tally.cells().all(|(_, other, _)| other < 2));
    }

    #[test]
    fn deep_tiles_are_downsampled() {
        let reference = Sequence::new(100, vec![b'A'; 400]);
        let deep: Vec<_> = (0..600)
            .map(|i| read(&i.to_string(), 100, "40M", &[b'A'; 40]))
            .collect();
        let tally = ErrorTally::count(&deep, &reference, &Region::new("c", 100, 500));
        assert!((40..80).contains(&tally.used), "{}", tally.used);
        assert_eq!(tally.found, 600);
        assert_eq!(tally.columns(), 30);
        assert!(tally.cells().all(|(depth, ..)| depth as u64 == tally.used));
    }
}
