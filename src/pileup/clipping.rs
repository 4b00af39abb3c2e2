//! How many of a candidate's reads are clipped. The image does not show this: a row ends at a clip as it does at
//! the end of a read.

use crate::candidates::Candidate;
use crate::genome::PARTITION_FLANK;
use crate::reads::{CigarKind, CigarOp, Read};

/// Shortest clip that counts, in bases.
const LEAST_CLIP: u32 = 4;
/// Largest distance of a near clip from the candidate, in reference bases.
const NEAR: u64 = 20;

/// Fractions of the realigned reads over a candidate that are clipped by four bases or more; 0 if there is no read.
///
/// Where a template folded back on itself at a hairpin, the aligner clips the sequence after the fold. The aligned
/// bases before the clip may differ from the reference in all of these reads, but in no others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clipping {
    /// Among the reads that support the allele set, and among the other reads.
    pub supporting: f32,
    pub others: f32,
    /// The same for clips that begin within 20 bases of the candidate.
    pub supporting_near: f32,
    pub others_near: f32,
}

impl Clipping {
    /// Number of values in [`Self::to_array`].
    pub const LENGTH: usize = 4;

    pub fn to_array(self) -> [f32; Self::LENGTH] {
        [self.supporting, self.others, self.supporting_near, self.others_near]
    }

    pub fn from_array([supporting, others, supporting_near, others_near]: [f32; Self::LENGTH]) -> Self {
        Self {
            supporting,
            others,
            supporting_near,
            others_near,
        }
    }

    /// Measures the allele set (indices of the candidate's alternates) among all reads of the candidate's partition.
    pub(super) fn measure(candidate: &Candidate, set: &[usize], reads: &[Read]) -> Self {
        let alleles = set.iter().filter_map(|&i| candidate.alternates.get(i));
        let mut supporting: Vec<usize> = alleles
            .flat_map(|a| a.supporting_reads.iter().map(|&i| i as usize))
            .collect();
        supporting.sort_unstable();
        let first = candidate.position.saturating_sub(PARTITION_FLANK);
        let begin = reads.partition_point(|read| read.start < first);
        let end = reads.partition_point(|read| read.start <= candidate.position);
        // Per group (supporting reads, others): all reads, clipped reads, and reads clipped near the candidate.
        let mut counts = [[0u32; 3]; 2];
        for (index, read) in reads.iter().enumerate().take(end).skip(begin) {
            if read.end() <= candidate.position {
                continue;
            }
            let clip = nearest_clip(read, candidate.position);
            let [all, clipped, near] = &mut counts[usize::from(supporting.binary_search(&index).is_err())];
            *all += 1;
            *clipped += u32::from(clip.is_some());
            *near += u32::from(clip.is_some_and(|distance| distance <= NEAR));
        }
        let share = |count: u32, all: u32| count as f32 / all.max(1) as f32;
        let [supporting, others] = counts.map(|[all, clipped, near]| (share(clipped, all), share(near, all)));
        Self::from_array([supporting.0, others.0, supporting.1, others.1])
    }
}

/// Distance in reference bases from a position that the read covers to the read's nearest clip.
fn nearest_clip(read: &Read, position: u64) -> Option<u64> {
    let is_clip = |op: Option<&CigarOp>| {
        op.is_some_and(|op| matches!(op.kind, CigarKind::SoftClip | CigarKind::HardClip) && op.length >= LEAST_CLIP)
    };
    let front = is_clip(read.cigar.first()).then(|| position - read.start);
    let back = is_clip(read.cigar.last()).then(|| read.end() - 1 - position);
    front.into_iter().chain(back).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::Allele;
    use crate::reads::testing::read;

    #[test]
    fn supporting_reads_and_others_are_counted_separately() {
        let clipped = |name: &str, start, cigar: &str| read(name, start, cigar, &[b'A'; 60]);
        let reads = [
            clipped("ends before", 30, "10S50M"),
            clipped("far", 61, "10S50M"),
            clipped("barely", 90, "3S57M"),
            clipped("near", 95, "4S56M"),
            clipped("both", 98, "10S25M25S"),
            clipped("behind", 101, "10S50M"),
        ];
        let candidate = Candidate {
            position: 100,
            reference: b"C".to_vec(),
            alternates: vec![Allele {
                bases: b"A".to_vec(),
                supporting_reads: vec![2, 3],
                depth: 2,
            }],
            depth: 4,
            reference_depth: 2,
        };
        let shares = Clipping::measure(&candidate, &[0], &reads);
        assert_eq!(shares.to_array(), [0.5, 1.0, 0.5, 0.5]);
        assert_eq!(Clipping::from_array(shares.to_array()), shares);
        assert_eq!(Clipping::measure(&candidate, &[0], &reads[..1]), Clipping::default());
    }
}
