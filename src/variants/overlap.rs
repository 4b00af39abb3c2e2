//! Joint resolution of overlapping calls that do not fit on the haplotypes: two where the genome is diploid, otherwise one.
//!
//! Each site is genotyped alone. For example, a homozygous deletion and a heterozygous SNP in it need three haplotypes.
//! Of the joint genotypes that fit on the haplotypes, the likeliest is called. The idea comes from DeepVariant's
//! haplotype resolution.

use super::call::{Call, DecidingStage};
use super::edit::Edit;
use super::genotype::{Genotype, genotypes, likeliest};

/// Maximum number of joint genotypes in a group. Larger groups are resolved call by call, the most certain call first.
const MAX_JOINT_GENOTYPES: usize = 100_000;

/// Likelihood of a genotype that the network considers impossible. It is called only if no other genotype fits.
const LEAST_LIKELIHOOD: f64 = 1e-12;

/// Holds the calls of one contig until no later call can overlap them, then resolves and releases them.
#[derive(Default)]
pub struct OverlapResolver {
    held: Vec<Call>,
}

impl OverlapResolver {
    /// Adds the next call (ascending by position), and releases the calls that it and later calls cannot overlap.
    pub fn push(&mut self, call: Call) -> Vec<Call> {
        let released = self.release(call.position);
        self.held.push(call);
        released
    }

    /// Releases the held calls if no call from the 0-based `position` on can overlap any of them. Otherwise releases
    /// none, because they may need joint resolution.
    pub fn release(&mut self, position: u64) -> Vec<Call> {
        let apart = self.held.iter().all(|held| held.end() <= position);
        if apart { self.finish() } else { Vec::new() }
    }

    /// Whether calls are held.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Releases the remaining calls at the end of a contig.
    pub fn finish(&mut self) -> Vec<Call> {
        let mut released = std::mem::take(&mut self.held);
        released.sort_by_key(|call| call.position);
        resolve_overlaps(&mut released);
        released
    }
}

/// Makes the genotypes of calls of one contig (ascending by position) fit on the haplotypes: at most two alleles may
/// change a base, one where the calls are haploid, and an insertion inside a deletion counts as well. Calls of different
/// ploidy are not resolved together. Calls that fit do not change. In other groups,
/// each call gets its genotype from the likeliest joint genotype that fits. The new probability of a genotype is the
/// likelihood of the likeliest joint genotype with it, scaled to sum to 1.
pub fn resolve_overlaps(calls: &mut [Call]) {
    let sites: Vec<OverlapSite> = calls.iter().map(OverlapSite::new).collect();
    let mut variants: Vec<usize> = (0..calls.len()).filter(|&i| calls[i].is_variant()).collect();
    variants.sort_by_key(|&i| sites[i].extent());
    let mut group: Vec<usize> = Vec::new();
    let mut end = 0;
    for i in variants {
        let (first, last) = sites[i].extent();
        let joins = group
            .last()
            .is_none_or(|&last| calls[last].genotype.ploidy() == calls[i].genotype.ploidy());
        if first >= end || !joins {
            resolve_group(calls, &sites, &group);
            group.clear();
        }
        group.push(i);
        end = end.max(last);
    }
    resolve_group(calls, &sites, &group);
}

/// The genome spans that the alleles of a call change. Units are half bases, so that an insertion has a place between
/// two bases.
struct OverlapSite {
    /// One span for each allele, reference first; empty for the reference.
    spans: Vec<(u64, u64)>,
    genotypes: Vec<Genotype>,
    haplotypes: usize,
}

impl OverlapSite {
    fn new(call: &Call) -> Self {
        let span = |bases: &Vec<u8>| match Edit::new(call.position, &call.reference, bases) {
            Some(edit) if edit.start == edit.end => (2 * edit.start, 2 * edit.start + 1),
            Some(edit) => (2 * edit.start + 1, 2 * edit.end),
            None => (0, 0),
        };
        Self {
            spans: std::iter::once((0, 0))
                .chain(call.alternates.iter().map(span))
                .collect(),
            genotypes: genotypes(call.genotype.ploidy(), call.alternates.len()),
            haplotypes: call.genotype.alleles().len(),
        }
    }

    /// The span from the first to the last change of any allele.
    fn extent(&self) -> (u64, u64) {
        let spans = || self.spans.iter().filter(|span| span.0 < span.1);
        (
            spans().map(|s| s.0).min().unwrap_or(0),
            spans().map(|s| s.1).max().unwrap_or(0),
        )
    }

    /// The spans that the alleles of a genotype change, at most one for each haplotype.
    fn changed(&self, genotype: &Genotype) -> impl Iterator<Item = (u64, u64)> {
        let spans = genotype.alleles().iter().map(|&allele| self.spans.get(allele).copied());
        spans.map(Option::unwrap_or_default).filter(|span| span.0 < span.1)
    }
}

/// Whether at most `haplotypes` spans overlap at every half base after `added` is added to `placed`.
fn fits(placed: &[(u64, u64)], added: (u64, u64), haplotypes: usize) -> bool {
    let overlapping: Vec<_> = placed
        .iter()
        .filter(|span| span.0 < added.1 && added.0 < span.1)
        .collect();
    // The number of overlapping spans is greatest at the start of a span.
    let depth = |at: u64| overlapping.iter().filter(|span| span.0 <= at && at < span.1).count();
    overlapping.iter().all(|span| depth(span.0.max(added.0)) < haplotypes)
}

/// Adds the spans of a genotype to `placed`. If one does not fit, adds none and returns false.
fn place(placed: &mut Vec<(u64, u64)>, site: &OverlapSite, genotype: &Genotype) -> bool {
    let before = placed.len();
    for span in site.changed(genotype) {
        if !fits(placed, span, site.haplotypes) {
            placed.truncate(before);
            return false;
        }
        placed.push(span);
    }
    true
}

fn resolve_group(calls: &mut [Call], sites: &[OverlapSite], group: &[usize]) {
    let mut placed = Vec::new();
    if group.iter().all(|&i| place(&mut placed, &sites[i], &calls[i].genotype)) {
        return;
    }
    let joint = group
        .iter()
        .map(|&i| sites[i].genotypes.len())
        .try_fold(1usize, |n, m| n.checked_mul(m));
    if joint.is_some_and(|joint| joint <= MAX_JOINT_GENOTYPES) {
        let mut search = JointSearch::new(calls, sites, group);
        search.visit(0, 1.0);
        let JointSearch { best, totals, .. } = search;
        for ((&i, genotype), totals) in group.iter().zip(best).zip(totals) {
            let sum: f64 = totals.iter().sum();
            calls[i].genotype = genotype;
            calls[i].stage = DecidingStage::Overlap;
            calls[i].probabilities = totals.iter().map(|total| total / sum).collect();
        }
    } else {
        resolve_one_by_one(calls, sites, group);
    }
}

/// Search over all joint genotypes of a group that fit.
struct JointSearch<'a> {
    calls: &'a [Call],
    sites: &'a [OverlapSite],
    group: &'a [usize],
    chosen: Vec<Genotype>,
    placed: Vec<(u64, u64)>,
    best: Vec<Genotype>,
    best_likelihood: f64,
    /// For each call and genotype, the greatest likelihood of a joint genotype with it. With sums, the likeliest
    /// genotype of a call could differ from its genotype in the best joint genotype.
    totals: Vec<Vec<f64>>,
}

impl<'a> JointSearch<'a> {
    fn new(calls: &'a [Call], sites: &'a [OverlapSite], group: &'a [usize]) -> Self {
        Self {
            calls,
            sites,
            group,
            chosen: Vec::new(),
            placed: Vec::new(),
            best: group.iter().map(|&i| sites[i].genotypes[0]).collect(),
            best_likelihood: 0.0,
            totals: group.iter().map(|&i| vec![0.0; sites[i].genotypes.len()]).collect(),
        }
    }

    fn visit(&mut self, depth: usize, likelihood: f64) {
        let Some(&i) = self.group.get(depth) else {
            for (totals, genotype) in self.totals.iter_mut().zip(&self.chosen) {
                let total = &mut totals[genotype.rank()];
                *total = total.max(likelihood);
            }
            if likelihood > self.best_likelihood {
                self.best_likelihood = likelihood;
                self.best.clone_from(&self.chosen);
            }
            return;
        };
        let (calls, sites) = (self.calls, self.sites);
        for (genotype, &probability) in sites[i].genotypes.iter().zip(&calls[i].probabilities) {
            let before = self.placed.len();
            let probability = probability.max(hemizygous(&self.placed, &calls[i], &sites[i], genotype));
            if place(&mut self.placed, &sites[i], genotype) {
                self.chosen.push(*genotype);
                self.visit(depth + 1, likelihood * probability.max(LEAST_LIKELIHOOD));
                self.chosen.pop();
                self.placed.truncate(before);
            }
        }
    }
}

/// Probability of a heterozygous genotype if a deletion on the other haplotype removes the site. Then all reads over
/// the site carry the allele, so the probability is that of the homozygous genotype. 0 without such a deletion.
fn hemizygous(placed: &[(u64, u64)], call: &Call, site: &OverlapSite, genotype: &Genotype) -> f64 {
    let &Genotype::Diploid([reference, allele]) = genotype else {
        return 0.0;
    };
    let (start, end) = site.spans[allele];
    let deleted = || placed.iter().any(|&(from, to)| from <= start && end <= to);
    match reference == 0 && allele > 0 && deleted() {
        true => call.probabilities[Genotype::Diploid([allele; 2]).rank()],
        false => 0.0,
    }
}

/// Resolves a group that is too large for a joint search. The most certain call comes first, and each call gets the
/// likeliest genotype that still fits.
fn resolve_one_by_one(calls: &mut [Call], sites: &[OverlapSite], group: &[usize]) {
    let certainty = |&i: &usize| calls[i].probabilities.iter().copied().fold(0.0, f64::max);
    let mut order = group.to_vec();
    order.sort_by(|a, b| certainty(b).total_cmp(&certainty(a)).then(a.cmp(b)));
    let mut placed = Vec::new();
    for i in order {
        let (site, call) = (&sites[i], &mut calls[i]);
        // Homozygous reference always fits.
        let likelihood = |(genotype, &probability): (&Genotype, &f64)| match place(&mut placed.clone(), site, genotype)
        {
            true => probability
                .max(hemizygous(&placed, call, site, genotype))
                .max(LEAST_LIKELIHOOD),
            false => 0.0,
        };
        call.probabilities = site.genotypes.iter().zip(&call.probabilities).map(likelihood).collect();
        let sum: f64 = call.probabilities.iter().sum();
        call.probabilities.iter_mut().for_each(|p| *p /= sum);
        call.genotype = site.genotypes[likeliest(&call.probabilities)];
        call.stage = DecidingStage::Overlap;
        place(&mut placed, site, &call.genotype);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::Ploidy;
    use proptest::prelude::*;

    fn call(position: u64, reference: &str, alternates: &[&str], probabilities: &[f64]) -> Call {
        let alternates: Vec<Vec<u8>> = alternates.iter().map(|a| a.as_bytes().to_vec()).collect();
        let ploidy = if probabilities.len() == 2 {
            Ploidy::Haploid
        } else {
            Ploidy::Diploid
        };
        let all = genotypes(ploidy, alternates.len());
        let best = likeliest(probabilities);
        Call {
            position,
            reference: reference.as_bytes().to_vec(),
            allele_depths: vec![9; alternates.len() + 1],
            alternates,
            depth: 30,
            probabilities: probabilities.to_vec(),
            genotype: all[best],
            stage: DecidingStage::Network,
            tier: None,
        }
    }

    fn resolved(calls: &[Call]) -> Vec<Genotype> {
        let mut calls = calls.to_vec();
        resolve_overlaps(&mut calls);
        calls.iter().map(|c| c.genotype).collect()
    }

    #[test]
    fn a_snp_in_a_homozygous_deletion_is_resolved_by_likelihood() {
        let sure = call(10, "CAT", &["C"], &[0.001, 0.01, 0.989]);
        let unsure = call(10, "CAT", &["C"], &[0.001, 0.459, 0.54]);
        let snp = |p| call(12, "T", &["G"], p);
        // A doubtful SNP is not called. A certain SNP makes the doubtful deletion heterozygous.
        assert_eq!(resolved(&[sure, snp(&[0.3, 0.6, 0.1])]), [[1, 1], [0, 0]]);
        assert_eq!(resolved(&[unsure, snp(&[0.01, 0.98, 0.01])]), [[0, 1], [0, 1]]);
    }

    #[test]
    fn beside_a_heterozygous_deletion_all_reads_carry_the_allele() {
        let deletion = call(10, "CAT", &["C"], &[0.0, 0.999, 0.001]);
        let snp = call(12, "T", &["G"], &[1e-3, 1e-6, 0.999]);
        assert_eq!(resolved(&[deletion, snp.clone()]), [[0, 1], [0, 1]]);
        // The same in a group that is too large for a joint search.
        let mut crowd = vec![call(0, &"A".repeat(40), &["A"], &[0.0, 1.0, 0.0]), snp];
        crowd.extend((20..40).map(|i| call(i, "A", &["G"], &[0.9, 0.1, 0.0])));
        assert_eq!(resolved(&crowd)[..2], [[0, 1], [0, 1]]);
    }

    #[test]
    fn haploid_calls_share_one_haplotype() {
        let deletion = call(10, "CAT", &["C"], &[0.1, 0.9]);
        let snp = |p| call(12, "T", &["G"], p);
        let one = |allele| Genotype::Haploid(allele);
        assert_eq!(resolved(&[deletion.clone(), snp(&[0.2, 0.8])]), [one(1), one(0)]);
        assert_eq!(resolved(&[deletion.clone(), snp(&[0.01, 0.99])]), [one(0), one(1)]);
        let apart = [deletion, call(13, "A", &["G"], &[0.0, 1.0])];
        assert_eq!(resolved(&apart), [one(1), one(1)]);
        // A diploid deletion that reaches over the boundary of a pseudoautosomal region.
        let across = call(10, "CAT", &["C"], &[0.0, 0.0, 1.0]);
        assert_eq!(
            resolved(&[across, snp(&[0.01, 0.99])]),
            [Genotype::Diploid([1, 1]), one(1)]
        );
    }

    #[test]
    fn calls_that_fit_on_two_haplotypes_do_not_change() {
        let het = [0.1, 0.8, 0.1];
        let hom = [0.0, 0.1, 0.9];
        for calls in [
            [call(10, "CAT", &["C"], &het), call(12, "T", &["G"], &het)],
            // The deletion includes neither its anchor nor the base after it.
            [call(10, "CAT", &["C"], &hom), call(13, "A", &["G"], &hom)],
            [call(10, "C", &["G"], &hom), call(10, "CAT", &["C"], &hom)],
            // An insertion before a SNP.
            [call(10, "C", &["CTT"], &hom), call(11, "A", &["G"], &hom)],
        ] {
            let mut after = calls.clone();
            resolve_overlaps(&mut after);
            assert_eq!(after, calls);
        }
        let inside = [call(10, "CAT", &["C"], &hom), call(11, "A", &["AG"], &het)];
        assert_eq!(resolved(&inside), [[1, 1], [0, 0]]);
    }

    #[test]
    fn probabilities_come_from_the_likeliest_joint_genotypes() {
        let mut calls = [
            call(10, "CAT", &["C"], &[0.0, 0.2, 0.8]),
            call(12, "T", &["G"], &[0.4, 0.6, 0.0]),
        ];
        resolve_overlaps(&mut calls);
        // The joint genotypes are 0/1 with 0/0 (0.08), 0/1 with 0/1 (0.12) and 1/1 with 0/0 (0.32). The last is the
        // likeliest.
        assert_eq!(calls.clone().map(|c| c.genotype), [[1, 1], [0, 0]].map(Genotype::from));
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&calls[0].probabilities, &[0.0, 0.12 / 0.44, 0.32 / 0.44]));
        assert!(close(&calls[1].probabilities, &[0.32 / 0.44, 0.12 / 0.44, 0.0]));
    }

    #[test]
    fn large_groups_are_resolved_from_the_most_certain_call() {
        let mut calls = vec![call(0, &"A".repeat(40), &["A"], &[0.0, 0.0, 1.0])];
        calls.extend((1..20).map(|i| call(i, "A", &["G"], &[0.1, 0.9, 0.0])));
        let genotypes = resolved(&calls);
        assert_eq!(genotypes[0], [1, 1]);
        assert!(genotypes[1..].iter().all(Genotype::is_reference));
        resolve_overlaps(&mut calls);
        assert!(calls.iter().all(|c| c.phred_likelihoods()[c.genotype.rank()] == 0));
    }

    #[test]
    fn calls_are_held_until_no_call_can_overlap_them() {
        let mut resolver = OverlapResolver::default();
        let het = [0.1, 0.8, 0.1];
        let positions = |calls: Vec<Call>| calls.iter().map(|c| c.position).collect::<Vec<_>>();
        assert!(resolver.push(call(10, "CATG", &["C"], &het)).is_empty());
        assert!(resolver.push(call(12, "T", &["G"], &het)).is_empty());
        assert_eq!(positions(resolver.push(call(14, "A", &["G"], &het))), [10, 12]);
        assert!(resolver.release(14).is_empty());
        assert_eq!(positions(resolver.release(15)), [14]);
        assert!(!resolver.is_holding());
    }

    proptest! {
        #[test]
        fn called_genotypes_fit(drawn in prop::collection::vec((0..12u64, 1..6usize, 0.0..1.0f64, 0.0..1.0f64), 1..8)) {
            let mut calls: Vec<Call> = drawn.into_iter().map(|(position, length, a, b)| {
                let alternate = if length == 1 { "G" } else { "A" };
                call(position, &"A".repeat(length), &[alternate], &[a * b, 1.0 - a, a * (1.0 - b)])
            }).collect();
            calls.sort_by_key(|c| c.position);
            resolve_overlaps(&mut calls);
            let mut crowd = vec![0; 40];
            for call in &calls {
                let sites = OverlapSite::new(call);
                for (start, end) in sites.changed(&call.genotype) {
                    (start..end).for_each(|at| crowd[at as usize] += 1);
                }
                prop_assert!((call.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            prop_assert!(crowd.iter().all(|&n| n <= 2), "{crowd:?}");
            let once: Vec<_> = calls.iter().map(|c| c.genotype).collect();
            prop_assert_eq!(resolved(&calls), once);
        }
    }
}
