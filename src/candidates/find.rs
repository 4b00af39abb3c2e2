//! From counts to candidates.

use super::counts::{Suspicion, count_suspicious};
use super::{Allele, AlleleCount, Candidate, CandidateOptions, SiteCounts, Verdict};
use crate::genome::{Region, Sequence};
use crate::reads::Read;

/// The candidates at positions of `region`, in order. `reads` are ordered by start and hold all that reach into the
/// region; `sequence` is the reference under all of them.
pub fn find_candidates(
    reads: &[Read],
    sequence: &Sequence,
    region: &Region,
    options: &CandidateOptions,
) -> Vec<Candidate> {
    let suspicion = Suspicion {
        reads: options.min_supporting_reads,
        base_quality: options.min_base_quality,
    };
    count_suspicious(reads, sequence, region, options.min_base_quality, suspicion)
        .into_iter()
        .filter_map(|site| candidate(site, options))
        .collect()
}

/// Joins the alleles of a site that pass into one candidate: all are spelled over the longest stretch of reference
/// that any of them replaces.
fn candidate(site: SiteCounts, options: &CandidateOptions) -> Option<Candidate> {
    let passes = |allele: &AlleleCount| options.judge(allele, site.depth) == Verdict::Candidate;
    let passing: Vec<AlleleCount> = site.alleles.into_iter().filter(passes).collect();
    let reference = passing.iter().map(|a| &a.reference).max_by_key(|r| r.len())?.clone();
    let mut alternates: Vec<Allele> = passing
        .into_iter()
        .map(|allele| Allele {
            bases: [&allele.bases, &reference[allele.reference.len()..]].concat(),
            supporting_reads: allele.reads,
            depth: allele.depth,
        })
        .collect();
    alternates.sort_unstable_by(|a, b| a.bases.cmp(&b.bases));
    Some(Candidate {
        position: site.position,
        reference,
        alternates,
        depth: site.depth,
        reference_depth: site.reference_depth,
    })
}
