//! Properties of the reads of a file: short or long, spliced or not, mates on the same contig or not.

use super::density::{CELL, ReadDensity};
use crate::genome::{Region, Sequence};
use crate::reads::{CigarKind, Read, ReadCounts, ReadExclusion};

/// Minimum number of reads for a decision.
const FEWEST: u64 = 10;
/// Maximum median read length, in bases, that the model is made for.
const SHORT: u32 = 500;
/// A file with a greater fraction of spliced reads counts as spliced.
const SPLICED: f64 = 0.01;

/// The sampled reads of a file, on which the library is measured.
#[derive(Clone, Debug, Default)]
pub struct ReadSample {
    pub counts: ReadCounts,
    pub density: ReadDensity,
    /// Length of each used read, in bases.
    lengths: Vec<u32>,
    /// Number of used reads that skip a part of the reference (N in their CIGAR).
    spliced: u64,
}

impl ReadSample {
    /// A sample of the reads that start in a tile.
    pub(super) fn new(reads: &[Read], reference: &Sequence, tile: &Region, counts: ReadCounts) -> Self {
        let starting = || reads.iter().filter(|read| tile.contains(read.start));
        let is_spliced = |read: &&Read| read.cigar.iter().any(|op| op.kind == CigarKind::RefSkip);
        Self {
            counts,
            density: ReadDensity::count(reads, reference, tile),
            lengths: starting().map(|read| read.bases.len() as u32).collect(),
            spliced: starting().filter(is_spliced).count() as u64,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.density.add(other.density);
        self.lengths.extend(other.lengths);
        self.spliced += other.spliced;
    }

    /// The reason why the reads are not suitable for the caller; none if they are.
    pub fn unsuited(&self) -> Option<String> {
        let reads = self.lengths.len() as u64;
        let mut lengths = self.lengths.clone();
        let middle = lengths.len().checked_sub(1)? / 2;
        let median = *lengths.select_nth_unstable(middle).1;
        if reads < FEWEST {
            None
        } else if median > SHORT {
            Some(format!("are long reads (median {median} bases)"))
        } else if self.spliced as f64 > SPLICED * reads as f64 {
            let percent = 100.0 * self.spliced as f64 / reads as f64;
            Some(format!(
                "are spliced (N in the CIGAR of {percent:.0} % of them), like RNA reads"
            ))
        } else {
            None
        }
    }

    /// Mean number of reads over a base around the median read. Cells without reads do not change it.
    pub fn depth(&self) -> f64 {
        let bases: u64 = self.lengths.iter().map(|&length| u64::from(length)).sum();
        let mean_length = bases as f64 / self.lengths.len().max(1) as f64;
        self.density.over(|_, _| true).around_reads * mean_length / CELL as f64
    }

    /// Whether most reads have their mate on another contig.
    pub fn mates_lie_elsewhere(&self) -> bool {
        let elsewhere = self.counts.left_out(ReadExclusion::MateOnOtherContig);
        let usable = self.counts.used + self.counts.left_out(ReadExclusion::Depth);
        elsewhere >= FEWEST && elsewhere > usable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    fn sample(cigar: &str, length: usize, reads: usize) -> ReadSample {
        let reads: Vec<_> = (0..reads)
            .map(|i| read(&i.to_string(), 5, cigar, &vec![b'A'; length]))
            .collect();
        let tile = Region::new("c", 0, 10);
        ReadSample::new(&reads, &Sequence::default(), &tile, ReadCounts::default())
    }

    #[test]
    fn long_and_spliced_reads_are_recognized() {
        let mut short = sample("100M", 100, 1_000);
        assert_eq!(short.unsuited(), None);
        short.add(sample("600M", 600, 999));
        short.add(sample("50M200N50M", 100, 19));
        assert_eq!(short.unsuited(), None);
        short.add(sample("50M200N50M", 100, 5));
        assert!(short.unsuited().unwrap().contains("spliced (N in the CIGAR of 1 %"));
        assert!(sample("501M", 501, 10).unsuited().unwrap().contains("median 501"));
        assert_eq!(sample("501M", 501, 9).unsuited(), None);
        assert_eq!(ReadSample::default().unsuited(), None);
    }

    #[test]
    fn most_mates_elsewhere_are_more_than_half() {
        let mut sample = ReadSample::default();
        sample.counts.used = 20;
        sample.counts.leave_out(ReadExclusion::MateOnOtherContig, 20);
        assert!(!sample.mates_lie_elsewhere());
        sample.counts.leave_out(ReadExclusion::MateOnOtherContig, 1);
        assert!(sample.mates_lie_elsewhere());
    }
}
