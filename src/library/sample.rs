//! What the reads of a file are: short or long, of genomes or of transcripts, in pairs on one contig or on several.

use crate::genome::Region;
use crate::reads::{CigarKind, Read, ReadCounts, ReadExclusion};

/// Fewer reads tell nothing.
const FEWEST: u64 = 10;
/// Longest median length of reads that the model was made for, in bases.
const SHORT: u32 = 500;
/// A greater share of spliced reads is no accident.
const SPLICED: f64 = 0.01;

/// Reads of the sample that a library is measured by.
#[derive(Clone, Debug, Default)]
pub struct ReadSample {
    pub counts: ReadCounts,
    /// Bases of each read, of those that are used.
    lengths: Vec<u32>,
    /// How many of them pass over a stretch of the reference (N in their CIGAR).
    spliced: u64,
}

impl ReadSample {
    /// Of the reads that start in a tile.
    pub(super) fn new(reads: &[Read], tile: &Region, counts: ReadCounts) -> Self {
        let started = || reads.iter().filter(|read| tile.contains(read.start));
        let is_spliced = |read: &&Read| read.cigar.iter().any(|op| op.kind == CigarKind::RefSkip);
        Self {
            counts,
            lengths: started().map(|read| read.bases.len() as u32).collect(),
            spliced: started().filter(is_spliced).count() as u64,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.lengths.extend(other.lengths);
        self.spliced += other.spliced;
    }

    /// Why the caller is not made for these reads, if so.
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
                "are spliced (N in the CIGAR of {percent:.0} % of them), as those of RNA are"
            ))
        } else {
            None
        }
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
        ReadSample::new(&reads, &Region::new("c", 0, 10), ReadCounts::default())
    }

    #[test]
    fn long_and_spliced_reads_are_known() {
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
