//! Decides which alleles become candidates.

use std::fmt;

use super::counts::{AlleleCount, SiteCounts};
use crate::reads::MIN_BASE_QUALITY;

/// Maximum depth at which an indel needs one read less. At such depths, chance often leaves an allele with one read,
/// and errors rarely look like an indel.
const SHALLOW: u32 = 12;

/// Thresholds that an alternate allele must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandidateOptions {
    /// Minimum base quality (phred).
    pub min_base_quality: u8,
    /// Minimum number of fragments with the allele; one less for an indel at low depth.
    pub min_supporting_reads: u32,
    /// Minimum fraction of the depth for an allele that replaces one base.
    pub min_snp_fraction: f64,
    /// Minimum fraction of the depth for any other allele.
    pub min_indel_fraction: f64,
}

impl Default for CandidateOptions {
    fn default() -> Self {
        Self {
            min_base_quality: MIN_BASE_QUALITY,
            min_supporting_reads: 2,
            min_snp_fraction: 0.12,
            min_indel_fraction: 0.06,
        }
    }
}

/// Number of haplotypes, and so of different indels at a site.
const PLOIDY: usize = 2;

/// Whether an allele becomes a candidate, or why not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Candidate,
    /// Fewer fragments than `needed` carry the allele with sufficient base quality.
    TooFewReads {
        needed: u32,
    },
    /// The allele's fraction of the depth is below `needed`.
    FractionTooLow {
        needed: f64,
    },
}

impl CandidateOptions {
    /// Judges the alleles of a site, in their order. At low depth, an indel with one read too few also becomes a
    /// candidate, if a clean read carries it and the site has at most two such indels. More different indels look like
    /// errors.
    pub fn verdicts(&self, site: &SiteCounts) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = site.alleles.iter().map(|a| self.judge(a, site.depth)).collect();
        let frequent = |a: &AlleleCount| f64::from(a.depth) >= self.min_indel_fraction * f64::from(site.depth);
        let eligible = |a: &AlleleCount| {
            !a.is_snp() && a.in_clean_read && a.depth > 0 && a.depth + 1 == self.min_supporting_reads && frequent(a)
        };
        let one_short: Vec<usize> = (0..site.alleles.len())
            .filter(|&i| eligible(&site.alleles[i]))
            .collect();
        if one_short.len() <= PLOIDY && site.depth <= SHALLOW {
            for allele in one_short {
                verdicts[allele] = Verdict::Candidate;
            }
        }
        verdicts
    }

    /// Minimum number of fragments that any indel needs at any depth.
    pub(super) fn min_indel_reads(&self) -> u32 {
        self.min_supporting_reads.saturating_sub(1).max(1)
    }

    /// Judges an allele at a site of `depth` fragments, without regard to other alleles.
    fn judge(&self, allele: &AlleleCount, depth: u32) -> Verdict {
        let needed = if allele.is_snp() {
            self.min_snp_fraction
        } else {
            self.min_indel_fraction
        };
        if allele.depth < self.min_supporting_reads.max(1) {
            Verdict::TooFewReads {
                needed: self.min_supporting_reads.max(1),
            }
        } else if f64::from(allele.depth) < needed * f64::from(depth) {
            Verdict::FractionTooLow { needed }
        } else {
            Verdict::Candidate
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Candidate => write!(f, "candidate"),
            Self::TooFewReads { needed } => write!(f, "fewer than {needed} reads of sufficient base quality"),
            Self::FractionTooLow { needed } => write!(f, "fraction of reads below {needed}"),
        }
    }
}
