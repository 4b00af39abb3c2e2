//! When an allele is worth a candidate.

use std::fmt;

use super::counts::{AlleleCount, SiteCounts};
use crate::reads::MIN_BASE_QUALITY;

/// Most fragments at a site where an indel needs one read less: up to here, chance alone often leaves an allele with one,
/// and errors seldom make an indel.
const SHALLOW: u32 = 12;

/// Thresholds that an alternate allele must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandidateOptions {
    /// Least phred quality of a base that counts.
    pub min_base_quality: u8,
    /// Least number of fragments that carry the allele; one less for an indel where reads are few.
    pub min_supporting_reads: u32,
    /// Least fraction of the depth for an allele that replaces one base.
    pub min_snp_fraction: f64,
    /// Least fraction of the depth for any other allele.
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

/// How many haplotypes there are, and thus indels at a site.
const PLOIDY: usize = 2;

/// Whether an allele becomes a candidate, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Candidate,
    /// Fewer fragments than `needed` carry it on bases of sufficient quality.
    TooFewReads {
        needed: u32,
    },
    /// Its share of the depth is below `needed`.
    FractionTooLow {
        needed: f64,
    },
}

impl CandidateOptions {
    /// Judges the alleles of a site, in their order. Where reads are few, an indel that is only one read short is a candidate
    /// too, if a plain read shows it, and if the site has at most two of the kind: more that differ look like errors.
    pub fn verdicts(&self, site: &SiteCounts) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = site.alleles.iter().map(|a| self.judge(a, site.depth)).collect();
        let frequent = |a: &AlleleCount| f64::from(a.depth) >= self.min_indel_fraction * f64::from(site.depth);
        let nearly = |a: &AlleleCount| {
            !a.is_snp() && a.in_clean_read && a.depth > 0 && a.depth + 1 == self.min_supporting_reads && frequent(a)
        };
        let short_of_one: Vec<usize> = (0..site.alleles.len()).filter(|&i| nearly(&site.alleles[i])).collect();
        if short_of_one.len() <= PLOIDY && site.depth <= SHALLOW {
            for allele in short_of_one {
                verdicts[allele] = Verdict::Candidate;
            }
        }
        verdicts
    }

    /// Least number of fragments that any indel needs anywhere.
    pub(super) fn fewest_reads_of_an_indel(&self) -> u32 {
        self.min_supporting_reads.saturating_sub(1).max(1)
    }

    /// Judges an allele on its own at a site of `depth` fragments.
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
