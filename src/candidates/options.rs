//! Decides which alleles become candidates.

use std::fmt;

use super::counts::{AlleleCount, SiteCounts};
use crate::reads::MIN_BASE_QUALITY;

/// Expected fraction of the depth of a heterozygous SNP.
const SNP_FRACTION: f64 = 0.5;
/// Expected fraction of the depth of a heterozygous indel. Half of its reads are often lost, because reads that end
/// near an indel do not show it.
const INDEL_FRACTION: f64 = 0.25;

/// Thresholds that an alternate allele must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandidateOptions {
    /// Minimum base quality (phred).
    pub min_base_quality: u8,
    /// Minimum number of fragments with the allele; one less for an indel in a clean read.
    pub min_supporting_reads: u32,
    /// Minimum LOD of an allele that replaces one base: log10 of the likelihood of a heterozygous variant, divided by
    /// the likelihood of reading errors (Li et al., Genome Research 2008).
    pub min_snp_lod: f64,
    /// Minimum LOD of any other allele.
    pub min_indel_lod: f64,
}

impl Default for CandidateOptions {
    fn default() -> Self {
        Self {
            min_base_quality: MIN_BASE_QUALITY,
            min_supporting_reads: 2,
            min_snp_lod: 1.3,
            min_indel_lod: 0.9,
        }
    }
}

/// Whether an allele becomes a candidate, or why not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Candidate,
    /// Fewer fragments than `needed` carry the allele with sufficient base quality.
    TooFewReads {
        needed: u32,
    },
    /// Reading errors explain the reads too well.
    LodTooLow {
        lod: f64,
        needed: f64,
    },
}

impl CandidateOptions {
    /// Judges the alleles of a site, in their order.
    pub fn verdicts(&self, site: &SiteCounts) -> Vec<Verdict> {
        let judge = |allele| self.judge(allele, site.depth);
        site.alleles.iter().map(judge).collect()
    }

    /// Minimum number of fragments that any indel needs.
    pub(super) fn min_indel_reads(&self) -> u32 {
        self.min_supporting_reads.saturating_sub(1).max(1)
    }

    /// Judges an allele at a site of `depth` fragments. Errors rarely look like a clean indel, so one read less is
    /// enough there.
    fn judge(&self, allele: &AlleleCount, depth: u32) -> Verdict {
        let (needed_reads, fraction, needed) = match (allele.is_snp(), allele.in_clean_read) {
            (true, _) => (self.min_supporting_reads, SNP_FRACTION, self.min_snp_lod),
            (false, true) => (self.min_indel_reads(), INDEL_FRACTION, self.min_indel_lod),
            (false, false) => (self.min_supporting_reads, INDEL_FRACTION, self.min_indel_lod),
        };
        let lod = lod(allele, depth, fraction);
        if allele.depth < needed_reads.max(1) {
            Verdict::TooFewReads {
                needed: needed_reads.max(1),
            }
        } else if lod < needed {
            Verdict::LodTooLow { lod, needed }
        } else {
            Verdict::Candidate
        }
    }
}

/// Log10 of the likelihood of an allele with the expected `fraction` of `depth` fragments, divided by the likelihood
/// of reading errors.
fn lod(allele: &AlleleCount, depth: u32, fraction: f64) -> f64 {
    let others = f64::from(depth.saturating_sub(allele.depth));
    f64::from(allele.depth) * fraction.log10() - allele.log10_error + others * (1.0 - fraction).log10()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Candidate => write!(f, "candidate"),
            Self::TooFewReads { needed } => write!(f, "fewer than {needed} reads of sufficient base quality"),
            Self::LodTooLow { lod, needed } => write!(f, "LOD {lod:.1} below {needed}"),
        }
    }
}
