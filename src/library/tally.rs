//! How often how many reads of how many agree on another base than the reference's.

use crate::genome::{Region, Sequence};
use crate::reads::{CigarKind, Downsampling, Read};

/// Depths of the columns that are counted: fewer reads tell chance from a quarter of them too badly.
pub(super) const DEPTHS: std::ops::Range<usize> = 6..101;
/// Least mapping quality of the reads, and base quality, that are counted.
const MIN_MAPPING_QUALITY: u8 = 30;
const MIN_BASE_QUALITY: u8 = 20;
/// Bases at the ends of reads that are left out: there mismatches come of gaps that the aligner did not open.
const READ_ENDS: usize = 5;
/// Deeper stretches are thinned to this depth.
const USUAL_DEPTH: usize = 60;
/// Where another doubtful column is within so many bases, reads of a copy of this stretch are the likelier cause.
const ALONE: u64 = 100;
/// What is doubtful: at least two reads, and a share between these.
const DOUBTFUL: (f64, f64) = (0.08, 0.35);

/// Columns of the reference by depth and by the reads that show the commonest other base.
pub(super) struct ErrorTally {
    /// For each depth, and each number of reads up to it.
    counts: Vec<Vec<u64>>,
    /// Reads that the stretches hold, and those that are left after thinning.
    pub found: u64,
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
    /// Counts what reads without gaps and clips show in a stretch of the reference.
    pub fn count(reads: &[Read], reference: &Sequence, stretch: &Region) -> Self {
        let found = reads.len() as u64;
        let mut reads: Vec<&Read> = reads.iter().collect();
        let mut columns = columns(&reads, stretch);
        let usual = median_depth(&columns);
        if usual > USUAL_DEPTH {
            let thinned = Downsampling {
                fraction: USUAL_DEPTH as f64 / usual as f64,
                seed: 0x6c69_6272,
            };
            reads.retain(|read| thinned.keeps(&read.name));
            columns = self::columns(&reads, stretch);
        }
        let columns: Vec<(u64, usize, usize)> = (stretch.start..)
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

    pub fn add(&mut self, of: &Self) {
        self.found += of.found;
        self.used += of.used;
        for (own, others) in self.counts.iter_mut().flatten().zip(of.counts.iter().flatten()) {
            *own += others;
        }
    }

    /// Depth, reads with the other base, and how many columns have these, for each that is there.
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

/// The median depth of the columns that are deep enough to be counted.
fn median_depth(columns: &[[u16; 4]]) -> usize {
    let depths = columns
        .iter()
        .map(|shown| shown.iter().map(|&reads| usize::from(reads)).sum());
    let mut depths: Vec<usize> = depths.filter(|&depth| depth >= DEPTHS.start).collect();
    depths.sort_unstable();
    depths.get(depths.len() / 2).copied().unwrap_or(0)
}

/// How many fragments show A, C, G and T at each position.
fn columns(reads: &[&Read], stretch: &Region) -> Vec<[u16; 4]> {
    let mut columns = vec![[0_u16; 4]; (stretch.end - stretch.start) as usize];
    for read in reads {
        let [op] = read.cigar.as_slice() else { continue };
        if op.kind != CigarKind::Match || read.mapping_quality < MIN_MAPPING_QUALITY {
            continue;
        }
        let inner = READ_ENDS.max(shared_with_mate(read))..read.bases.len().saturating_sub(READ_ENDS);
        for index in inner.filter(|&index| read.quals[index] >= MIN_BASE_QUALITY) {
            let column = (read.start + index as u64).checked_sub(stretch.start);
            let column = column.and_then(|column| columns.get_mut(column as usize));
            if let (Some(column), Some(base)) = (column, rank(read.bases[index])) {
                column[base] = column[base].saturating_add(1);
            }
        }
    }
    columns
}

/// How many of a read's first bases its mate shows, too, if that is as long: of both, the one to the left is counted.
fn shared_with_mate(read: &Read) -> usize {
    let fragment = read.insert_size.unsigned_abs() as usize;
    match read.insert_size < 0 {
        true => (2 * read.bases.len()).saturating_sub(fragment),
        false => 0,
    }
}

/// How many reads show the commonest base that is not the reference's; none where that is unknown.
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

/// Whether no other of the doubtful positions, which ascend, is near.
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
        // Two of eight share an error; one base of low quality and one read with a gap are not seen.
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
        // A second place near the first: reads of elsewhere, perhaps.
        for read in &mut reads[..2] {
            read.bases[10] = b'G';
        }
        let tally = ErrorTally::count(&reads, &reference, &Region::new("c", 100, 500));
        assert!(tally.columns() > 20 && tally.cells().all(|(_, other, _)| other < 2));
    }

    #[test]
    fn deep_stretches_are_thinned_and_count_as_what_is_left() {
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
